"""Steps 4 and 5 with trtexec: MAX_BS by strict doubling from 64, the engine, and the logs of b1 and bMAX.

Of the engines that the search builds only the last one stays. An engine of an earlier run that still holds is kept, and
the search goes on from it; one that somebody else built is never deleted: its missing logs are measured, no more.
"""

from __future__ import annotations

import math
from contextlib import suppress
from dataclasses import dataclass, field

from dsbench.base.errors import Code, DsbenchError
from dsbench.formats.versions import EngineMachine
from dsbench.model import previous, stand_in
from dsbench.model.stand_in import LARGEST_BATCH
from dsbench.trtexec import command_lines, engine_files, steps
from dsbench.trtexec.command_lines import Target
from dsbench.trtexec.engine_files import Existing
from dsbench.trtexec.steps import Failed, Measured, Trtexec

BY_HAND, KEPT, BUILT = "by hand", "kept", "built"


@dataclass(frozen=True)
class Wanted:
    """``first_batch``: MAX_BS to begin with, None for the specification's 64."""

    target: Target
    target_fps: float
    first_batch: int | None = None
    rebuild: bool = False
    cannot_build: DsbenchError | None = None
    """Why no engine can be built as dsbench.toml wants it; one that is there can still be measured."""


@dataclass(frozen=True)
class Outcome:
    """What is there now. ``whose``: BUILT now, KEPT from an earlier run, or BY_HAND. ``measured``: batches measured
    now. ``moved``: where files of somebody else went."""

    engine: Existing
    best: Measured
    peak_gpu_streams: int
    whose: str
    measured: tuple[int, ...]
    notes: tuple[str, ...]


@dataclass
class _State:
    """The search as it goes."""

    tool: Trtexec
    wanted: Wanted
    machine: EngineMachine
    built: bool = False
    measured: list[int] = field(default_factory=list)
    scanned: list[tuple[int, float]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    limit: str = ""

    @property
    def target(self) -> Target:
        return self.wanted.target

    def peak(self, measured: Measured) -> int:
        """PEAK_GPU_STREAMS: floor(img/s / target fps)."""
        return math.floor(measured.images_per_second / self.wanted.target_fps)


def run(tool: Trtexec, wanted: Wanted, machine: EngineMachine) -> Outcome:
    """Prepare the engine and its logs. The directory and the device are locked by whoever calls.

    Raises ENGINE_PREPARATION (trtexec failed), ENGINE_MISMATCH (an engine of another model is in the way), and what
    writing raises.
    """
    state = _State(tool, wanted, machine)
    layout = wanted.target.layout
    layout.engines.mkdir(parents=True, exist_ok=True)
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
    _clear(state, before, engine)
    return Outcome(
        engine,
        best,
        state.peak(best),
        BUILT if state.built else KEPT,
        tuple(state.measured),
        tuple(state.notes),
    )


def _current(wanted: Wanted, engines: tuple[Existing, ...]) -> Existing | None:
    """The engine to go on with: what pre-flight would take. None: build one."""
    if wanted.rebuild or not engines:
        return None
    stem = wanted.target.onnx.path.stem
    others = [engine for engine in engines if engine.stem != stem and engine.provenance is None]
    own = next((engine for engine in engines if engine.stem == stem), None)
    largest = max(own.max_bs if own else 0, wanted.first_batch or command_lines.FIRST_BATCH)
    if others and others[0].max_bs >= largest:
        raise DsbenchError(
            Code.ENGINE_MISMATCH,
            f"the engine {others[0].path.name} was not built from the ONNX file {wanted.target.onnx.path.name}, and "
            "pre-flight takes the engine with the largest batch",
            where=str(others[0].path),
            fix="move it away, choose its ONNX file with `onnx =` in dsbench.toml, or --rebuild: it moves to previous/",
        )
    return own


def _search(state: _State, engine: Existing | None) -> tuple[Existing, Measured]:
    """Double MAX_BS strictly while PEAK_GPU_STREAMS is larger; the engines before the last one go."""
    first = state.target.onnx.batch or state.wanted.first_batch or command_lines.FIRST_BATCH
    if engine is not None and state.target.onnx.batch is None and (state.wanted.first_batch or 0) > engine.max_bs:
        engine = None  # a larger one is asked for; the old one goes once that is there
    if engine is None:
        engine = _built(state, first)
    best = _measured(state, engine)
    while _too_small(state, engine, best):
        grown = _grown(state, engine.max_bs * 2)
        if grown is None:
            break
        engine_files.discard(state.target.layout, engine)
        engine, best = grown
    engine_files.note_search(engine, tuple(state.scanned), state.limit)
    return engine, best


def _too_small(state: _State, engine: Existing, best: Measured) -> bool:
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


def _grown(state: _State, batch: int) -> tuple[Existing, Measured] | None:
    """Engine and throughput at a larger batch; None if that fails: the engine that is there is as good as before."""
    built = steps.build(state.tool, state.target, batch)
    if isinstance(built, Failed):
        _stays(state, built, batch)
        return None
    engine = engine_files.put(state.target, built, batch, state.machine)
    measured = steps.measure(state.tool, state.target, batch, batch)
    if isinstance(measured, Failed):
        engine_files.discard(state.target.layout, engine)
        _stays(state, measured, batch)
        return None
    state.built = True
    _note(state, measured)
    return engine, measured


def _stays(state: _State, failed: Failed, batch: int) -> None:
    if failed.of_disk:
        raise failed.error()
    state.limit = f"batch {batch}: {failed.failure.cause}"
    state.notes.append(f"MAX_BS stays {batch // 2}: {failed.what}: {failed.failure.cause} (log: {failed.log})")


def _note(state: _State, measured: Measured) -> None:
    state.measured.append(measured.batch)
    state.scanned.append((measured.batch, measured.images_per_second))
    state.tool.announce(
        f"MAX_BS={measured.batch}: {measured.log.throughput_qps:g} qps, PEAK_GPU_STREAMS={state.peak(measured)}"
    )


def _built(state: _State, batch: int) -> Existing:
    built = steps.build(state.tool, state.target, batch)
    if isinstance(built, Failed):
        raise built.error()
    state.built = True
    return engine_files.put(state.target, built, batch, state.machine)


def _measured(state: _State, engine: Existing) -> Measured:
    """The figures of the engine's own batch: those of its log if it has them, else measured now."""
    found = None if state.built else engine_files.figures(state.target, engine.path, engine.max_bs)
    if found is not None:
        if engine.provenance is not None:
            state.scanned.extend(engine.provenance.scanned)
        return Measured(engine.max_bs, found)
    measured = steps.measure(state.tool, state.target, engine.max_bs, engine.max_bs)
    if isinstance(measured, Failed):
        raise measured.error()
    _note(state, measured)
    return measured


def _measure_first(state: _State, engine: Existing) -> None:
    """The log of the smallest batch that Step 5 wants, if it is not bMAX itself and not there yet."""
    batch = command_lines.batches(state.target, engine.max_bs)[0]
    if batch == engine.max_bs:
        return
    if not state.built and engine_files.figures(state.target, engine.path, batch) is not None:
        return
    measured = steps.measure(state.tool, state.target, batch, engine.max_bs)
    if isinstance(measured, Failed):
        raise measured.error()
    state.measured.append(batch)


def _measure_by_hand(state: _State, engine: Existing) -> Outcome:
    """Only the logs that an engine of somebody else lacks."""
    best = _measured(state, engine)
    _measure_first(state, engine)
    _remove_stand_ins(state.target)
    peak = state.peak(best)
    state.notes.append(f"{engine.path.name} was not built by dsbench prepare and stays as it is; --rebuild builds anew")
    if state.target.onnx.batch is None and stand_in.is_too_small(engine.max_bs, peak):
        state.notes.append(f"PEAK_GPU_STREAMS {peak} > MAX_BS {engine.max_bs}: Steps 4-5 would double MAX_BS")
    return Outcome(engine, best, peak, BY_HAND, tuple(state.measured), tuple(state.notes))


def _clear(state: _State, before: tuple[Existing, ...], engine: Existing) -> None:
    """Older engines of ours go, since pre-flight takes the largest; those of others move aside if asked to."""
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
    """What the embedded runtime left in TensorRT's place."""
    for path in stand_in.stale_stand_ins(target.layout, frozenset()):
        with suppress(OSError):
            path.unlink()
        if path.suffix == ".log":
            with suppress(OSError):  # not empty: it is not ours alone
                path.parent.rmdir()
