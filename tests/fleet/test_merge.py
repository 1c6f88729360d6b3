"""``dsbench fleet merge``: what it finds and chooses, and what it writes."""

from __future__ import annotations

import json
import os
import shutil
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dsbench.cli import main
from dsbench.fleet import merge, result
from dsbench.fleet.job import FleetJob, Needs, to_line
from dsbench.fleet.result import JUNIT, RECORD, RESULT_FILE, JobResult, JobState
from tests.fleet.plans import a_job
from tests.fleet.results import FAILURE, SUITES, a_record, a_result

PASSED, FAILED, INVALID = JobState.PASSED, JobState.FAILED, JobState.INVALID
FILES = ("fleet.json", "index.html", "junit.xml")


def merged(folder: Path, *given: Path, plan: tuple[FleetJob, ...] | None = None) -> tuple[dict[str, Any], int]:
    done = merge.merge(given, folder, plan)
    return json.loads((folder / "fleet.json").read_text()), done.exit_status


def states(data: dict[str, Any]) -> dict[str, str]:
    return {job["model"]: job["state"] for job in data["jobs"]}


def test_three_states_in_three_files(tmp_path: Path) -> None:
    for name, state in (("good", PASSED), ("wrong", FAILED), ("lost", INVALID)):
        a_result(tmp_path / "results" / "deep" / "er", name, state)
    data, status = merged(tmp_path / "out", tmp_path / "results")
    assert status == data["exit_status"] == 1
    assert (data["version"], data["counts"]) == (1, {"passed": 1, "failed": 1, "invalid": 1})
    good, lost, wrong = data["jobs"]
    assert (good["model"], good["host"], good["reason"], good["source"]) == ("good", "node-1", "", "result")
    assert good["paths"]["record"] == "../results/deep/er/good-1/reports/benchmark_data.json"
    assert (good["answers"]["total_fps"], good["answers"]["streams"]) == (2881.44, 96)
    assert (lost["state"], lost["reason"], lost["answers"]) == ("invalid", "the node was lost", None)
    assert wrong["answers"]["failed"] == "kitti_gate [kitti-gate]"
    page = (tmp_path / "out" / "index.html").read_text()
    assert "dsbench fleet merge: 1 failed, 1 INVALID, 1 passed" in page
    assert "INVALID: the node was lost" in page
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted(FILES)


def test_the_merged_junit_keeps_the_cases_and_makes_an_error_of_a_job_that_could_not_be_run(tmp_path: Path) -> None:
    for name, state in (("good", PASSED), ("wrong.v2", FAILED), ("lost", INVALID)):
        a_result(tmp_path / "results", name, state)
    merged(tmp_path / "out", tmp_path / "results")
    suites = {suite.get("name"): suite for suite in ET.parse(tmp_path / "out" / "junit.xml").getroot()}
    counts = {name: [suite.get(key) for key in ("tests", "failures", "errors")] for name, suite in suites.items()}
    assert counts == {"good": ["2", "0", "0"], "lost": ["1", "0", "1"], "wrong.v2": ["2", "1", "0"]}
    assert [case.get("name") for case in suites["good"]] == ["test_preflight[good]", "test_kitti_gate[good]"]
    assert suites["good"].get("time") == "3.500"
    assert [each.get("message") for each in suites["wrong.v2"].iter("failure")] == ["few <boxes>"]
    assert [each.get("message") for each in suites["lost"].iter("error")] == ["the node was lost"]
    assert not list(suites["lost"].iter("failure"))


def test_a_second_merge_with_more_results_is_a_merge_of_all(tmp_path: Path) -> None:
    a, b, out = tmp_path / "a", tmp_path / "b", tmp_path / "out"
    a_result(a, "net", INVALID)
    a_result(a, "other")
    merged(out, a)
    a_result(b, "net")
    merged(out, b, a, out)
    again = [(out / name).read_bytes() for name in FILES]
    shutil.rmtree(out)
    data, status = merged(out, a, b)
    assert again == [(out / name).read_bytes() for name in FILES]
    assert (states(data), status) == ({"net": "passed", "other": "passed"}, 0)


@pytest.mark.parametrize(
    ("results", "chosen"),
    [
        ([(FAILED, "2026-01-01T00:00:00Z"), (INVALID, "2026-01-02T00:00:00Z")], FAILED),
        ([(FAILED, "2026-01-01T00:00:00Z"), (PASSED, "2026-01-02T00:00:00Z")], PASSED),
        ([(FAILED, "2026-01-02T00:30:00+01:00"), (PASSED, "2026-01-02T00:00:00Z")], PASSED),
        ([(PASSED, "2026-01-01T00:00:00"), (FAILED, "no time")], PASSED),
    ],
)
def test_of_several_results_of_one_job_the_newest_that_says_something_counts(
    tmp_path: Path, results: list[tuple[JobState, str]], chosen: JobState
) -> None:
    for number, (state, ended) in enumerate(results):
        a_result(tmp_path / str(number), "net", state, ended=ended)
    data, _ = merged(tmp_path / "out", tmp_path)
    assert states(data) == {"net": chosen}
    assert sum(data["counts"].values()) == 1


def test_other_keys_and_other_ids_are_other_jobs(tmp_path: Path) -> None:
    a_result(tmp_path / "a", "net", FAILED)
    a_result(tmp_path / "b", "net", key="ab" * 32)
    a_result(tmp_path / "c", "net", id="net-2")
    data, status = merged(tmp_path / "out", tmp_path)
    assert sorted(job["state"] for job in data["jobs"]) == ["failed", "passed", "passed"]
    assert status == 1


def test_a_plan_says_which_jobs_have_no_result(tmp_path: Path) -> None:
    plan = (a_job("net"), a_job("lost"), a_job("renamed", key=a_job("old").key), a_job("changed", key="cd" * 32))
    plan += (a_job("half"), a_job("torn"))
    a_record(tmp_path / "results" / "half-1", "half")
    (a_result(tmp_path / "results", "torn") / RESULT_FILE).write_text("")
    for name in ("net", "old", "changed", "stranger"):
        a_result(tmp_path / "results", name)
    data, status = merged(tmp_path / "out", tmp_path / "results", tmp_path / "gone", plan=plan)
    assert states(data) == {"net": "passed", "lost": "invalid", "renamed": "passed", "changed": "invalid"} | {
        "half": "invalid",
        "torn": "invalid",
    }
    reasons = {job["model"]: job["reason"] for job in data["jobs"]}
    assert (reasons["lost"], status) == ("no result", 3)
    assert "of the planned inputs" in reasons["changed"]
    assert "result.json is missing" in reasons["half"]
    assert "result.json is not valid" in reasons["torn"]
    assert data["left_out"] == [f"{tmp_path}/results/stranger-1: not of the plan"]


def test_a_plan_takes_a_result_with_equal_hashes_where_its_own_says_nothing(tmp_path: Path) -> None:
    a_result(tmp_path / "a", "net", INVALID, ended="2026-02-02T00:00:00Z")
    a_result(tmp_path / "b", "net", FAILED, id="net-of-an-earlier-plan")
    data, status = merged(tmp_path / "out", tmp_path, plan=(a_job("net"),))
    assert [(job["id"], job["state"]) for job in data["jobs"]] == [("net-1", "failed")]
    assert status == 1


@pytest.mark.parametrize(
    ("parts", "state", "reason"),
    [
        ({}, PASSED, ""),
        ({"failed": True}, FAILED, "kitti_gate [kitti-gate]"),
        ({"failed": True, "code": "runtime-unavailable"}, INVALID, "kitti_gate [runtime-unavailable]"),
        ({"interrupted_in": "run1_calibration"}, INVALID, "the run was interrupted in run1_calibration"),
    ],
)
def test_a_record_without_a_result_gives_its_state_by_its_verdict(
    tmp_path: Path, parts: dict[str, Any], state: JobState, reason: str
) -> None:
    a_record(tmp_path / "models" / "net", "net", **parts)
    data, _ = merged(tmp_path / "out", tmp_path / "models")
    (job,) = data["jobs"]
    assert (job["state"], job["reason"], job["source"]) == (state, reason, "record")


def test_records_as_files_and_damaged_results(tmp_path: Path) -> None:
    shutil.copy(a_record(tmp_path / "model", "net"), tmp_path / "artifact.json")
    (tmp_path / "plan.json").write_text("{}")
    (tmp_path / ".net-1.0badcafe").mkdir()
    a_result(tmp_path / ".net-1.0badcafe", "unfinished")
    (a_result(tmp_path, "cut") / RESULT_FILE).write_text('{"id": "cu')
    (a_result(tmp_path, "bare") / RECORD).unlink()
    (a_result(tmp_path, "broken") / RECORD).write_text("{")
    data, status = merged(tmp_path / "out", tmp_path)
    assert states(data) == {"net": "passed", "cut-1": "invalid", "bare": "passed", "broken": "passed"} | {
        "net": "passed"
    }
    assert len(data["jobs"]) == 5
    assert status == 3
    reasons = {job["model"]: job for job in data["jobs"]}
    assert reasons["cut-1"]["reason"].startswith("result.json is not valid")
    assert reasons["broken"]["remarks"][0].startswith("reports/benchmark_data.json: not a record")
    page = (tmp_path / "out" / "index.html").read_text()
    assert "1 INVALID, 2 in doubt or incomplete, 2 passed" in page


def test_a_record_is_one_run_whatever_part_of_its_directory_came_back(tmp_path: Path) -> None:
    reports = a_record(tmp_path / "whole", "whole").parent
    for name in ("benchmark_data.previous.json", "history/run.json"):
        (reports / name).parent.mkdir(exist_ok=True)
        shutil.copy(a_record(tmp_path / "other", "old", failed=True), reports / name)
    shutil.rmtree(tmp_path / "other")
    shutil.copytree(reports, tmp_path / "reports-alone")
    job = a_result(tmp_path, "job", FAILED)
    for given in ((tmp_path,), (tmp_path / "whole" / "reports", tmp_path / "reports-alone", job / RECORD, job)):
        data, _ = merged(tmp_path / "out", *given)
        assert sorted((each["model"], each["state"]) for each in data["jobs"]) == [
            ("job", "failed"),
            ("whole", "passed"),
            ("whole", "passed"),
        ]


def test_a_directory_with_files_of_two_runs_says_nothing(tmp_path: Path) -> None:
    folder = a_result(tmp_path / "results", "mixed", PASSED)
    a_record(folder, "mixed", failed=True)
    data, status = merged(tmp_path / "out", tmp_path / "results")
    assert (states(data), status) == ({"mixed": "invalid"}, 3)
    assert "remove it and run again" in data["jobs"][0]["reason"]


def test_files_by_name_as_a_shell_gives_them(tmp_path: Path) -> None:
    a_record(tmp_path / "model", "net").rename(tmp_path / "net.json")
    (tmp_path / "plan.jsonl").write_text("{}")
    given = (tmp_path / "net.json", tmp_path / "plan.jsonl", a_result(tmp_path, "other") / RESULT_FILE)
    data, status = merged(tmp_path / "out", *given)
    assert (states(data), status) == ({"net": "passed", "other": "passed"}, 0)
    assert data["left_out"] == [f"{tmp_path}/plan.jsonl: neither a result nor a record"]


def test_a_directory_that_cannot_be_read_may_hold_a_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    a_result(tmp_path, "good")
    for name in ("closed", "lost+found"):
        a_result(tmp_path / name, "hidden")
    scandir = os.scandir

    def refusing(path: str) -> object:
        if path.endswith(("closed", "lost+found")):
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refusing)
    data, status = merged(tmp_path / "out", tmp_path)
    assert (states(data), status) == ({"good": "passed", "closed": "invalid"}, 3)


def test_special_files_do_not_block_a_merge(tmp_path: Path) -> None:
    for name in ("record", "junit", "result", "picture"):
        a_result(tmp_path, name)
    for path in ("record-1/" + RECORD, "junit-1/" + JUNIT, "result-1/" + RESULT_FILE, "picture-1/samples/frame_1.jpg"):
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).unlink(missing_ok=True)
        os.mkfifo(tmp_path / path)
    os.mkfifo(tmp_path / "loose.json")
    with (a_result(tmp_path, "large") / RESULT_FILE).open("ab") as file:
        file.truncate(2 << 20)
    data, status = merged(tmp_path / "out", tmp_path)
    assert states(data) == {"record": "passed", "junit": "passed", "result-1": "invalid", "picture": "passed"} | {
        "large-1": "invalid"
    }
    assert status == 3
    assert "a FIFO" in data["left_out"][0]


def test_a_refused_junit_is_reported_and_the_state_shows(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, state in (("good", PASSED), ("wrong", FAILED), ("odd", PASSED)):
        a_result(tmp_path / "results", name, state)
    (tmp_path / "results" / "good-1" / JUNIT).write_text("<!DOCTYPE x><testsuites/>")
    (tmp_path / "results" / "wrong-1" / JUNIT).write_text(SUITES.format('<testcase name="a"/>'))
    (tmp_path / "results" / "odd-1" / JUNIT).write_text(SUITES.format(f"<testcase>{FAILURE}</testcase>"))
    assert main(["fleet", "merge", str(tmp_path / "results"), "-o", str(tmp_path / "out")]) == 1
    said = capsys.readouterr().out
    assert "not read: good: reports/junit.xml was refused: it declares a document type" in said
    assert "not read: odd: reports/junit.xml was refused: the job passed, but the file has failures" in said
    good, odd, wrong = ET.parse(tmp_path / "out" / "junit.xml").getroot()
    assert [case.get("name") for case in (*good, *odd)] == ["job[good]", "job[odd]"]
    assert [case.get("name") for case in wrong] == ["a", "job[wrong]"]
    assert wrong.get("failures") == "1"


def test_hostile_texts_of_results_are_inert(tmp_path: Path) -> None:
    folder = tmp_path / "results" / "x-1"
    folder.mkdir(parents=True)
    name = "</script><img src=x onerror=alert(1)>\x1b[31m\u202e\x00]]>&\udcff"
    made = JobResult("../../x", "../..", name, INVALID, f"{name}\n::error::", host=name, started=name, ended=name)
    result.write(made, folder)
    result.write(replace(made, key="", model=""), a_result(tmp_path / "results", "second"))
    data, status = merged(tmp_path / "out", tmp_path / "results")
    assert (len(data["jobs"]), status) == (2, 3)
    page = (tmp_path / "out" / "index.html").read_text()
    assert "<img" not in page
    assert "\x1b" not in page
    suites = ET.parse(tmp_path / "out" / "junit.xml").getroot()
    assert suites[0].get("name") == ""
    assert suites[1].get("name", "").startswith("</script>")


def test_nothing_came_back(tmp_path: Path) -> None:
    data, status = merged(tmp_path / "out", tmp_path)
    assert (data["jobs"], status) == ([], 3)


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, state in (("good", PASSED), ("lost", INVALID)):
        a_result(tmp_path / "results", name, state)
    a_record(tmp_path / "results" / "model", "model")
    plan = tmp_path / "plan.jsonl"
    plan.write_text("".join(f"{to_line(a_job(name))}\n" for name in ("good", *(f"n{each:02d}" for each in range(25)))))
    out = str(tmp_path / "out")
    assert main(["fleet", "merge", str(tmp_path / "results"), "-o", out]) == 3
    said = capsys.readouterr().out
    assert "out/index.html: 3 jobs: 2 PASSED, 1 INVALID\n  INVALID: lost: the node was lost\n1 record without" in said
    assert main(["fleet", "merge", str(tmp_path / "results"), "-o", out, "--plan", str(plan)]) == 3
    said = capsys.readouterr().out
    assert "26 jobs: 1 PASSED, 25 INVALID" in said
    assert "  INVALID: n19: no result\n  INVALID: 5 more\nleft out: 2 results not of the plan, the first is" in said
    assert main(["fleet", "merge", str(tmp_path / "results" / "good-1"), "-o", out]) == 0


def test_jobs_of_several_kinds_of_gpu_are_told_apart(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kinds = {
        kind: a_job("net", id=f"net-{kind}", needs=Needs(1, kind), runtime="deepstream") for kind in ("L4", "H100")
    }
    a_result(tmp_path / "results", "net", INVALID, id="net-L4", key=kinds["L4"].key)
    plan = tmp_path / "plan.jsonl"
    plan.write_text("".join(f"{to_line(one)}\n" for one in kinds.values()))
    assert main(["fleet", "merge", str(tmp_path / "results"), "-o", str(tmp_path), "--plan", str(plan)]) == 3
    said = capsys.readouterr().out
    assert "  INVALID: net (H100): no result\n  INVALID: net (L4): the node was lost\n" in said
    jobs = json.loads((tmp_path / "fleet.json").read_text())["jobs"]
    assert [(job["runtime"], job["gpu_kind"]) for job in jobs] == [("deepstream", "H100"), ("deepstream", "L4")]
    page = (tmp_path / "index.html").read_text()
    assert "deepstream, H100" in page
    assert "deepstream, L4, node-1" in page
    suites = ET.parse(tmp_path / "junit.xml").getroot()
    assert [suite.get("name") for suite in suites] == ["net (H100)", "net (L4)"]


@pytest.mark.parametrize(
    ("second", "with_plan", "hint"),
    [
        ({"key": "ab" * 32}, False, True),
        ({"key": "ab" * 32}, True, False),
        ({}, False, False),
        ({"model": "other", "key": "ab" * 32}, False, False),
    ],
)
def test_a_result_of_other_files_is_pointed_out_if_there_is_no_plan(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], second: dict[str, str], with_plan: bool, hint: bool
) -> None:
    a_result(tmp_path / "results/a", "net")
    a_result(tmp_path / "results/b", "net", **second)
    plan = tmp_path / "plan.jsonl"
    plan.write_text(to_line(a_job("net")))
    words = ("--plan", str(plan)) if with_plan else ()
    assert main(["fleet", "merge", str(tmp_path / "results"), "-o", str(tmp_path / "out"), *words]) == 0
    said = capsys.readouterr().out
    assert ("several results, of other files, options or versions: net\n  give --plan" in said) is hint


def test_wrong_usage_is_4(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "plan.jsonl").write_text("{}")
    out = ["-o", str(tmp_path / "out")]
    for given in (["gone", *out], [str(tmp_path), *out, "--plan", "gone"], [*out], [str(tmp_path)]):
        assert main(["fleet", "merge", *given]) == 4
    assert main(["fleet", "merge", str(tmp_path), *out, "--plan", str(tmp_path / "plan.jsonl")]) == 4
    (tmp_path / "out").write_text("")
    assert main(["fleet", "merge", str(tmp_path), *out]) == 3
    assert "not-writable" in capsys.readouterr().err
