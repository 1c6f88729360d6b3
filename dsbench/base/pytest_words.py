"""Joins the words of pytest's command line that belong together: ``--model-dir X`` becomes ``--model-dir=X``.

pytest looks for its configuration before it loads a plugin. It knows no option of dsbench yet, takes X for a test path,
and would read a ``pytest.ini`` in the model directory: its ``addopts`` load plugins. No hook comes before that. So the
installation has the file ``dsbench.pth``, which Python reads at start. If a word of the command ends with pytest,
``at_start.main`` calls ``join_at_start``; other programs do not import dsbench.
pytest also ends in a traceback where the current directory is gone or cannot be entered: ``join_words`` says so first.
"""

from __future__ import annotations

import os
import re
import shlex
import sys
from collections.abc import MutableMapping, MutableSequence, Sequence

from dsbench.base import os_errors
from dsbench.base.option_kinds import Flag
from dsbench.base.options import MODEL_DIRS, OPTIONS

_USAGE_ERROR = 4
"""pytest's exit status."""
_ADDED = "PYTEST_ADDOPTS"
_PROGRAMS = ("pytest", "py.test")
_MODULE = re.compile(r"(?:^|\0)-[A-Za-z]*m\0?(?:pytest|py\.test)(?:\0|$)")
"""``-m pytest``, ``-Im pytest`` or ``-mpytest`` in the words of a command with NUL between them."""
_PLUGINS_OPTIONS = ("--html", "--css")
"""Options of pytest-html, whose values are paths."""


def join_at_start() -> bool:
    """Join the words of this process's command line if it starts pytest; whether it does."""
    starts = starts_pytest(sys.orig_argv, sys.argv)
    if starts:
        join_words(sys.argv)
    return starts


def starts_pytest(command: Sequence[str], words: Sequence[str]) -> bool:
    """Whether the script is pytest's, or Python or a program like coverage gets ``-m pytest``.

    ``command``: ``sys.orig_argv``. ``words``: ``sys.argv`` before the script starts. Other programs that have pytest
    among their words, as ``pdoc --html pytest``, keep them as they are.
    """
    is_script = bool(words) and os.path.basename(words[0]) in _PROGRAMS
    return is_script or _MODULE.search("\0".join(command)) is not None


def join_words(words: MutableSequence[str], environment: MutableMapping[str, str] = os.environ) -> None:
    """Join the words in place, those of PYTEST_ADDOPTS as well."""
    words[:] = joined(words)
    if any(word.startswith(f"{MODEL_DIRS.flag}=") for word in words):
        _require_directory()
    try:
        added = shlex.split(environment.get(_ADDED, ""))
    except ValueError:
        return  # pytest reports it
    if joined(added) != added:
        environment[_ADDED] = shlex.join(joined(added))


def _require_directory() -> None:
    try:
        os.stat(os.path.join(os.getcwd(), "."))
    except OSError as error:
        print(os_errors.of_os_error(error).render(), file=sys.stderr, flush=True)
        os._exit(_USAGE_ERROR)  # Python has not started yet: SystemExit would be an error of its ``site`` module


def joined(words: Sequence[str]) -> list[str]:
    """``words`` with each option of dsbench and its value as one word."""
    flags = {option.flag for option in OPTIONS if not isinstance(option.kind, Flag)} | set(_PLUGINS_OPTIONS)
    result: list[str] = []
    rest = iter(words)
    for word in rest:
        value = next(rest, None) if word in flags else None
        result.append(word if value is None else f"{word}={value}")
    return result
