"""App configs as the specification's helper scripts write them: KITTI dump, perf run, embedded visual check."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from dsbench.base import environment, resources, spec
from dsbench.base.errors import Code, DsbenchError
from dsbench.base.files import Written, write_generated


@dataclass(frozen=True, slots=True)
class SourceGroup:
    """One ``[sourceN]``: a clip, and how many streams play it."""

    video: Path
    streams: int


@dataclass(frozen=True, slots=True)
class AppPlan:
    """One deepstream-app run. Paths are absolute and safe for an ini (``safe_path``).

    ``streams`` is num-sources and, by rule, every batch-size. ``perf_interval_sec`` 0 leaves perf measurement off,
    ``kitti_dir`` None the dump; ``output_file`` makes a video with boxes (embedded runtime only). ``infer`` False turns
    ``[primary-gie]`` off: decoding and muxing alone. ``clips`` in the place of ``video``: each stream plays its own.
    ``new_streammux`` leaves out batched-push-timeout, of which -1 is out of the new muxer's range.
    """

    nvinfer_config: Path
    video: Path
    streams: int = 1
    gpu_id: int = 0
    perf_interval_sec: int = 0
    kitti_dir: Path | None = None
    output_file: Path | None = None
    file_loop: bool = False
    width: int = spec.MUX_WIDTH
    height: int = spec.MUX_HEIGHT
    infer: bool = True
    clips: tuple[Path, ...] = ()
    new_streammux: bool = field(default_factory=environment.new_streammux)

    @property
    def sources(self) -> tuple[SourceGroup, ...]:
        """The source groups: one for all streams, or one for each clip."""
        if self.clips:
            return tuple(SourceGroup(clip, 1) for clip in self.clips)
        return (SourceGroup(self.video, self.streams),)


def render_app(plan: AppPlan) -> str:
    """Text of the app config without the marker line."""
    return resources.render("deepstream_app.txt.j2", plan=plan)


def write_app(path: Path, plan: AppPlan) -> Written:
    """Write the app config. Raises APP_CONFIG_FOREIGN where the user has a file of that name: it would not be run."""
    written = write_generated(path, render_app(plan), "#")
    if written.status == "user-owned":
        raise DsbenchError(
            Code.APP_CONFIG_FOREIGN,
            f"{path.name} was not written by dsbench, or was changed since: this step measures only its own config",
            where=str(path),
            fix="rename your file; dsbench writes its own under this name",
        )
    return written


def safe_path(path: Path, links: Path, *, uri: bool = False) -> Path:
    """``path`` if it can be written into an ini file, else a link with a safe name in ``links`` that points to it.

    Not possible in an ini file: backslashes, control characters, blanks at either end, and text that is not UTF-8. In a
    ``uri`` also ``%`` (printf in a type-3 uri), ``#``, ``?`` and ``;``. The link has the same suffix, since
    deepstream-app depends on it.
    """
    return link_to(path, links, lambda text: _unsafe(text, uri), "an ini file")


def link_to(path: Path, links: Path, unsafe: Callable[[str], bool], carrier: str) -> Path:
    """The absolute ``path``; if that is ``unsafe`` in what is to carry it, a link in ``links`` with its suffix.

    Raises NOT_WRITABLE.
    """
    absolute = Path(os.path.abspath(path))
    text = str(absolute)
    if not unsafe(text):
        return absolute
    name = hashlib.sha256(os.fsencode(text)).hexdigest()[:16]
    suffix = absolute.suffix if absolute.suffix.isascii() and absolute.suffix[1:].isalnum() else ""
    link = links / f"{name}{suffix}"
    if unsafe(str(link)):
        raise DsbenchError(
            Code.NOT_WRITABLE,
            f"the path of the temporary directory has characters that {carrier} cannot hold: {links}",
            fix="set TMPDIR to a plain path such as /tmp",
        )
    try:
        links.mkdir(parents=True, exist_ok=True)
        if link.is_symlink():
            link.unlink()
        link.symlink_to(absolute)
    except OSError as error:
        raise DsbenchError(
            Code.NOT_WRITABLE,
            f"cannot link to {text!r}: {error.strerror}",
            where=str(link),
            fix="free space on the disk (df -h)",
        ) from error
    return link


def _unsafe(text: str, uri: bool) -> bool:
    if text != text.strip() or any(part != part.strip() for part in text.split("/")):
        return True
    if any(ord(character) < 32 or ord(character) == 127 or 0xDC80 <= ord(character) <= 0xDCFF for character in text):
        return True
    return any(character in text for character in ("\\%#?;" if uri else "\\"))
