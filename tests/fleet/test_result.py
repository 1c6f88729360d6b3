from __future__ import annotations

from pathlib import Path

import pytest

from dsbench.fleet import result
from dsbench.fleet.result import JobResult, JobState

PASSED, FAILED, INVALID = JobState.PASSED, JobState.FAILED, JobState.INVALID


def test_a_result_is_read_as_it_was_written(tmp_path: Path) -> None:
    one = JobResult("net-1", "ab" * 32, "net", FAILED, "kitti_gate failed", 1, "2026-01-02T03:04:05Z", "", "node-1", 2)
    result.write(one, tmp_path)
    assert result.read(tmp_path) == one
    assert [path.name for path in tmp_path.iterdir()] == [result.RESULT_FILE]


@pytest.mark.parametrize("text", ["", "{}", '{"id": "a", "key": "b", "model": "c", "state": "green"}'])
def test_a_file_that_is_no_result_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / result.RESULT_FILE).write_text(text)
    with pytest.raises(ValueError):  # noqa: PT011 - each says something else
        result.read(tmp_path)


@pytest.mark.parametrize(
    ("states", "status"),
    [
        ([PASSED, PASSED], 0),
        ([PASSED, FAILED], 1),
        ([PASSED, INVALID], 3),
        ([INVALID, FAILED, PASSED], 1),
        ([], 3),
    ],
)
def test_a_failed_model_and_a_job_that_could_not_be_run_have_statuses_of_their_own(
    states: list[JobState], status: int
) -> None:
    assert result.exit_status(states) == status
