"""A short run of the fuzzers, and every defect that they found as a case."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

import pytest

from dsbench import cli
from dsbench.base.errors import DsbenchError
from dsbench.record import codec
from dsbench.verify import verification
from tests import finished_records
from tests.fuzz.run import defects, try_input
from tests.fuzz.targets import Target, targets

INPUTS = 4
"""Of each parser. ``python -m tests.fuzz --seconds 600`` tries thousands."""


@pytest.fixture(scope="module")
def every(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Target]:
    return targets(tmp_path_factory.mktemp("seeds"))


def test_random_inputs_end_in_an_error_of_dsbench(every: dict[str, Target], tmp_path: Path) -> None:
    found = [defect for defect in defects(every, tmp_path, 0, INPUTS) if defect is not None]
    assert [f"{one.target}: {one.what}" for one in found] == []


MISSHAPEN: dict[str, tuple[tuple[str | int, ...], object]] = {
    "a number for an evaluation": (("beyond", "import_parity"), 1e300),
    "a number for the accuracy": (("beyond", "accuracy"), 1),
    "a number no float can hold": (("handover", "config", "cluster_mode"), 10**400),
    "no interval of a stream": (("measurements", 0, "per_stream"), []),
    "a number for the digests": (("digests", "sections"), 1),
}


@pytest.mark.parametrize("case", MISSHAPEN)
def test_a_record_of_another_shape_is_read_or_refused(case: str) -> None:
    place, value = MISSHAPEN[case]
    data = json.loads(codec.to_json(finished_records.deepstream()))
    part = data
    for key in place[:-1]:
        part = part[key]
    part[place[-1]] = value
    text = json.dumps(data)
    with suppress(DsbenchError):
        codec.to_json(codec.from_json(text))
    with suppress(DsbenchError):
        verification.verify(text, "record")


def test_a_report_of_a_record_of_another_shape_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = json.loads(codec.to_json(finished_records.deepstream()))
    data["beyond"]["limit"] = {"ceilings": ["x"]}
    (tmp_path / "benchmark_data.json").write_text(json.dumps(data))
    assert cli.main(["report", str(tmp_path / "benchmark_data.json")]) == 1
    assert "record-invalid" in capsys.readouterr().err


HUGE, NINES = b"9" * 5000, b"9" * 400
CASES = {
    "integer of 5000 digits, instance": ("perf", b"PERF(" + HUGE + b"): 30.00 (29.90)\t\n"),
    "other scripts' digits, sanitizer": (
        "sanitizer",
        "==1==ERROR: AddressSanitizer: overflow\n    #\u0663 0x4005 in parse /src/a.cpp:\u0661:5\n".encode(),
    ),
    "other scripts' digits, clock": (
        "console",
        "\u0660:\u0660\u0660:\u0661\u0661.5 12 0x5 INFO nvinfer: Trying to create engine from model files\n".encode(),
    ),
    "kitti: other scripts' digits": ("kitti", "car 0.0 0 0.0 \u0663.0 2.0 3.0 4.0 0 0 0 0 0 0 0 0.5\n".encode()),
    "integer of 5000 digits, ini": ("nvinfer", b"[property]\nbatch-size=" + HUGE + b"\n"),
    "integer of 5000 digits, group": ("nvinfer", b"[property]\nbatch-size=1\n[class-attrs-" + HUGE + b"]\n"),
    "integer of 5000 digits, app": ("app", b"[application]\n[source" + HUGE + b"]\nenable=1\n"),
    "integer of 5000 digits, yaml": ("nvinfer yaml", b"property:\n  batch-size: " + HUGE + b"\n"),
    "integer of 5000 digits, toml": ("settings", b"input-size = [" + HUGE + b", 1]\n"),
    "integer of 400 digits, toml": ("settings", b"[property]\nnet-scale-factor = " + NINES + b"\n"),
    "integer of 5000 digits, PERF": ("perf", b"**PERF:  " + HUGE + b".0 (1.0)\t1.0 (1.0)\t\n"),
    "integer of 5000 digits, latency": (
        "latency",
        b"**PERF: 1.0 (1.0)\t\nSource id = " + HUGE + b" Frame_num = 1 Frame latency = 1.0 (ms)\n",
    ),
    "integer of 5000 digits, trtexec": ("trtexec", b"[I] Streams: " + HUGE + b"\n[I] Throughput: 5 qps\n"),
    "integer of 5000 digits, record": ("record", b'{"schema_version": ' + HUGE + b"}"),
    "integer of 400 digits, config.json": ("preprocessor", b'{"do_rescale": true, "rescale_factor": ' + NINES + b"}"),
    "integer of 400 digits, COCO": (
        "coco",
        b'{"images": [{"id": 1, "file_name": "a"}], "categories": [{"id": 1, "name": "a"}], "annotations": '
        b'[{"image_id": 1, "category_id": 1, "bbox": [1, 1, ' + NINES + b", 1]}]}",
    ),
    "nested without end, YAML": ("lint yaml", b"application:\n  width: " + b"[" * 3000),
    "nested without end, toml": ("settings", b"onnx = " + b"[" * 100_000),
    "nested without end, record": ("record", b"[" * 100_000),
    "a list for an object, record": ("record", b'{"schema_version": 3, "trtexec": [], "deepstream": 1, "steps": [1]}'),
}


@pytest.mark.parametrize("case", CASES)
def test_defects_that_were_found(every: dict[str, Target], tmp_path: Path, case: str) -> None:
    name, data = CASES[case]
    assert try_input(name, every[name], data, tmp_path) is None
