"""Steps 4 and 5 with trtexec: MAX_BS by strict doubling from 64, the engine, and the logs of b1 and bMAX.

Only the last engine of the search is kept. A valid engine of an earlier run is kept too, and the search starts from it.
An engine built by hand is never deleted; only its missing logs are measured.
"""

from __future__ import annotations

import math
from contextlib import suppress
from dataclasses import dataclass, field

from dsbench.base import places, spec
from dsbench.base.errors import Code, DsbenchError
from dsbench.build import trtexec_commands
from dsbench.build.trtexec_commands import Target
from dsbench.formats.versions import EngineMachine
from dsbench.model import previous, stand_in
from dsbench.model.stand_in import LARGEST_BATCH
from dsbench.trtexec import engine_files, program
from dsbench.trtexec.engine_files import Existing
from dsbench.trtexec.program import BatchThroughput, Failed, Trtexec

BY_HAND, KEPT, BUILT = "by hand", "kept", "built"


@dataclass(frozen=True)
class Wanted:
    """What to prepare. ``first_batch``: first MAX_BS to try, None for the specification's 64."""

    target: Target
    target_fps: float
    first_batch: int | None = None
    rebuild: bool = False
    cannot_build: DsbenchError | None = None
    """Why the engine that dsbench.toml asks for cannot be built; an existing one can still be measured."""


@dataclass(frozen=True)
class Preparation:
    """The engine and its figures. ``whose``: BUILT now, KEPT from an earlier run, or BY_HAND. ``measured``: the batches
    measured now."""

    engine: Existing
    best: BatchThroughput
    peak_gpu_streams: int
    whose: str
    measured: tuple[int, ...]
    notes: tuple[str, ...]


@dataclass
class _BatchSearch:
    """What the search for MAX_BS has done so far."""

    tool: Trtexec
    wanted: Wanted
    machine: EngineMachine
    built: bool = False
    measured: dict[int, float] = field(default_factory=dict)
    """Seconds of each batch that was measured now."""
    scanned: list[tuple[int, float]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    limit: str = ""

    @property
    def target(self) -> Target:
        return self.wanted.target

    def peak(self, measured: BatchThroughput) -> int:
        """PEAK_GPU_STREAMS: floor(img/s / target fps)."""
        return math.floor(measured.images_per_second / self.wanted.target_fps)


def prepare_engine(tool: Trtexec, wanted: Wanted, machine: EngineMachine) -> Preparation:
    """Prepare the engine and its logs. The caller has locked the directory and the device.

    Raises ENGINE_PREPARATION (trtexec failed), ENGINE_MISMATCH (a larger engine of another model is there), OSError.
    """
    state = _BatchSearch(tool, wanted, machine)
    layout = wanted.target.layout
    places.make_directory(layout.engines)
    engine_files.remove_unfinished(layout)
    before = engine_files.existing(layout)
    current = _current(wanted, before)
    if current is not None and current.provenance is None:
        return _measure_by_hand(state, current)
    if wanted.cannot_build is not None:
        raise wanted.cannot_build
    if current is not None and not engine_files.holds(current, wanted.target, machine):
        state.notes.append(f"{current.path.name} no longer fits this model, machine or precision: built again")
        current = None
    engine, best = _search(state, current)
    _measure_first(state, engine)
    engine = engine_files.note_seconds(engine, layout, state.measured)
    _clear(state, before, engine)
    return Preparation(
        engine,
        best,
        state.peak(best),
        BUILT if state.built else KEPT,
        tuple(state.measured),
        tuple(state.notes),
    )


def _current(wanted: Wanted, engines: tuple[Existing, ...]) -> Existing | None:
    """The engine that pre-flight would use; None: build one."""
    if wanted.rebuild or not engines:
        return None
    stem = wanted.target.onnx.path.stem
    others = [engine for engine in engines if engine.stem != stem and engine.provenance is None]
    own = next((engine for engine in engines if engine.stem == stem), None)
    largest = max(own.max_bs if own else 0, wanted.first_batch or spec.FIRST_MAX_BS)
    if others and others[0].max_bs >= largest:
        raise DsbenchError(
            Code.ENGINE_MISMATCH,
            f"the engine {others[0].path.name} was not built from the ONNX file {wanted.target.onnx.path.name}, and "
            "pre-flight takes the engine with the largest batch",
            where=str(others[0].path),
            fix="move it away, choose its ONNX file with `onnx =` in dsbench.toml, or use --rebuild",
        )
    return own


def _search(state: _BatchSearch, engine: Existing | None) -> tuple[Existing, BatchThroughput]:
    """Double MAX_BS while PEAK_GPU_STREAMS is larger; earlier engines of the search are deleted."""
    first = state.target.onnx.batch or state.wanted.first_batch or spec.FIRST_MAX_BS
    if engine is not None and state.target.onnx.batch is None and (state.wanted.first_batch or 0) > engine.max_bs:
        engine = None  # --max-bs asks for a larger one; the old one is deleted afterwards
    if engine is None:
        engine = _built(state, first)
    best = _measured(state, engine)
    while _too_small(state, engine, best):
        grown = _grown(state, engine.max_bs * 2)
        if grown is None:
            break
        engine_files.discard(state.target.layout, engine)
        engine, best = grown
    return engine_files.note_search(engine, tuple(state.scanned), state.limit), best


def _too_small(state: _BatchSearch, engine: Existing, best: BatchThroughput) -> bool:
    if state.target.onnx.batch is not None:
        return False
    peak = state.peak(best)
    known = engine.provenance.limit if engine.provenance and not state.built else ""
    if known and peak > engine.max_bs:
        state.limit = known
        state.notes.append(f"MAX_BS stays {engine.max_bs}: {known} (--rebuild tries again)")
        return False
    if peak > engine.max_bs and not stand_in.is_too_small(engine.max_bs, peak):
        state.limit = f"nvinfer takes batches up to {LARGEST_BATCH}"
        state.notes.append(f"MAX_BS stays {engine.max_bs} although PEAK_GPU_STREAMS is {peak}: {state.limit}")
        return False
    return stand_in.is_too_small(engine.max_bs, peak)


def _grown(state: _BatchSearch, batch: int) -> tuple[Existing, BatchThroughput] | None:
    """Engine and throughput at a larger batch; None if that fails, and the current engine stays."""
    built = program.build(state.tool, state.target, batch)
    if isinstance(built, Failed):
        _stays(state, built, batch)
        return None
    engine = engine_files.put(state.target, built, batch, state.machine)
    measured = program.measure(state.tool, state.target, batch, batch)
    if isinstance(measured, Failed):
        engine_files.discard(state.target.layout, engine)
        _stays(state, measured, batch)
        return None
    state.built = True
    _note(state, measured)
    return engine, measured


def _stays(state: _BatchSearch, failed: Failed, batch: int) -> None:
    if failed.of_disk:
        raise failed.error()
    state.limit = f"batch {batch}: {failed.failure.cause}"
    state.notes.append(f"MAX_BS stays {batch // 2}: {failed.what}: {failed.failure.cause} (log: {failed.log})")


def _note(state: _BatchSearch, measured: BatchThroughput) -> None:
    state.measured[measured.batch] = measured.seconds
    state.scanned.append((measured.batch, measured.images_per_second))
    state.tool.announce(
        f"MAX_BS={measured.batch}: {measured.log.throughput_qps:g} qps, PEAK_GPU_STREAMS={state.peak(measured)}"
    )


def _built(state: _BatchSearch, batch: int) -> Existing:
    built = program.build(state.tool, state.target, batch)
    if isinstance(built, Failed):
        raise built.error()
    state.built = True
    return engine_files.put(state.target, built, batch, state.machine)


def _measured(state: _BatchSearch, engine: Existing) -> BatchThroughput:
    """The throughput at MAX_BS: from its log, else measured now."""
    found = None if state.built else engine_files.figures(state.target, engine.path, engine.max_bs)
    if found is not None:
        if engine.provenance is not None:
            state.scanned.extend(engine.provenance.scanned)
        return BatchThroughput(engine.max_bs, found)
    measured = program.measure(state.tool, state.target, engine.max_bs, engine.max_bs)
    if isinstance(measured, Failed):
        raise measured.error()
    _note(state, measured)
    return measured


def _measure_first(state: _BatchSearch, engine: Existing) -> None:
    """Measure the smallest batch of Step 5, unless it is MAX_BS itself or has a log."""
    batch = trtexec_commands.batches(state.target, engine.max_bs)[0]
    if batch == engine.max_bs:
        return
    if not state.built and engine_files.figures(state.target, engine.path, batch) is not None:
        return
    measured = program.measure(state.tool, state.target, batch, engine.max_bs)
    if isinstance(measured, Failed):
        raise measured.error()
    state.measured[batch] = measured.seconds


def _measure_by_hand(state: _BatchSearch, engine: Existing) -> Preparation:
    """Measure only the missing logs of an engine that was built by hand."""
    best = _measured(state, engine)
    _measure_first(state, engine)
    _remove_stand_ins(state.target)
    peak = state.peak(best)
    state.notes.append(
        f"{engine.path.name} was not built by dsbench prepare and stays as it is; --rebuild builds it again"
    )
    if state.target.onnx.batch is None and stand_in.is_too_small(engine.max_bs, peak):
        state.notes.append(f"PEAK_GPU_STREAMS {peak} > MAX_BS {engine.max_bs}: Steps 4-5 would double MAX_BS")
    return Preparation(engine, best, peak, BY_HAND, tuple(state.measured), tuple(state.notes))


def _clear(state: _BatchSearch, before: tuple[Existing, ...], engine: Existing) -> None:
    """Delete older engines of ``dsbench prepare``, since pre-flight uses the largest. --rebuild moves the others."""
    layout = state.target.layout
    for old in before:
        if old.path == engine.path or not old.path.exists():
            continue
        if old.provenance is not None:
            engine_files.discard(layout, old)
            state.notes.append(f"removed {old.path.name}, which dsbench prepare had built before")
        elif state.wanted.rebuild:
            moved = previous.set_aside(old.path)
            state.notes.append(f"{old.path.name} moved to {layout.given_path(moved)}")
    _remove_stand_ins(state.target)


def _remove_stand_ins(target: Target) -> None:
    """Delete the embedded runtime's stand-ins."""
    for path in stand_in.stale_stand_ins(target.layout, frozenset()):
        with suppress(OSError):
            places.remove(path)
        if path.suffix == ".log":
            with suppress(OSError):  # the folder holds other files
                path.parent.rmdir()
