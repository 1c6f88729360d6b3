"""What GitHub's runner and GitLab get, whatever a model is called and whatever a failure says."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from dsbench.ci import outputs, summary
from dsbench.ci.annotations import annotations_of, place_of
from dsbench.ci.outcome import ERROR, NO_MODEL, session_outcome
from dsbench.ci.service import CiService, detect
from dsbench.record.evidence import StepFailure
from dsbench.report.collector import StepResult
from tests.ci.material import HOSTILE, REAL_TIME, broken_run, read_outputs, runner_commands, step, whole_run


def service(tmp_path: Path, name: str = "github", **environment: str) -> tuple[CiService, list[str]]:
    printed: list[str] = []
    files = {"GITHUB_OUTPUT": str(tmp_path / "output"), "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md")}
    return CiService(name, tmp_path, printed.append, {**files, **environment}), printed


@pytest.mark.parametrize(
    ("choice", "environment", "expected"),
    [
        ("auto", {}, "none"),
        ("auto", {"GITHUB_ACTIONS": "true"}, "github"),
        ("auto", {"GITLAB_CI": "true"}, "gitlab"),
        ("auto", {"GITHUB_ACTIONS": "false"}, "none"),
        ("none", {"GITHUB_ACTIONS": "true"}, "none"),
        ("github", {}, "github"),
    ],
)
def test_which_service(choice: str, environment: dict[str, str], expected: str) -> None:
    assert detect(choice, environment) == expected


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_becomes_a_command_markup_or_an_output(tmp_path: Path, text: str) -> None:
    ours, printed = service(tmp_path)
    results = [*whole_run("good"), *broken_run(text, model=text)]
    ours.begin()
    printed.append(text)  # what the run prints
    ours.end(session_outcome(results, tmp_path, running=text, trouble=text))

    commands = runner_commands("\n".join(printed))
    assert [name for name, _, _ in commands] == ["error"] * 3 + ["notice"] * 2
    assert all(set(properties) <= {"title"} for _, properties, _ in commands)
    assert all("\n" not in properties["title"] for _, properties, _ in commands)

    written = (tmp_path / "summary.md").read_text(encoding="utf-8")
    prose = re.sub(r"(`{3,})text\n.*?\n\1\n", "", written, flags=re.DOTALL)
    allowed = re.sub(r"</?(code|details|summary)>", "", prose)
    assert not re.search(r"[<>`@$~\[\]\\]|://|www\.|&(?!#\d+;)", allowed)
    assert [line.count("|") for line in prose.splitlines() if line.startswith("|")] == [5] * 4 + [6] * 4
    assert prose.count("\n### ") == 2

    read = read_outputs((tmp_path / "output").read_text(encoding="utf-8"))
    assert list(read) == ["verdict", "import", "streams", "comparison", "report", "record", "results"]
    assert (read["verdict"], read["import"], read["streams"]) == ("failed", "no", "")
    assert [one["verdict"] for one in json.loads(read["results"])] == ["passed", "failed"]

    assert len(outputs.dotenv_text(outputs.outputs_of(session_outcome(results, tmp_path))).splitlines()) == 2


def test_cause_and_fix_stand_in_annotation_and_summary(tmp_path: Path) -> None:
    labels = tmp_path / "models" / "net" / "labels.txt"
    labels.parent.mkdir(parents=True)
    labels.touch()
    failure = StepFailure("config-lint", "labels.txt has 3 classes: 2 wanted", f"{labels}:7", "remove line 3")
    session = session_outcome([step("preflight"), step("nvinfer_config", "failed", failure=failure)], tmp_path)
    (first, notice) = annotations_of(session, tmp_path, tmp_path)
    assert (first.kind, first.title) == ("error", "net: nvinfer_config FAILED [config-lint]")
    assert (first.file, first.line) == ("models/net/labels.txt", "7")
    assert first.message.splitlines()[0] == "labels.txt has 3 classes: 2 wanted"
    assert first.message.splitlines()[-1] == "Fix: remove line 3"
    assert (notice.kind, notice.title) == ("notice", "net: FAILED")
    text = summary.job_summary(session, {})
    assert text.startswith("## dsbench: FAILED\n")
    assert "```text\nlabels.txt has 3 classes: 2 wanted\n```" in text
    assert "Fix:\n\n```text\nremove line 3\n```" in text


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("in/a.txt", ("in/a.txt", "")),
        ("in/a.txt:3", ("in/a.txt", "3")),
        ("in/a.txt:3:9", ("in/a.txt", "3")),
        ("in", ("", "")),
        ("../out.txt", ("", "")),
        ("in/link.txt", ("", "")),
        ("command line", ("", "")),
        ("x" * 5000, ("", "")),
        ("a\0b", ("", "")),
        ("", ("", "")),
    ],
)
def test_the_place_of_a_failure(tmp_path: Path, where: str, expected: tuple[str, str]) -> None:
    workspace = tmp_path / "w"
    (workspace / "in").mkdir(parents=True)
    (workspace / "in" / "a.txt").touch()
    (tmp_path / "out.txt").touch()
    (workspace / "in" / "link.txt").symlink_to(tmp_path / "out.txt")
    assert place_of(where, workspace, workspace) == expected


def test_at_most_ten_annotations_of_a_kind_worst_first(tmp_path: Path) -> None:
    results: list[StepResult] = []
    for number in range(12):
        results += broken_run(model=f"net{number}")
        results.append(step("accuracy", model=f"net{number}", warnings=["one", "two"]))
    results.append(step("model_outputs", "inconclusive", "last", undecided=[("label-order", "what", "fix")]))
    found = annotations_of(session_outcome(results, tmp_path), tmp_path, tmp_path)
    by_kind = {kind: [one for one in found if one.kind == kind] for kind in ("error", "warning", "notice")}
    assert {kind: len(every) for kind, every in by_kind.items()} == {"error": 10, "warning": 10, "notice": 10}
    assert by_kind["error"][-1].message.startswith("3 more")
    assert by_kind["warning"][0].title == "last: model_outputs INCONCLUSIVE [label-order]"


def test_a_summary_stays_below_the_limit_and_says_so(tmp_path: Path) -> None:
    long = "é|`<" * 5000
    results = [one for number in range(60) for one in broken_run(long, model=f"{number}{long[:200]}")]
    session = session_outcome(results, tmp_path, report=tmp_path / "reports" / "x.html")
    text = summary.job_summary(session, {})
    assert len(text.encode()) <= summary.MAX_BYTES
    assert "The rest does not fit into a job summary: see the report." in text
    assert "reports/x.html" in text
    assert len(summary.job_summary(session, {}, 100_000).encode()) <= 100_000


def test_a_summary_is_appended_and_counts_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "summary.md").write_text("x" * (summary.MAX_BYTES - 2000), encoding="utf-8")
    ours, _ = service(tmp_path)
    ours.end(session_outcome(broken_run("e" * 5000), tmp_path))
    size = (tmp_path / "summary.md").stat().st_size
    assert summary.MAX_BYTES - 2000 < size <= summary.MAX_BYTES


def test_a_file_that_cannot_be_written_is_a_warning(tmp_path: Path) -> None:
    ours, printed = service(tmp_path, GITHUB_STEP_SUMMARY=str(tmp_path), GITHUB_OUTPUT="")
    ours.end(session_outcome(whole_run(), tmp_path))
    assert runner_commands("\n".join(printed))[-1][0] == "warning"
    assert "GITHUB_STEP_SUMMARY" in printed[-1]


@pytest.mark.parametrize(
    ("results", "word", "import_word", "streams"),
    [
        (whole_run(), "passed", "yes", "4"),
        ([*whole_run(), *whole_run("other")], "passed", "yes", "4"),
        ([*whole_run(), step("preflight", model="other")], "passed", "unknown", ""),
        (whole_run(figures=replace(REAL_TIME, every_stream="UNSURE")), "passed", "yes", ""),
        (whole_run(figures=replace(REAL_TIME, every_stream="NO")), "passed", "yes", "0"),
        (whole_run(figures=replace(REAL_TIME, every_stream=None)), "passed", "yes", ""),
        (broken_run(), "failed", "no", ""),
        ([step("preflight", "failed"), step("model_outputs", "skipped")], "failed", "unknown", ""),
        ([step("model_outputs", "inconclusive", undecided=[("a", "b", "c")])], "inconclusive", "unknown", ""),
        ([step("preflight"), step("summary", "skipped")], "incomplete", "unknown", ""),
    ],
)
def test_outputs(tmp_path: Path, results: list[StepResult], word: str, import_word: str, streams: str) -> None:
    found = outputs.outputs_of(session_outcome(results, tmp_path))
    assert (found["verdict"], found["import"], found["streams"]) == (word, import_word, streams)


def test_a_step_with_nothing_to_do_is_not_counted_as_passed(tmp_path: Path) -> None:
    results = whole_run()
    idle = [replace(one, evidence=replace(one.evidence, left_out="not requested (--sweep)")) for one in results[-1:]]
    text = summary.job_summary(session_outcome([*results[:-1], *idle], tmp_path), {})
    assert f"Steps: {len(results) - 1} passed; nothing to do for report." in text


def test_an_interrupted_session_is_not_passed(tmp_path: Path) -> None:
    session = session_outcome(whole_run()[:5], tmp_path, running="nvinfer_config of models/net")
    assert session.word == "incomplete"
    assert annotations_of(session, tmp_path, tmp_path)[0].message == "interrupted in nvinfer_config of models/net"
    assert "Interrupted in <code>nvinfer_config of models/net</code>." in summary.job_summary(session, {})


def test_a_record_that_was_not_written_is_a_failure(tmp_path: Path) -> None:
    session = session_outcome(whole_run(), tmp_path, trouble="the report was not written: disk full")
    assert session.word == "failed"
    assert annotations_of(session, tmp_path, tmp_path)[0].message == "the report was not written: disk full"


@pytest.mark.parametrize(("word", "kind"), [(ERROR, "error"), (NO_MODEL, "notice")])
def test_a_job_without_a_run(tmp_path: Path, word: str, kind: str) -> None:
    ours, printed = service(tmp_path)
    ours.without_run(word, "no::thing\n::error::x")
    assert [name for name, _, _ in runner_commands("\n".join(printed))] == [kind]
    assert read_outputs((tmp_path / "output").read_text())["verdict"] == word
    assert "no::thing" in (tmp_path / "summary.md").read_text()


def test_gitlab_gets_a_dotenv_report(tmp_path: Path) -> None:
    ours, printed = service(tmp_path, "gitlab")
    ours.begin()
    ours.end(session_outcome(whole_run(), tmp_path, report=tmp_path / "reports" / "net.html"))
    assert not printed
    assert (tmp_path / outputs.DOTENV).read_text().splitlines() == [
        "DSBENCH_VERDICT=passed",
        "DSBENCH_IMPORT=yes",
        "DSBENCH_STREAMS=4",
        "DSBENCH_REPORT=reports/net.html",
    ]


def test_without_a_service_nothing_is_printed_or_written(tmp_path: Path) -> None:
    ours, printed = service(tmp_path, "none")
    ours.begin()
    ours.end(session_outcome(broken_run(), tmp_path))
    assert not printed
    assert not list(tmp_path.iterdir())
