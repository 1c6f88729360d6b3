"""Honest records pass, whatever became of the run; every edited number is found, and named where it follows."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dsbench.base.errors import DsbenchError
from dsbench.cli import main
from dsbench.record import codec, digests, totals
from dsbench.record.recorder import Recorder
from dsbench.verify import verification
from dsbench.verify.mismatch import FoundBy, differences, shown
from dsbench.verify.verification import Verification
from tests.steps.bench import Bench
from tests.verify.material import BENCHMARK, FAST, benchmark_record, edited, numbers, random_edits, record_of

SLOW, RT_5 = (14.0,) * 13, (26.0,) * 13
pytestmark = pytest.mark.long


@pytest.fixture
def honest(made: str) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(made)
    return data


def data_of(recorder: Recorder) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(recorder.path.read_text())
    return data


def verify(data: dict[str, Any]) -> Verification:
    return verification.verify(json.dumps(data))


def texts(found: Verification) -> list[str]:
    return [one.text for one in found.mismatches]


def test_every_single_number_edit_is_found(honest: dict[str, Any]) -> None:
    assert texts(verify(honest)) == []
    assert len(list(numbers(honest))) > 500
    for number, (place, data) in enumerate(random_edits(honest, 200)):
        assert digests.digests(data) != honest[digests.KEY], place
        assert number % 10 or not verify(data).holds, place


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("deepstream", "run1", "total_fps"), 127.0),
        (("deepstream", "run2", "fps_per_stream"), 31.5),
        (("deepstream", "run2", "efficiency"), 61.0),
        (("peak_gpu_streams",), 7),
        (("trtexec", "bsmax", "imgs_per_sec"), 205.0),
        (("confirmed_streams",), 5),
        (("every_stream",), "NO"),
        (("real_time",), False),
        (("verdict",), "passed"),
        (("measurements", 0, "state"), "invalid"),
        (("measurements", 1, "per_stream", 2, 1), 29.0),
        (("handover", "durations", "run1"), 99.0),
        (("telemetry", 0, "window", 0), 9.5),
        (("steps", 8, "skipped_for"), "preflight failed"),
    ],
)
def test_what_follows_is_named_with_its_value(
    honest: dict[str, Any], place: tuple[str | int, ...], value: object
) -> None:
    """Also where the digests were computed again."""
    old: Any = honest
    for key in place:
        old = old[key]
    changed = edited(honest, place, value)
    changed[digests.KEY] = digests.digests(changed)
    path = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in place).lstrip(".")
    one = next(one for one in verify(changed).mismatches if one.path == path)
    assert one.found_by is FoundBy.RECOMPUTED
    assert (one.stated, one.expected) == (shown(value), shown(old) or "nothing")


@pytest.mark.parametrize("start", ["DS Run 1:", "DS Run 2:", "[Step 7 Run 1]", "DS Run 1 (PEAK):", "Timing:"])
def test_a_printed_line_is_written_again(honest: dict[str, Any], start: str) -> None:
    step, line = next(
        (step, number)
        for step, each in enumerate(honest["steps"])
        for number, text in enumerate(each["lines"])
        if text.startswith(start)
    )
    old = honest["steps"][step]["lines"][line]
    changed = edited(honest, ("steps", step, "lines", line), old.replace("=", "=9", 1) if "=" in old else f"{old}9")
    assert any(one.path == f"steps[{step}].lines[{line}]" for one in verify(changed).mismatches)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda run: run["windows"]["fps"][3].__setitem__(0, 22.0), "the first column of windows.fps"),
        (lambda run: run["windows"]["at_s"].__setitem__(3, 0.5), "times grow"),
        (lambda run: run["windows"]["fps"].pop(), "one time for each row"),
        (lambda run: run.__setitem__("streams", 5), "the streams of the run"),
        (lambda run: run.__setitem__("lasted_s", 9.5), "not longer than the run"),
        (lambda run: run["windows"].__setitem__("interval_s", 2), "the option perf-interval"),
    ],
)
def test_raw_data_are_compared_with_each_other(
    honest: dict[str, Any], change: Callable[[dict[str, Any]], object], said: str
) -> None:
    change(honest["raw"]["runs"][0])
    honest[digests.KEY] = digests.digests(honest)
    assert any(said in text for text in texts(verify(honest)))


def test_a_value_that_nothing_else_determines_is_left_to_the_digest(honest: dict[str, Any]) -> None:
    changed = edited(honest, ("session",), "another")
    (one,) = verify(changed).mismatches
    assert (one.path, one.found_by) == ("head", FoundBy.DIGEST)
    changed = edited(honest, ("digests", "record"), "0" * 64)
    assert [one.path for one in verify(changed).mismatches] == ["digests.record"]
    del changed["digests"]
    assert not verify(changed).holds


def test_another_layout_of_the_file_holds(honest: dict[str, Any]) -> None:
    """As jq or a JavaScript program writes it: other order, whole numbers without a point."""
    data = json.loads(json.dumps(dict(reversed(honest.items()))), parse_float=shortest)
    text = json.dumps(data, indent=4)
    assert "31," in text
    assert verification.verify(text).holds


def shortest(text: str) -> float | int:
    value = float(text)
    return int(value) if value.is_integer() else value


STALLED = (*FAST[:4], *((*(31.0,) * 5, 0.0),) * 8)


@pytest.mark.parametrize(
    ("scripts", "options", "failed"),
    [
        (((6, RT_5), (5, SLOW), (2, FAST)), {}, ""),
        (((6, SLOW), (2, SLOW), (1, SLOW)), {}, ""),
        (((6, FAST[:3]),), {}, ""),
        (((6, FAST),), {"min_streams": "7"}, "run2_validation"),
        (((6, FAST[:3]),), {"min_streams": "6"}, "run2_validation"),
        (((6, STALLED),), {}, "run1_calibration"),
        (((6, ()),), {}, "run1_calibration"),
        (((6, RT_5), (5, ())), {}, "run2_validation"),
    ],
    ids=[
        "retry",
        "not real-time",
        "too few windows",
        "too few streams",
        "one more run",
        "stalled",
        "no row",
        "no row in run 2",
    ],
)
def test_honest_records_hold(bench: Bench, scripts: Any, options: dict[str, str], failed: str) -> None:
    found = verify(data_of(benchmark_record(bench, bench.model(*scripts, **options))))
    assert texts(found) == []
    assert found.record is not None
    outcomes = found.record.outcomes
    if "min_streams" in options and scripts[0][1] != FAST:
        assert [run.name for run in found.record.raw.runs] == ["Run 1", "Run 2", "Decision"]
    assert [step for step, outcome in outcomes.items() if outcome == "failed"] == ([failed] if failed else [])
    assert (outcomes["summary"] == "skipped") == bool(failed)


def test_a_part_of_the_steps_and_a_killed_run_hold(bench: Bench) -> None:
    model = bench.model((6, FAST))
    recorder = benchmark_record(bench, model, "run1_calibration")
    assert texts(verify(data_of(recorder))) == []
    killed = replace(recorder.record, ended=None)
    found = verification.verify(codec.to_json(killed))
    assert found.holds
    assert found.notes == ("the run was killed: the record is that of its last complete step",)
    stopped = verification.verify(codec.to_json(replace(recorder.record, interrupted_in="run2_validation")))
    assert stopped.holds
    assert stopped.notes == ("the run was interrupted in run2_validation",)


@pytest.mark.parametrize(
    "place",
    [
        ("handover", "model", "onnx"),
        ("handover", "model", "inputs", 0, "name"),
        ("handover", "model", "inputs", 0, "dtype"),
        ("handover", "model", "outputs", 0, "name"),
        ("handover", "engine", "derivations", 0, "source"),
        ("handover", "commands", 0, "step"),
        ("handover", "commands", -1, "line"),
        ("steps", 0, "facts", "PARSER_FUNC_SUFFIX"),
        ("steps", 0, "facts", "ONNX_FILE"),
        ("steps", -2, "facts", "Real-time streams confirmed"),
    ],
    ids=str,
)
def test_a_text_that_is_stated_twice_is_found_whatever_was_computed_again(
    honest: dict[str, Any], place: tuple[str | int, ...]
) -> None:
    if place[-2] == "facts":
        facts = honest["steps"][place[1]]["facts"]
        place = (*place[:-1], next(at for at, fact in enumerate(facts) if fact["name"] == place[-1]), "value")
    changed = edited(honest, place, "another")
    changed[totals.KEY] = totals.totals(changed)
    changed[digests.KEY] = digests.digests(changed)
    assert any(one.found_by is not FoundBy.DIGEST for one in verify(changed).mismatches)


def test_steps_that_the_user_excluded_hold(bench: Bench) -> None:
    data = data_of(record_of(bench, bench.model((6, FAST)), BENCHMARK, without="kitti_gate"))
    assert texts(verify(data)) == []
    last = len(data["steps"]) - 1
    assert data["steps"][last]["skipped_for"] == "kitti_gate was deselected"
    changed = edited(data, ("steps", last, "skipped_for"), "kitti_gate did not run")
    assert any(one.path == f"steps[{last}].skipped_for" for one in verify(changed).mismatches)


def test_the_command(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    path = benchmark_record(bench, bench.model((6, FAST), (6, FAST))).path
    model_dir = str(bench.layout.root)
    assert main(["verify", str(path), "--model-dir", model_dir]) == 0
    said = capsys.readouterr().out
    assert "every number and verdict follows from the raw data" in said
    log = bench.layout.ds_log(6, 1)
    log.write_text(log.read_text().replace("31.00", "32.00"))
    assert main(["verify", model_dir, "--model-dir", model_dir, "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert {one["path"] for one in found["mismatches"]} >= {"raw.runs[0].stream0", "raw.runs[0].windows.fps"}
    assert {one["found_by"] for one in found["mismatches"]} == {"files"}
    path.write_text("{}")
    assert main(["verify", str(path)]) == 2
    assert "[record-invalid]" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["", "[]", '{"schema_version": "2"}', '{"schema_version": 99}'])
def test_what_is_no_record_is_an_error(text: str) -> None:
    with pytest.raises(DsbenchError):
        verification.verify(text)


def test_a_wrong_type_and_an_older_version_do_not_hold(honest: dict[str, Any]) -> None:
    (one, *_) = verify(edited(honest, ("max_bs",), "8")).mismatches
    assert "max_bs" in one.text
    older = {**honest, "schema": 1}
    del older["schema_version"]
    (only,) = verify(older).mismatches
    assert "no raw data" in only.text


@pytest.mark.parametrize(
    ("stated", "expected", "paths"),
    [
        ({"a": 1}, {"a": 1.0}, []),
        ({"a": 1.00005}, {"a": 1.0}, []),
        ({"a": 1.001}, {"a": 1.0}, ["a"]),
        ({"a": [1, 2]}, {"a": [1, 3]}, ["a[1]"]),
        ({"a": [1, 2]}, {"a": [1]}, ["a"]),
        ({"a": {"b": None}}, {"a": {"b": 0.0}}, ["a.b"]),
        ({"x": 1}, {}, ["x"]),
        ({}, {"x": 1}, ["x"]),
        ({}, {"x": [], "y": None, "z": ""}, []),
    ],
)
def test_differences(stated: Any, expected: Any, paths: list[str]) -> None:
    assert [one.path for one in differences(stated, expected)] == paths


def test_a_record_that_another_runs_folder_holds(honest: dict[str, Any], tmp_path: Path) -> None:
    """Files that are not there are named and are no failure."""
    path = tmp_path / "r.json"
    path.write_text(json.dumps(honest))
    (tmp_path / "elsewhere").mkdir()
    assert main(["verify", str(path), "--model-dir", str(tmp_path / "elsewhere")]) == 0
