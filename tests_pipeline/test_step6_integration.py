"""Pre-flight, Steps 6a to 6g and the checks beyond them: from a model directory to detections known to be there.

Each test is one step of the specification: it calls the step, keeps its result for the steps after it, and leaves what
it found as evidence. A DsbenchError is the step's failure.
"""

from __future__ import annotations

import pytest

from dsbench.record.evidence import EvidenceLog
from dsbench.steps import (
    accuracy,
    import_parity,
    kitti_gate,
    model_outputs,
    nvinfer_config,
    parser_build,
    parser_check,
    parser_makefile,
    parser_source,
    preflight,
    stream_parity,
    visual_validation,
)
from dsbench.steps.model_run import ModelRun

pytestmark = pytest.mark.dsbench_step


def test_preflight(model: ModelRun, evidence: EvidenceLog) -> None:
    """Pre-flight: everything the run needs is there."""
    preflight.run(model, evidence)


def test_model_outputs(model: ModelRun, evidence: EvidenceLog) -> None:
    """6a: the ONNX model runs and its outputs are a detector's."""
    model_outputs.run(model, evidence)


def test_parser_source(model: ModelRun, evidence: EvidenceLog) -> None:
    """6b: a bounding box parser for this head exists."""
    parser_source.run(model, evidence)


def test_parser_makefile(model: ModelRun, evidence: EvidenceLog) -> None:
    """6c: the parser's Makefile is written."""
    parser_makefile.run(model, evidence)


def test_parser_build(model: ModelRun, evidence: EvidenceLog) -> None:
    """6d: the parser builds, exports its function and yields pixel boxes."""
    parser_build.run(model, evidence)
    parser_check.begin(model)  # it needs nothing more, and goes on in the background of 6e to 6g


def test_nvinfer_config(model: ModelRun, evidence: EvidenceLog) -> None:
    """6e: the nvinfer config is complete and fits the model."""
    nvinfer_config.run(model, evidence)


def test_visual_validation(model: ModelRun, evidence: EvidenceLog) -> None:
    """6f: boxes and labels drawn on the video, for you to look at."""
    visual_validation.run(model, evidence)


def test_kitti_gate(model: ModelRun, evidence: EvidenceLog) -> None:
    """6g: detections exist on the video, frame by frame."""
    kitti_gate.run(model, evidence)


def test_import_parity(model: ModelRun, evidence: EvidenceLog) -> None:
    """Beyond: the dumped boxes are those that the model gives on the same frames."""
    import_parity.run(model, evidence)


def test_accuracy(model: ModelRun, evidence: EvidenceLog) -> None:
    """Beyond: how well the boxes agree with ground truth, where it is given."""
    accuracy.run(model, evidence)


def test_parser_check(model: ModelRun, evidence: EvidenceLog) -> None:
    """Beyond: the parser stays within its memory, on real frames and on changed tensors."""
    parser_check.run(model, evidence)


def test_stream_parity(model: ModelRun, evidence: EvidenceLog) -> None:
    """Beyond: in a batch of different clips each stream gets the boxes of its own clip."""
    stream_parity.run(model, evidence)
