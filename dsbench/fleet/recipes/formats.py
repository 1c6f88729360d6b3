"""The formats of ``dsbench fleet plan --format`` that are not the plan itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from dsbench.fleet.job import FleetJob
from dsbench.fleet.recipes import github, kubernetes, slurm
from dsbench.fleet.recipes.recipe import Recipe
from dsbench.fleet.recipes.settings import RecipeSettings

RECIPES: dict[str, Callable[[Sequence[FleetJob], RecipeSettings], Recipe]] = {
    "k8s": kubernetes.render,
    "slurm": slurm.render,
    "github": github.render,
    "github-matrix": github.matrix,
}
