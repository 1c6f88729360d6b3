"""A job: all that a machine needs to know to run one model. A plan is a text of jobs, one JSON object a line."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from dsbench import __version__
from dsbench.base import jsonable
from dsbench.base.errors import Code, DsbenchError
from dsbench.base.options import BLESS, CI, GPU_ID, MODEL_DIRS, OPTIONS, RUNTIME

VERSION = 1
RUNTIMES = ("deepstream", "embedded")
NO_OPTIONS_OF_A_JOB: Mapping[str, str] = {
    MODEL_DIRS.name: "give the model directories to `dsbench fleet plan`",
    RUNTIME.name: "give --runtime to `dsbench fleet plan`",
    GPU_ID.name: "remove it: whoever starts a job chooses its GPU with CUDA_VISIBLE_DEVICES",
    BLESS.name: "remove it: a job runs on a copy; run pytest --bless in the model directory, or keep its record",
    CI.name: "remove it: `dsbench fleet merge` writes the JUnit file and the summary of all jobs",
}
"""pytest's options that no job has, and what to do instead."""
OPTIONS_OF_A_JOB = {row.name: row for row in OPTIONS if row.name not in NO_OPTIONS_OF_A_JOB}
MODELS, FILES = "models", "files"
"""Folders of a job's own directory: the model directory lies in the first, files that options name in the second."""
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class JobFile:
    """An input file. ``place``: where it belongs in the job's directory (relative, POSIX); ``source``: its absolute
    path on the machine that planned; ``uri``: where an object store has it, empty without one; ``executable``: its
    owner may run it, as a script that a Makefile calls."""

    place: str
    source: str
    bytes: int
    sha256: str
    uri: str = ""
    executable: bool = False


@dataclass(frozen=True, slots=True)
class JobOption:
    """An option of pytest, without dashes. ``place`` is set instead of ``value`` if the option names an input: the
    place of a file, or of the folder that its files lie in, which may be none. Neither is set for a flag that is on."""

    name: str
    value: str = ""
    place: str = ""


@dataclass(frozen=True, slots=True)
class Needs:
    """What a machine must have. ``gpu_kind``: name of the GPU as Ray's ``accelerator_type``, empty for any; ``cpus``:
    processors, 0 for those of one whole machine."""

    gpus: int = 0
    gpu_kind: str = ""
    cpus: int = 0


@dataclass(frozen=True, slots=True)
class FleetJob:
    """One run of one model.

    ``id`` is unique in a plan and safe as a file name. ``key`` is the SHA-256 of what decides the result: the hashes of
    the inputs, options, runtime, GPU kind and dsbench's version. ``command`` is the run's command line with the paths
    of the machine that planned. ``results`` is the directory that gets this job's results, as ``result.py`` says.
    """

    id: str
    model: str
    model_dir: str
    key: str
    runtime: str
    command: tuple[str, ...]
    options: tuple[JobOption, ...]
    needs: Needs
    files: tuple[JobFile, ...]
    results: str
    version: int = VERSION
    dsbench: str = __version__
    """The version of dsbench that planned: another one may give another result."""


def key(one: FleetJob) -> str:
    """SHA-256 of what decides a job's result."""
    options = [(option.name, option.value, option.place) for option in one.options]
    files = [(file.place, file.sha256, file.executable) for file in one.files]
    decisive = [VERSION, one.dsbench, one.model, one.runtime, one.needs.gpu_kind, sorted(options), sorted(files)]
    return hashlib.sha256(json.dumps(decisive).encode()).hexdigest()


def require_unchanged(one: FleetJob) -> None:
    """Raise USAGE if a job of this version was changed after it was planned: its results would have a wrong key."""
    if one.dsbench == __version__ and one.key != key(one):
        what = f"the job {one.id} was changed after it was planned: its key is not that of its inputs and options"
        fix = "plan again with `dsbench fleet plan`; options belong in its --options-file"
        raise DsbenchError(Code.USAGE, what, fix=fix)


def arguments(options: Iterable[JobOption], path_of: Callable[[JobOption], str]) -> tuple[str, ...]:
    """The options as pytest's command line takes them; ``path_of`` says where the input of an option lies."""
    return tuple(_argument(option.name, path_of(option) if option.place else option.value) for option in options)


def _argument(name: str, text: str) -> str:
    return f"--{name}={text}" if text else f"--{name}"


def to_line(job: FleetJob) -> str:
    """One line of JSON, without its end."""
    return jsonable.dumps(job)


def from_lines(lines: Iterable[str], where: str) -> Iterator[FleetJob]:
    """The jobs of a plan; blank lines are skipped. Raises USAGE, naming the line."""
    seen: set[str] = set()
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            job = jsonable.loads(FleetJob, line)
            _check(job, seen)
        except (ValueError, TypeError, RecursionError) as error:
            what = f"line {number} is no job of dsbench: {error}"
            raise DsbenchError(Code.USAGE, what, where=where, fix="make it with `dsbench fleet plan`") from error
        seen.add(job.id)
        yield job


def _check(job: FleetJob, seen: set[str]) -> None:
    """A plan may have been written by somebody else: no name of it becomes a path outside the job's directory."""
    if job.version != VERSION:
        raise ValueError(f"version {job.version} is not known")
    if not _ID.fullmatch(job.id):
        raise ValueError(f"id {job.id!r} is not safe as a file name")
    if job.id in seen:
        raise ValueError(f"id {job.id!r} is there twice")
    if not _SHA256.fullmatch(job.key):
        raise ValueError(f"key {job.key!r} is no SHA-256")
    if not is_place(f"{MODELS}/{job.model}") or "/" in job.model:
        raise ValueError(f"model {job.model!r} is not the name of a directory")
    for file in job.files:
        if not is_place(file.place) or not _SHA256.fullmatch(file.sha256) or file.bytes < 0:
            raise ValueError(f"file {file.place!r} is not valid")
    for option in job.options:
        if option.place and not is_place(option.place):
            raise ValueError(f"option {option.name!r} names {option.place!r}")
        if option.name not in OPTIONS_OF_A_JOB and job.dsbench == __version__:  # another one is not run
            raise ValueError(f"a job has no option {option.name!r}")
    if job.runtime not in RUNTIMES:
        raise ValueError(f"runtime {job.runtime!r} is not known")
    if "\0" in job.model_dir or "\0" in job.results:
        raise ValueError("a path has a null byte")


def is_place(text: str) -> bool:
    """Whether it names something below ``models/`` or ``files/`` of the job's directory."""
    parts = text.split("/")
    return len(parts) > 1 and parts[0] in (MODELS, FILES) and not {"", ".", ".."} & set(parts) and "\0" not in text
