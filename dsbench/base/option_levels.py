"""Options as the user gave them: on the command line, in the environment, in dsbench.toml, in pytest's ini.

Precedence in that order, then the default.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, TypeVar

from dsbench.base import spec
from dsbench.base.errors import Code, DsbenchError
from dsbench.base.option import COMMAND_LINE, ENVIRONMENT, INI, SETTINGS, Option, Value
from dsbench.base.options import OPTIONS, PERF_INTERVAL, PERF_SECONDS

T = TypeVar("T")

_NOTHING: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True)
class Given:
    """The texts of one option by level, before a model directory is read; None: not given."""

    command_line: Any = None
    environment: Any = None
    ini: Any = None

    @property
    def levels(self) -> tuple[tuple[Any, str], ...]:
        """Each level with what it gives, the highest first."""
        return (self.command_line, COMMAND_LINE), (self.environment, ENVIRONMENT), (self.ini, INI)


@dataclass(frozen=True)
class Options:
    """The texts that the user gave, by option name."""

    given: Mapping[str, Given] = field(default_factory=dict)

    def resolve(self, option: Option[T], settings: Mapping[str, Any] = _NOTHING) -> Value[T]:
        """The value of the highest level that has one. ``settings``: values of a model's dsbench.toml, by name.

        Raises USAGE with option and level if a text cannot be read.
        """
        given = self.given.get(option.name, Given())
        for text, origin in ((given.command_line, COMMAND_LINE), (given.environment, ENVIRONMENT)):
            if text is not None:
                return Value(_parse(option, text, origin), origin)
        if option.name in settings:
            return Value(settings[option.name], SETTINGS)
        if given.ini is not None:
            return Value(_parse(option, given.ini, INI), INI)
        return Value(option.default, option.origin)

    def check(self) -> None:
        """Raise USAGE if a text cannot be read, or a run would be too short.

        Called before any model directory is read: a value of dsbench.toml is checked in pre-flight.
        """
        for option in OPTIONS:
            for text, origin in self.given.get(option.name, Given()).levels:
                if text is not None:
                    _parse(option, text, origin)
        seconds, interval = self.resolve(PERF_SECONDS), self.resolve(PERF_INTERVAL)
        if seconds.origin == interval.origin == COMMAND_LINE:
            require_two_windows(seconds, interval)

    def header(self, settings: Sequence[Mapping[str, Any]] = ()) -> tuple[str, ...]:
        """Lines of pytest's header: effective values and their origins.

        ``settings``: the options of each readable dsbench.toml; if models differ, all values are shown.
        """
        every = settings or (_NOTHING,)
        lines: dict[int, list[str]] = {}
        for option in OPTIONS:
            shown = dict.fromkeys(_shown(option, self.resolve(option, one)) for one in every)
            lines.setdefault(option.header_line, []).append(f"{option.name} {' | '.join(shown)}")
        return tuple(f"dsbench: {'; '.join(lines[number])}" for number in sorted(lines) if number >= 0)


def require_two_windows(seconds: Value[int], interval: Value[int]) -> None:
    """Raise USAGE if a run is shorter than two PERF windows: the first window contains the app's start."""
    if seconds.value < 2 * interval.value:
        raise DsbenchError(
            Code.USAGE,
            f"--perf-seconds {seconds} is too short for two PERF windows of --perf-interval {interval} seconds",
            fix=f"give at least {spec.LAST_WINDOWS + 2} intervals, so that start-up is not among the last "
            f"{spec.LAST_WINDOWS} windows",
        )


def read(
    command_line: Mapping[str, Any] = _NOTHING,
    ini: Mapping[str, Any] = _NOTHING,
    environment: Mapping[str, str] | None = None,
) -> Options:
    """Options from the texts of each level, by name; ``environment`` is os.environ by default.

    None counts as not given, and so does an empty value of the ini file or the environment.
    """
    variables = os.environ if environment is None else environment
    by_variable = {row.name: variables[row.environment] for row in OPTIONS if variables.get(row.environment)}
    names = {*command_line, *by_variable, *ini}
    return Options(
        {name: Given(command_line.get(name), by_variable.get(name), ini.get(name) or None) for name in names}
    )


def read_arguments(arguments: argparse.Namespace, options: Iterable[Option[Any]]) -> Options:
    """Options of a command, from its arguments and the environment."""
    return read({option.name: getattr(arguments, option.name.replace("-", "_")) for option in options})


def _parse(option: Option[T], text: Any, origin: str) -> T:
    try:
        return option.kind.parse(text)
    except ValueError as error:
        raise DsbenchError(
            Code.USAGE,
            f"{option.flag} = {text!r} ({origin}): {error}",
            fix=f"`--help` shows what {option.flag} takes",
        ) from None


def _shown(option: Option[T], value: Value[T]) -> str:
    text = option.default_shown if value.origin == option.origin else option.show(value.value)
    return str(Value(text, value.origin))
