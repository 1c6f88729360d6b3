from __future__ import annotations

import io
from pathlib import Path

import pytest

from dsbench import cli
from dsbench.fleet import collecting, job, result, work
from dsbench.fleet.job import FleetJob
from dsbench.fleet.result import JobResult, JobState
from tests.fleet.plans import a_job

PASSED, FAILED, INVALID = JobState.PASSED, JobState.FAILED, JobState.INVALID


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    path = tmp_path / "plan.jsonl"
    path.write_text("\n\n".join(job.to_line(a_job(name, tmp_path / "results")) for name in ("a", "b", "c")))
    return path


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[FleetJob]:
    """The jobs that were run; each passes."""
    jobs: list[FleetJob] = []

    def run_job(one: FleetJob, *, attempts: int, **_: object) -> JobResult:
        jobs.append(one)
        return JobResult(one.id, one.key, one.model, PASSED, attempts=attempts)

    monkeypatch.setattr(work, "run_job", run_job)
    return jobs


@pytest.mark.parametrize(
    ("which", "chosen"), [(("--id", "b-1"), "b"), (("--number", "0"), "a"), (("--number", "2"), "c")]
)
def test_a_job_is_chosen_by_id_or_number(
    plan: Path, ran: list[FleetJob], capsys: pytest.CaptureFixture[str], which: tuple[str, str], chosen: str
) -> None:
    assert cli.main(["fleet", "job", str(plan), *which, "--results", str(plan.parent / "x")]) == 0
    assert [one.model for one in ran] == [chosen]
    assert ran[0].results == str(plan.parent / "x" / f"{chosen}-1")
    assert f"{chosen}-1: PASSED" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("which", "fix"),
    [
        (("--id", "b"), "give --id b-1 or --number 0 to 2"),
        (("--id", "c_1"), "give --id c-1 or --number 0 to 2"),
        (("--id", "yolo"), "give --number 0 to 2"),
        (("--number", "3"), "give --number 0 to 2"),
    ],
)
def test_a_job_that_is_not_in_the_plan_is_answered_with_those_that_are(
    plan: Path, capsys: pytest.CaptureFixture[str], which: tuple[str, str], fix: str
) -> None:
    assert cli.main(["fleet", "job", str(plan), *which]) == 4
    assert f"fix: {fix}\n" in capsys.readouterr().err


def test_an_empty_plan_has_nothing_to_run(plan: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plan.write_text("")
    assert cli.main(["fleet", "job", str(plan), "--number", "0"]) == 4
    assert "fix: nothing is left to run: merge the results" in capsys.readouterr().err


def test_a_plan_is_read_from_standard_input(plan: Path, ran: list[FleetJob], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(plan.read_text()))
    assert cli.main(["fleet", "job", "-", "--number", "1"]) == 0
    assert [one.model for one in ran] == ["b"]


def test_a_job_that_was_edited_by_hand_is_not_run(
    plan: Path, ran: list[FleetJob], capsys: pytest.CaptureFixture[str]
) -> None:
    plan.write_text(plan.read_text().replace('"options": []', '"options": [{"name": "sweep"}]'))
    for command in (["job", str(plan), "--number", "1"], ["run", "--plan", str(plan)]):
        assert cli.main(["fleet", *command]) == 4
        assert "was changed after it was planned" in capsys.readouterr().err
    assert not ran


@pytest.mark.parametrize(
    "arguments",
    [
        ("PLAN", "--id", "d-1"),
        ("PLAN", "--number", "3"),
        ("PLAN", "--number", "-1"),
        ("PLAN", "--number", "one"),
        ("PLAN", "--number", "1", "--id", "a-1"),
        ("PLAN", "--number", "1", "--timeout", "-5"),
        ("PLAN",),
        ("no-such-plan", "--number", "1"),
        ("/", "--number", "1"),
        ("BROKEN", "--number", "0"),
    ],
)
def test_wrong_usage_has_a_status_of_its_own(plan: Path, ran: list[FleetJob], arguments: tuple[str, ...]) -> None:
    (plan.parent / "broken").write_text("{}\n")
    words = {"PLAN": str(plan), "BROKEN": str(plan.parent / "broken")}
    assert cli.main(["fleet", "job", *(words.get(word, word) for word in arguments)]) == 4
    assert not ran


@pytest.mark.parametrize(
    ("state", "again", "runs", "status"),
    [(FAILED, False, False, 1), (FAILED, True, True, 0), (INVALID, False, True, 0)],
)
def test_a_job_with_a_result_of_the_same_key_is_not_run_again(
    plan: Path, ran: list[FleetJob], state: JobState, again: bool, runs: bool, status: int
) -> None:
    one = a_job("b", plan.parent / "results")
    with collecting.replacing(Path(one.results)) as made:
        result.write(JobResult(one.id, one.key, one.model, state, "why"), made)
    more = ["--again"] if again else []
    assert cli.main(["fleet", "job", str(plan), "--id", one.id, *more]) == status
    assert bool(ran) is runs


@pytest.mark.parametrize(("reason", "status"), [("interrupted", 130), ("the node was lost", 3)])
def test_an_invalid_job_has_a_status_that_says_so(
    plan: Path, monkeypatch: pytest.MonkeyPatch, reason: str, status: int
) -> None:
    monkeypatch.setattr(work, "run_job", lambda one, **_: JobResult(one.id, one.key, one.model, INVALID, reason))
    assert cli.main(["fleet", "job", str(plan), "--number", "0"]) == status


def test_the_starts_of_a_job_that_could_not_be_run_are_counted(plan: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = a_job("b", plan.parent / "results")
    work.invalid(one, "the node was lost", 2)
    counted: list[int] = []

    def run_job(one: FleetJob, *, attempts: int, **_: object) -> JobResult:
        counted.append(attempts)
        return JobResult(one.id, one.key, one.model, PASSED)

    monkeypatch.setattr(work, "run_job", run_job)
    assert cli.main(["fleet", "job", str(plan), "--id", one.id]) == 0
    assert counted == [3]


def test_a_job_keeps_its_status_though_its_log_is_on_a_full_disk(
    plan: Path, monkeypatch: pytest.MonkeyPatch, ran: list[FleetJob]
) -> None:
    with open("/dev/full", "w") as full, open("/dev/full", "w", buffering=1) as notes:
        monkeypatch.setattr("sys.stdout", full)
        monkeypatch.setattr("sys.stderr", notes)
        assert cli.main(["fleet", "job", str(plan), "--id", "a-1"]) == 0
        assert cli.main(["fleet", "job", str(plan), "--id", "none"]) == 4
