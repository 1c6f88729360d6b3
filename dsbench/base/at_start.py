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
    """Prepare this process if its command is ``dsbench``, or pytest with ``--model-dir``."""
    if not _is_ours(sys.argv):
        return
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _end_command if _is_command(sys.argv) else _end_session)
    if not _is_command(sys.argv):
        from dsbench.base.pytest_words import join_at_start

        if not join_at_start():
            imported()


def imported() -> None:
    """From now on Ctrl-C raises KeyboardInterrupt."""
    if signal.getsignal(signal.SIGINT) in (_end_command, _end_session):
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _is_ours(words: Sequence[str]) -> bool:
    return _is_command(words) or any(word.split("=")[0] == "--model-dir" for word in words)


def _is_command(words: Sequence[str]) -> bool:
    return bool(words) and os.path.basename(words[0]) == _COMMAND


def _end_command(*_: object) -> None:
    os._exit(_INTERRUPTED)


def _end_session(*_: object) -> None:
    os.write(2, b"dsbench: interrupted before the run began: nothing was written\n")
    os._exit(_INTERRUPTED_SESSION)  # an exception would show what was being imported
