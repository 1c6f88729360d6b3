"""What a recipe says of an engine, and the arguments of ``dsbench fleet plan`` that set it."""

from __future__ import annotations

import argparse
import os
from dataclasses import dataclass

FORMATS = ("jsonl", "k8s", "slurm", "github", "github-matrix")
NO_IMAGE = "none"
PYTHON_IMAGE = "python:3.12"
"""Has Python with venv, git, make and g++: all that the embedded runtime needs."""
SPARE_MINUTES = 10
"""What an engine's limit has more than that of a run: for the image, the installation and the inputs."""


@dataclass(frozen=True, slots=True)
class RecipeSettings:
    """What a recipe says of an engine.

    ``image``: container image; empty: DeepStream's or Python's, ``none``: no container. ``install``: what pip installs
    where the image has no dsbench; empty: a placeholder. ``mounts``: directories that every machine has at the same
    path; empty: found from the plan. ``claim``: Kubernetes' PersistentVolumeClaim that they lie on. ``parallel``: jobs
    of one need at a time, 0 for all. ``minutes``: limit of one run; engines give ten more. ``models`` as they were
    given, and ``command``, the other arguments of ``dsbench fleet plan``, are for engines that plan on their own.
    """

    image: str = ""
    install: str = ""
    mounts: tuple[str, ...] = ()
    claim: str = "dsbench"
    parallel: int = 0
    minutes: int = 240
    models: tuple[str, ...] = ()
    command: tuple[str, ...] = ()


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add ``--format`` and what goes with it."""
    parser.add_argument(
        "--format",
        choices=FORMATS,
        default=FORMATS[0],
        help="jsonl: the plan; k8s: manifests of Jobs; slurm: a script of arrays; github: a workflow (docs/fleet.md)",
    )
    recipe = parser.add_argument_group("with --format k8s, slurm or github")
    recipe.add_argument(
        "--image",
        default="",
        help="of the containers (default: NVIDIA's DeepStream, for embedded Python's); none: no container",
    )
    recipe.add_argument(
        "--install", metavar="REQUIREMENT", default="", help="what pip installs if the image has no dsbench"
    )
    recipe.add_argument(
        "--mount",
        metavar="DIR",
        action="append",
        default=[],
        help="a directory that all machines have at this path; repeatable (default: that of all inputs and results)",
    )
    recipe.add_argument("--claim", metavar="NAME", default="dsbench", help="k8s: the volume (default: %(default)s)")
    recipe.add_argument("--parallel", type=_count, metavar="N", default=0, help="jobs of a need at once (default: all)")
    recipe.add_argument(
        "--time-limit", type=_count, metavar="MINUTES", default=240, help="of one job (default: %(default)s)"
    )


def from_arguments(arguments: argparse.Namespace) -> RecipeSettings:
    """The settings; an engine that plans on its own is given the same arguments."""
    given = (("--options-file", arguments.options_file), ("--gpu-kind", arguments.gpu_kind))
    command = [word for name, value in (("--runtime", arguments.runtime), *given) if value for word in (name, value)]
    return RecipeSettings(
        image=arguments.image,
        install=arguments.install,
        mounts=tuple(os.path.abspath(os.path.expanduser(one)) for one in arguments.mount),
        claim=arguments.claim,
        parallel=arguments.parallel,
        minutes=arguments.time_limit,
        models=tuple(arguments.models),
        command=tuple(command),
    )


def _count(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 100_000:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 1 to 100000")
    return int(text)
