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
_WORD = re.compile(r"[A-Z]{1,2}\d{1,4}[A-Z]?")


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
    return kind_of(provenance.gpu) if provenance is not None else ""


def kind_of(gpu_name: str) -> str:
    """The kind of a GPU by its name; empty if that does not say it without doubt."""
    match = _KIND.match(gpu_name)
    return match[1] if match else ""


def is_other_kind(wanted: str, gpu_name: str) -> bool:
    """Whether a GPU is surely of another kind than the one that a job needs. Ray's ``A100-80G`` counts as A100."""
    found, word = kind_of(gpu_name), _WORD.match(wanted)
    return bool(found and word) and wanted.partition("-")[0] != found
