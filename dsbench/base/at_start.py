"""What dsbench does when Python starts pytest or ``dsbench``, before anything else is imported: ``dsbench.pth`` calls
``main``.

Ctrl-C while Python still imports ends the process with one line, without a traceback. pytest reports an interrupt
itself once its session has begun, and so does the command ``dsbench``: both call ``imported`` then.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence

_COMMAND = "dsbench"
_INTERRUPTED_SESSION, _INTERRUPTED = 2, 130
"""Exit status: pytest's own, and a shell's for SIGINT."""


def main() -> None:
    """Prepare this process if its command is ``dsbench`` or pytest."""
    command = bool(sys.argv) and os.path.basename(sys.argv[0]) == _COMMAND
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler and (command or _has_model_dir(sys.argv)):
        signal.signal(signal.SIGINT, _end_command if command else _end_session)
    if not command:
        from dsbench.base.pytest_words import join_at_start

        if not join_at_start():
            imported()


def imported() -> None:
    """From now on Ctrl-C raises KeyboardInterrupt."""
    if signal.getsignal(signal.SIGINT) in (_end_command, _end_session):
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _has_model_dir(words: Sequence[str]) -> bool:
    """Only then a session is dsbench's: that of another project ends as pytest ends it."""
    return any(word.split("=")[0] == "--model-dir" for word in words)


def _end_command(*_: object) -> None:
    os._exit(_INTERRUPTED)


def _end_session(*_: object) -> None:
    os.write(2, b"dsbench: interrupted before the run began: nothing was written\n")
    os._exit(_INTERRUPTED_SESSION)  # an exception would show what was being imported
