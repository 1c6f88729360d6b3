"""``--ablation``: the boxes that each way costs in which the app differs from the ideal, as a table and a chart."""

from __future__ import annotations

import os
import shutil

from dsbench.base import spec
from dsbench.base.errors import DsbenchError
from dsbench.families.base import Network
from dsbench.formats import kitti
from dsbench.jobs.reference import ReferenceJob
from dsbench.judge.imports import ablation, dump_boxes, exporter_keys, postprocess, reference
from dsbench.judge.imports.ablation import Ablation, FeedFacts
from dsbench.model.facts import PreflightFacts
from dsbench.record.evidence import EvidenceLog
from dsbench.report.charts import ABLATION_TABLE
from dsbench.runtimes import probes
from dsbench.steps.model_outputs import ModelOutputsResult
from dsbench.steps.model_run import ModelRun
from dsbench.steps.nvinfer_config import NvinferConfigResult
from dsbench.steps.reference import usual_preprocessing, usual_rules

BUDGET_S = 12.0
"""Time of inference, for all stages together."""


def add(model: ModelRun, log: EvidenceLog) -> None:
    """Measure and add the table; a note if it cannot be measured."""
    outputs = model.get(ModelOutputsResult)
    if outputs.head is None or not outputs.probed.result.frames:
        log.note("no ablation: there is no reference for this head")
        return
    try:
        found = _measured(model, outputs)
    except DsbenchError as error:
        log.note(f"no ablation: {error.what}")
        return
    rows = ((stage.name, stage.kept, stage.lost, stage.added, f"{stage.f1:.3f}") for stage in found.stages)
    columns = ("difference, with all before it", "boxes of the ideal", "lost here", "not the ideal's", "F1")
    log.table(f"{ABLATION_TABLE}, {found.frames} frames", columns, rows)


def _measured(model: ModelRun, outputs: ModelOutputsResult) -> Ablation:
    facts, config = model.get(PreflightFacts), model.get(NvinferConfigResult).config
    assert outputs.head is not None
    files = {file.name.frame: file.path for file in kitti.list_frames(model.layout.kitti_dir) if not file.name.stream}
    fed = ablation.feeds(_feed_facts(facts, outputs, config.scaling_filter))
    threads = len(os.sched_getaffinity(0))
    ms = outputs.probed.result.ms_per_run * len(fed) / min(threads, 4)
    job = ReferenceJob(
        onnx=str(facts.onnx.path),
        video=str(facts.video.value.path),
        height=facts.height,
        width=facts.width,
        feeds=tuple(stage.feed for stage in fed),
        frames=reference.choose_frames(max(files, default=-1) + 1, ms, BUDGET_S),
        channels=facts.onnx.channels,
        nhwc=facts.onnx.layout == "NHWC",
        threads=threads,
        time_budget_s=3 * BUDGET_S,
    )
    folder = model.scratch / "ablation"
    folder.mkdir(exist_ok=True)
    done = probes.probe_reference(job, folder)
    rules = usual_rules(facts, outputs), postprocess.of_config(config)
    floor = max(0.001, min(one.lowest_threshold for one in rules))
    network = Network(facts.width, facts.height)
    made = reference.decode(done.result, done.folder, outputs.head, network, floor).only(files)
    shutil.rmtree(done.folder, ignore_errors=True)
    names = dump_boxes.names_of(facts.labels.lines)
    dump = [dump_boxes.boxes_of(kitti.parse_file(files[number]), names) for number in made.frames]
    return ablation.measure(fed, made, rules, names, dump)


def _feed_facts(facts: PreflightFacts, outputs: ModelOutputsResult, scaling_filter: int) -> FeedFacts:
    usual, clip = usual_preprocessing(facts, outputs), facts.video.value
    _, deviations = exporter_keys.deviations(usual, outputs.exporter.stated)
    return FeedFacts(
        outputs.head.family if outputs.head else "",
        usual,
        outputs.preprocessing,
        deviations if len(set(deviations)) > 1 else (),
        scaling_filter,
        (clip.width, clip.height) == (spec.MUX_WIDTH, spec.MUX_HEIGHT),
    )
