"""The one reader of files that somebody else may have written: regular files only, and only up to a size.

Whatever is wrong is an OSError whose ``strerror`` says it in words, so a caller catches one type and adds its own code.
A FIFO or a device in a file's place is refused before it is opened: it would block, or never end.
"""

from __future__ import annotations

import errno
import hashlib
import io
import os
import stat
from enum import Enum
from pathlib import Path
from typing import Any

_BLOCK = 1 << 20
_KINDS = (
    (stat.S_ISFIFO, "a FIFO"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


class FileKind(Enum):
    """Kinds of files that are read as a whole: what a message calls them, and the largest size in bytes."""

    SETTINGS = ("dsbench.toml", 1 << 20)
    LABELS = ("a label file", 16 << 20)
    CONFIG = ("a config", 4 << 20)
    YAML = ("a YAML file", 512 << 10)
    SOURCE = ("a source file", 16 << 20)
    KITTI_FRAME = ("the objects of a frame", 16 << 20)
    RECORD = ("a record", 64 << 20)
    TRUTH_JSON = ("COCO JSON", 256 << 20)
    TRUTH_TEXT = ("a frame's annotations", 16 << 20)
    EXPORTER_JSON = ("an exporter's JSON", 32 << 20)
    EXPORTER_TEXT = ("an exporter's text", 256 << 10)
    MEAN_IMAGE = ("a mean image", 256 << 20)
    LIBRARY = ("a library", 512 << 20)
    MESSAGE = ("a result of dsbench's own", 512 << 20)
    REPORT = ("a report", 512 << 20)
    JUNIT = ("a JUnit file", 64 << 20)
    JOB_RESULT = ("a job's result", 1 << 20)
    SYSTEM = ("a file of the kernel", 4 << 20)

    def __init__(self, title: str, limit: int) -> None:
        self.title, self.limit = title, limit


def open_regular(path: Path | str) -> io.BufferedReader:
    """The file, opened for reading bytes. Raises OSError, also for what is not a regular file."""
    try:
        _require_regular(os.stat(path).st_mode, path)
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    except ValueError as error:  # a NUL, or a character that no file name can have
        raise OSError(errno.EINVAL, "not the name of a file", ascii(str(path))) from error
    try:
        _require_regular(os.fstat(descriptor).st_mode, path)
        return open(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise


def read_bytes(path: Path | str, kind: FileKind) -> bytes:
    """The whole file. Raises OSError; EFBIG if it is larger than ``kind.limit``."""
    with open_regular(path) as file:
        size = os.fstat(file.fileno()).st_size
        data = b"" if size > kind.limit else file.read(size + 1)
        if len(data) > size:  # it grows, or it is the kernel's and has no size
            data += file.read(kind.limit + 1 - len(data))
        if max(size, len(data)) > kind.limit:
            shown = f"{max(size, len(data)) / (1 << 20):.1f} MiB, and {kind.title} has {_size(kind.limit)} at most"
            raise OSError(errno.EFBIG, f"too large ({shown})", str(path))
        return data


def read_text(path: Path | str, kind: FileKind, *, encoding: str = "utf-8", errors: str = "strict") -> str:
    """``read_bytes`` as text, every line end a newline. Raises OSError, UnicodeDecodeError."""
    text = read_bytes(path, kind).decode(encoding, errors)
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def read_head(path: Path | str, size: int) -> bytes:
    """The first ``size`` bytes of a file of any size. Raises OSError."""
    with open_regular(path) as file:
        return file.read(size)


def sha256(path: Path | str) -> str:
    """Hex digest of a file of any size, read in blocks. Raises OSError."""
    digest = hashlib.sha256()
    with open_regular(path) as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def require_regular(path: Path | str) -> None:
    """Raise OSError if the path is something else than a regular file; nothing there is no error."""
    if os.path.exists(path):
        _require_regular(os.stat(path).st_mode, path)


def kind_of(mode: int) -> str:
    """What is no regular file and no directory, in words; ``mode`` is of ``os.stat``."""
    return next((name for test, name in _KINDS if test(mode)), "something else")


def _require_regular(mode: int, path: Path | str) -> None:
    if stat.S_ISREG(mode):
        return
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    raise OSError(errno.EINVAL, f"not a regular file but {kind_of(mode)}", str(path))


def _size(size: int) -> str:
    return f"{size >> 20} MiB" if size >= 1 << 20 else f"{size >> 10} KiB"


_MAX_DIGITS = 300
"""Of a whole number in JSON; a float holds no longer one."""


def _whole(text: str) -> int:
    if len(text) > _MAX_DIGITS:
        raise ValueError(f"a number of {len(text)} digits")
    return int(text)


def parse_json(text: str | bytes) -> Any:
    """The value of a JSON text. Raises ValueError for everything that is wrong, also for nesting without end."""
    import json

    try:
        return json.loads(text, parse_int=_whole)
    except RecursionError:
        raise ValueError("nested too deep") from None
