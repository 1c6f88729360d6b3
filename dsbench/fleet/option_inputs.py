"""The files that options name, as inputs of a job."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

from dsbench.base.errors import Code, DsbenchError
from dsbench.base.options import BASELINE, GROUND_TRUTH
from dsbench.base.os_errors import system_errors
from dsbench.fleet import walk
from dsbench.fleet.job import FILES, JobOption
from dsbench.fleet.walk import FoundFile
from dsbench.formats.ground_truth import reader, yolo
from dsbench.formats.ground_truth.truth import TruthFormat


@dataclass(frozen=True, slots=True)
class Input:
    """An input file that is not hashed yet, and its place in the job's directory."""

    place: str
    file: FoundFile


@dataclass(frozen=True, slots=True)
class OptionInput:
    """An option that names the file or folder ``path``, and its files."""

    option: JobOption
    path: str
    inputs: tuple[Input, ...]


class OptionInputs:
    """Finds the inputs of options; what several models share is looked at once. ``models``: all names of the plan."""

    def __init__(self, models: Collection[str] = ()) -> None:
        self._models = frozenset(models)
        self._found: dict[tuple[str, str], OptionInput] = {}
        self._common: dict[str, tuple[Path, ...]] = {}
        """Records of a folder of baselines that do not have the name of a model of the plan."""

    def of(self, name: str, path: str, model: str) -> OptionInput:
        """The input of the option ``name`` for one model. Raises USAGE if nothing is there, FILE_ACCESS."""
        if (name, path) in self._found:
            return self._found[name, path]
        with system_errors():
            if not os.path.exists(path):
                fix = "correct the path: those of an options file are relative to it, of dsbench.toml to its directory"
                raise DsbenchError(Code.USAGE, f"{name} of {model} names nothing that is there", where=path, fix=fix)
            if name == BASELINE.name and os.path.isdir(path):
                return _placed(name, path, self._records(Path(path), model))
            files = truth_files(path) if name == GROUND_TRUTH.name else _own_files(path)
            return self._found.setdefault((name, path), _placed(name, path, files))

    def _records(self, folder: Path, model: str) -> list[str]:
        """The records of a folder of baselines that may be the model's; those with the name of another are not."""
        common = self._common.get(str(folder))
        if common is None:
            common = tuple(one for one in folder.glob("*.json") if one.stem not in self._models)
            self._common[str(folder)] = common
        runs = [one / "benchmark_data.json" for one in (folder / "reports", folder / model / "reports")]
        kept = (folder / "reports" / "history").glob("*.json")
        return [os.fspath(one) for one in (folder / f"{model}.json", *common, *runs, *kept) if one.is_file()]


def _placed(name: str, path: str, files: Iterable[str]) -> OptionInput:
    """``files`` lie in ``path`` or near it: their places keep what lies where relative to ``path``."""
    sources = sorted(map(os.path.abspath, set(files)))
    base = os.path.dirname(os.path.commonpath([path, *sources]) if sources else path)
    root = f"{FILES}/{name}"
    inputs = tuple(Input(f"{root}/{os.path.relpath(source, base)}", walk.one(source)) for source in sources)
    return OptionInput(JobOption(name, place=f"{root}/{os.path.relpath(path, base)}"), path, inputs)


def _own_files(path: str) -> list[str]:
    if not os.path.isdir(path):
        return [path]
    return [file.source for file in walk.below(path).files]


def truth_files(path: str) -> list[str]:
    """Ground truth with the pictures and lists of classes that are found near it."""
    files = _own_files(path)
    try:
        truth = reader.read(Path(path))
    except DsbenchError:
        return files  # the run says what is wrong with it
    files += [os.fspath(frame.image) for frame in truth.frames if frame.image is not None]
    return files + [os.fspath(one) for one in (yolo.name_files(truth.path) if truth.format is TruthFormat.YOLO else ())]
