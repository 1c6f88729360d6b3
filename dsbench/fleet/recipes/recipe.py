"""What the recipes share: the jobs in groups of one need, the plan inside a file or beside it."""

from __future__ import annotations

import hashlib
import itertools
import os
import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath

from dsbench.base import deepstream_releases
from dsbench.base.errors import Code, DsbenchError
from dsbench.base.text import console, console_json
from dsbench.fleet.job import FleetJob, Needs, to_line
from dsbench.fleet.recipes.settings import PYTHON_IMAGE, RecipeSettings

_SYSTEM_FOLDERS = frozenset(
    f"/{name}" for name in ("bin", "boot", "dev", "etc", "lib", "lib64", "opt", "proc", "root", "run", "sbin")
) | {"/sys", "/tmp", "/usr", "/var"}
"""A volume there hides what a container needs."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """A rendered file. ``plan_path`` is set if the plan did not fit into it: ``plan_text`` has to be written there."""

    text: str
    plan_path: str = ""
    plan_text: str = ""


@dataclass(frozen=True, slots=True)
class JobGroup:
    """Jobs of one need and runtime: ``count`` lines of the plan from line ``offset`` on, from 0."""

    offset: int
    count: int
    needs: Needs
    runtime: str


class OrderedPlan:
    """The jobs of a plan, those of one need side by side. Raises USAGE for a plan without jobs."""

    def __init__(self, jobs: Sequence[FleetJob]) -> None:
        if not jobs:
            raise DsbenchError(Code.USAGE, "no job is left to run", fix="merge the results that are there")
        self.jobs = sorted(jobs, key=_order)  # stable: otherwise as planned

    @cached_property
    def groups(self) -> tuple[JobGroup, ...]:
        found: list[JobGroup] = []
        for _, jobs in itertools.groupby(self.jobs, key=_order):
            first, *others = jobs
            offset = found[-1].offset + found[-1].count if found else 0
            found.append(JobGroup(offset, 1 + len(others), first.needs, first.runtime))
        return tuple(found)

    @cached_property
    def text(self) -> str:
        """The plan, one ASCII line a job."""
        return "".join(f"{to_line(job)}\n" for job in self.jobs)

    @cached_property
    def name(self) -> str:
        """Name of this very plan: lower-case letters, digits and dashes."""
        return f"dsbench-{hashlib.sha256(self.text.encode()).hexdigest()[:8]}"

    @cached_property
    def results(self) -> str:
        """The directory that holds the results of all jobs."""
        folders = {str(PurePosixPath(job.results).parent) for job in self.jobs}
        if len(folders) > 1:
            what = f"the results of the jobs go to different directories: {', '.join(sorted(folders)[:3])}"
            raise DsbenchError(Code.USAGE, what, fix="plan with one --results DIR")
        return folders.pop()

    @cached_property
    def merged(self) -> str:
        """The directory that ``dsbench fleet merge`` writes; no job has an id that begins so."""
        return str(PurePosixPath(self.results, "_merged"))

    def fitted(self, limit: int) -> tuple[str, str]:
        """The plan as a part of the recipe, and no path; or no text and the path that a plan above ``limit`` bytes has
        among the results."""
        if len(self.text) <= limit:
            return self.text, ""
        return "", str(PurePosixPath(self.results, f"{self.name}.jsonl"))


def _order(job: FleetJob) -> tuple[str, str, int, int]:
    return job.runtime, job.needs.gpu_kind, job.needs.gpus, job.needs.cpus


def image_of(group: JobGroup, settings: RecipeSettings) -> str:
    """The container image of a group's jobs; ``none`` for none."""
    if settings.image:
        return settings.image
    return PYTHON_IMAGE if group.runtime == "embedded" else deepstream_releases.PULLED.image


def requirement(plan: OrderedPlan, settings: RecipeSettings) -> str:
    """What pip installs. The placeholder names the extras that the plan's jobs need."""
    extras = "gpu,fleet" if any(file.uri for job in plan.jobs for file in job.files) else "gpu"
    return settings.install or f"dsbench[{extras}] @ git+https://github.com/OWNER/dsbench@main"


def mounts(plan: OrderedPlan, settings: RecipeSettings) -> tuple[str, ...]:
    """The directories that have to be the same on every machine: models, files of options, results.

    Files that an object store has need none. Raises USAGE if one is outside ``settings.mounts`` or cannot be mounted.
    """
    sources = {file.uri.removeprefix("file://") or file.source for job in plan.jobs for file in job.files}
    sources = {path for path in sources if path.startswith("/")}  # the others are URIs
    needed = {os.path.dirname(path) for path in sources} | {plan.results}
    found = settings.mounts or _outermost(needed)
    for path in found:
        _check_characters(path)
        if path in _SYSTEM_FOLDERS or not path.startswith("/") or not path.strip("/"):
            what = f"{path} cannot be mounted in a container: it would hide what the container has there"
            raise DsbenchError(Code.USAGE, what, fix="keep models, clips and results below a directory of their own")
    for path in sorted(needed):
        if not any(_is_inside(path, mount) for mount in found):
            what = f"{path} lies in none of the directories that are mounted: {', '.join(found)}"
            raise DsbenchError(Code.USAGE, what, fix="give a --mount for it, or put the inputs into a --store")
    return found


def _outermost(paths: Iterable[str]) -> tuple[str, ...]:
    """Their common directory; if that is the root or one of the system's, the first two levels of each."""
    every = sorted(paths)
    common = os.path.commonpath(every)
    if common != "/" and common not in _SYSTEM_FOLDERS:
        return (common,)
    return tuple(sorted({str(PurePosixPath(*PurePosixPath(path).parts[:3])) for path in every}))


def _is_inside(path: str, folder: str) -> bool:
    return PurePosixPath(path).is_relative_to(folder)


def _check_characters(path: str) -> None:
    """Raise USAGE if engines cannot mount ``path``: they separate paths by ``:`` and ``,``."""
    if not path.isprintable() or set(path) & set(":,\\"):
        what = f"the path {path!r} has characters that a mount cannot have"
        raise DsbenchError(Code.USAGE, what, fix="use a path of letters, digits, blanks and . _ - /")


def yaml_text(text: str) -> str:
    """A YAML scalar in double quotes, ASCII only; nothing of it is obeyed by a terminal or a CI runner."""
    escaped = text.replace("\\", r"\\").replace('"', r"\"")
    inner = "".join(one if one.isascii() and one.isprintable() else f"\\U{ord(one):08x}" for one in escaped)
    return console_json(f'"{inner}"')


def shell_text(text: str) -> str:
    """One word of bash: in single quotes; as ``$'...'`` with escaped bytes if it has more than a terminal may show."""
    if text.isascii() and console(text) == text and text.isprintable():
        return shlex.quote(text)
    return "$'" + "".join(f"\\{byte:03o}" for byte in os.fsencode(text)) + "'"
