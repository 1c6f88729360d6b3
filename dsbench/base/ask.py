"""Runs a short command with a timeout and a limit of output, and returns its output."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass

from dsbench.base.descendants import signal_group
from dsbench.base.environment import snapshot
from dsbench.base.process import prepare_child

LIMIT = 4 << 20
"""Bytes of one stream after which a program is killed: a broken one may print without end."""
_CHUNK = 64 << 10


@dataclass(frozen=True)
class Reply:
    """Output and exit status of a program."""

    stdout: str = ""
    stderr: str = ""
    returncode: int | None = None
    """As subprocess has it; None if the program did not start, did not end in time, or printed more than ``LIMIT``."""
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
            stdout, stderr = _output(child, timeout_s)
        except subprocess.TimeoutExpired:
            return Reply(failure=f"did not end within {timeout_s:.0f} s", hung=True)
        except _FloodedError:
            return Reply(failure=f"printed more than {LIMIT >> 20} MiB")
        finally:
            signal_group(child, signal.SIGKILL)
    return Reply(stdout.decode("utf-8", "replace"), stderr.decode("utf-8", "replace"), child.returncode)


class _FloodedError(Exception):
    """A stream went beyond ``LIMIT``."""


def _output(child: subprocess.Popen[bytes], timeout_s: float) -> tuple[bytes, bytes]:
    """Both streams to their ends; the child has ended then. Raises TimeoutExpired and _FloodedError."""
    assert child.stdout
    assert child.stderr
    deadline = time.monotonic() + timeout_s
    data = {child.stdout.fileno(): bytearray(), child.stderr.fileno(): bytearray()}
    with selectors.DefaultSelector() as selector:
        for stream in data:
            selector.register(stream, selectors.EVENT_READ)
        while selector.get_map():
            ready = selector.select(max(0.0, deadline - time.monotonic()))
            if time.monotonic() >= deadline:
                raise subprocess.TimeoutExpired(child.args, timeout_s)
            for key, _ in ready:
                chunk = os.read(key.fd, _CHUNK)
                data[key.fd] += chunk
                if len(data[key.fd]) > LIMIT:
                    raise _FloodedError
                if not chunk:
                    selector.unregister(key.fd)
    child.wait(max(0.0, deadline - time.monotonic()))
    stdout, stderr = data.values()
    return bytes(stdout), bytes(stderr)
