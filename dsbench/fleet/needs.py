"""What a machine must have for a model."""

from __future__ import annotations

import re
from dataclasses import dataclass

from dsbench.fleet.job import Needs
from dsbench.model import engine_provenance, stand_in
from dsbench.model.layout import ModelLayout

_ENGINE = re.compile(r".+_dynamic_b(\d{1,6})\.engine")
_KIND = re.compile(r"(?:NVIDIA|Tesla|Quadro)\s+([A-Z]{1,2}\d{1,4}[A-Z]?)(?=[\s-]|$)")
"""A GPU's name as NVML gives it, such as ``NVIDIA A100-SXM4-80GB`` or ``Tesla T4``. Ray takes the same word as
accelerator type (``NvidiaGPUAcceleratorManager``); of names like ``NVIDIA GeForce RTX 4090`` it takes one that says
nothing, so those give no kind."""


@dataclass(frozen=True, slots=True)
class WantedNeeds:
    """What the user says of one model; None: not said."""

    gpus: int | None = None
    gpu_kind: str | None = None
    cpus: int | None = None


def of_model(layout: ModelLayout, runtime: str, wanted: WantedNeeds) -> Needs:
    """One whole GPU on deepstream, of the kind that built the engine if it is known; on embedded one whole machine."""
    gpus = wanted.gpus if wanted.gpus is not None else int(runtime == "deepstream")
    kind = (wanted.gpu_kind or engine_kind(layout)) if gpus else ""
    return Needs(gpus, kind, wanted.cpus or 0)


def engine_kind(layout: ModelLayout) -> str:
    """The kind of GPU that built the engine that a run takes; empty if it is not known."""
    found = [
        (-int(match[1]), path) for path in layout.engines.glob("*.engine") if (match := _ENGINE.fullmatch(path.name))
    ]
    engine = next((path for _, path in sorted(found) if not stand_in.is_stand_in(path)), None)
    provenance = engine_provenance.read(engine) if engine is not None else None
    kind = _KIND.match(provenance.gpu) if provenance is not None else None
    return kind[1] if kind else ""
