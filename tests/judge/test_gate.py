"""6g's lines word for word, its verdicts, and what it suggests when it fails."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dsbench.base.spec import MIN_DETECTION_RATE
from dsbench.formats import kitti
from dsbench.judge.gate import HARD_STOP, GateEvidence, ReferenceRate, evaluate

LINE = "{label} 0.0 0 0.0 10.000000 20.000000 30.000000 40.000000 0.0 0.0 0.0 0.0 0.0 0.0 0.0 {score:.6f}\n"


def scan(folder: Path, frames: list[list[str]], score: float = 0.8) -> kitti.Scan:
    for number, labels in enumerate(frames):
        text = "".join(LINE.format(label=label, score=score) for label in labels)
        (folder / f"00_000_{number:06d}.txt").write_text(text)
    return kitti.scan(folder)


def test_pass(tmp_path: Path) -> None:
    verdict = evaluate(scan(tmp_path, [["car", "traffic light"]] * 9 + [[]]), 0.9)
    assert verdict.passed
    assert verdict.lines == (
        "KITTI frames written: 10",
        "Top detected classes:",
        "      9 traffic light",
        "      9 car",
        "Detection rate: 9 / 10 frames = 90.0%",
        "KITTI validation PASSED (>= 90% frames with detections)",
    )
    assert (verdict.detections_per_frame, verdict.median_score) == (1.8, pytest.approx(0.8))
    assert verdict.hints == ()


def test_no_files(tmp_path: Path) -> None:
    verdict = evaluate(scan(tmp_path, []), MIN_DETECTION_RATE)
    assert not verdict.passed
    assert verdict.lines[-3:] == HARD_STOP == (
        "ERROR: KITTI validation FAILED — zero detection files written.",
        "Fix net-scale-factor, parser output format, or config before retrying.",
        "Do NOT proceed to Step 7 benchmarks with broken detections.",
    )  # fmt: skip
    assert "[application]" in verdict.hints[0]


def test_rate_is_compared_exactly_and_printed_rounded(tmp_path: Path) -> None:
    verdict = evaluate(scan(tmp_path, [["car"]] * 8999 + [[]] * 1001), 0.9)
    assert verdict.lines[-2] == "Detection rate: 8999 / 10000 frames = 90.0%"
    assert not verdict.passed
    assert verdict.lines[-1] == "ERROR: Detection rate 90.0% < 90% threshold. Fix parser before proceeding."


def test_another_threshold_shows_its_own_number(tmp_path: Path) -> None:
    result = scan(tmp_path, [["car"], [], [], []])
    assert evaluate(result, 0.125).lines[-1] == "KITTI validation PASSED (>= 12.5% frames with detections)"
    assert "25.0% < 55% threshold" in evaluate(result, 0.55).cause


@pytest.mark.parametrize("rate", [0.9, 0.0])
def test_all_files_empty_is_broken_whatever_the_threshold(tmp_path: Path, rate: float) -> None:
    verdict = evaluate(scan(tmp_path, [[]] * 4), rate)
    assert not verdict.passed
    assert "Detection rate: 0 / 4 frames = 0.0%" in verdict.lines
    assert verdict.lines[-2:] == HARD_STOP[1:]
    assert verdict.hints[0].startswith("0 of 4 frames have objects: ")
    assert not any("Wrong net-scale-factor" in hint for hint in verdict.hints)


def test_evidence_comes_first(tmp_path: Path) -> None:
    evidence = GateEvidence("the network expects 0..255", parser_findings=("boxes in grid space",))
    verdict = evaluate(scan(tmp_path, [["car"]] + [[]] * 9, score=0.3), MIN_DETECTION_RATE, evidence)
    assert verdict.hints[0].startswith("Wrong net-scale-factor")
    assert "the network expects 0..255" in verdict.hints[0]
    assert verdict.hints[1] == "parser: boxes in grid space"
    assert any("median 0.30" in hint for hint in verdict.hints)


@pytest.mark.parametrize(
    ("threshold", "usual", "named"),
    [
        (0.999, 0.25, True),
        (0.65, 0.25, True),
        (0.6, 0.25, False),  # nearer to the usual one
        (0.65, 0.5, False),
        (0.25, 0.25, False),
    ],
)
def test_a_high_threshold_is_named_instead_of_the_video(
    tmp_path: Path, threshold: float, usual: float, named: bool
) -> None:
    evidence = GateEvidence(threshold=threshold, usual_threshold=usual)
    first = evaluate(scan(tmp_path, [["car"], [], []]), MIN_DETECTION_RATE, evidence).hints[0]
    assert first.startswith(f"pre-cluster-threshold is {threshold:g}, and objects with a lower score") == named
    assert ("choose another" in first) != named


@pytest.mark.parametrize(("below", "named"), [(1.0, True), (0.6, True), (0.5, False), (0.0, False)])
def test_boxes_below_the_frame_are_named_instead_of_the_video(tmp_path: Path, below: float, named: bool) -> None:
    evidence = GateEvidence(below_frame=below)
    first = evaluate(scan(tmp_path, [[], [], []]), MIN_DETECTION_RATE, evidence).hints[0]
    assert first.startswith(f"{below:.0%} of 6a's boxes reach below the frame, and nvinfer drops such boxes") == named
    assert ("choose another" in first) != named


def test_few_frames_with_objects_are_named_before_what_nobody_states(tmp_path: Path) -> None:
    evidence = GateEvidence(preprocessing_unknown="preprocessing-unknown: nobody states it")
    verdict = evaluate(scan(tmp_path, [["car"]] * 3 + [[]] * 7), MIN_DETECTION_RATE, evidence)
    assert verdict.hints[0].startswith("3 of 10 frames have objects: ")
    assert verdict.hints[-1] == "preprocessing-unknown: nobody states it"


def rate(reference: int, dump: int, *causes: str) -> ReferenceRate:
    return ReferenceRate(100, reference, dump, MIN_DETECTION_RATE, causes)


def hints(tmp_path: Path, evidence: GateEvidence) -> tuple[str, ...]:
    """Of a dump with objects of low scores in two of five frames."""
    return evaluate(scan(tmp_path, [["car"]] * 2 + [[]] * 3, score=0.3), MIN_DETECTION_RATE, evidence).hints


def test_a_clip_that_shows_little_is_named_and_nothing_else(tmp_path: Path) -> None:
    evidence = GateEvidence(reference=rate(41, 40), parser_findings=("boxes outside",))
    (only,) = hints(tmp_path, evidence)
    assert only.startswith(
        "the reference finds objects in 41% of 100 frames only: the video, or its beginning, may not"
    )
    assert "--kitti-frames" in only


def test_a_model_that_sees_nothing_may_be_wrong_itself(tmp_path: Path) -> None:
    clip, model = hints(tmp_path, GateEvidence(reference=rate(0, 0)))
    assert "may not show what the model detects" in clip
    assert "the ONNX file or its preprocessing is wrong" in model


@pytest.mark.parametrize(
    ("reference", "said"),
    [
        (rate(41, 40), "the clip shows too little of what the model detects (the reference finds objects in 41% of"),
        (rate(0, 0), "the model detects nothing in this clip (the reference finds no object in 100 frames)"),
        (rate(41, 20), ""),
        (rate(95, 40), ""),
        (None, ""),
    ],
)
def test_a_clip_that_shows_little_does_not_make_the_import_wrong(
    tmp_path: Path, reference: ReferenceRate | None, said: str
) -> None:
    evidence = GateEvidence(reference=reference)
    found = evaluate(scan(tmp_path, [["car"]] * 2 + [[]] * 3), MIN_DETECTION_RATE, evidence).import_unknown
    assert found.startswith(said)
    assert bool(found) == bool(said)
    assert not evaluate(scan(tmp_path, [["car"]] * 5), MIN_DETECTION_RATE, evidence).import_unknown
    doubted = replace(evidence, preprocessing_warning="the network expects 0..255")
    assert not evaluate(scan(tmp_path, [["car"], []]), MIN_DETECTION_RATE, doubted).import_unknown


def test_more_frames_are_no_advice_if_the_whole_clip_was_dumped(tmp_path: Path) -> None:
    for evidence in (GateEvidence(reference=rate(41, 41), whole_clip=True), GateEvidence(whole_clip=True)):
        (content,) = (hint for hint in hints(tmp_path, evidence) if "choose another with --video" in hint)
        assert "--kitti-frames" not in content
        assert "beginning" not in content


def test_a_dump_that_loses_the_objects_of_the_reference(tmp_path: Path) -> None:
    found = hints(tmp_path, GateEvidence(reference=rate(95, 40, "topk=0 drops 100 % of the reference's boxes")))
    assert found[:2] == (
        "config: topk=0 drops 100 % of the reference's boxes",
        "the reference finds objects in 95% of 100 frames: the clip shows them, and parser or config lose them",
    )
    assert not any("choose another" in hint for hint in found)


def test_a_config_that_alone_loses_the_objects_leads_with_its_fix(tmp_path: Path) -> None:
    cost = "topk=0 drops 100 % of the reference's boxes (usual: 200)"
    lost = replace(rate(95, 40, cost), fixes=("set topk=200 in [class-attrs-all]",), config_alone=True)
    verdict = evaluate(scan(tmp_path, [["car"], []]), MIN_DETECTION_RATE, GateEvidence(reference=lost))
    assert verdict.named == cost
    assert verdict.hints[0] == "set topk=200 in [class-attrs-all]"
    assert not any("parser" in hint for hint in verdict.hints)
    few = GateEvidence(reference=replace(lost, reference=41, dump=40))
    assert not evaluate(scan(tmp_path, [["car"], []]), MIN_DETECTION_RATE, few).named


@pytest.mark.parametrize(
    "doubt",
    [
        {"preprocessing_warning": "the network expects 0..255"},
        {"preprocessing_unknown": "preprocessing-unknown: nobody states it"},
        {"below_frame": 0.9},
    ],
)
def test_a_reference_that_may_be_fed_wrongly_does_not_accuse_the_clip(tmp_path: Path, doubt: dict[str, Any]) -> None:
    found = hints(tmp_path, GateEvidence(reference=rate(41, 40), **doubt))
    assert not any("the reference finds" in hint for hint in found)


def test_ten_classes_at_most(tmp_path: Path) -> None:
    verdict = evaluate(scan(tmp_path, [[f"c{i}" for i in range(15)]]), MIN_DETECTION_RATE)
    assert sum(line.startswith("      1 c") for line in verdict.lines) == 10
    assert verdict.lines[2] == "      1 c9"  # sort -r breaks ties by falling name
