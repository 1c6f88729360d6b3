"""The pytest of a job, as a program: FOLDER ARGUMENT... runs pytest in the job's own directory.

What this machine says about pytest and dsbench does not count: a plan holds all that decides a result.
"""

from __future__ import annotations

import os
import sys

from dsbench.base.options import OPTIONS

_FOREIGN = ("PYTEST_ADDOPTS", "PYTEST_PLUGINS", *(option.environment for option in OPTIONS if option.environment))


def main() -> int:
    """Run pytest; returns its status."""
    import pytest

    folder, *arguments = sys.argv[1:]
    os.chdir(folder)
    for name in _FOREIGN:
        os.environ.pop(name, None)
    return int(pytest.main(["-c", "pytest.ini", "-p", "dsbench.plugin", "-p", "no:cacheprovider", *arguments]))


if __name__ == "__main__":
    sys.exit(main())
