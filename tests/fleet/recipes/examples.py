"""The examples in docs/fleet/: what plan writes for two models on one kind of GPU.

``python -m tests.fleet.recipes.examples`` writes them again.
"""

from __future__ import annotations

from pathlib import Path

from dsbench.fleet.job import FleetJob, JobFile, Needs
from dsbench.fleet.recipes.formats import RECIPES
from dsbench.fleet.recipes.settings import RecipeSettings

FOLDER = Path(__file__).resolve().parents[3] / "docs" / "fleet"
NAMES = {"k8s": "kubernetes.yaml", "slurm": "slurm.sh", "github": "github.yml"}


def text(kind: str) -> str:
    """The example of one format."""
    settings = RecipeSettings(models=("models/*",), command=("--runtime", "deepstream", "--gpu-kind", "L4"))
    return RECIPES[kind]([_job("yolox-s"), _job("rtdetr")], settings).text


def _job(name: str) -> FleetJob:
    root = f"/data/models/{name}"
    file = JobFile(f"models/{name}/model/{name}.onnx", f"{root}/model/{name}.onnx", 35_894_272, "0" * 64)
    return FleetJob(
        id=f"{name}-0000000000",
        model=name,
        model_dir=root,
        key="0" * 64,
        runtime="deepstream",
        command=("pytest", f"--model-dir={root}", "--runtime=deepstream"),
        options=(),
        needs=Needs(gpus=1, gpu_kind="L4"),
        files=(file,),
        results=f"/data/results/{name}-0000000000",
        dsbench="0.1.0",
    )


if __name__ == "__main__":
    for kind, name in NAMES.items():
        (FOLDER / name).write_text(text(kind), encoding="utf-8")
