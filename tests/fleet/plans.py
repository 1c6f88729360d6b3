"""Jobs and tiny model directories for tests of the fleet."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

from dsbench.fleet import job
from dsbench.fleet.job import FleetJob, JobFile, Needs


def a_job(name: str = "net", results: Path | str = "/results", **changed: Any) -> FleetJob:
    """A job that nothing has to be there for."""
    sha256 = hashlib.sha256(name.encode()).hexdigest()
    values: dict[str, Any] = {
        "id": f"{name}-1",
        "model": name,
        "model_dir": f"/data/{name}",
        "key": "",
        "runtime": "embedded",
        "command": ("pytest", f"--model-dir=/data/{name}", "--runtime=embedded"),
        "options": (),
        "needs": Needs(),
        "files": (JobFile(f"models/{name}/model/{name}.onnx", f"/data/{name}/model/{name}.onnx", 3, sha256),),
        "results": f"{results}/{name}-1",
    }
    made = FleetJob(**values | changed)
    return made if "key" in changed else replace(made, key=job.key(made))


def model_dir(folder: Path, name: str = "net", content: bytes = b"onnx") -> Path:
    """A directory that looks like a model's; no run would pass on it."""
    root = folder / name
    (root / "model").mkdir(parents=True)
    (root / "model" / "net.onnx").write_bytes(content)
    (root / "config").mkdir()
    (root / "config" / "labels.txt").write_text("car\n")
    return root
