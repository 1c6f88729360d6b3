"""The step as it compares a dump's files, and the probe that makes the reference."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from dsbench.base import spec
from dsbench.base.boxes import Boxes
from dsbench.base.errors import Code, DsbenchError
from dsbench.base.option import Value
from dsbench.embedded.nvinfer.infer import OnnxModel
from dsbench.families.base import Head, Network
from dsbench.families.yolox import YoloxLayout
from dsbench.formats import kitti
from dsbench.jobs.probe import Candidate
from dsbench.jobs.reference import Feed, Placement, ReferenceJob
from dsbench.judge.imports import reference as judge
from dsbench.judge.imports.diagnosis.verdict import DiagnosisState, ParserDiagnosis
from dsbench.judge.imports.dump_boxes import names_of
from dsbench.judge.imports.postprocess import PostRules, plain
from dsbench.judge.imports.reference import Reference
from dsbench.record.evidence import Evidence, EvidenceLog, Undecided
from dsbench.runtimes import probes
from dsbench.steps import dump_comparison, findings, import_parity, parity_pictures
from dsbench.steps.dump_comparison import DumpComparison
from dsbench.steps.reference import ReferenceResult
from tests import onnx_zoo
from tests.material import write_clip

NAMES = ("car", "person")
ROWS = ((0, 100.0, 100.0, 80.0, 60.0, 0.9), (1, 300.0, 100.0, 40.0, 90.0, 0.8), (1, 500.0, 200.0, 40.0, 90.0, 0.6))
FRAMES = 8
USUAL = plain(2)


def made(rows: tuple[tuple[float, ...], ...] = ROWS) -> Reference:
    boxes = Boxes.from_table(np.array(rows, np.float32).reshape(-1, 6))
    return Reference(tuple(range(FRAMES)), ((boxes,) * FRAMES,), (Placement(1, 1, 0, 0, 1280, 720),), 0.1)


def dumped(folder: Path, labels: tuple[str, ...] = NAMES, frames: int = FRAMES) -> Path:
    for number in range(frames):
        lines = [kitti.format_line(kitti.from_box(labels[int(row[0])], *row[1:])) for row in ROWS]
        (folder / kitti.file_name(0, 0, number)).write_text("".join(f"{line}\n" for line in lines))
    return folder


def compared(directory: Path, rules: PostRules = USUAL, of: Reference | None = None) -> DumpComparison:
    result = ReferenceResult(of or made(), USUAL, rules, FRAMES)
    return dump_comparison.compare_with(result, directory, names_of(NAMES), dump_comparison.EXACT_MARGIN)


def evidence(result: DumpComparison) -> Evidence:
    log = EvidenceLog("import_parity", "net", "k", "embedded")
    import_parity.add_evidence(log, result)
    return log.snapshot()


def test_the_models_boxes_pass(tmp_path: Path) -> None:
    result = compared(dumped(tmp_path))
    import_parity.require(result, "kitti")
    shown = evidence(result)
    assert shown.lines == (
        "Import parity: F1 1.000, 24 of 24 reference boxes found, 8 frames: the boxes are the model's",
    )
    assert (shown.undecided, shown.warnings) == ((), ())
    assert shown.tables[0].rows == (("person", "16", "16", "16"), ("car", "8", "8", "8"))


def test_exchanged_labels_fail_with_what_is_exchanged(tmp_path: Path) -> None:
    result = compared(dumped(tmp_path, labels=("person", "car")))
    with pytest.raises(DsbenchError, match="0 of 24 boxes of the reference are found") as caught:
        import_parity.require(result, "kitti")
    assert caught.value.code == Code.IMPORT_PARITY
    assert "16 boxes of person are labelled car" in caught.value.what


@pytest.mark.parametrize(
    ("parser", "first", "last"),
    [
        (None, "the dump does not have", "frames"),
        (ParserDiagnosis(DiagnosisState.SAME, 9, 9, 0.25, 9, 9), "the dump does not have", "right (step 6d)"),
        (ParserDiagnosis(DiagnosisState.UNKNOWN, 9, 9, 0.25, 9, 2, 0.3), "the parser, in step 6d: 2 of 9", "tell most"),
    ],
)
def test_without_a_cause_of_its_own_a_difference_leads_back_to_the_parser(
    tmp_path: Path, parser: ParserDiagnosis | None, first: str, last: str
) -> None:
    result = compared(dumped(tmp_path, labels=("person", "person")))
    with pytest.raises(DsbenchError) as caught:
        import_parity.require(replace(result, causes=()), "kitti", parser)
    lines = caught.value.what.splitlines()
    assert first in lines[0]
    assert last in lines[-1]


def test_labels_with_a_bom_are_named(tmp_path: Path) -> None:
    (one,) = evidence(compared(dumped(tmp_path, labels=("\ufeffcar", "person")))).undecided
    assert (one.code, one.what) == ("labels-spoilt", "labels of the dump hold invisible characters: '\\ufeffcar'")


def test_a_config_that_drops_boxes_is_inconclusive(tmp_path: Path) -> None:
    rules = plain(2, threshold=0.95)
    for number in range(FRAMES):
        (tmp_path / kitti.file_name(0, 0, number)).write_text("")
    result = compared(tmp_path, rules)
    import_parity.require(result, "kitti")
    (one,) = evidence(result).undecided
    assert one.code == "config-choices"
    assert "pre-cluster-threshold=0.95 drops 100 % of the reference's boxes (usual: 0.25)" in one.what


def test_frames_that_the_dump_lacks_are_left_out(tmp_path: Path) -> None:
    result = compared(dumped(tmp_path, frames=3))
    assert result.parity is not None
    assert len(result.parity.usual.frames) == 3
    assert compared(tmp_path / "none").not_run == "the dump has no frame"


def test_a_line_that_is_not_kitti_leaves_nothing_to_compare(tmp_path: Path) -> None:
    (dumped(tmp_path) / kitti.file_name(0, 0, 2)).write_text("car 1 2 3\n")
    shown = evidence(compared(tmp_path))
    assert "not a KITTI line" in shown.warnings[0]


def test_the_worst_frames_come_first(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", frames=FRAMES)
    facts = cast(Any, SimpleNamespace(video=Value(SimpleNamespace(path=clip), "test")))
    (tmp_path / "kitti").mkdir()
    agreeing = parity_pictures.frames(compared(dumped(tmp_path / "kitti")), facts)
    assert agreeing[0].title == "frame 0: all 3 boxes agree"
    assert all(box.paired for frame in agreeing for box in frame.boxes)
    shown = parity_pictures.frames(compared(tmp_path / "kitti", of=made(ROWS[:1])), facts)
    assert shown[0].title == "frame 0: 0 of 1 missed, 2 extra"
    assert (shown[0].width, shown[0].height) == (800, 450)
    assert [(box.side, box.paired) for box in shown[0].boxes] == [
        ("reference", True),
        ("dump", False),
        ("dump", False),
        ("dump", True),
    ]
    first = shown[0].boxes[0]
    assert (first.left, first.width) == tuple(round(ROWS[0][place] * 800 / spec.MUX_WIDTH, 1) for place in (1, 3))
    assert parity_pictures.frames(compared(tmp_path / "none"), facts) == ()


def test_the_probe_runs_the_wanted_frames(tmp_path: Path) -> None:
    onnx = onnx_zoo.detector(tmp_path / "net.onnx")
    clip = write_clip(tmp_path / "clip.mp4", frames=6)
    job = ReferenceJob(str(onnx), str(clip), 64, 64, (Feed(Candidate(1.0)), Feed(Candidate(0.5))), (1, 4))
    done = probes.probe_reference(job, tmp_path)
    assert (done.result.frames, done.result.outputs) == ((1, 4), ("output",))
    assert done.result.placements[0] == Placement(0.05, 0.05, 0, 0, 1280, 720)
    expected = OnnxModel(onnx).run(np.zeros((1, 3, 64, 64), np.float32))[0][0]
    with np.load(done.folder / "frame_000004.npz") as archive:
        np.testing.assert_array_equal(archive["c1_o0"], expected)
    head = Head("yolox", 1.0, 3, YoloxLayout(84, 3, (8, 16, 32)), ())
    found = judge.decode(done.result, done.folder, head, Network(64, 64), 0.3)
    assert [len(boxes) for boxes in found.decoded[0]] == [2, 2]


def test_a_model_that_does_not_run_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "net.onnx").write_bytes(b"nothing")
    job = ReferenceJob(str(tmp_path / "net.onnx"), "none.mp4", 64, 64, (Feed(Candidate(1.0)),), (0,))
    with pytest.raises(DsbenchError) as caught:
        probes.probe_reference(job, tmp_path)
    assert caught.value.code == Code.ONNX_RUN_FAILED


def test_objects_that_are_labelled_as_the_background_leave_the_import_undecided(tmp_path: Path) -> None:
    names = ("car", "BACKGROUND")
    result = ReferenceResult(made(), USUAL, USUAL, FRAMES)
    folder = dumped(tmp_path, names)
    found = evidence(dump_comparison.compare_with(result, folder, names_of(names), dump_comparison.EXACT_MARGIN))
    assert [doubt.code for doubt in found.undecided] == ["label-order"]
    assert "16 of 24 boxes of the dump are labelled 'BACKGROUND', line 2 of labels.txt" in found.undecided[0].what
    assert "write the name of class 1 into line 2" in found.undecided[0].fix


def test_a_choice_that_the_user_accepts_is_a_warning(tmp_path: Path) -> None:
    doubt = Undecided("config-choices", "topk=1 drops 41 % of the boxes", "set topk to the usual value")
    log = EvidenceLog("import_parity", "net", "k", "embedded")
    findings.add_doubt(log, doubt, None)
    findings.add_doubt(log, doubt, ("config-choices",))
    findings.add_doubt(log, Undecided("boxes-differ", "moved", "check"), ("config-choices",))
    shown = log.snapshot()
    assert [found.code for found in shown.undecided] == ["config-choices", "boxes-differ"]
    assert shown.undecided[0].fix.endswith('write accept = ["config-choices"] into dsbench.toml')
    assert shown.warnings == ("config-choices, accepted in dsbench.toml: topk=1 drops 41 % of the boxes",)
