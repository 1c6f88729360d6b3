"""``--ablation``: the boxes that each way costs in which the app differs from the ideal, as a table and a chart."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace

from dsbench.base import spec
from dsbench.base.boxes import Boxes
from dsbench.base.cpus import usable_cpus
from dsbench.base.errors import DsbenchError
from dsbench.families.base import Network
from dsbench.formats import kitti
from dsbench.jobs.reference import ReferenceJob
from dsbench.judge.imports import ablation, dump_boxes, exporter_keys, postprocess, reference
from dsbench.judge.imports.ablation import Ablation, FeedFacts
from dsbench.judge.imports.dump_boxes import ClassNames
from dsbench.judge.imports.matching import Match
from dsbench.judge.imports.reference import Reference
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
_OF_HALF = 4
"""What FP32 and FP16 together cost, in runs of FP32: the casts take time."""
_FP16 = 2
"""network-mode."""


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
    if isinstance(found.half, Match):
        what = f"{found.half.paired} of {found.half.reference} boxes of FP32 found, {found.half.extra} others"
        how = "the app ran in FP32" if model.runtime.name == "embedded" else "weights and results of layers rounded"
        log.fact("FP16, simulated on the CPU", f"F1 {found.half.f1:.3f}", f"{what}; {how}")
    else:
        log.note(f"FP16: not measured: {found.half}")
    stages = found.ablation.stages
    rows = ((stage.name, stage.kept, stage.lost, stage.added, f"{stage.f1:.3f}") for stage in stages)
    columns = ("difference, with all before it", "boxes of the ideal", "lost here", "not the ideal's", "F1")
    log.table(f"{ABLATION_TABLE}, {found.ablation.frames} frames", columns, rows)


@dataclass(frozen=True)
class _AblationRun:
    """``half``: FP16 against FP32, or why it was not measured."""

    ablation: Ablation
    half: Match | str


def _measured(model: ModelRun, outputs: ModelOutputsResult) -> _AblationRun:
    facts, config = model.get(PreflightFacts), model.get(NvinferConfigResult).config
    files = {file.name.frame: file.path for file in kitti.list_frames(model.layout.kitti_dir) if not file.name.stream}
    fed = ablation.feeds(_feed_facts(facts, outputs, config.scaling_filter))
    threads = usable_cpus()
    ms = outputs.probed.result.ms_per_run * (len(fed) + _OF_HALF) / min(threads, 4)
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
    rules = usual_rules(facts, outputs), postprocess.of_config(config)
    floor = max(0.001, min(one.lowest_threshold for one in rules))
    made = _run(model, outputs, job, floor).only(files)
    names = dump_boxes.names_of(facts.labels.lines)
    boxes, half = _half(model, outputs, replace(job, frames=made.frames), floor, names)
    dump = [dump_boxes.boxes_of(kitti.parse_file(files[number]), names) for number in made.frames]
    ran_half = model.runtime.name != "embedded" and config.network_mode == _FP16
    return _AblationRun(ablation.measure(fed, made, rules, names, dump, boxes if ran_half else ()), half)


def _run(model: ModelRun, outputs: ModelOutputsResult, job: ReferenceJob, floor: float) -> Reference:
    """Run the network and decode. Raises ONNX_RUN_FAILED."""
    assert outputs.head is not None
    folder = model.scratch / "ablation"
    folder.mkdir(exist_ok=True)
    done = probes.probe_reference(job, folder)
    found = reference.decode(done.result, done.folder, outputs.head, Network(job.width, job.height), floor)
    shutil.rmtree(done.folder, ignore_errors=True)
    return found


def _half(
    model: ModelRun, outputs: ModelOutputsResult, job: ReferenceJob, floor: float, names: ClassNames
) -> tuple[tuple[Boxes, ...], Match | str]:
    """Boxes of FP16 on the job's frames under the config's rules, and how they match FP32's, or why there are none."""
    last = job.feeds[-1]
    try:
        made = _run(model, outputs, replace(job, feeds=(last, replace(last, half=True))), floor)
    except DsbenchError as error:
        return (), error.what
    if made.frames != job.frames:
        return (), "it took too long"
    return ablation.half_boxes(made, postprocess.of_config(model.get(NvinferConfigResult).config), names)


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
