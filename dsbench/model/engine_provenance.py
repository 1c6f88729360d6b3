"""What a TensorRT engine was built from, and on which machine: the file ``<engine>.json``.

Written by ``dsbench prepare``. It is valid for that engine file only. An engine that was replaced by hand since (its
length, or its first or last MiB differ) has no provenance.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, NamedTuple

from dsbench.base import jsonable, reading
from dsbench.base.reading import FileKind
from dsbench.formats.versions import EngineMachine

SCHEMA = 1
SUFFIX = ".json"
_EDGE = 1 << 20


class MeasuredLog(NamedTuple):
    """Step 5 at one batch: seconds that trtexec ran, and the log that it left."""

    batch: int
    seconds: float
    log_sha256: str


@dataclass(frozen=True)
class EngineProvenance:
    """``engine_digest``: see ``digest``. ``weights_sha256``: of the ONNX file's external data, "" without any.

    ``size`` is height, width. ``scanned``: (batch, images per second) of the search for MAX_BS. ``limit``: why MAX_BS
    was not doubled although PEAK_GPU_STREAMS was larger, "" where it was not.
    """

    engine: str
    engine_bytes: int
    engine_digest: str
    onnx: str
    onnx_sha256: str
    weights_sha256: str
    max_bs: int
    size: tuple[int, int]
    precision: str
    workspace_mib: int
    tensorrt: str
    gpu: str
    compute_capability: str
    driver: str
    cuda: str
    command: tuple[str, ...]
    build_seconds: float
    built: str
    dsbench: str
    scanned: tuple[tuple[int, float], ...] = ()
    limit: str = ""
    measured: tuple[MeasuredLog, ...] = ()
    """Step 5 with this engine."""
    schema: int = SCHEMA

    @property
    def machine(self) -> EngineMachine:
        """What it was built on."""
        return EngineMachine(self.tensorrt, self.gpu, self.compute_capability, self.driver, self.cuda)

    def text(self) -> str:
        """The JSON file."""
        return jsonable.dumps(self, indent=1) + "\n"


def path(engine: Path) -> Path:
    """``<engine>.json``."""
    return engine.with_name(engine.name + SUFFIX)


def read(engine: Path) -> EngineProvenance | None:
    """The provenance that is valid for this engine file; None without one, or if it cannot be read."""
    try:
        values = reading.parse_json(reading.read_bytes(path(engine), FileKind.EXPORTER_TEXT))
    except (OSError, ValueError):
        return None
    found = _decoded(values)
    if found is None or found.engine_bytes != _size(engine) or found.engine_digest != digest(engine):
        return None
    return found


def digest(engine: Path) -> str:
    """SHA-256 over the first and the last MiB, since hundreds of MB are checked at every start; "" if unreadable."""
    try:
        with reading.open_regular(engine) as file:
            head = file.read(_EDGE)
            file.seek(max(0, os.fstat(file.fileno()).st_size - _EDGE))
            return hashlib.sha256(head + file.read(_EDGE)).hexdigest()
    except OSError:
        return ""


def weights_digest(files: Iterable[Path]) -> str:
    """SHA-256 over the ONNX file's external data, in their order; "" without any."""
    total = hashlib.sha256()
    empty = True
    for file in files:
        total.update(bytes.fromhex(reading.sha256(file)))
        empty = False
    return "" if empty else total.hexdigest()


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return -1


def _decoded(values: Any) -> EngineProvenance | None:
    """The dataclass from its JSON, None for anything else than this schema, key for key."""
    if not isinstance(values, dict) or values.get("schema") != SCHEMA:
        return None
    if set(values) != {field.name for field in fields(EngineProvenance)}:
        return None
    try:
        return jsonable.decode(EngineProvenance, values)
    except ValueError:
        return None
