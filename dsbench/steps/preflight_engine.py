"""Part of pre-flight on the embedded runtime: MAX_BS and the throughput logs of b1 and bMAX, in place of Steps 4-5.

MAX_BS starts at 1 and doubles while PEAK_GPU_STREAMS > MAX_BS; Steps 4-5 start at 64. TensorRT's files are not changed:
if there is a TensorRT engine, MAX_BS comes from its name and no stand-in engine is written.
"""

from __future__ import annotations

import importlib.metadata
import math
import os
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from dsbench.base import places
from dsbench.base.errors import DsbenchError
from dsbench.base.files import replace_file
from dsbench.base.options import PREPARE
from dsbench.base.progress import Task
from dsbench.model import preflight, previous, stand_in
from dsbench.model.facts import PreflightFacts
from dsbench.model.stand_in import StandInProvenance
from dsbench.record.evidence import EvidenceLog
from dsbench.runtimes import throughput_run
from dsbench.runtimes.embedded import cpu_name
from dsbench.runtimes.throughput_run import BatchMeasurement, ThroughputJob
from dsbench.steps import working
from dsbench.steps.model_run import ModelRun

SECONDS, WARM_UP = 2.5, 0.5
SCAN_SECONDS, SCAN_WARM_UP = 0.5, 0.1
"""For the measurements that search for MAX_BS."""

EARLIER = ", in an earlier run"
"""Behind the time of a preparation that this run did not make."""

Measure = Callable[[int, float, float], BatchMeasurement]
"""(batch, seconds, warm-up seconds) -> what was measured."""


@dataclass(frozen=True)
class PreparedEngine:
    """The result of engine preparation."""

    facts: PreflightFacts
    """Pre-flight's facts, with the prepared engine and throughput."""
    action: str
    """What was done, in one phrase."""
    seconds: float = 0.0
    """How long the preparation took; 0 if that is not known."""
    earlier: bool = False
    """An earlier run prepared it."""
    scanned: tuple[tuple[int, float], ...] = ()
    """(batch, images per second) in the order of measurement."""
    moved: tuple[Path, ...] = ()
    """New paths of TensorRT's logs that were moved."""
    notes: tuple[str, ...] = ()
    failure: DsbenchError | None = None
    """Why there is no throughput; it stops Step 7, not Step 6."""


def prepare(model: ModelRun, facts: PreflightFacts) -> PreparedEngine:
    """Prepare a missing engine if the runtime and ``--prepare`` allow it. A failure is returned, not raised."""
    if model.runtime.name != "embedded":
        return PreparedEngine(facts, "none: on this runtime Steps 4-5 build the engine")
    provenance = provenance_of(facts)
    if stand_in.still_holds(facts.layout, facts.engine, facts.throughput, provenance, facts.onnx.batch):
        return _of_earlier_run(facts)
    if model.option(PREPARE).value == "never":
        return PreparedEngine(_without_outdated(facts, provenance), "--prepare never: nothing was measured")
    started = time.monotonic()
    with working.device(model) as held_lock:
        try:
            with working.seconds(model, "measuring the model on ONNX Runtime (engine preparation, once)") as task:
                search = find_max_bs(facts, _measurer(facts, model.scratch, task))
            moved = _write(facts, provenance, search, time.monotonic() - started)
        except DsbenchError as error:
            kept = _without_outdated(facts, provenance)
            return PreparedEngine(kept, "failed", time.monotonic() - started, failure=error)
    return PreparedEngine(
        facts=preflight.reread_engine(facts, model.preflight_request()),
        action="measured on ONNX Runtime" + (f", MAX_BS={search.max_bs} found by doubling" if search.doubled else ""),
        seconds=time.monotonic() - started,
        scanned=tuple(search.scanned),
        moved=moved,
        notes=(*held_lock.notes, *search.notes),
    )


def _of_earlier_run(facts: PreflightFacts) -> PreparedEngine:
    engine = facts.engine.path if facts.engine and facts.engine.stand_in else None
    seconds = stand_in.preparation_seconds(engine) if engine else None
    action = "engine and trtexec logs of an earlier preparation are still valid"
    return PreparedEngine(facts, action, seconds or 0.0, earlier=True)


def provenance_of(facts: PreflightFacts) -> StandInProvenance:
    """What the throughput depends on: model, input size, ONNX Runtime, processor."""
    return StandInProvenance(
        runtime="embedded",
        onnx_sha256=facts.onnx.sha256,
        size=(facts.height, facts.width),
        onnxruntime=importlib.metadata.version("onnxruntime"),
        cpu=cpu_name(),
    )


@dataclass
class Search:
    """The search for MAX_BS so far."""

    max_bs: int
    doubled: bool
    """MAX_BS is searched by doubling; False if it was given."""
    logs: dict[int, BatchMeasurement] = field(default_factory=dict)
    """The measurements to keep, by batch."""
    scanned: list[tuple[int, float]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def measure(self, measure: Measure, batch: int, seconds: float, warm_up: float) -> BatchMeasurement:
        measured = measure(batch, seconds, warm_up)
        self.scanned.append((batch, measured.images_per_second))
        return measured


def find_max_bs(facts: PreflightFacts, measure: Measure) -> Search:
    """Find MAX_BS: by doubling, or from the graph or the TensorRT engine. Batches 1 and MAX_BS are measured in full.

    Raises ENGINE_PREPARATION if the first measurement fails. A larger batch that fails ends the doubling.
    """
    frozen, engine = facts.onnx.batch, facts.engine
    if engine is not None and not engine.stand_in:
        return _given(Search(engine.max_bs, False), measure, frozen)
    if frozen is not None:
        return _given(Search(frozen, False), measure, frozen)
    target = facts.target_fps.value
    search = Search(stand_in.FIRST_BATCH, True)
    best = search.logs[search.max_bs] = search.measure(measure, search.max_bs, SECONDS, WARM_UP)
    while stand_in.is_too_small(search.max_bs, _peak(best, target)):
        batch = search.max_bs * 2
        try:
            measured = search.measure(measure, batch, SCAN_SECONDS, SCAN_WARM_UP)
            if not stand_in.is_too_small(batch, _peak(measured, target)):
                measured = search.logs[batch] = search.measure(measure, batch, SECONDS, WARM_UP)
        except DsbenchError as error:
            search.notes.append(f"MAX_BS stays {search.max_bs}: {error.what}")
            if search.max_bs not in search.logs:
                search.logs[search.max_bs] = search.measure(measure, search.max_bs, SECONDS, WARM_UP)
            break
        best, search.max_bs = measured, batch
    search.logs.setdefault(search.max_bs, best)
    return search


def _given(search: Search, measure: Measure, frozen: int | None) -> Search:
    for batch in stand_in.required_batches(search.max_bs, frozen):
        search.logs[batch] = search.measure(measure, batch, SECONDS, WARM_UP)
    return search


def _peak(measured: BatchMeasurement, target_fps: float) -> int:
    return math.floor(measured.images_per_second / target_fps)


def _measurer(facts: PreflightFacts, scratch: Path, task: Task) -> Measure:
    title = task.text

    def measure(batch: int, seconds: float, warm_up: float) -> BatchMeasurement:
        task.text = f"{title}, batch {batch}"
        job = ThroughputJob(facts.onnx.path, (facts.height, facts.width), batch, seconds, warm_up)
        return throughput_run.measure(job, scratch)

    return measure


def _write(facts: PreflightFacts, provenance: StandInProvenance, search: Search, seconds: float) -> tuple[Path, ...]:
    """Write the logs first and the engine last: an interrupted preparation leaves no engine and is repeated.

    TensorRT's logs move to ``previous/`` (only with ``--replace-results``: otherwise pre-flight has stopped). Returns
    their new paths.
    """
    layout = facts.layout
    logs = {layout.trtexec_log(batch): search.logs[batch] for batch in {min(search.logs), search.max_bs}}
    target = layout.engine(facts.onnx.path.stem, search.max_bs)
    for old in stand_in.stale_stand_ins(layout, frozenset(logs)):
        _remove(old)
    moved = tuple(previous.set_aside(log) for log in stand_in.tensorrt_logs(layout))
    for path, measured in logs.items():
        replace_file(path, f"{provenance.line}\n{measured.log}".encode("utf-8", "surrogateescape"))
    if facts.engine is None or facts.engine.stand_in:
        replace_file(target, stand_in.engine_text(provenance, search.max_bs, seconds).encode())
    return moved


def _remove(old: Path) -> None:
    with suppress(OSError):
        places.remove(old)
    if old.suffix == ".log":
        with suppress(OSError):  # not empty: it holds files of others
            os.rmdir(old.parent)


def _without_outdated(facts: PreflightFacts, provenance: StandInProvenance) -> PreflightFacts:
    """``facts`` without a throughput that was measured with another model or on another machine."""
    if facts.throughput is None or stand_in.first_line(facts.throughput.log) == provenance.line:
        return facts
    return replace(facts, throughput=None)


def add_evidence(log: EvidenceLog, prepared: PreparedEngine) -> None:
    """What was measured in place of Steps 4-5, and how long it took."""
    took = f"{prepared.seconds:.1f} s{EARLIER * prepared.earlier}" if prepared.seconds else ""
    log.fact("Engine preparation", prepared.action, took)
    if prepared.scanned:
        rows = ((batch, f"{images:.1f}") for batch, images in prepared.scanned)
        log.table("ONNX Runtime alone, in the order of measurement", ("batch", "images per second"), rows)
    layout = prepared.facts.layout
    log.note(*(f"TensorRT's log moved to {layout.given_path(path)}" for path in prepared.moved))
    log.note(*prepared.notes)
    if prepared.failure is not None:
        log.warn(f"engine preparation failed, so Step 7 will stop: {prepared.failure.what}")
    elif prepared.facts.throughput is None:
        log.warn("the throughput of the model alone is not known: Step 7 will stop (--prepare auto measures it)")
