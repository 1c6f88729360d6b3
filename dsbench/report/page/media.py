"""Videos of the page: small ones within it, others as a link. Reads files."""

from __future__ import annotations

import base64
import os
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

from dsbench.base import reading
from dsbench.base.reading import FileKind
from dsbench.record.evidence import AnnotatedVideo
from dsbench.report.page.views import VideoView

_PLAYED = frozenset({"video/webm", "video/mp4"})
"""What browsers play; Theora is not among it."""


def videos(files: Sequence[AnnotatedVideo], max_bytes: int, folder: Path) -> tuple[VideoView, ...]:
    """The videos; ``folder``: of the page, which links are relative to."""
    return tuple(_video(file, max_bytes, folder) for file in files)


def _video(file: AnnotatedVideo, max_bytes: int, folder: Path) -> VideoView:
    path = Path(file.path)
    try:
        size = path.stat().st_size
        small = size <= max_bytes and file.mime_type in _PLAYED
        data = base64.b64encode(reading.read_bytes(path, FileKind.REPORT)).decode() if small else ""
    except OSError as error:
        return VideoView(file.title, file.mime_type, note=f"the file cannot be read: {error.strerror}")
    link = quote(os.path.relpath(path, folder).encode("utf-8", "surrogateescape"))
    if data:
        return VideoView(file.title, file.mime_type, data, link)
    why = "browsers do not play this format" if size <= max_bytes else "too large for this page"
    return VideoView(file.title, file.mime_type, link=link, note=f"{size / 1e6:.1f} MB, {why}: open the file")
