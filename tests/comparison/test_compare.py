"""``dsbench compare`` on records made by hand: table, JSON, exit status."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from dsbench.cli import main
from dsbench.handover import bmf
from dsbench.record import comparable, store
from dsbench.record.raw import FactRecord, MachineRecord
from dsbench.record.schema import Record
from tests import finished_records

MACHINE = MachineRecord("EPYC", "EPYC", 8, 8, None, 2.0, None, "", None, "", "", "", "")

_METRIC = {
    "type": "object",
    "properties": {name: {"type": "number"} for name in ("value", "lower_value", "upper_value")},
    "required": ["value"],
}
BMF = {
    "type": "object",
    "patternProperties": {".+": {"type": "object", "patternProperties": {".+": _METRIC}}},
}
"""https://bencher.dev/bmf.json."""


def record(path: Path, accuracy: float = 0.43, **parts: object) -> Path:
    made = replace(finished_records.embedded(), machine=MACHINE, ended="2026-01-02T03:14:05+00:00")
    made = replace(made, beyond={**made.beyond, "accuracy": {"map": accuracy, "frames": 77, "objects": 900}})
    store.write(path, replace(made, **parts))  # type: ignore[arg-type]
    return path


def test_a_regression_has_status_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    a, b = record(tmp_path / "a.json"), record(tmp_path / "b.json", 0.4)
    assert main(["compare", str(a), str(b)]) == 1
    output = capsys.readouterr().out
    assert output.startswith("A: net on embedded runtime (CPU, ONNX Runtime), not DeepStream")
    assert "0.4300  0.4000  -0.0300  regression: beyond the tolerance of 0.01" in output
    assert output.endswith("regression: mAP@0.5:0.95 0.4300 -> 0.4000 (-0.0300)\n")
    assert main(["compare", str(b), str(a), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["result"] == "no regression"


def test_model_directories_and_another_model(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "net" / "reports").mkdir(parents=True)
    record(tmp_path / "net" / "reports" / "benchmark_data.json", model_name="other")
    assert main(["compare", str(record(tmp_path / "a.json")), str(tmp_path / "net")]) == 0
    assert "no regression" in capsys.readouterr().out


def test_another_machine_or_config_is_not_comparable(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    a = record(tmp_path / "a.json", facts=(FactRecord("cluster-mode", 2, ""),))
    facts = (FactRecord("cluster-mode", 4, ""),)
    b = record(tmp_path / "b.json", 0.1, machine=replace(MACHINE, cgroup_cpus=1.5), facts=facts)
    assert main(["compare", str(a), str(b)]) == 0
    last = capsys.readouterr().out.splitlines()[-1]
    assert last == "not comparable: usable cores: 2 -> 1.5; cluster-mode: 2 -> 4"


def test_another_runtime_is_named_and_not_its_hardware(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    a = record(tmp_path / "a.json", runtime="deepstream")
    assert main(["compare", str(a), str(record(tmp_path / "b.json"))]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "not comparable: runtime: deepstream -> embedded"
    old = record(tmp_path / "old.json", machine=None)
    assert main(["compare", str(old), str(old)]) == 0
    assert "CPU: not recorded in either run" in capsys.readouterr().out.splitlines()[-1]


def test_what_is_no_record(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good = str(record(tmp_path / "a.json"))
    (tmp_path / "empty").mkdir()
    for name in ("empty", "nowhere"):
        assert main(["compare", str(tmp_path / name), good]) == 2
        error = capsys.readouterr().err
        assert "there is no record" in error
        assert "give a record, or the directory of a model that was run" in error


@pytest.mark.parametrize("text", ["x", "-1", "101"])
def test_a_wrong_tolerance(tmp_path: Path, text: str, capsys: pytest.CaptureFixture[str]) -> None:
    a = str(record(tmp_path / "a.json"))
    assert main(["compare", a, a, f"--max-regression={text}"]) == 2
    assert "[usage]" in capsys.readouterr().err


def test_a_record_of_version_1_has_no_machine() -> None:
    old: Record = finished_records.deepstream()
    parts = {part.name: part.value for part in comparable.of_record(old).parts if part.required}
    assert parts == {"model": "net", "runtime": "deepstream", "GPU": "", "DeepStream": ""}


def test_bencher_metric_format(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out.json"
    assert main(["export", str(record(tmp_path / "a.json")), f"--bmf={out}"]) == 0
    assert capsys.readouterr().out == f"{out}\n"
    written = json.loads(out.read_text())
    pytest.importorskip("jsonschema").Draft7Validator(BMF).validate(written)
    (measures,) = written.values()
    assert measures["map-50-95"] == {"value": 0.43}
    assert all(set(one) <= {"value", "lower_value", "upper_value"} and "value" in one for one in measures.values())
    assert bmf.export(finished_records.blank(finished_records.embedded())) == {}
