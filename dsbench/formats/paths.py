"""How DeepStream turns a path of a config file into the path it opens.

Two rules: deepstream-app joins a relative path to the *real* directory of its config file and looks no
further; nvinfer also resolves the result with ``realpath(3)``, whose answer for a missing absolute file is
glibc's: everything up to the first part that does not exist (a missing ``/a/b/c.engine`` may be reported as
``/a``).
"""

from __future__ import annotations

import errno
import os
from pathlib import Path

_MOST_LINKS = 40
_DEEPSTREAM = "/opt/nvidia/deepstream"


def join_to_config(config: Path, text: str) -> str:
    """``get_absolute_file_path`` of deepstream-app: absolute text stays, relative text follows the config's
    real directory.
    """
    if text.startswith("/"):
        return text
    return f"{os.path.dirname(os.path.realpath(config))}/{text}"


def resolve_from_config(config: Path, text: str) -> str | None:
    """``get_absolute_file_path`` of nvinfer; None when the path cannot be resolved for another reason than
    absence.

    A missing relative file keeps the joined path, a missing absolute one is cut after its first missing part. Files
    of DeepStream's own keep their names where it is not installed: that is no fault of the config.
    """
    if text.startswith(_DEEPSTREAM + "/") and not os.path.isdir(_DEEPSTREAM):
        return os.path.normpath(text)
    joined = join_to_config(config, text)
    resolved, reason = glibc_realpath(joined)
    if reason == 0:
        return resolved
    if reason != errno.ENOENT:
        return None
    return resolved if text.startswith("/") else joined


def glibc_realpath(path: str) -> tuple[str, int]:
    """``realpath(3)`` of an absolute path, and 0. On an error: the part that was resolved, and the errno."""
    done = "/"
    pending = [part for part in path.split("/") if part not in ("", ".")]
    links = 0
    while pending:
        part = pending.pop(0)
        if part == "..":
            done = os.path.dirname(done)
            continue
        step = os.path.join(done, part)
        try:
            target = os.readlink(step) if os.path.islink(step) else None
            os.lstat(step)
        except OSError as error:
            return step, error.errno or errno.EIO
        if target is None:
            done = step
            if pending and not os.path.isdir(done):
                return done, errno.ENOTDIR
            continue
        links += 1
        if links > _MOST_LINKS:
            return step, errno.ELOOP
        pending = [piece for piece in target.split("/") if piece not in ("", ".")] + pending
        if target.startswith("/"):
            done = "/"
    return done, 0
