"""A plan: one self-contained job for each model."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from pathlib import Path

from dsbench.base.errors import Code, DsbenchError
from dsbench.base.os_errors import system_errors
from dsbench.base.progress import ProgressDisplay, Task
from dsbench.base.text import counted
from dsbench.fleet import job, own_output
from dsbench.fleet.draft import Draft, Drafter, Say
from dsbench.fleet.hashing import FileHash, FileHasher
from dsbench.fleet.job import FleetJob, JobFile
from dsbench.fleet.options_file import FleetOptions
from dsbench.fleet.together import collected, raise_together
from dsbench.model.layout import ModelLayout

_LONGEST_NAME = 60
"""Characters of a model's name in an id."""
_KEY_IN_ID = 10
_MB = 10**6


def _nothing(_: str) -> None:
    pass


@dataclass(frozen=True, slots=True)
class PlanSettings:
    """``results``: the directory that gets a directory of results for each job. ``say`` gets notes, ``display`` shows
    how far the hashing is."""

    runtime: str
    results: Path
    options: FleetOptions = field(default_factory=FleetOptions)
    say: Say = _nothing
    display: ProgressDisplay = field(default_factory=ProgressDisplay)


def jobs(models: Sequence[Path], how: PlanSettings) -> list[FleetJob]:
    """A job for each model directory, in their order. Raises one DsbenchError for everything that is wrong."""
    layouts = list(_models(models, how))
    drafter = Drafter(how.runtime, how.options, layouts, how.say)
    errors: list[DsbenchError] = []
    begun: list[tuple[Draft, list[Future[FileHash]]]] = []
    planned: list[FleetJob] = []
    with FileHasher() as hasher:
        for layout in layouts:
            with collected(errors):
                draft = drafter.draft(layout)
                begun.append((draft, [hasher.begin(one.file.source, one.file.identity) for one in draft.inputs]))
        with how.display.task(_hashing(begun, hasher)):
            for draft, hashes in begun:
                with collected(errors):
                    planned.append(_job(draft, hashes, how))
    raise_together(errors, f"{counted(len(errors), 'model')} cannot be planned")
    drafter.end()
    return list(_with_ids(planned, how.results))


def _models(given: Sequence[Path], how: PlanSettings) -> Iterator[ModelLayout]:
    """The model directories; what the fleet itself wrote is left out with a note. Raises USAGE if none is left."""
    left_out = 0
    for path in given:
        layout = ModelLayout.at(os.fspath(path), Path.cwd())
        if kind := own_output.kind_of(layout.root, how.results):
            how.say(f"left out: {layout.given}: {kind}, no model directory")
            left_out += 1
        else:
            yield layout
    if given and left_out == len(given):
        raise DsbenchError(Code.USAGE, "no model directory is given, only results", fix="give the model directories")


def _hashing(begun: Iterable[tuple[Draft, object]], hasher: FileHasher) -> Task:
    sizes = {one.file.identity: one.file.size for draft, _ in begun for one in draft.inputs}
    return Task("hashing", sum(sizes.values()) // _MB, "MB", look=lambda: hasher.hashed // _MB)


def _job(draft: Draft, hashes: Sequence[Future[FileHash]], how: PlanSettings) -> FleetJob:
    """The job, without id and place of its results. Raises FILE_ACCESS."""
    files = []
    for one, future in zip(draft.inputs, hashes, strict=True):
        with system_errors():
            found = future.result()
        files.append(JobFile(one.place, one.file.source, found.bytes, found.sha256, executable=one.file.executable))
    files.sort(key=lambda file: file.place)
    root = os.fspath(draft.layout.root)
    arguments = job.arguments(draft.options, lambda option: draft.paths[option.name])
    unfinished = FleetJob(
        id="",
        model=draft.layout.name,
        model_dir=root,
        key="",
        runtime=how.runtime,
        command=("pytest", f"--model-dir={root}", f"--runtime={how.runtime}", *arguments),
        options=draft.options,
        needs=draft.needs,
        files=tuple(files),
        results="",
    )
    return replace(unfinished, key=job.key(unfinished))


def _with_ids(planned: Iterable[FleetJob], results: Path) -> Iterator[FleetJob]:
    """Ids from name and key: the same for equal inputs; a number is added where models are equal in all but path."""
    used: dict[str, int] = {}
    for one in planned:
        letters = unicodedata.normalize("NFKD", one.model).encode("ascii", "ignore").decode()
        name = re.sub(r"[^A-Za-z0-9_-]+", "_", letters).strip("_-")[:_LONGEST_NAME] or "model"
        plain = f"{name}-{one.key[:_KEY_IN_ID]}"
        used[plain] = used.get(plain, 0) + 1
        unique = plain if used[plain] == 1 else f"{plain}-{used[plain]}"
        yield replace(one, id=unique, results=os.path.abspath(results / unique))
