"""GitHub: a workflow for self-hosted runners. Its first job plans, its matrix runs the models, its last job merges.

The workflow plans on its own at each run, so that it sees models that were added since. Its matrix is this module's,
too: ``dsbench fleet plan --format github-matrix``. Names of models reach scripts as environment variables only.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path

from dsbench.base import resources
from dsbench.base.errors import Code, DsbenchError
from dsbench.base.text import console_json, counted
from dsbench.fleet.job import FleetJob, Needs
from dsbench.fleet.recipes import gpu_kinds
from dsbench.fleet.recipes.recipe import (
    OrderedPlan,
    Recipe,
    image_of,
    requirement,
    yaml_text,
)
from dsbench.fleet.recipes.settings import NO_IMAGE, PYTHON_IMAGE, SPARE_MINUTES, RecipeSettings

MATRIX_LIMIT = 256
"""Jobs of one matrix, GitHub's limit."""
_VARIABLE_LIMIT = 100 * 1024
"""Bytes of an environment variable; Linux takes 128 KiB."""


def render(jobs: Sequence[FleetJob], settings: RecipeSettings) -> Recipe:
    """The workflow. Raises USAGE for models that it cannot name."""
    plan = OrderedPlan(jobs)
    gpus = next((group for group in plan.groups if group.needs.gpus), None)
    image = settings.image or (image_of(gpus, settings) if gpus else NO_IMAGE)
    models = settings.models or tuple(job.model_dir for job in plan.jobs)
    rendered = resources.render(
        "fleet/github.yml.j2",
        models=_variable(models),
        arguments=_variable(settings.command or ("--runtime", plan.jobs[0].runtime)),
        install=_expression_free(yaml_text(requirement(plan, settings))),
        image="" if image == NO_IMAGE else _expression_free(yaml_text(image)),
        small_image="" if image == NO_IMAGE else yaml_text(PYTHON_IMAGE),
        gpus=gpus is not None,
        parallel=settings.parallel,
        minutes=settings.minutes,
        mounts=[_expression_free(yaml_text(f"{one}:{one}")) for one in settings.mounts],
    )
    return Recipe(rendered)


def matrix(jobs: Sequence[FleetJob], settings: RecipeSettings) -> Recipe:
    """The matrix as one line of JSON. An entry has a ``name``, a runner's ``labels``, its ``models`` as JSON, and the
    ``minutes`` that they may take. Above 256 models an entry has several."""
    plan = OrderedPlan(jobs)
    size = _chunk_size([group.count for group in plan.groups])
    entries = []
    for group in plan.groups:
        for first in range(group.offset, group.offset + group.count, size):
            chunk = plan.jobs[first : min(first + size, group.offset + group.count)]
            name = chunk[0].id if len(chunk) == 1 else f"{chunk[0].id}-and-{len(chunk) - 1}-more"
            models = _json([_from_here(job.model_dir) for job in chunk])
            minutes = (settings.minutes + SPARE_MINUTES) * len(chunk)
            entries.append({"name": name, "labels": _labels(group.needs), "models": models, "minutes": minutes})
    return Recipe(f"{_json({'include': entries})}\n")


def _chunk_size(counts: Sequence[int]) -> int:
    """The smallest number of models an entry with which groups of these sizes need at most 256 entries."""
    if len(counts) > MATRIX_LIMIT:
        what = f"the jobs have {len(counts)} different needs, a matrix of GitHub {MATRIX_LIMIT} jobs"
        raise DsbenchError(Code.USAGE, what, fix="plan fewer models in one workflow")
    size = 1
    while sum(-(-count // size) for count in counts) > MATRIX_LIMIT:
        size += 1
    return size


def _labels(needs: Needs) -> list[str]:
    kind = [gpu_kinds.runner_label(needs.gpu_kind)] if needs.gpu_kind else []
    return ["self-hosted", "linux", *(["gpu"] if needs.gpus else []), *kind]


def _from_here(path: str) -> str:
    """Relative to the checkout, which lies elsewhere on the next runner; other paths are shared ones."""
    here = Path.cwd()
    return os.path.relpath(path, here) if Path(path).is_relative_to(here) else path


def _variable(words: Sequence[str]) -> list[str]:
    """The lines of an environment variable: a JSON array, so that a word may have any character."""
    text = _json(list(words), indent=2)
    if len(text) > _VARIABLE_LIMIT:
        what = f"{counted(len(words), 'model')} do not fit into a variable of a workflow"
        raise DsbenchError(Code.USAGE, what, fix="give them as a pattern in quotes: 'models/*'")
    return text.splitlines()


def _json(value: object, indent: int | None = None) -> str:
    """ASCII; nothing of it is obeyed by GitHub, which evaluates ``${{ ... }}``."""
    return console_json(json.dumps(value, indent=indent)).replace("${{", r"\u0024{{")


def _expression_free(text: str) -> str:
    """GitHub evaluates ``${{ ... }}`` in every value of a workflow."""
    return text.replace("${{", "${{ '${{' }}")
