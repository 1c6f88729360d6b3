"""Starts dsbench's own Python programs so that no file of the current directory is imported in place of a module.

``python -m`` imports from the current directory, and PYTHONPATH comes before the standard library: a ``json.py`` there
would run in each of our programs. This file is the program that Python starts instead, isolated (``-I``: no current
directory, no PYTHONPATH, no user site). It adds PYTHONPATH and the user site behind everything else, because packages
may be installed there, and runs the module.
"""

from __future__ import annotations

import os
import runpy
import site
import sys

_ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
_PACKAGE = "dsbench"
_ONE_BLAS_THREAD = ("OPENBLAS_NUM_THREADS", "1")
"""For NumPy, which multiplies no large matrices here. With a thread for each processor OpenBLAS allocates 32 MiB for
each of them as it is imported: under a limit of memory it fails on machines with 32 processors or more."""


def python_command(module: str, *arguments: str) -> tuple[str, ...]:
    """The command that runs a module of this dsbench with this Python, isolated."""
    return (sys.executable, "-I", os.path.abspath(__file__), module, *arguments)


def later_places(environment: dict[str, str], current: str) -> list[str]:
    """Directories of PYTHONPATH and the user site; never the ``current`` one, nor one relative to it."""
    named = [place for place in environment.get("PYTHONPATH", "").split(os.pathsep) if os.path.isabs(place)]
    return [place for place in (*named, site.getusersitepackages()) if os.path.realpath(place) != current]


def _main() -> None:
    """Import dsbench from where this file lies, then run the module that the command line names."""
    os.environ.setdefault(*_ONE_BLAS_THREAD)
    found = list(sys.path)
    sys.path[:] = [_ROOT]
    __import__(_PACKAGE)  # the same dsbench as the parent's, whatever else is installed
    try:
        current = os.path.realpath(os.getcwd())
    except OSError:  # removed
        current = ""
    sys.path[:] = [*found, *later_places(dict(os.environ), current)]
    del sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    _main()
