"""Which files of a model directory are inputs of a run: all but what runs leave there and what programs litter.

What a run makes again is left out, so that a job's key stays the same after a run in the directory itself.
"""

from __future__ import annotations

import fnmatch
import os
import re
from collections.abc import Iterable, Sequence
from functools import partial

from dsbench.base import files
from dsbench.fleet import walk
from dsbench.fleet.walk import FoundFiles
from dsbench.model import stand_in
from dsbench.model.layout import ModelLayout


def _any_of(patterns: Iterable[str]) -> re.Pattern[str]:
    return re.compile("|".join(map(fnmatch.translate, patterns)))


_LITTER = _any_of(
    (".git", ".hg", ".svn", ".venv", ".idea", ".vscode", ".ipynb_checkpoints", ".DS_Store", "Thumbs.db", "__pycache__",
     "*.pyc", ".*_cache", "*~", "*.sw[op]", ".#*", "#*#", ".nfs*", ".dsbench-*")
)  # fmt: skip
"""Names, at any depth: version control, editors, caches, files that are being written."""
_RESULTS = re.compile(r"(samples|reports|benchmarks/ds/.*(?<!\.txt)|benchmarks/[^/]+/previous)(/.*)?", re.DOTALL)
_MADE_BY_TRTEXEC = re.compile(r"benchmarks/(engines|b\d+)/[^/]+", re.DOTALL)
_TRTEXEC_LOG = re.compile(r"benchmarks/b\d+/[^/]+", re.DOTALL)
_GENERATED = re.compile(r"(config|parser|benchmarks/ds)/[^/]+", re.DOTALL)
"""Where runs write files with dsbench's marker. Without it, or edited since, they are the user's."""
_BLESSED = "reports/history/baseline.json"
"""Read by every run, and written only where the user asked for it."""


def of_model(layout: ModelLayout, runtime: str, also: Sequence[str] = ()) -> FoundFiles:
    """The inputs in the directory. ``also``: paths in it that are inputs wherever they lie. Raises USAGE, OSError."""
    return walk.below(os.fspath(layout.root), partial(_unwanted, layout, runtime, (_BLESSED, *also)))


def _unwanted(layout: ModelLayout, runtime: str, kept: Sequence[str], path: str) -> bool:
    if any(path == one or path.startswith(f"{one}/") or one.startswith(f"{path}/") for one in kept):
        return False
    name = path.rpartition("/")[2]
    return bool(_LITTER.fullmatch(name) or _RESULTS.fullmatch(path)) or _is_made_by_runs(layout, runtime, path)


def _is_made_by_runs(layout: ModelLayout, runtime: str, path: str) -> bool:
    file = layout.root / path
    if _GENERATED.fullmatch(path):
        built = file == layout.parser_library and _has_no_makefile_of_the_user(layout)
        return built or file == layout.build_log or files.is_generated(file)
    if runtime == "embedded" and _TRTEXEC_LOG.fullmatch(path):
        return True  # TensorRT's figures are not the embedded runtime's: it measures its own
    return _MADE_BY_TRTEXEC.fullmatch(path) is not None and stand_in.is_stand_in(file)


def _has_no_makefile_of_the_user(layout: ModelLayout) -> bool:
    """The parser's library is then built anew by every run."""
    return not os.path.lexists(layout.makefile) or files.is_generated(layout.makefile)
