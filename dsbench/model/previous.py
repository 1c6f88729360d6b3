"""Old results move to a folder ``previous`` next to them, so that they are neither lost nor read by mistake."""

from __future__ import annotations

import os
import re
from pathlib import Path

from dsbench.base import places
from dsbench.base.errors import Code, DsbenchError
from dsbench.base.steps import STEPS

FOLDER = "previous"
_EXTRA = "|".join(step.extra_run for step in STEPS if step.extra_run)
_RUN = rf"s\d+_(?:run[12]|(?:{_EXTRA})(?:_repeat\d*)?)"
_RUN_FILE = re.compile(rf"(?:ds_{_RUN}(?:_first|_too_many)?\.log|deepstream_app_{_RUN}\.txt)")


def set_aside(path: Path) -> Path:
    """Move a file to ``previous/`` in its folder; a duplicate name gets a number. Raises NOT_WRITABLE."""
    folder = path.parent / FOLDER
    try:
        target, number = folder / path.name, 2
        while os.path.lexists(target):
            target = folder / f"{path.stem}.{number}{path.suffix}"
            number += 1
        places.move(path, target)
    except OSError as error:
        raise DsbenchError(
            Code.NOT_WRITABLE,
            f"{path.name} of an earlier run cannot be moved to {FOLDER}/: {error.strerror}",
            where=str(path),
            fix="make the model directory writable",
        ) from error
    return target


def is_run(name: str) -> bool:
    """Whether ``set_runs_aside`` moves the files of a run of that name, such as ``s6_decode``."""
    return re.fullmatch(_RUN, name) is not None


def set_runs_aside(ds_dir: Path) -> tuple[Path, ...]:
    """Move the logs and app configs of older benchmark runs aside, because Step 8 reads the first ``*_run2.log``."""
    try:
        names = sorted(name for name in os.listdir(ds_dir) if _RUN_FILE.fullmatch(name))
    except FileNotFoundError:
        return ()
    return tuple(set_aside(ds_dir / name) for name in names)
