"""Stand-in engines: line 1, whether an older one still holds, which files make room."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from dsbench.model import stand_in
from dsbench.model.facts import EngineFile, Throughput
from dsbench.model.layout import ModelLayout
from dsbench.model.stand_in import STAND_IN_MARK, StandInProvenance, is_stand_in
from tests.material import trtexec_log

PROVENANCE = StandInProvenance("embedded", "ab" * 32, (416, 640), "1.20.0", "Some CPU @ 2 GHz, 2 cores")


@pytest.fixture
def layout(tmp_path: Path) -> ModelLayout:
    return ModelLayout.at("m", tmp_path)


def prepared(layout: ModelLayout, max_bs: int, line: str = PROVENANCE.line) -> tuple[EngineFile, Throughput]:
    """Files of a preparation, and what pre-flight makes of them."""
    path = layout.engine("net", max_bs)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(line + "\n")
    for batch in (1, max_bs):
        log = layout.trtexec_log(batch)
        log.parent.mkdir(exist_ok=True)
        log.write_text(f"{line}\n{trtexec_log(50)}")
    peak = max_bs * 50 // 30
    return EngineFile(path, max_bs, (), True), Throughput(layout.trtexec_log(max_bs), 50, 50.0 * max_bs, peak, True)


def test_line_1_says_what_was_measured_on_what() -> None:
    line = PROVENANCE.line
    assert line.encode().startswith(STAND_IN_MARK)
    for part in ("embedded", "not TensorRT", "ab" * 32, "416x640", "1.20.0", "Some CPU @ 2 GHz, 2 cores"):
        assert part in line
    hostile = dataclasses.replace(PROVENANCE, cpu="a\nb\x1b[31m")
    assert "\n" not in hostile.line
    assert "\x1b" not in hostile.line


def test_the_engine_is_known_again(tmp_path: Path) -> None:
    path = tmp_path / "net_dynamic_b4.engine"
    path.write_text(stand_in.engine_text(PROVENANCE, 4, 3.214))
    assert is_stand_in(path)
    assert stand_in.first_line(path) == PROVENANCE.line
    assert "MAX_BS=4" in path.read_text()
    assert stand_in.preparation_seconds(path) == 3.21
    path.write_text(f"{PROVENANCE.line}\nMAX_BS=4\n")
    assert stand_in.preparation_seconds(path) is None
    assert stand_in.first_line(tmp_path / "nothing") == ""


@pytest.mark.parametrize(
    ("max_bs", "peak", "too_small"), [(1, 0, False), (1, 1, False), (1, 2, True), (4, 4, False), (1024, 5000, False)]
)
def test_doubling_is_strict_and_ends_at_nvinfers_limit(max_bs: int, peak: int, too_small: bool) -> None:
    assert stand_in.is_too_small(max_bs, peak) is too_small


def test_an_earlier_preparation_holds_only_for_the_same_everything(layout: ModelLayout) -> None:
    engine, rate = prepared(layout, 4)
    rate = dataclasses.replace(rate, peak_gpu_streams=4)
    assert stand_in.still_holds(layout, engine, rate, PROVENANCE, None)
    for change in (
        {"onnx_sha256": "cd" * 32},
        {"onnxruntime": "1.21.0"},
        {"cpu": "Another CPU"},
        {"size": (640, 640)},
    ):
        other = dataclasses.replace(PROVENANCE, **change)  # type: ignore[arg-type]
        assert not stand_in.still_holds(layout, engine, rate, other, None), change
    assert not stand_in.still_holds(layout, None, rate, PROVENANCE, None)
    assert not stand_in.still_holds(layout, engine, None, PROVENANCE, None)
    too_many = dataclasses.replace(rate, peak_gpu_streams=5)
    assert not stand_in.still_holds(layout, engine, too_many, PROVENANCE, None), "PEAK > MAX_BS: doubling goes on"
    layout.trtexec_log(1).unlink()
    assert not stand_in.still_holds(layout, engine, rate, PROVENANCE, None), "b1 is wanted as well"


def test_a_frozen_batch_and_tensorrts_engine(layout: ModelLayout) -> None:
    engine, rate = prepared(layout, 4)
    assert rate.peak_gpu_streams == 6
    assert stand_in.still_holds(layout, engine, rate, PROVENANCE, 4), "MAX_BS is the frozen batch, whatever PEAK is"
    assert not stand_in.still_holds(layout, engine, rate, PROVENANCE, 2)
    assert stand_in.required_batches(4, 4) == (4,)
    assert stand_in.required_batches(4, None) == (1, 4)
    assert stand_in.required_batches(1, None) == (1,)
    engine.path.write_bytes(b"ptrt")
    real = dataclasses.replace(engine, stand_in=False)
    assert stand_in.still_holds(layout, real, rate, PROVENANCE, None), "MAX_BS is what TensorRT's engine says"


def test_only_stand_ins_make_room(layout: ModelLayout) -> None:
    prepared(layout, 4)
    prepared(layout, 8)
    real = layout.engine("net", 64)
    real.write_bytes(b"ptrt")
    log = layout.trtexec_log(64)
    log.parent.mkdir()
    log.write_text(trtexec_log(50))
    kept = frozenset({layout.trtexec_log(1), layout.trtexec_log(4)})
    assert stand_in.stale_stand_ins(layout, kept) == (
        layout.engine("net", 4),
        layout.engine("net", 8),
        layout.trtexec_log(8),
    )
