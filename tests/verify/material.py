"""Records as runs leave them, made in a second, and edits of single numbers."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from dsbench.base.errors import DsbenchError
from dsbench.base.options import KITTI_FRAMES, MIN_DETECTION_RATE
from dsbench.base.process import Finished
from dsbench.base.steps import STEPS
from dsbench.formats import kitti
from dsbench.formats.app.console import Console
from dsbench.judge import gate
from dsbench.model import preflight as model_checks
from dsbench.model.facts import PreflightFacts
from dsbench.record.evidence import EvidenceLog, StepFailure
from dsbench.record.ledger import Ledger
from dsbench.record.recorder import Recorder
from dsbench.record.schema import StepRecord, outcome_of
from dsbench.runtimes.kitti_dump import KittiDump
from dsbench.steps import (
    benchmark_config,
    kitti_gate,
    preflight,
    recording,
    run1_calibration,
    run2_validation,
    summary,
)
from dsbench.steps.benchmark_config import BenchmarkConfigResult
from dsbench.steps.kitti_gate import KittiGateResult
from dsbench.steps.model_run import ModelRun
from tests.steps.bench import Bench
from tests.steps.model_run import model_run

FAST = (31.0,) * 13
"""Rows of a run that keeps up."""
StepFunction = Callable[[ModelRun, EvidenceLog], object]
BENCHMARK: Mapping[str, StepFunction] = {
    "run1_calibration": run1_calibration.run,
    "run2_validation": run2_validation.run,
    "summary": summary.run,
}


def benchmark_record(bench: Bench, model: ModelRun, *steps: str) -> Recorder:
    """The record of the benchmark steps, or of some of them."""
    return record_of(bench, model, {name: BENCHMARK[name] for name in steps or BENCHMARK})


def failed_gate_record(bench: Bench) -> Recorder:
    """The record of a run with objects in one of two frames."""
    model = model_run(bench.layout, bench.clip, bench.folder)
    model.keep(model_checks.run(bench.layout, model.preflight_request()))
    return record_of(bench, model, {"kitti_gate": _gate, **BENCHMARK})


def _gate(model: ModelRun, log: EvidenceLog) -> None:
    folder = model.layout.kitti_dir
    folder.mkdir(parents=True)
    line = kitti.format_line(kitti.from_box("car", 10, 10, 20, 20, 0.9))
    for number, text in enumerate((f"{line}\n", "")):
        (folder / kitti.file_name(0, 0, number)).write_text(text)
    scan = kitti.scan(folder)
    finished = Finished(("deepstream-app", "-c", "a.txt"), Path(), 0, 1.0, stopped=False, timed_out=False)
    asked, rate = model.option(KITTI_FRAMES), model.option(MIN_DETECTION_RATE)
    found = KittiGateResult(
        KittiDump(finished, folder, Console()), scan, gate.evaluate(scan, rate.value), asked, rate, expected=2
    )
    kitti_gate.add_evidence(log, model.layout, model.keep(found))
    kitti_gate.require_detections(found)


def record_of(bench: Bench, model: ModelRun, steps: Mapping[str, StepFunction], *, without: str = "") -> Recorder:
    """The record of ``steps`` and of those that they need, written after each as the plugin does. ``without``: a step
    that the user has excluded."""
    recorder, ledger = recording.recorder(bench.layout, model.options, model.selected), Ledger()
    for step in STEPS:
        if step.name == without:
            ledger.deselect(bench.layout.key, step.name)
        if step.name == without or (step.name not in steps and step.name not in _NEEDED):
            continue
        cause = ledger.cause_to_skip(bench.layout.key, step)
        log = EvidenceLog(step.name, bench.layout.name, bench.layout.key, "stand-in", skipped_for=str(cause or ""))
        outcome, started = "skipped" if cause else "passed", time.monotonic()
        try:
            if not cause:
                {**_NEEDED, **steps}[step.name](model, log)
        except DsbenchError as error:
            log.failure = StepFailure(str(error.code), error.what, error.where, error.fix)
            outcome = "failed"
        ledger.note(bench.layout.key, step.name, outcome, log.failure)
        recording.refresh(model, recorder)
        evidence = log.snapshot()
        recorder.step(StepRecord(evidence, outcome_of(evidence, outcome), time.monotonic() - started))
    recorder.finish()
    return recorder


def _nothing(model: ModelRun, log: EvidenceLog) -> None:
    """A step that leaves no evidence."""


_NEEDED: Mapping[str, StepFunction] = {
    "preflight": lambda model, log: preflight.add_evidence(log, model.get(PreflightFacts)),
    **dict.fromkeys(("model_outputs", "parser_source", "parser_makefile", "parser_build"), _nothing),
    **dict.fromkeys(("nvinfer_config", "kitti_gate"), _nothing),
    "benchmark_config": lambda model, log: benchmark_config.add_evidence(log, model, model.get(BenchmarkConfigResult)),
}
"""The steps that runs 1 and 2 need."""


Place = tuple[str | int, ...]
GONE = object()
"""In place of a value: its key or item is deleted."""


def numbers(value: Any, place: Place = ()) -> Iterator[Place]:
    """Places of all numbers; those of the digests are no numbers."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from numbers(item, (*place, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from numbers(item, (*place, index))
    elif type(value) in (int, float):
        yield place


def edited(data: dict[str, Any], place: Place, value: object) -> dict[str, Any]:
    """``data`` with another value at ``place``, without it for ``GONE``. The rest is shared with ``data``."""
    changed: dict[str, Any] = dict(data)
    at: Any = changed
    for key in place[:-1]:
        at[key] = at[key].copy()
        at = at[key]
    if value is GONE:
        del at[place[-1]]
    else:
        at[place[-1]] = value
    return changed


def random_edits(data: dict[str, Any], count: int, seed: int = 1) -> Iterator[tuple[Place, dict[str, Any]]]:
    """Single-number edits at random places, some large, some in the last digit."""
    places, draw = list(numbers(data)), random.Random(seed)
    for _ in range(count):
        place = draw.choice(places)
        old: Any = data
        for key in place:
            old = old[key]
        step = draw.choice((1, -1, 7)) if type(old) is int else draw.choice((0.01, 1.0, -0.1 * old or 0.5))
        yield place, edited(data, place, old + step)
