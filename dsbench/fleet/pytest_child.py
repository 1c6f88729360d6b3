"""The pytest of a job, as a program: FOLDER ORIGINAL ARGUMENT... runs pytest in the job's own directory.

What this machine says to pytest and dsbench in its environment and in configuration files does not count: a plan holds
all that decides a result. ``ORIGINAL`` is the model directory that was planned, for the record and the report.
"""

from __future__ import annotations

import os
import sys

from dsbench.base.environment import COPY_OF, COPY_OF_ROW
from dsbench.base.options import OPTIONS

_FOREIGN = ("PYTEST_ADDOPTS", "PYTEST_PLUGINS", *(option.environment for option in OPTIONS if option.environment))
_SETTINGS = "pytest.ini"


def main() -> int:
    """Run pytest; returns its status."""
    import pytest

    folder, original, *arguments = sys.argv[1:]
    os.chdir(folder)
    for name in _FOREIGN:
        os.environ.pop(name, None)
    os.environ[COPY_OF] = original
    with open(_SETTINGS, "w", encoding="utf-8") as file:
        file.write("[pytest]\n")
    own = ("-c", _SETTINGS, "-p", "dsbench.plugin", "-p", "no:cacheprovider", "--metadata", COPY_OF_ROW, original)
    return int(pytest.main([*own, *arguments]))


if __name__ == "__main__":
    sys.exit(main())
