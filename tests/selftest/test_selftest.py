"""The selftest: its rows, its verdicts, and a slice of the matrix itself."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from dsbench import cli
from dsbench.build.parser_source import render_source
from dsbench.model.stand_in import STAND_IN_MARK
from dsbench.selftest import healthy, known_gaps, matrix, page, verdict
from dsbench.selftest.fault import Fault, FaultGroup, FaultyModel, with_key
from dsbench.selftest.matrix import FAULTS
from dsbench.selftest.pipeline import Alarm, AlarmLevel
from dsbench.selftest.verdict import MatrixRow, SelftestVerdict
from tests.families.street_check import Net

FAILED, OPEN, WARNING = AlarmLevel.FAILED, AlarmLevel.INCONCLUSIVE, AlarmLevel.WARNING


def test_there_are_sixty_faults_of_every_group_and_no_id_twice_in_a_family() -> None:
    faults = {fault.id for fault in FAULTS if fault.group is not FaultGroup.CONTROL}
    assert len(faults) >= 60
    assert {fault.group for fault in FAULTS} == set(FaultGroup)
    for family in healthy.FAMILIES:
        ids = [fault.id for fault in FAULTS if fault.fits(family)]
        assert len(ids) == len(set(ids))


def test_every_fault_can_be_named_and_no_control_has_a_name() -> None:
    for fault in FAULTS:
        assert bool(fault.names) is (fault.group is not FaultGroup.CONTROL), fault.id


def fault(*names: str, group: FaultGroup = FaultGroup.PARSER) -> Fault:
    return Fault("x", group, "", names, lambda model: None)


@pytest.mark.parametrize(
    ("alarms", "cost", "expected"),
    [
        ((), 0.5, SelftestVerdict.SILENT),
        ((), None, SelftestVerdict.SILENT),
        ((), 0.01, SelftestVerdict.HARMLESS),
        ((Alarm("kitti_gate", WARNING, "", "topk=1 is low"),), 0.5, SelftestVerdict.WARNED),
        ((Alarm("kitti_gate", WARNING, "", "some note"),), 0.5, SelftestVerdict.SILENT),
        ((Alarm("kitti_gate", FAILED, "kitti-gate", "0.0%\nset topk"),), 0.5, SelftestVerdict.NAMED),
        ((Alarm("kitti_gate", FAILED, "kitti-gate", "0.0%"),), 0.5, SelftestVerdict.UNNAMED),
        ((Alarm("kitti_gate", FAILED, "kitti-gate", "0.0%"), Alarm("import_parity", OPEN, "config-choices", "topk=1")),
         0.5, SelftestVerdict.LATER),
        ((Alarm("nvinfer_config", FAILED, "config-lint", "infer-dims"),), 0.5, SelftestVerdict.MISNAMED),
        ((Alarm("parser_build", FAILED, "parser-boxes", "width and height are swapped: this explains 9 of 9"),), 0.5,
         SelftestVerdict.MISNAMED),
    ],
)  # fmt: skip
def test_verdicts(alarms: tuple[Alarm, ...], cost: float | None, expected: SelftestVerdict) -> None:
    assert verdict.judge(fault("topk"), alarms, cost)[0] is expected


def test_a_name_may_be_the_id_of_a_mistake() -> None:
    alarm = Alarm("parser_build", FAILED, "parser-boxes", "width and height are swapped: this explains 9 of 9 boxes")
    assert verdict.judge(fault("sizes-swapped"), (alarm,), 0.5) == (SelftestVerdict.NAMED, alarm)


def test_a_control_is_quiet_unless_a_step_fails_or_is_inconclusive() -> None:
    control = fault(group=FaultGroup.CONTROL)
    warning, amber = Alarm("a", WARNING, "", "b"), Alarm("a", OPEN, "c", "b")
    assert verdict.judge(control, (warning,), 0.0) == (SelftestVerdict.QUIET, None)
    assert verdict.judge(control, (warning, amber), 0.0) == (SelftestVerdict.FALSE_ALARM, amber)


def row(result: SelftestVerdict, f1: float | None, id: str = "") -> MatrixRow:
    return MatrixRow("yolox", "x", "parser", "what | it", result, "kitti_gate", "FAILED", id, "first", f1, 1.0)


@pytest.mark.parametrize(
    ("result", "f1", "failed"),
    [
        (SelftestVerdict.SILENT, 0.9, True),
        (SelftestVerdict.SILENT, None, True),
        (SelftestVerdict.MISNAMED, 0.9, True),
        (SelftestVerdict.MISNAMED, 0.99, False),
        (SelftestVerdict.UNNAMED, 0.1, False),
        (SelftestVerdict.NAMED, 0.1, False),
        (SelftestVerdict.FALSE_ALARM, 1.0, True),
    ],
)
def test_what_the_selftest_fails_for(result: SelftestVerdict, f1: float | None, failed: bool) -> None:
    assert row(result, f1).failed is failed


def test_a_known_gap_does_not_fail_and_is_said_to_be_closed_once_it_is() -> None:
    gap, closed = (
        replace(row(result, 0.5), gap="because") for result in (SelftestVerdict.SILENT, SelftestVerdict.NAMED)
    )
    assert not gap.failed
    assert gap.state == "known gap"
    lines = "\n".join(page.totals((gap, closed), 60.0))
    assert "known gap: yolox/x: because" in lines
    assert "no longer a gap, remove the row: yolox/x" in lines
    assert "nothing to fix" in lines
    assert replace(row(SelftestVerdict.FALSE_ALARM, 1.0), gap="because").failed


def test_every_known_gap_is_of_a_fault_that_its_families_have(monkeypatch: pytest.MonkeyPatch) -> None:
    for gap in known_gaps.GAPS:
        for family in gap.families or healthy.FAMILIES:
            assert any(fault.id == gap.fault and fault.fits(family) for fault in FAULTS), gap
    monkeypatch.setattr(known_gaps, "GAPS", (known_gaps.KnownGap("clip-turned", "because", (healthy.YOLOX,)),))
    assert known_gaps.reason("clip-turned", healthy.YOLOX) == "because"
    assert not known_gaps.reason("clip-turned", healthy.YOLOV8)
    assert not known_gaps.reason("config-topk", healthy.YOLOX)


def test_an_error_of_dsbench_itself_always_fails() -> None:
    assert row(SelftestVerdict.NAMED, 1.0, "traceback").failed


def test_a_key_is_replaced_in_its_group_alone_and_a_group_is_added() -> None:
    text = "[property]\ntopk=1\n\n[class-attrs-all]\ntopk=200\nx=1\n"
    assert with_key(text, "class-attrs-all", "topk", "5") == "[property]\ntopk=1\n\n[class-attrs-all]\ntopk=5\nx=1\n"
    assert with_key(text, "class-attrs-0", "topk", "5").endswith("x=1\n\n[class-attrs-0]\ntopk=5\n")


def test_the_page_has_a_row_for_each_run_and_marks_what_is_to_fix() -> None:
    rows = (row(SelftestVerdict.NAMED, 0.5, "kitti-gate"), row(SelftestVerdict.SILENT, None))
    text = page.page(rows, 60.0)
    assert "| x | what \\| it | yolox | 0.50 | named | `kitti_gate` [kitti-gate] first |" in text
    assert "| x | what \\| it | yolox | none | **silent** |" in text
    assert "to fix: yolox/x" in "\n".join(page.totals(rows, 60.0))


def test_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["selftest", "--list", "--fault", "labels-*"]) == 0
    assert "labels-sorted" in capsys.readouterr().out
    assert cli.main(["selftest", "--fault", "nope"]) == 1
    assert "no fault 'nope'" in capsys.readouterr().err
    assert cli.main(["selftest", "--family", "nope"]) == 1


@pytest.mark.parametrize("family", healthy.FAMILIES)
def test_every_replaced_text_is_in_the_generated_parser(family: str, tmp_path: Path) -> None:
    """A template may change: its faults have to change with it."""
    model = healthy.make(family, tmp_path)
    head = Net.load(next(model.onnx_dir.glob("*.onnx"))).recognise()
    source = render_source(head, model.parser_function)
    for one in (fault for fault in FAULTS if fault.fits(family) and fault.group is FaultGroup.PARSER):
        model.parser_source.parent.mkdir(exist_ok=True)
        model.parser_source.write_text(source)
        one.inject(FaultyModel(model, family, healthy.VIDEO, tmp_path))
        assert model.parser_source.read_text() != source


@pytest.mark.long
def test_a_slice_of_the_matrix() -> None:
    """A fault of a few groups, from the injection to the verdict."""
    expected = {
        "control-own-config": ("no alarm", "", 1.0),
        "parser-sizes-swapped": ("named", "parser_build", 0.34),
        "config-topk": ("named", "import_parity", 0.42),
        "clip-black": ("named", "model_outputs", None),
    }
    rows = matrix.run_matrix(matrix.choose([healthy.YOLOX], list(expected)), 1, lambda row: None)
    assert {row.fault: (str(row.verdict), row.step) for row in rows} == {
        id: (result, step) for id, (result, step, _) in expected.items()
    }
    for one in rows:
        f1 = expected[one.fault][2]
        assert one.f1 == (f1 if f1 is None else pytest.approx(f1, abs=0.1))
        assert not one.failed


def test_an_edited_model_keeps_its_stand_in_engine(tmp_path: Path) -> None:
    layout = healthy.make(healthy.YOLOX, tmp_path)
    onnx_file = next(layout.onnx_dir.glob("*.onnx"))
    log = layout.trtexec_log(1)
    log.parent.mkdir(parents=True)
    before = hashlib.sha256(onnx_file.read_bytes()).hexdigest()
    log.write_text(f"{STAND_IN_MARK.decode()}: ONNX sha256 {before}\nfigures\n")
    model = FaultyModel(layout, healthy.YOLOX, healthy.VIDEO, tmp_path)
    model.edit_onnx(lambda graph: setattr(graph, "doc_string", "changed"))
    after = hashlib.sha256(onnx_file.read_bytes()).hexdigest()
    assert after != before
    assert log.read_text() == f"{STAND_IN_MARK.decode()}: ONNX sha256 {after}\nfigures\n"
