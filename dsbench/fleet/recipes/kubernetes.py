"""Kubernetes: an Indexed Job for each need, the plan in a ConfigMap, and a suspended Job that merges.

The exit status 1 of ``dsbench fleet job`` is a result: its index fails at once (``FailIndex``) and the others go on.
Any other end is tried again, three times in all. Field by field: kubernetes.io/docs/tasks/job/pod-failure-policy,
kubernetes.io/docs/concepts/workloads/controllers/job (backoffLimitPerIndex: Kubernetes 1.29 or newer).
"""

from __future__ import annotations

import re
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
    yaml_text,
)
from dsbench.fleet.recipes.settings import NO_IMAGE, PYTHON_IMAGE, SPARE_MINUTES, RecipeSettings

CONFIG_MAP_LIMIT = 900 * 1024
"""Bytes of a plan that travels in a ConfigMap, which holds 1 MiB with its names."""
PARALLEL = 100
"""Pods of one Job at a time: more that wait for a node are a burden for the scheduler."""
_RUN = 'dsbench fleet job "$PLAN" --number "$((OFFSET + ${{JOB_COMPLETION_INDEX:-0}}))" --timeout {seconds}'
_CLAIM = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")


@dataclass(frozen=True, slots=True)
class _Shown:
    """One group of jobs as the template shows it."""

    name: str
    group: JobGroup
    image: str
    products: tuple[str, ...]
    cpus: int


def render(jobs: Sequence[FleetJob], settings: RecipeSettings) -> Recipe:
    """The manifests. Raises USAGE for names that Kubernetes does not take."""
    if settings.image == NO_IMAGE:
        raise DsbenchError(Code.USAGE, "a pod needs an image", fix="leave --image out, or name one")
    if not _CLAIM.fullmatch(settings.claim):
        what = f"{settings.claim!r} is no name of a PersistentVolumeClaim"
        raise DsbenchError(Code.USAGE, what, fix="give --claim in lower-case letters, digits, dashes and dots")
    plan = OrderedPlan(jobs)
    text, path = plan.fitted(CONFIG_MAP_LIMIT)
    shown = [_shown(plan, number, settings) for number in range(len(plan.groups))]
    volumes = mounts(plan, settings)
    rendered = resources.render(
        "fleet/kubernetes.yaml.j2",
        name=plan.name,
        count=len(plan.jobs),
        groups=shown,
        plan_lines=text.splitlines(),
        plan_path=_env_text(path or "/etc/dsbench/plan.jsonl"),
        plan_on_volume=bool(path),
        results=_env_text(plan.results),
        merged=_env_text(plan.merged),
        run_lines=_script(_RUN.format(seconds=settings.minutes * 60)),
        merge_lines=_script('dsbench fleet merge "$RESULTS" --plan "$PLAN" -o "$MERGED"'),
        merge_image=yaml_text(settings.image or PYTHON_IMAGE),
        install=_env_text(requirement(plan, settings)),
        claim=yaml_text(settings.claim),
        mounts=[(yaml_text(one), yaml_text(one.strip("/")) if len(volumes) > 1 else "") for one in volumes],
        parallel=settings.parallel or PARALLEL,
        seconds=(settings.minutes + SPARE_MINUTES) * 60,
    )
    return Recipe(rendered, path, plan.text if path else "")


def _env_text(text: str) -> str:
    """The value of a variable of a container: Kubernetes expands ``$(NAME)`` there."""
    return yaml_text(text.replace("$", "$$"))


def _script(command: str) -> list[str]:
    """The lines of a container's script."""
    return [*resources.render("fleet/install.sh.j2").splitlines(), f"exec {command}"]


def _shown(plan: OrderedPlan, number: int, settings: RecipeSettings) -> _Shown:
    group = plan.groups[number]
    name = plan.name if len(plan.groups) == 1 else f"{plan.name}-{number + 1}"
    kind = group.needs.gpu_kind
    products = tuple(map(yaml_text, gpu_kinds.kubernetes_products(kind))) if kind else ()
    return _Shown(name, group, yaml_text(image_of(group, settings)), products, group.needs.cpus)
