"""TensorRT's engines of a model directory: who built them, whether they are still valid, how they are replaced.

``dsbench prepare`` deletes only engines that it built itself. Others stay, or move to ``previous/``.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import dsbench
from dsbench.base import places, reading
from dsbench.base.errors import DsbenchError
from dsbench.base.files import replace_file
from dsbench.build.trtexec_commands import Target
from dsbench.formats.trtexec import log as trtexec_log
from dsbench.formats.trtexec.log import TrtexecLog
from dsbench.formats.versions import UNKNOWN_MACHINE, EngineMachine
from dsbench.model import engine_checks, engine_provenance, previous
from dsbench.model.engine_provenance import EngineProvenance, MeasuredLog
from dsbench.model.layout import ModelLayout
from dsbench.model.stand_in import is_stand_in
from dsbench.trtexec.program import Built

_ENGINE = re.compile(r"(.*)_dynamic_b([1-9]\d*)\.engine")
_UNFINISHED = re.compile(r".*_dynamic_b\d+\.engine\.part|trtexec_b\d+\.log\.part")


@dataclass(frozen=True)
class Existing:
    """An engine of TensorRT. ``provenance`` is None if ``dsbench prepare`` did not build it."""

    path: Path
    stem: str
    max_bs: int
    provenance: EngineProvenance | None


def existing(layout: ModelLayout) -> tuple[Existing, ...]:
    """Every engine that pre-flight would see, largest batch first; no stand-ins."""
    try:
        names = os.listdir(layout.engines)
    except OSError:
        return ()
    found = []
    for name in names:
        match, path = _ENGINE.fullmatch(name), layout.engines / name
        if match is not None and path.is_file() and not is_stand_in(path):
            found.append(Existing(path, match[1], int(match[2]), engine_provenance.read(path)))
    return tuple(sorted(found, key=lambda engine: (-engine.max_bs, engine.path.name)))


def remove_unfinished(layout: ModelLayout) -> None:
    """Delete what an interrupted preparation left. The directory is locked, so nobody else writes here."""
    for folder in (layout.engines, *layout.benchmarks.glob("b[0-9]*")):
        with suppress(OSError):
            for name in os.listdir(folder):
                if _UNFINISHED.fullmatch(name):
                    places.remove(folder / name)


def holds(engine: Existing, target: Target, machine: EngineMachine) -> bool:
    """Whether the engine was built by ``dsbench prepare`` from this ONNX file, for this machine and precision."""
    known = engine.provenance
    if known is None or known.precision != target.precision:
        return False
    use = engine_checks.Use(target.onnx, target.size, 0, machine)
    try:
        engine_checks.origin(target.layout, engine.path.name, None, use)
    except DsbenchError:
        return False
    return target.onnx.batch in (None, known.max_bs)


def figures(target: Target, engine: Path, batch: int) -> TrtexecLog | None:
    """The log of a batch; None without a throughput, or if it names another engine, batch or size."""
    log = target.layout.trtexec_log(batch)
    if is_stand_in(log):
        return None
    use = engine_checks.Use(target.onnx, target.size, 0, UNKNOWN_MACHINE)
    try:
        found = trtexec_log.parse(log)
        engine_checks.require_log_of(found.setup, use, batch, str(log))
    except DsbenchError:
        return None
    return None if found.setup.engine and Path(found.setup.engine).name != engine.name else found


def put(target: Target, built: Built, max_bs: int, machine: EngineMachine) -> Existing:
    """Give a finished engine its name and write its provenance. An engine built by hand with that name is set aside.

    The provenance is written first, since an engine without one counts as built by hand.
    """
    engine = target.engine(max_bs)
    if engine.exists() and not is_stand_in(engine) and engine_provenance.read(engine) is None:
        previous.set_aside(engine)
    said = trtexec_log.setup(built.log)
    known = EngineProvenance(
        engine=engine.name,
        engine_bytes=built.part.stat().st_size,
        engine_digest=engine_provenance.digest(built.part),
        onnx=target.onnx.path.name,
        onnx_sha256=target.onnx.sha256,
        weights_sha256=engine_provenance.weights_digest(target.onnx.external_data),
        max_bs=max_bs,
        size=target.size,
        precision=target.precision,
        workspace_mib=target.workspace_mib,
        tensorrt=said.tensorrt or machine.tensorrt,
        gpu=said.device or machine.gpu,
        compute_capability=said.compute_capability or machine.compute_capability,
        driver=machine.driver,
        cuda=machine.cuda,
        command=built.command,
        build_seconds=round(built.seconds, 2),
        built=time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        dsbench=dsbench.__version__,
    )
    write(engine, known)
    places.move(built.part, engine)
    return Existing(engine, target.onnx.path.stem, max_bs, known)


def write(engine: Path, known: EngineProvenance) -> None:
    """The provenance file, in one step."""
    replace_file(engine_provenance.path(engine), known.text().encode("ascii"))


def note_search(engine: Existing, scanned: tuple[tuple[int, float], ...], limit: str) -> Existing:
    """Add the result of the search for MAX_BS to the provenance."""
    rounded = tuple((batch, round(images, 2)) for batch, images in scanned)
    return _noted(engine, lambda known: replace(known, scanned=rounded, limit=limit))


def note_seconds(engine: Existing, layout: ModelLayout, seconds: Mapping[int, float]) -> Existing:
    """Add how long trtexec measured each batch to the provenance, with the log that it belongs to."""
    now = {
        batch: MeasuredLog(batch, round(took, 2), reading.sha256(layout.trtexec_log(batch)))
        for batch, took in seconds.items()
        if layout.trtexec_log(batch).is_file()  # that of a smaller MAX_BS is deleted with its engine
    }

    def added(known: EngineProvenance) -> EngineProvenance:
        rows = {one.batch: one for one in known.measured} | now
        return replace(known, measured=tuple(sorted(rows.values())))

    return _noted(engine, added)


def _noted(engine: Existing, change: Callable[[EngineProvenance], EngineProvenance]) -> Existing:
    """The engine with another provenance, written if it is another. One built by hand has none."""
    if engine.provenance is None or (known := change(engine.provenance)) == engine.provenance:
        return engine
    write(engine.path, known)
    return replace(engine, provenance=known)


def discard(layout: ModelLayout, engine: Existing) -> None:
    """Delete an engine that ``dsbench prepare`` built, its provenance, and the log of its batch."""
    assert engine.provenance is not None, "built by hand: not deleted"
    for path in (engine.path, engine_provenance.path(engine.path)):
        places.remove(path)
    log = layout.trtexec_log(engine.max_bs)
    if engine.max_bs > 1 and log.is_file():
        places.remove(log)
        with suppress(OSError):  # the folder holds other files
            log.parent.rmdir()
