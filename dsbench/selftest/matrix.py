"""Every fault in every family, one after the other or in several processes."""

from __future__ import annotations

import multiprocessing
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path

from dsbench.base.boxes import Boxes
from dsbench.model.layout import ModelLayout
from dsbench.selftest import healthy, known_gaps, pipeline, verdict
from dsbench.selftest.fault import Fault, FaultGroup, FaultyModel
from dsbench.selftest.file_faults import CONFIG_FAULTS, CONTROLS, LABEL_FAULTS, PREPROCESSING_FAULTS
from dsbench.selftest.model_faults import DATA_FAULTS, MODEL_FAULTS
from dsbench.selftest.parser_faults import PARSER_FAULTS
from dsbench.selftest.pipeline import Treatment
from dsbench.selftest.verdict import MatrixRow

FAULTS: tuple[Fault, ...] = (
    *CONTROLS,
    *PREPROCESSING_FAULTS,
    *PARSER_FAULTS,
    *CONFIG_FAULTS,
    *LABEL_FAULTS,
    *MODEL_FAULTS,
    *DATA_FAULTS,
)
"""Every fault. An id may have a row for each of several families."""


@dataclass(frozen=True)
class HealthyModel:
    """A healthy directory, its dump and what its steps said (nothing, if all is well)."""

    family: str
    layout: ModelLayout
    labels: tuple[str, ...]
    boxes: tuple[Boxes, ...]


@dataclass(frozen=True)
class FaultCase:
    """A fault to put into a copy of a healthy model. Faults hold functions: another process looks it up by place."""

    model: HealthyModel
    place: int
    folder: Path

    @property
    def fault(self) -> Fault:
        return FAULTS[self.place]


def choose(families: Sequence[str], ids: Sequence[str]) -> tuple[tuple[str, int], ...]:
    """Families and places of faults; every fault if ``ids`` is empty. An id may be a prefix that ends in ``*``."""

    def wanted(fault: Fault) -> bool:
        return not ids or any(fault.id == id or (id.endswith("*") and fault.id.startswith(id[:-1])) for id in ids)

    return tuple(
        (family, place)
        for family in families
        for place, fault in enumerate(FAULTS)
        if fault.fits(family) and wanted(fault)
    )


def run_matrix(
    chosen: Sequence[tuple[str, int]], jobs: int, done: Callable[[MatrixRow], None]
) -> tuple[MatrixRow, ...]:
    """One row for each of ``chosen``, in its order; ``done`` is called as each is ready."""
    families = tuple(dict.fromkeys(family for family, _ in chosen))
    with tempfile.TemporaryDirectory(prefix="dsbench-selftest-") as text:
        folder = Path(text)
        healthy_folder = folder / "healthy"
        healthy_folder.mkdir()
        if jobs == 1:
            models = {family: prepare(family, healthy_folder) for family in families}
            cases = [FaultCase(models[family], place, folder) for family, place in chosen]
            return tuple(_told(run_case(case), done) for case in cases)
        with _pool(jobs) as pool:
            models = dict(zip(families, pool.map(prepare, families, [healthy_folder] * len(families)), strict=True))
            cases = [FaultCase(models[family], place, folder) for family, place in chosen]
            futures: list[Future[MatrixRow]] = [pool.submit(run_case, case) for case in cases]
            for future in as_completed(futures):
                done(future.result())
            return tuple(future.result() for future in futures)


def _told(row: MatrixRow, done: Callable[[MatrixRow], None]) -> MatrixRow:
    done(row)
    return row


@contextmanager
def _pool(jobs: int) -> Iterator[ProcessPoolExecutor]:
    """New processes, each with cores of its own: a fork of one with threads may hang."""
    os.environ["PYTHONSAFEPATH"] = "1"  # they import nothing from the current directory
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(jobs, context, _take_cores, (context.Value("i", 0), jobs))
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


def _take_cores(started: Synchronized[int], jobs: int) -> None:
    """In a new process: keep to some cores. Threads of several processes that spin on the same core cost a quarter."""
    with started.get_lock():
        place = started.value % jobs
        started.value += 1
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) >= jobs:
        os.sched_setaffinity(0, cores[place::jobs])


def prepare(family: str, folder: Path) -> HealthyModel:
    """Make a healthy directory and run the steps on it, so that its copies need only what a fault changes."""
    layout = healthy.make(family, folder)
    with _scratch(folder) as scratch:
        pipeline.run_steps(layout, Treatment(healthy.VIDEO, scratch))
    labels = tuple(layout.labels.read_text().split("\n"))
    boxes = pipeline.dumped(layout, labels)
    assert boxes is not None, f"the healthy {family} has no dump"
    return HealthyModel(family, layout, labels, boxes)


def run_case(case: FaultCase) -> MatrixRow:
    """Put a fault into a copy, run the steps, judge what they said."""
    fault, started = case.fault, time.monotonic()
    clips = case.folder / f"clips-{os.getpid()}"
    clips.mkdir(exist_ok=True)
    with _scratch(case.folder) as scratch:
        if fault.after_model:
            layout, known = _reused(case)
            healthy.restore(layout, case.model.layout)
        else:
            layout, known = healthy.copy(case.model.layout, scratch), ()
        model = FaultyModel(layout, case.model.family, healthy.VIDEO, clips)
        fault.inject(model)
        truth = case.model.family in fault.truth
        if truth:
            healthy.settings(layout, model.family, truth=True)
        how = Treatment(model.video, scratch, truth)
        alarms = pipeline.run_steps(layout, how, known).alarms
        pipeline.dump_anyway(layout, how)
        boxes = pipeline.dumped(layout, case.model.labels)
    other_clip = fault.group is FaultGroup.DATA
    score = None if boxes is None or other_clip else verdict.f1(case.model.boxes, boxes)
    found, first = verdict.judge(fault, alarms, None if score is None else 1 - score)
    return MatrixRow(
        family=case.model.family,
        fault=fault.id,
        group=str(fault.group),
        what=fault.what,
        verdict=found,
        step=first.step if first else "",
        level=str(first.level) if first else "",
        id=first.id if first else "",
        first=first.headline if first else "",
        f1=None if score is None else round(score, 3),
        seconds=round(time.monotonic() - started, 1),
        alarms=alarms,
        gap=known_gaps.reason(fault.id, case.model.family),
    )


_REUSED: dict[Path, tuple[ModelLayout, tuple[object, ...]]] = {}


def _reused(case: FaultCase) -> tuple[ModelLayout, tuple[object, ...]]:
    """This process's directory for faults of parser and config, and what pre-flight and 6a have found in it."""
    folder = case.folder / f"reused-{os.getpid()}" / case.model.family
    if folder not in _REUSED:
        layout = healthy.copy(case.model.layout, folder)
        scratch = folder / "scratch"
        scratch.mkdir()
        outcome = pipeline.run_steps(layout, Treatment(healthy.VIDEO, scratch, model_only=True))
        _REUSED[folder] = (layout, outcome.known)
    return _REUSED[folder]


@contextmanager
def _scratch(folder: Path) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(dir=folder) as text:
        yield Path(text)
