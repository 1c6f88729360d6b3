"""Exit status of the fleet's commands where they end with an error. ``result.py`` has the statuses of jobs that ran."""

from __future__ import annotations

from dsbench.base.errors import Code
from dsbench.fleet.result import INVALID_STATUS

USAGE_STATUS = 4
"""The command cannot be carried out as it is given. As pytest's; never 1, which says that a model failed."""
INTERRUPTED_STATUS = 130
"""As every command of dsbench after Ctrl-C or SIGTERM."""
CRASHED_STATUS = INVALID_STATUS
"""An exception that nobody expected says nothing about a model."""
_NAMED_BY_THE_USER = frozenset(
    (
        Code.USAGE,
        Code.SETTINGS_INVALID,
        Code.MODEL_DIR_MISSING,
        Code.VIDEO_MISSING,
        Code.GROUND_TRUTH_INVALID,
        Code.BASELINE_INVALID,
    )
)


def of_error(code: Code) -> int:
    """4 if what the user gave is wrong, else 3: files, disks, networks."""
    return USAGE_STATUS if code in _NAMED_BY_THE_USER else INVALID_STATUS
