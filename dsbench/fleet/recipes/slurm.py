"""Slurm: one script that submits an array for each need and the job that merges; array tasks run the same script.

The exit status 1 of ``dsbench fleet job`` is a result and leaves the container as 10: srun and pyxis end with 1 if they
cannot start it. Any other failure is the machine's: the task is requeued, at most twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dsbench.base import resources
from dsbench.base.errors import Code, DsbenchError
from dsbench.fleet.job import FleetJob
from dsbench.fleet.recipes import gpu_kinds
from dsbench.fleet.recipes.recipe import (
    JobGroup,
    OrderedPlan,
    Recipe,
    image_of,
    mounts,
    requirement,
    shell_text,
)
from dsbench.fleet.recipes.settings import NO_IMAGE, SPARE_MINUTES, RecipeSettings

SCRIPT_LIMIT = 2 * 1024 * 1024
"""Bytes of a plan that travels in the script; Slurm takes scripts of 4 MiB (``max_script_size``)."""
GPU_CPUS = 8
"""Processors of a job with a GPU that asks for no number, if its node has as many."""
ARRAY_LIMIT = 1000
"""Tasks of one array: Slurm's MaxArraySize is 1001 unless a site sets it."""


@dataclass(frozen=True, slots=True)
class _Array:
    """One array: ``options`` are sbatch's, safe in a shell; ``container`` is the image as enroot writes it.
    ``shares_node``: its number of processors is found when it is submitted."""

    offset: int
    options: str
    container: str
    shares_node: bool


def render(jobs: Sequence[FleetJob], settings: RecipeSettings) -> Recipe:
    """The script. Raises USAGE for names that Slurm or pyxis does not take."""
    plan = OrderedPlan(jobs)
    text, path = plan.fitted(SCRIPT_LIMIT)
    arrays = [array for group in plan.groups for array in _arrays(group, settings)]
    found = () if settings.image == NO_IMAGE else mounts(plan, settings)
    rendered = resources.render(
        "fleet/slurm.sh.j2",
        name=plan.name,
        count=len(plan.jobs),
        gpu_cpus=GPU_CPUS,
        arrays=arrays,
        minutes=settings.minutes + SPARE_MINUTES,
        seconds=settings.minutes * 60,
        plan_text=text,
        plan_path=shell_text(path),
        results=shell_text(plan.results),
        merged=shell_text(plan.merged),
        install=shell_text(requirement(plan, settings)),
        container_mounts=shell_text(",".join(f"{one}:{one}" for one in found)),
    )
    return Recipe(rendered, path, plan.text if path else "")


def _arrays(group: JobGroup, settings: RecipeSettings) -> list[_Array]:
    image, needs = image_of(group, settings), group.needs
    container = "" if image == NO_IMAGE else shell_text(enroot_name(image))
    found = []
    for first in range(0, group.count, ARRAY_LIMIT):
        count = min(ARRAY_LIMIT, group.count - first)
        options = f"--array=0-{count - 1}%{settings.parallel or count} {_needs(group)}"
        found.append(_Array(group.offset + first, options, container, bool(needs.gpus and not needs.cpus)))
    return found


def _needs(group: JobGroup) -> str:
    """sbatch's options for what a job needs. A job without a GPU has its node for itself: benchmarks of one host must
    not overlap."""
    needs = group.needs
    cpus = f" --cpus-per-task={needs.cpus}" if needs.cpus else ""
    if not needs.gpus:
        return f"--gres=none --exclusive{cpus}"
    kind = f"{gpu_kinds.slurm_type(needs.gpu_kind)}:" if needs.gpu_kind else ""
    return f"--gres=gpu:{kind}{needs.gpus}{cpus}"


def enroot_name(image: str) -> str:
    """``nvcr.io#nvidia/deepstream:9.1`` for ``nvcr.io/nvidia/deepstream:9.1``. A file (``/images/x.sqsh``) stays as it
    is. Raises USAGE."""
    if not image.isprintable() or " " in image:
        raise DsbenchError(Code.USAGE, f"{image!r} is no name of an image", fix="give --image as docker pull takes it")
    registry, slash, rest = image.partition("/")
    is_host = "." in registry or ":" in registry or registry == "localhost"
    return f"{registry}#{rest}" if slash and registry and is_host else image
