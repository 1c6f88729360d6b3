"""A job before its inputs are hashed: what a model directory and the user's options say."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from dsbench.base.errors import Code, DsbenchError
from dsbench.base.option_kinds import Flag
from dsbench.base.options import OPTIONS, VIDEO
from dsbench.base.os_errors import system_errors
from dsbench.base.text import counted
from dsbench.fleet import model_files, needs, outside, settings_inputs
from dsbench.fleet.job import MODELS, JobOption, Needs
from dsbench.fleet.option_inputs import Input, OptionInput, OptionInputs
from dsbench.fleet.options_file import PATHS, FleetOptions, ModelOptions
from dsbench.model import preflight
from dsbench.model.layout import ModelLayout

Say = Callable[[str], object]
_FLAGS = frozenset(row.name for row in OPTIONS if isinstance(row.kind, Flag))
_PATHS = frozenset(row.name for row in PATHS)


@dataclass(frozen=True, slots=True)
class Draft:
    """``paths``: of the options that name an input, by name, on this machine."""

    layout: ModelLayout
    options: tuple[JobOption, ...]
    paths: Mapping[str, str]
    needs: Needs
    inputs: tuple[Input, ...]


class Drafter:
    """Makes the drafts of a plan's models. ``say`` gets notes about what is left out."""

    def __init__(self, runtime: str, options: FleetOptions, models: Sequence[ModelLayout], say: Say) -> None:
        self._runtime, self._options, self._say = runtime, options, say
        self._names = {layout.name for layout in models}
        self._named = OptionInputs(self._names)
        self._without_video: list[str] = []
        self._without_model: list[str] = []

    def draft(self, layout: ModelLayout) -> Draft:
        """Raises a DsbenchError that names the file or option that is wrong."""
        with system_errors():
            _require_model(layout)
            if not _looks_like_a_model(layout.root):
                self._without_model.append(layout.name)
            wanted = self._options.of_model(layout.name)
            paths = _paths(wanted)
            stated = settings_inputs.of_settings(layout, paths)
            own = model_files.of_model(layout, self._runtime, stated.inside)
            for one in own.left_out:
                self._say(f"left out: {one}")
            if self._runtime == "embedded" and not (stated.has_video or VIDEO.name in paths):
                self._without_video.append(layout.name)
            named = [self._named.of(name, path, layout.name) for name, path in {**stated.options, **paths}.items()]
            named += stated.placed
            inputs = [Input(f"{MODELS}/{layout.name}/{file.path}", file) for file in own.files]
            inputs += (*stated.beside, *outside.of_configs(layout, own.files), *outside.of_parser(layout, own.files))
            inputs += [one for option in named for one in option.inputs]
            return Draft(
                layout,
                _job_options(wanted, named),
                {one.option.name: one.path for one in named},
                needs.of_model(layout, self._runtime, wanted.needs),
                tuple({one.place: one for one in inputs}.values()),
            )

    def end(self) -> None:
        """Say what is probably not meant, when all drafts are made."""
        if self._without_video:
            first, count = self._without_video[0], counted(len(self._without_video), "model")
            clip = os.path.basename(VIDEO.default)
            self._say(f"{count} without a video ({first}): the machine of the job must have DeepStream's {clip}")
        if self._without_model:
            first, count = self._without_model[0], counted(len(self._without_model), "job")
            self._say(f"{count} will fail: the directory has neither model/ nor dsbench.toml ({first})")
        for name in sorted(self._options.models.keys() - self._names):
            self._say(f'no model of the plan is named as [models."{name}"] of the options file')


def _paths(wanted: ModelOptions) -> dict[str, str]:
    """The options that name an input. ``$DS_VIDEO`` counts as for pytest: above dsbench.toml."""
    paths = {name: text for name, text in wanted.values.items() if name in _PATHS}
    if VIDEO.name not in paths and (given := os.environ.get(VIDEO.environment)):
        paths[VIDEO.name] = os.path.abspath(os.path.expanduser(given.removeprefix("file://")))
    return paths


def _job_options(wanted: ModelOptions, named: Sequence[OptionInput]) -> tuple[JobOption, ...]:
    """By name, so that the order in a file changes nothing; a flag that is off is not given."""
    plain = [
        JobOption(name, "" if name in _FLAGS else text)
        for name, text in wanted.values.items()
        if name not in _PATHS and not (name in _FLAGS and text == "false")
    ]
    return tuple(sorted((*plain, *(one.option for one in named)), key=lambda option: option.name))


def _require_model(layout: ModelLayout) -> None:
    """Raise MODEL_DIR_MISSING or USAGE for what is no directory of one model."""
    preflight.require_directory(layout)
    if _looks_like_a_model(layout.root):
        return
    inner = sorted(path.name for path in layout.root.iterdir() if path.is_dir() and _looks_like_a_model(path))
    if inner or not layout.name:
        held = f"a folder of model directories ({', '.join(inner[:3])}{', ...' if len(inner) > 3 else ''})"
        raise DsbenchError(
            Code.USAGE,
            f"this is {held if inner else 'the root of the file system'}",
            where=layout.given,
            fix=f"give the model directories themselves: {os.path.join(layout.given, '*')}",
        )


def _looks_like_a_model(folder: Path) -> bool:
    return (folder / "model").is_dir() or (folder / "dsbench.toml").is_file()
