"""``dsbench fleet plan``: a job for each model directory, as JSON lines."""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from dsbench.base.errors import Code, DsbenchError
from dsbench.base.files import replace_file
from dsbench.base.progress import ProgressDisplay, Terminal
from dsbench.base.text import counted
from dsbench.fleet import job, missing, options_file, plan
from dsbench.fleet.job import FleetJob
from dsbench.fleet.notes import say
from dsbench.fleet.options_file import FleetOptions
from dsbench.fleet.plan import PlanSettings
from dsbench.fleet.recipes import settings as recipe_settings
from dsbench.fleet.recipes.formats import RECIPES
from dsbench.fleet.result import DEFAULT_FOLDER
from dsbench.fleet.store import ObjectStore
from dsbench.model import given_dirs

_STANDARD_OUTPUT = ("-", "/dev/stdout")


def run(arguments: argparse.Namespace) -> int:
    """Write the plan, whole or not at all; returns 0. Raises USAGE, NOT_WRITABLE."""
    store = ObjectStore(arguments.store) if arguments.store else None  # before the work: a URI may be wrong
    prints = not arguments.output or arguments.output in _STANDARD_OUTPUT
    if prints and sys.__stdout__ is None:
        raise DsbenchError(
            Code.NOT_WRITABLE, "standard output is closed", fix="write the plan to a file: -o PLAN.jsonl"
        )
    jobs = planned(arguments)
    if arguments.missing_from:
        jobs = missing.without_results(jobs, [_path(one) for one in arguments.missing_from], say)
    if store is not None:
        jobs = store.with_files(jobs, say)
    text = _text(jobs, arguments)
    if prints:
        sys.stdout.write(text)
    else:
        replace_file(_path(arguments.output), text.encode())
    say(summary(jobs))
    if jobs and arguments.output not in (None, *_STANDARD_OUTPUT) and arguments.format not in RECIPES:
        say(f"run each with: dsbench fleet job {shlex.quote(arguments.output)} --number N, from 0 to {len(jobs) - 1}")
    return 0


def _text(jobs: Sequence[FleetJob], arguments: argparse.Namespace) -> str:
    """The plan, or the recipe that ``--format`` names."""
    render = RECIPES.get(arguments.format)
    if render is None:
        return "".join(f"{job.to_line(one)}\n" for one in jobs)
    recipe = render(jobs, recipe_settings.from_arguments(arguments))
    if recipe.plan_path:
        replace_file(Path(recipe.plan_path), recipe.plan_text.encode())
        say(f"the plan is too large to be in the file: it is {recipe.plan_path}")
    return recipe.text


def planned(arguments: argparse.Namespace) -> list[FleetJob]:
    """The jobs that the arguments of ``command_line.add_planning`` ask for."""
    return plan.jobs(models(arguments.models), settings(arguments))


def settings(arguments: argparse.Namespace) -> PlanSettings:
    """How the jobs are to be run. Raises USAGE."""
    given = arguments.options_file
    options = options_file.load(_path(given)) if given else FleetOptions()
    options = options.with_gpu_kind(arguments.gpu_kind)
    display = ProgressDisplay(Terminal(lambda text: print(text, end="", file=sys.stderr, flush=True), live=False))
    return PlanSettings(arguments.runtime, _path(arguments.results or DEFAULT_FOLDER), options, say, display)


def models(given: Sequence[str]) -> list[Path]:
    """The model directories, shell globs expanded."""
    return [layout.root for layout in given_dirs.expand_model_dirs(given, Path.cwd())]


def summary(jobs: Sequence[FleetJob]) -> str:
    """How many jobs, and what their inputs weigh: a file that several jobs share counts once."""
    sizes = {file.source: file.bytes for one in jobs for file in one.files}
    return f"{counted(len(jobs), 'job')}, {counted(len(sizes), 'file')} of {sum(sizes.values()) / 1e6:.1f} MB"


def _path(text: str) -> Path:
    return Path.cwd() / os.path.expanduser(text)
