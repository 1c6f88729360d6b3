"""Which jobs of a plan have no result yet."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from dsbench.base.text import counted
from dsbench.fleet import gather
from dsbench.fleet.gather import StateSource
from dsbench.fleet.job import FleetJob
from dsbench.fleet.result import JobState

_MAX_SHOWN = 10


def without_results(jobs: Sequence[FleetJob], folders: Iterable[Path], say: Callable[[str], object]) -> list[FleetJob]:
    """The jobs whose key has no PASSED or FAILED result in the folders; one that could not be run is wanted again.

    Jobs that are equal in all but the paths of their models have one key: of those each needs a result of its own.
    What cannot be read is no result, and is said. A folder that is not there has none: the first run has no results.
    """
    trouble: list[str] = []
    done: defaultdict[str, set[str]] = defaultdict(set)  # ids by key
    for found in gather.find(folders, trouble):
        if found.source is StateSource.RESULT and found.result.key and found.result.state is not JobState.INVALID:
            done[found.result.key].add(found.result.id)
        elif found.source is StateSource.RESULT and not found.result.key:
            trouble.append(f"{found.folder}: {found.result.reason}")
    for text in trouble[:_MAX_SHOWN]:
        say(f"not a result: {text}")
    if len(trouble) > _MAX_SHOWN:
        say(f"not a result: {len(trouble) - _MAX_SHOWN} more")
    count = Counter(job.key for job in jobs)
    left = [job for job in jobs if not (job.id in done[job.key] if count[job.key] > 1 else done[job.key])]
    say(f"{counted(len(jobs) - len(left), 'job')} of {len(jobs)} left out: there are results with equal hashes")
    return left
