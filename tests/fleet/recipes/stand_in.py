"""An installed ``dsbench`` whose ``fleet job`` takes no time; plan and merge are the real ones."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from dsbench import cli
from dsbench.fleet import job, result
from dsbench.fleet.result import JobResult, JobState

CALLS = "calls.txt"
STATES = {"pass": JobState.PASSED, "fail": JobState.FAILED, "lost": JobState.INVALID}
"""State of a model whose name begins so; others pass."""


def install(folder: Path) -> Path:
    """A folder for PATH. Each job adds a line to ``calls.txt`` in it."""
    folder.mkdir()
    program = folder / "dsbench"
    root = Path(__file__).resolve().parents[3]
    program.write_text(
        f"#!{sys.executable}\nimport sys\nsys.path.insert(0, {str(root)!r})\n"
        f"from tests.fleet.recipes import stand_in\nsys.exit(stand_in.main(sys.argv[1:], {str(folder)!r}))\n"
    )
    program.chmod(0o755)
    return folder


def main(words: Sequence[str], folder: str) -> int:
    if words[:2] != ["fleet", "job"]:
        return cli.main(words)
    plan, number = Path(words[2]), words[words.index("--number") + 1]
    jobs = list(job.from_lines(plan.read_text().splitlines(), str(plan)))
    found = jobs[int(number)]
    with Path(folder, CALLS).open("a") as calls:
        calls.write(f"{found.id}\n")
    state = next((state for name, state in STATES.items() if found.model.startswith(name)), JobState.PASSED)
    if state is not JobState.INVALID:
        Path(found.results).mkdir(parents=True, exist_ok=True)
        result.write(
            JobResult(found.id, found.key, found.model, state, "" if state == "passed" else "why"), Path(found.results)
        )
    return result.exit_status([state])


def calls(folder: Path) -> list[str]:
    """The ids of the jobs that were started, in order."""
    path = folder / CALLS
    return path.read_text().splitlines() if path.exists() else []
