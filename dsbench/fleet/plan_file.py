"""The file of a plan. Its jobs are read one after the other: ten thousand with all their inputs are large."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from dsbench.base import reading
from dsbench.base.errors import Code, DsbenchError
from dsbench.fleet import job
from dsbench.fleet.job import FleetJob


@contextmanager
def jobs(given: str) -> Iterator[Iterable[FleetJob]]:
    """The jobs of a plan, read as they are asked for; ``-`` is standard input. Raises USAGE."""
    if given == "-":
        yield job.from_lines(sys.stdin, given)
        return
    with _opened(given) as file:
        yield job.from_lines((line.decode("utf-8", "replace") for line in file), given)


def _opened(given: str) -> io.BufferedReader:
    try:
        return reading.open_regular(os.path.expanduser(given))
    except OSError as error:
        what = f"the plan cannot be read: {error.strerror}"
        raise DsbenchError(
            Code.USAGE, what, where=given, fix="give the file that `dsbench fleet plan` wrote"
        ) from error
