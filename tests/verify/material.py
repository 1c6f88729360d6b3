"""Records as runs leave them, made in a second, and edits of single numbers."""

from __future__ import annotations

import copy
import random
import time
from collections.abc import Iterator
from typing import Any

from dsbench.base.errors import DsbenchError
from dsbench.model.facts import PreflightFacts
from dsbench.record.evidence import EvidenceLog, StepFailure
from dsbench.record.recorder import Recorder
from dsbench.record.schema import StepRecord, outcome_of
from dsbench.steps import benchmark_config, preflight, recording, run1_calibration, run2_validation, summary
from dsbench.steps.benchmark_config import BenchmarkConfigResult
from dsbench.steps.model_run import ModelRun
from tests.steps.bench import Bench

FAST = (31.0,) * 13
"""Rows of a run that keeps up."""
BENCHMARK = {"run1_calibration": run1_calibration.run, "run2_validation": run2_validation.run, "summary": summary.run}


def benchmark_record(bench: Bench, model: ModelRun, *steps: str) -> Recorder:
    """The record of the benchmark steps, written after each as the plugin does."""
    recorder = recording.recorder(bench.layout, model.options, model.selected)
    for name in ("preflight", *_before()):
        recorder.step(_step(bench, model, name))
    failed = ""
    for name in steps or tuple(BENCHMARK):
        log = EvidenceLog(name, bench.layout.name, bench.layout.key, "stand-in", skipped_for=failed)
        if failed:
            recorder.step(StepRecord(log.snapshot(), "skipped", 0.0))
            continue
        outcome, started = "passed", time.monotonic()
        try:
            BENCHMARK[name](model, log)
        except DsbenchError as error:
            log.failure = StepFailure(str(error.code), error.what, error.where, error.fix)
            outcome, failed = "failed", f"{name} failed [{error.code}]"
        recording.refresh(model, recorder)
        evidence = log.snapshot()
        recorder.step(StepRecord(evidence, outcome_of(evidence, outcome), time.monotonic() - started))
    recorder.finish()
    return recorder


def _before() -> tuple[str, ...]:
    """The steps that runs 1 and 2 need."""
    return (
        *("model_outputs", "parser_source", "parser_makefile", "parser_build", "nvinfer_config"),
        *("kitti_gate", "benchmark_config"),
    )


def _step(bench: Bench, model: ModelRun, name: str) -> StepRecord:
    log = EvidenceLog(name, bench.layout.name, bench.layout.key, "stand-in")
    if name == "preflight":
        preflight.add_evidence(log, model.get(PreflightFacts))
    if name == "benchmark_config":
        benchmark_config.add_evidence(log, model, model.get(BenchmarkConfigResult))
    return StepRecord(log.snapshot(), "passed", 0.1)


Place = tuple[str | int, ...]


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
    """A copy with another value at ``place``."""
    changed = copy.deepcopy(data)
    at: Any = changed
    for key in place[:-1]:
        at = at[key]
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
