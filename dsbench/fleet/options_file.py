"""The options file of a plan: options of pytest and needs, for all models and for single ones (docs/fleet.md)."""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from dsbench.base import option_levels, reading
from dsbench.base.errors import Code, DsbenchError
from dsbench.base.option import Option
from dsbench.base.option_kinds import Flag, OptionKind, Text, Whole
from dsbench.base.options import BASELINE, GROUND_TRUTH, VIDEO
from dsbench.base.reading import FileKind
from dsbench.fleet.job import NO_OPTIONS_OF_A_JOB, OPTIONS_OF_A_JOB
from dsbench.fleet.needs import WantedNeeds
from dsbench.fleet.together import collected, raise_together

PATHS: tuple[Option[Any], ...] = (VIDEO, GROUND_TRUTH, BASELINE)
"""Options that name a file or folder: inputs of a job."""
_NEEDS: Mapping[str, OptionKind[Any]] = {"gpu-kind": Text(), "gpus": Whole(0, 64), "cpus": Whole(0, 4096)}
_ALL, _MODELS = "options", "models"
_DOCS = "docs/fleet.md shows a whole file"


@dataclass(frozen=True, slots=True)
class ModelOptions:
    """``values``: texts of pytest's options by name, paths absolute; a flag has the text ``true`` or ``false``."""

    values: Mapping[str, str] = field(default_factory=dict)
    needs: WantedNeeds = field(default_factory=WantedNeeds)

    def over(self, below: ModelOptions) -> ModelOptions:
        """These, and those of ``below`` that these leave open."""
        names = [one.name for one in fields(WantedNeeds)]
        own = {name: value for name in names if (value := getattr(self.needs, name)) is not None}
        needs = {name: getattr(below.needs, name) for name in names} | own
        return ModelOptions({**below.values, **self.values}, WantedNeeds(**needs))


@dataclass(frozen=True, slots=True)
class FleetOptions:
    """``models``: by the name of the model directory, each completed with what holds for all."""

    every: ModelOptions = field(default_factory=ModelOptions)
    models: Mapping[str, ModelOptions] = field(default_factory=dict)

    def of_model(self, name: str) -> ModelOptions:
        return self.models.get(name, self.every)

    def with_gpu_kind(self, kind: str) -> FleetOptions:
        """The same with this kind of GPU where none is named; empty: unchanged. Raises USAGE."""
        if kind and not kind.isprintable():
            raise DsbenchError(Code.USAGE, "--gpu-kind has control characters", fix="give a name such as L4 or H100")
        below = ModelOptions(needs=WantedNeeds(gpu_kind=kind or None))
        models = {name: one.over(below) for name, one in self.models.items()}
        return FleetOptions(self.every.over(below), models)


def load(path: Path) -> FleetOptions:
    """Read the file. Raises USAGE that names each wrong key, or the line of text that is not TOML."""
    try:
        data = tomllib.loads(reading.read_bytes(path, FileKind.SETTINGS).decode("utf-8-sig"))
    except OSError as error:
        raise _invalid(path, f"cannot be read: {error.strerror}", "give a readable file") from error
    except (ValueError, RecursionError) as error:
        raise _invalid(path, f"is not valid TOML: {error}", "correct the text") from error
    errors: list[DsbenchError] = []
    for name, table in data.items():
        with collected(errors):
            _check_head(path, name, table)
    every = _table(path, f"[{_ALL}]", data.get(_ALL), errors)
    tables = data.get(_MODELS)
    named = {name: f'[{_MODELS}."{name}"]' for name in (tables if isinstance(tables, dict) else ())}
    models = {name: _table(path, shown, data[_MODELS][name], errors).over(every) for name, shown in named.items()}
    if not errors:  # of single values
        for shown, one in ((f"[{_ALL}]", every), *((named[name], one) for name, one in models.items())):
            with collected(errors):
                _check_together(path, shown, one)
    raise_together(errors, f"options file: {len(errors)} errors")
    return FleetOptions(every, models)


def _check_head(path: Path, name: str, table: object) -> None:
    if name not in (_ALL, _MODELS):
        raise _invalid(path, f"has an unknown key {name}", _near(name, [f"[{_ALL}]", f"[{_MODELS}.NAME]"]))
    if not isinstance(table, dict):
        raise _invalid(path, f"{name} = {table!r} must be a table", _DOCS)
    for model, inner in table.items() if name == _MODELS else ():
        if not isinstance(inner, dict):
            raise _invalid(path, f'[{_MODELS}."{model}"] must be a table, of one model', _DOCS)


def _table(path: Path, shown: str, table: object, errors: list[DsbenchError]) -> ModelOptions:
    """What is no table has no options: ``_check_head`` said so."""
    values: dict[str, str] = {}
    needs: dict[str, Any] = {}
    for key, value in table.items() if isinstance(table, dict) else ():
        where = f"{shown} {key}"
        with collected(errors):
            if key in _NEEDS:
                needs[key.replace("-", "_")] = _checked(path, where, _NEEDS[key], value)
            elif key in NO_OPTIONS_OF_A_JOB:
                raise _invalid(path, f"{where}: this option cannot be given to a fleet", NO_OPTIONS_OF_A_JOB[key])
            elif key not in OPTIONS_OF_A_JOB:
                raise _invalid(path, f"{where}: there is no such option", _near(key, [*OPTIONS_OF_A_JOB, *_NEEDS]))
            else:
                values[key] = _text(path, where, OPTIONS_OF_A_JOB[key], value)
    return ModelOptions(values, WantedNeeds(**needs))


def _text(path: Path, where: str, row: Option[Any], value: Any) -> str:
    """The option's value as pytest's command line takes it."""
    checked = _checked(path, where, row.kind, value)
    if isinstance(row.kind, Flag):
        return str(checked).lower()
    if row in PATHS:
        given = os.path.expanduser(str(checked).removeprefix("file://"))
        return os.path.abspath(path.parent / given)
    return str(int(checked)) if isinstance(checked, float) and checked.is_integer() else str(checked)


def _checked(path: Path, where: str, kind: OptionKind[Any], value: Any) -> Any:
    try:
        return kind.check(value)
    except (TypeError, ValueError) as error:
        raise _invalid(path, f"{where} = {value!r}: {error}", "correct the value") from None


def _check_together(path: Path, shown: str, options: ModelOptions) -> None:
    """Rules about several options at once, as at the start of pytest."""
    texts = {name: text for name, text in options.values.items() if not isinstance(OPTIONS_OF_A_JOB[name].kind, Flag)}
    try:
        option_levels.read(texts, environment={}).check()
    except DsbenchError as error:
        raise _invalid(path, f"{shown}: {error.what}", error.fix) from error


def _near(name: str, known: list[str]) -> str:
    close = difflib.get_close_matches(name, known, 1)
    return f"write {close[0]}, or use one of: {', '.join(known)}" if close else f"use one of: {', '.join(known)}"


def _invalid(path: Path, what: str, fix: str) -> DsbenchError:
    return DsbenchError(Code.USAGE, f"options file: {what}", where=str(path), fix=fix)
