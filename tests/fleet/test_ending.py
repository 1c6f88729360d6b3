from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from dsbench.base import process
from dsbench.base.errors import DsbenchError
from dsbench.base.process import Finished
from dsbench.fleet.ending import Ending, ending
from dsbench.fleet.result import JobState
from dsbench.formats.app.console import Console
from dsbench.record import store
from dsbench.record.evidence import EvidenceLog, StepFailure
from dsbench.record.schema import Record, StepRecord
from dsbench.runtimes import app_end
from tests import finished_records

FAILED, INVALID = JobState.FAILED, JobState.INVALID
TWO_OF_THE_MACHINE = "2 things:\n[gpu-missing] there is no GPU 3\n  fix: x\n[not-writable] the disk is full"
ONE_OF_EACH = "2 things:\n[gpu-missing] there is no GPU 3\n[labels-missing] there is no labels.txt"


def status_1(tmp_path: Path, *failures: tuple[str, str, str], record: Record | None = None) -> Ending:
    """The ending of a run that failed in these steps: name, code, what."""
    record = record or finished_records.embedded()
    failed = {step: StepFailure(code, what, "", "") for step, code, what in failures}
    steps = []
    for step in record.steps:
        failure = failed.get(step.evidence.step)
        evidence = replace(step.evidence, failure=failure)
        steps.append(replace(step, evidence=evidence, outcome="failed" if failure else step.outcome))
    store.write(tmp_path / "record.json", replace(record, ended=record.updated, steps=tuple(steps)))
    return ending(Finished(("pytest",), tmp_path / "log", 1, 1.0, False, False), tmp_path / "record.json")


@pytest.mark.parametrize(
    ("failures", "state", "reason"),
    [
        ([("kitti_gate", "kitti-gate", "12 of 100 frames")], FAILED, "kitti_gate failed: [kitti-gate] 12 of"),
        ([("parser_build", "build-tool-missing", "no make")], INVALID, "parser_build failed: [build-tool-missing] no"),
        ([("preflight", "gpu-missing", "no GPU"), ("report", "report-incomplete", "x")], INVALID, "preflight failed"),
        ([("report", "not-writable", "x"), ("parser_check", "parser-check", "y")], FAILED, "parser_check failed: [par"),
        ([("preflight", "preflight", TWO_OF_THE_MACHINE)], INVALID, "preflight failed: [gpu-missing], [not-wr"),
        ([("preflight", "preflight", ONE_OF_EACH)], FAILED, "preflight failed"),
        ([("kitti_gate", "app-crashed", "dump: the app was killed by SIGKILL\n  last lines")], INVALID, "SIGKILL"),
        ([("kitti_gate", "app-crashed", "dump: the app was killed by SIGSEGV")], FAILED, "SIGSEGV"),
        ([("parser_build", "parser-compile", "cc1plus: No space left on device")], INVALID, "No space"),
        ([("model_outputs", "onnx-run-failed", "ended with 120 (the disk of /tmp/x is full: free")], INVALID, "/tmp/x"),
        ([("model_outputs", "onnx-run-failed", "ended with 1 (the disk of fuller)")], FAILED, "fuller"),
    ],
)
def test_a_run_whose_failed_steps_all_speak_about_the_machine_is_invalid(
    tmp_path: Path, failures: list[tuple[str, str, str]], state: JobState, reason: str
) -> None:
    found = status_1(tmp_path, *failures)
    assert found.state is state
    assert reason in found.reason
    assert "\n" not in found.reason


def test_a_step_that_could_not_decide_is_the_reason_where_none_failed(tmp_path: Path) -> None:
    log = EvidenceLog("import_parity", "net", "k", "embedded")
    log.inconclusive("parity-unknown", "the reference has no boxes", "give another clip")
    record = finished_records.embedded()
    steps = tuple(one for one in record.steps if one.evidence.step != "import_parity")
    inconclusive = replace(record, steps=(*steps, StepRecord(log.snapshot(), "inconclusive", 1.0)))
    found = status_1(tmp_path, record=inconclusive)
    assert found == Ending(FAILED, "import_parity is INCONCLUSIVE: [parity-unknown] the reference has no boxes")


@pytest.mark.parametrize("unfinished", [True, False])
def test_a_run_that_could_not_keep_its_record_is_invalid(tmp_path: Path, unfinished: bool) -> None:
    if unfinished:
        store.write(tmp_path / "record.json", replace(finished_records.embedded(), ended=None))
    found = ending(Finished(("pytest",), tmp_path / "log", 1, 1.0, False, False), tmp_path / "record.json")
    assert found.state is INVALID
    assert "TMPDIR" in found.reason


@pytest.mark.parametrize(("status", "full"), [(-9, False), (1, True)])
def test_the_words_for_a_killed_app_and_a_full_disk_are_recognised(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, status: int, full: bool
) -> None:
    """As runtimes/app_end.py writes them."""
    monkeypatch.setattr(process, "disk_full", lambda _: full)
    (tmp_path / "log").write_text("")
    ended = Finished(("deepstream-app",), tmp_path / "log", status, 1.0, False, False)
    with pytest.raises(DsbenchError) as caught:
        app_end.require_success(ended, Console(), "dump")
    assert status_1(tmp_path, ("kitti_gate", str(caught.value.code), caught.value.what)).state is INVALID


@pytest.mark.parametrize(
    ("line", "state"),
    [
        ("Cuda failure: status=35 in CreateTextureObj", INVALID),
        ("cuInit failed : 100", INVALID),
        ("deepstream-app: error while loading shared libraries: libnvinfer.so.10: cannot open shared object", INVALID),
        ("Device '/dev/v4l2-nvdec' failed during initialization", INVALID),
        ("Too many open files", INVALID),
        ("Error: Out of memory", FAILED),  # a GPU of this kind may be too small
        ("invalid device ordinal", FAILED),  # a config may name it
        ("dlsym failed to get func NvDsInferParseNet pointer", FAILED),
        ("Could not open lib: /x/libp.so, error string: libfoo.so: cannot open shared object file", FAILED),
        ("", FAILED),
    ],
)
def test_what_the_log_of_deepstream_says_about_the_machine(tmp_path: Path, line: str, state: JobState) -> None:
    (tmp_path / "log").write_text(f"{line}\n")
    ended = Finished(("deepstream-app",), tmp_path / "log", 255, 1.0, False, False)
    with pytest.raises(DsbenchError) as caught:
        app_end.require_success(ended, Console(), "dump")
    assert status_1(tmp_path, ("kitti_gate", str(caught.value.code), caught.value.what)).state is state


def test_only_the_cause_counts_not_what_a_log_quotes(tmp_path: Path) -> None:
    what = "dump: the app ended with status 255: no such label\n  last lines:\n    CUDA finds no GPU"
    assert status_1(tmp_path, ("kitti_gate", "app-failed", what)).state is FAILED


def test_a_reason_is_one_line_that_a_terminal_does_not_obey(tmp_path: Path) -> None:
    found = status_1(tmp_path, ("kitti_gate", "kitti-gate", "\x1b[31m" + "x" * 400 + "\nmore"))
    assert "\x1b" not in found.reason
    assert len(found.reason) == 300


def test_a_signal_does_not_undo_a_run_that_had_passed(tmp_path: Path) -> None:
    passed = Finished(("pytest",), tmp_path / "log", 0, 1.0, False, False)
    assert ending(passed, tmp_path / "record.json", signalled=True) == Ending(JobState.PASSED)
