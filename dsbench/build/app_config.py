"""App configs as the specification's helper scripts write them: KITTI dump, perf run, embedded visual check."""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import Path

from dsbench import resources
from dsbench.build.generated import Written, write_generated
from dsbench.errors import Code, DsbenchError

STREAMMUX_WIDTH = 1280
STREAMMUX_HEIGHT = 720


@dataclass(frozen=True, slots=True)
class AppPlan:
    """One deepstream-app run. Paths are absolute and safe for an ini (``safe_path``).

    ``streams`` is num-sources and, by rule, every batch-size. ``perf_interval_sec`` 0 leaves perf measurement off,
    ``kitti_dir`` None the dump; ``output_file`` makes a video with boxes (embedded runtime only).
    """

    nvinfer_config: Path
    video: Path
    streams: int = 1
    gpu_id: int = 0
    perf_interval_sec: int = 0
    kitti_dir: Path | None = None
    output_file: Path | None = None
    file_loop: bool = False
    width: int = STREAMMUX_WIDTH
    height: int = STREAMMUX_HEIGHT


def render_app(plan: AppPlan) -> str:
    """Text of the app config without the marker line."""
    return resources.render("deepstream_app.txt.j2", plan=plan)


def write_app(path: Path, plan: AppPlan) -> Written:
    """Write the app config. Raises APP_CONFIG_FOREIGN where the user has a file of that name: it would not be run."""
    written = write_generated(path, render_app(plan), "#")
    if written.status == "user-owned":
        raise DsbenchError(
            Code.APP_CONFIG_FOREIGN,
            f"{path.name} is not (or no longer) dsbench's: what it would run is not what this step measures",
            where=str(path),
            fix="rename your file; dsbench writes its own under this name",
        )
    return written


def safe_path(path: Path, links: Path, *, uri: bool = False) -> Path:
    """``path`` itself if an ini can carry it, else a link of safe name to it in the directory ``links``.

    An ini cannot carry backslashes, control characters and outer blanks; a type-3 ``uri`` no ``%`` (printf, see
    semantics a5), and no ``#`` or ``?`` (parts of a URI of their own).
    """
    text = os.fspath(path)
    unsafe = r"[\\\x00-\x1f\x7f-\x9f\ud800-\udfff]" if not uri else r"[\\\x00-\x1f\x7f-\x9f\ud800-\udfff%#?]"
    if not re.search(unsafe, text) and text == text.strip():
        return path
    suffix = path.suffix if re.fullmatch(r"\.[A-Za-z0-9]+", path.suffix) else ""
    link = links / f"{hashlib.sha256(os.fsencode(path)).hexdigest()[:16]}{suffix}"
    if not link.is_symlink():
        link.symlink_to(path)
    return link
