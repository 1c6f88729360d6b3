"""Runs a short command with a timeout and returns its output."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass

from dsbench.base.environment import snapshot
from dsbench.base.process import prepare_child, signal_group


@dataclass(frozen=True)
class Reply:
    """Output and exit status of a program."""

    stdout: str = ""
    stderr: str = ""
    returncode: int | None = None
    """As subprocess has it; None if the program did not start or did not end in time."""
    failure: str = ""
    """Why there is no exit status; empty if there is one."""
    hung: bool = False
    """The program did not end in time."""


def ask(command: Sequence[str], timeout_s: float, environment: dict[str, str] | None = None) -> Reply:
    """Run ``command`` for at most ``timeout_s`` seconds, with empty standard input. Raises nothing.

    Its process group is killed at the end. ``environment`` is added to the current environment.
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
