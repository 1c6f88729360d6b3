"""``dsbench fleet plan``: a job for each model directory, as JSON lines."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from dsbench.base.files import replace_file
from dsbench.base.text import counted
from dsbench.fleet import job, options_file, plan
from dsbench.fleet.job import FleetJob
from dsbench.fleet.options_file import FleetOptions
from dsbench.fleet.plan import PlanSettings
from dsbench.model import given_dirs


def run(arguments: argparse.Namespace) -> int:
    """Write the plan; returns 0."""
    found = planned(arguments)
    files = {file.source: file.bytes for one in found for file in one.files}
    size = f"{sum(files.values()) / 1e6:.1f} MB"
    text = "".join(f"{job.to_line(one)}\n" for one in found)
    if arguments.output:
        replace_file(Path.cwd() / os.path.expanduser(arguments.output), text.encode())
    else:
        sys.stdout.write(text)
    say(f"{counted(len(found), 'job')}, {counted(len(files), 'file')} of {size}")
    return 0


def planned(arguments: argparse.Namespace) -> list[FleetJob]:
    """The jobs that the arguments of ``command_line.add_planning`` ask for."""
    return plan.jobs(models(arguments.models), settings(arguments))


def settings(arguments: argparse.Namespace) -> PlanSettings:
    """How the jobs are to be run. Raises USAGE."""
    given = arguments.options_file
    options = options_file.load(Path.cwd() / os.path.expanduser(given)) if given else FleetOptions()
    results = Path.cwd() / os.path.expanduser(arguments.results)
    return PlanSettings(arguments.runtime, results, options.with_gpu_kind(arguments.gpu_kind), say)


def models(given: Sequence[str]) -> list[Path]:
    """The model directories, shell globs expanded."""
    return [layout.root for layout in given_dirs.expand_model_dirs(given, Path.cwd())]


def say(text: str) -> None:
    """A note beside the plan."""
    print(f"dsbench fleet: {text}", file=sys.stderr)
