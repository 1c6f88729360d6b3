"""A short question to another program: it ends at its deadline and leaves nothing behind."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass

from dsbench.base.environment import snapshot
from dsbench.base.process import prepare_child, signal_group


@dataclass(frozen=True)
class Reply:
    """What a program printed and its exit status as subprocess has it.

    The status is None where there is none: the program did not end in time (``hung``) or did not start; ``failure``
    says which.
    """

    stdout: str = ""
    stderr: str = ""
    returncode: int | None = None
    failure: str = ""
    hung: bool = False


def ask(command: Sequence[str], timeout_s: float, environment: dict[str, str] | None = None) -> Reply:
    """Run ``command`` with nothing on its standard input for at most ``timeout_s``; raises nothing.

    Its process group is killed when it has ended and when its time is up. ``environment`` is added to ours.
    """
    try:
        child = subprocess.Popen(
            list(command),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            preexec_fn=prepare_child,  # noqa: PLW1509 - a few system calls, no lock, no allocation
            env=snapshot(**(environment or {})),
        )
    except OSError as error:
        return Reply(failure=f"cannot be started: {error.strerror}")
    with child:
        try:
            stdout, stderr = child.communicate(timeout=timeout_s)
        except subprocess.TimeoutExpired:
            return Reply(failure=f"did not end within {timeout_s:.0f} s", hung=True)
        finally:
            signal_group(child, signal.SIGKILL)
    return Reply(stdout.decode("utf-8", "replace"), stderr.decode("utf-8", "replace"), child.returncode)
