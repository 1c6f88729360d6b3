"""A program of its own for what may take a process along: imports, the video, the GPU's driver.

``python -m dsbench.doctor.probe imports MODULE...`` prints ``begin MODULE`` and ``end MODULE [trouble]``;
``encoder``, ``video FILE``, ``gpu GPU_ID``, ``system`` and ``part NAME`` print one line of JSON.
"""

from __future__ import annotations

import dataclasses
import importlib
import json
import sys
from collections.abc import Sequence
from pathlib import Path


def main(argv: Sequence[str]) -> int:
    """Answer one question; anything unexpected may end this program, never the one that asked."""
    topic, *rest = argv
    if topic == "imports":
        imports(rest)
    elif topic == "encoder":
        from dsbench.runtimes import visual

        print(json.dumps({"missing": visual.encoder_missing() or ""}))
    elif topic == "video":
        print(json.dumps(video(rest[0])))
    elif topic == "gpu":
        print(json.dumps(gpu(int(rest[0]))))
    elif topic == "part":
        print(json.dumps(part(rest[0])))
    else:
        from dsbench.machine import hardware

        print(json.dumps(dataclasses.asdict(hardware.hardware())))
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


def video(path: str) -> dict[str, object]:
    """Facts of a clip with one frame decoded, or ``trouble``."""
    from dsbench.base.errors import DsbenchError
    from dsbench.model import video as clips

    try:
        facts = clips.inspect(Path(path))
    except DsbenchError as error:
        return {"trouble": error.what}
    except OSError as error:
        return {"trouble": f"it cannot be read: {error.strerror}"}
    return {"codec": facts.codec, "width": facts.width, "height": facts.height, "fps": round(facts.fps, 3)}


def gpu(gpu_id: int) -> dict[str, object]:
    """The GPU as ``hardware`` finds it, or why not."""
    from dsbench.machine import hardware

    found = hardware.find_gpu(gpu_id)
    return {
        "gpu": dataclasses.asdict(found.gpu) if found.gpu else None,
        "why_not": found.why_not,
        "note": found.note,
        "source": found.source,
    }


def part(name: str) -> dict[str, object]:
    """One part of NVIDIA's software: ``cuda``, ``tensorrt`` or ``deepstream``."""
    from dsbench.machine import hardware

    if name == "cuda":
        return dataclasses.asdict(hardware.cuda_toolkit())
    return dataclasses.asdict(hardware.tensorrt() if name == "tensorrt" else hardware.deepstream())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
