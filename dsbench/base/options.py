"""What the user asked for, on which level, and what holds in the end.

Precedence (decisions of this product): command line, environment, dsbench.toml, pytest ini, specification.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from dsbench.base.errors import Code, DsbenchError

T = TypeVar("T")

COMMAND_LINE = "command line"
ENVIRONMENT = "environment"
SETTINGS = "dsbench.toml"
INI = "pytest ini"
SPECIFICATION = "specification"
DEFAULT = "default"
"""Of what the specification does not know."""


@dataclass(frozen=True)
class Value(Generic[T]):
    """An effective value and where it came from."""

    value: T
    origin: str

    def __str__(self) -> str:
        return f"{self.value} ({self.origin})"


@dataclass(frozen=True)
class Given:
    """Raw texts of one option on the levels known before a model directory is read; None where not given."""

    name: str
    command_line: str | None = None
    environment: str | None = None
    ini: str | None = None

    def resolve(
        self, parse: Callable[[str], T], settings: T | None, default: T, default_origin: str = SPECIFICATION
    ) -> Value[T]:
        """The value of the highest level that has one; USAGE error naming level and option if it cannot be read."""
        if self.command_line is not None:
            return Value(self._parse(parse, self.command_line, COMMAND_LINE), COMMAND_LINE)
        if self.environment is not None:
            return Value(self._parse(parse, self.environment, ENVIRONMENT), ENVIRONMENT)
        if settings is not None:
            return Value(settings, SETTINGS)
        if self.ini is not None:
            return Value(self._parse(parse, self.ini, INI), INI)
        return Value(default, default_origin)

    def check(self, parse: Callable[[str], T]) -> None:
        """Raise the USAGE error of ``resolve`` at once, before any model directory is read."""
        for text, origin in (
            (self.command_line, COMMAND_LINE),
            (self.environment, ENVIRONMENT),
            (self.ini, INI),
        ):
            if text is not None:
                self._parse(parse, text, origin)

    def _parse(self, parse: Callable[[str], T], text: str, origin: str) -> T:
        try:
            return parse(text)
        except ValueError as error:
            raise DsbenchError(
                Code.USAGE,
                f"{self.name} = {text!r} ({origin}): {error}",
                fix=f"give a value that {self.name} takes",
            ) from None


def choice(*allowed: str) -> Callable[[str], str]:
    """A parser that takes one of ``allowed``."""

    def parse(text: str) -> str:
        if text not in allowed:
            raise ValueError(f"must be one of {', '.join(allowed)}")
        return text

    return parse


def whole(low: int) -> Callable[[str], int]:
    """A parser of whole numbers from ``low``."""

    def parse(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            raise ValueError("must be a whole number") from None
        if number < low:
            raise ValueError(f"must be at least {low}")
        return number

    return parse


def share(text: str) -> float:
    """A number from 0 to 1."""
    try:
        number = float(text)
    except ValueError:
        raise ValueError("must be a number from 0 to 1") from None
    if not (math.isfinite(number) and 0 <= number <= 1):
        raise ValueError("must be a number from 0 to 1")
    return number


def percent(text: str) -> float:
    """A number from 0 to 100."""
    try:
        number = float(text)
    except ValueError:
        raise ValueError("must be a number from 0 to 100") from None
    if not (math.isfinite(number) and 0 <= number <= 100):
        raise ValueError("must be a number from 0 to 100")
    return number


def above_zero(text: str) -> float:
    """A finite number above 0."""
    try:
        number = float(text)
    except ValueError:
        raise ValueError("must be a number above 0") from None
    if not (math.isfinite(number) and number > 0):
        raise ValueError("must be a number above 0")
    return number


def text(value: str) -> str:
    """Any text that is not empty."""
    if not value.strip():
        raise ValueError("must not be empty")
    return value
