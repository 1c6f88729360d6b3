"""The trial on a Ray cluster of two nodes: ``python -m tests.fleet.ray_trial``. It takes about a quarter of an hour.

Eight copies of the demo model are run: six healthy ones, one without its labels, one that kills its worker. One node is
killed when a job runs on it. Printed: the run's lines, the results, and what is not as expected.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from dsbench.fleet import result
from dsbench.fleet.result import JobResult, JobState
from tests.fleet import ray_cluster

HEALTHY = tuple(f"street-{number}" for number in range(1, 7))


def main() -> int:
    """Returns 0 if everything is as expected."""
    with tempfile.TemporaryDirectory(prefix="dsbench-trial-") as name:
        folder = Path(name)
        models = folder / "models"
        for one in HEALTHY:
            ray_cluster.model(models, one)
        ray_cluster.model(models, "broken", labels=False)
        ray_cluster.model(models, "killer", ray_cluster.KILLER)
        with ray_cluster.two_nodes(folder) as nodes:
            run = ray_cluster.fleet_run(folder, nodes)
            print(*ray_cluster.lines_until(run, ": PASSED"), sep="", end="")
            nodes.kill_second()
            print("--- the second node is killed", flush=True)
            print(ray_cluster.ended(run))
            left = ray_cluster.left_of_jobs(nodes)
            again = ray_cluster.ended(ray_cluster.fleet_run(folder, nodes, "--retries=0"))
        found = {one.model: one for one in _results(folder)}
        wrong = [*_wrong(found), *(f"left: {line}" for line in left)]
        wrong += [] if run.returncode == 1 else [f"exit status {run.returncode}"]
        wrong += [] if "7 jobs of 8 left out" in again else [f"run again: {again}"]
        for one in sorted(found.values(), key=lambda one: one.started):
            print(f"{one.started}  {one.ended}  {one.attempts}  {one.state:8}{one.model}  {one.reason}")
        print("as expected" if not wrong else "\n".join(wrong))
        return int(bool(wrong))


def _results(folder: Path) -> Iterator[JobResult]:
    for path in (folder / "fleet-results").iterdir():
        yield result.read(path)


def _wrong(found: dict[str, JobResult]) -> Iterator[str]:
    expected = dict.fromkeys(HEALTHY, JobState.PASSED) | {"broken": JobState.FAILED, "killer": JobState.INVALID}
    for model, state in expected.items():
        one = found.get(model)
        if one is None or one.state is not state:
            yield f"{model}: {one}"
    second_starts = [one.model for one in found.values() if one.attempts > 1 and one.model != "killer"]
    if len(second_starts) > 1:  # one ran on the node that was killed
        yield f"started twice: {', '.join(second_starts)}"


if __name__ == "__main__":
    sys.exit(main())
