"""Pre-flight, Steps 6a to 6g and the checks beyond them: from a model directory to detections known to be there.

Each test is one step of the specification: it calls the step, keeps its result for the steps after it, and leaves what
it found as evidence. A DsbenchError is the step's failure.
"""

from __future__ import annotations

import time

import pytest

from dsbench.machine import directory_lock
from dsbench.model import preflight
from dsbench.model.facts import PreflightFacts
from dsbench.record.evidence import EvidenceLog
from dsbench.steps import kitti_gate as step6g_kitti
from dsbench.steps import model_outputs as step6a_outputs
from dsbench.steps import nvinfer_config as step6e_config
from dsbench.steps import parser_build as step6bcd_parser
from dsbench.steps import parser_check, prepare, stream_parity
from dsbench.steps import visual_validation as step6f_visual
from dsbench.steps.model_outputs import ModelOutputs
from dsbench.steps.model_run import ModelRun
from dsbench.steps.parser_build import BuiltParser, ParserSource
from dsbench.steps.parser_check import BegunCheck
from dsbench.steps.rows import benchmark_rows, parity_rows, parser_check_rows, visual_rows
from dsbench.steps.rows import evidence_rows as rows
from dsbench.steps.summary import Step6Duration, Step6Start

pytestmark = pytest.mark.dsbench_step


def test_preflight(model: ModelRun, evidence: EvidenceLog) -> None:
    """Pre-flight: everything the run needs is there."""
    directory_lock.take(model.layout.root, model.at_end, shown=model.layout.given)
    facts = preflight.run(model.layout, model.preflight_request())
    prepared = model.keep(prepare.run(model, facts))
    rows.preflight(evidence, model.keep(prepared.facts))
    benchmark_rows.preparation(evidence, prepared)


def test_model_outputs(model: ModelRun, evidence: EvidenceLog) -> None:
    """6a: the ONNX model runs, and its outputs are a detector's."""
    model.keep(Step6Start(time.monotonic()))
    outputs = model.keep(step6a_outputs.run(model.get(PreflightFacts), model.scratch, model.runtime))
    rows.model_outputs(evidence, outputs)


def test_parser_source(model: ModelRun, evidence: EvidenceLog) -> None:
    """6b: a bounding box parser for this head exists."""
    source = model.keep(step6bcd_parser.write_source(model.get(PreflightFacts), model.get(ModelOutputs)))
    rows.parser_source(evidence, model.layout, source)


def test_parser_makefile(model: ModelRun, evidence: EvidenceLog) -> None:
    """6c: the parser's Makefile is written."""
    written = step6bcd_parser.write_makefile(model.get(PreflightFacts), model.get(ParserSource))
    rows.parser_makefile(evidence, model.layout, written)


def test_parser_build(model: ModelRun, evidence: EvidenceLog) -> None:
    """6d: the parser builds, exports its function and yields boxes in pixels."""
    facts, outputs = model.get(PreflightFacts), model.get(ModelOutputs)
    parser = model.keep(step6bcd_parser.build(facts, outputs, model.runtime, model.scratch))
    model.keep(parser.outputs)
    rows.parser_build(evidence, model.layout, parser)
    model.keep(parser_check.begin(facts, parser.outputs, model.runtime, model.scratch, model.at_end))


def test_nvinfer_config(model: ModelRun, evidence: EvidenceLog) -> None:
    """6e: the nvinfer config is complete and fits the model."""
    facts, outputs, parser = model.get(PreflightFacts), model.get(ModelOutputs), model.get(BuiltParser)
    config = model.keep(step6e_config.run(facts, outputs, parser, model.options.gpu_id.value))
    rows.nvinfer_config(evidence, facts, outputs, config)


def test_visual_validation(model: ModelRun, evidence: EvidenceLog) -> None:
    """6f: boxes and labels drawn on the video, to be looked at."""
    result = model.keep(step6f_visual.run(model))
    visual_rows.visual_validation(evidence, model.layout, result)


def test_kitti_gate(model: ModelRun, evidence: EvidenceLog) -> None:
    """6g: detections exist on the video, frame by frame."""
    result = model.keep(step6g_kitti.run(model))
    rows.kitti_gate(evidence, model.layout, result)
    step6g_kitti.require_detections(result)
    took = model.keep(Step6Duration(time.monotonic() - model.get(Step6Start).at))
    evidence.print(took.line)


def test_parser_check(model: ModelRun, evidence: EvidenceLog) -> None:
    """Beyond: the parser under sanitizers, on real frames and on what may come one day."""
    check = model.keep(model.get(BegunCheck).result())
    parser_check_rows.parser_check(evidence, check)
    parser_check.require(check)


def test_stream_parity(model: ModelRun, evidence: EvidenceLog) -> None:
    """Beyond: in a batch of different clips each stream gets the boxes of its own."""
    result = model.keep(stream_parity.run(model))
    parity_rows.stream_parity(evidence, model.layout, result)
    stream_parity.require(result)
