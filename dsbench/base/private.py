"""Directories for this user alone: a name that others can guess may have been made by somebody else, as in /tmp."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path


def is_private(folder: Path) -> bool:
    """``folder`` is there or can be made, is no link, belongs to this user, and only this user can write to it."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = folder.lstat()
        if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid() or status.st_mode & 0o022:
            return False
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False
