"""A child program for what may crash or hang a process: imports, the video, the GPU's driver.

``python -m dsbench.doctor.probe imports MODULE...`` prints ``begin MODULE`` and ``end MODULE [trouble]``;
``encoder``, ``video FILE``, ``gpu GPU_ID``, ``system`` and ``part NAME`` print one line of JSON.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dsbench.base import jsonable

if TYPE_CHECKING:
    from dsbench.machine.hardware import Component


@dataclass(frozen=True)
class EncoderAnswer:
    """Why the embedded runtime's encoder is missing, "" if it is there."""

    missing: str


@dataclass(frozen=True)
class ClipAnswer:
    """Facts of a clip with one frame decoded, or ``trouble``."""

    codec: str = ""
    width: int = 0
    height: int = 0
    fps: float = 0.0
    trouble: str = ""


def main(argv: Sequence[str]) -> int:
    """Answer one question; anything unexpected may end this program, never the one that asked."""
    topic, *rest = argv
    if topic == "imports":
        imports(rest)
    elif topic == "encoder":
        from dsbench.runtimes import visual

        print(jsonable.dumps(EncoderAnswer(visual.encoder_missing() or "")))
    elif topic == "video":
        print(jsonable.dumps(clip(rest[0])))
    elif topic == "gpu":
        from dsbench.machine import hardware

        print(jsonable.dumps(hardware.find_gpu(int(rest[0]))))
    elif topic == "part":
        print(jsonable.dumps(part(rest[0])))
    else:
        from dsbench.machine import hardware

        print(jsonable.dumps(hardware.hardware()))
    return 0


def imports(modules: Sequence[str]) -> None:
    """Import each module and say how that went."""
    for module in modules:
        print(f"begin {module}", flush=True)
        try:
            importlib.import_module(module)
        except BaseException as error:  # a broken package raises what it likes, SystemExit included
            words = " ".join(str(error).split())
            print(f"end {module} {type(error).__name__}: {words}"[:500], flush=True)
        else:
            print(f"end {module}", flush=True)


def clip(path: str) -> ClipAnswer:
    """Look at a clip."""
    from dsbench.base.errors import DsbenchError
    from dsbench.model import video as clips

    try:
        facts = clips.inspect(Path(path))
    except DsbenchError as error:
        return ClipAnswer(trouble=error.what)
    except OSError as error:
        return ClipAnswer(trouble=f"it cannot be read: {error.strerror}")
    return ClipAnswer(facts.codec, facts.width, facts.height, round(facts.fps, 3))


def part(name: str) -> Component:
    """One part of NVIDIA's software: ``cuda``, ``tensorrt`` or ``deepstream``."""
    from dsbench.machine import hardware

    if name == "cuda":
        return hardware.cuda_toolkit()
    return hardware.tensorrt() if name == "tensorrt" else hardware.deepstream()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
