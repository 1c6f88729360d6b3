"""Kinds of option values, read from a text (command line, environment, pytest ini) or from dsbench.toml.

``parse`` reads a text, ``check`` a TOML value. Both raise ValueError or TypeError that says what the value must be, and
both apply the bounds.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Generic, TypeVar

from dsbench.base.numbers import decimal, finite, whole

T_co = TypeVar("T_co", covariant=True)

_LARGEST = 10**9


class OptionKind(Generic[T_co]):
    """Base class."""

    def parse(self, text: Any) -> T_co:
        """The value of an argument of pytest or argparse: a text, except for ``Flag`` and ``Texts``."""
        raise NotImplementedError

    def check(self, value: Any) -> T_co:
        """The TOML ``value``, if it is of this kind and within the bounds."""
        return self.parse(value)


class Whole(OptionKind[int]):
    """Whole numbers from ``low`` to ``high``, by default to 10^9."""

    def __init__(self, low: int, high: int | None = None) -> None:
        self._low, self._high = low, high

    def parse(self, text: Any) -> int:
        try:
            number = whole(str(text))
        except ValueError:
            raise ValueError("must be a whole number") from None
        return self._within(number)

    def check(self, value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise TypeError("must be a whole number")
        return self._within(value)

    def _within(self, number: int) -> int:
        if self._high is not None and not self._low <= number <= self._high:
            raise ValueError(f"must be between {self._low} and {self._high}")
        if number < self._low:
            raise ValueError(f"must be at least {self._low}")
        if number > _LARGEST:
            raise ValueError(f"must be at most {_LARGEST}")
        return number


class Number(OptionKind[float]):
    """Finite numbers from ``low`` to ``high``; ``above``: greater than ``low``."""

    def __init__(self, low: float, high: float, *, above: bool = False) -> None:
        self._low, self._high, self._above = low, high, above

    def parse(self, text: Any) -> float:
        low, high = f"{self._low:g}", f"{self._high:g}"
        bounds = f"above {low} and at most {high}" if self._above else f"from {low} to {high}"
        try:
            return self.check(decimal(str(text)))
        except (TypeError, ValueError):
            raise ValueError(f"must be a number {bounds}") from None

    def check(self, value: Any) -> float:
        if not finite(value) and type(value) is not int:  # an integer has bounds below
            raise TypeError("must be a finite number")
        if not self._low <= value <= self._high or (self._above and value == self._low):
            lower = f"{'above' if self._above else 'at least'} {self._low:g}"
            raise ValueError(f"must be {lower} and at most {self._high:g}")
        return float(value)


class Fraction(Number):
    """Numbers from 0 to 1."""

    def __init__(self) -> None:
        super().__init__(0, 1)

    def parse(self, text: Any) -> float:
        try:
            return super().parse(text)
        except ValueError as error:
            raise ValueError(f"{error}{_percentage(text)}") from None

    def check(self, value: Any) -> float:
        try:
            return super().check(value)
        except ValueError as error:
            raise ValueError(f"{error}{_percentage(value)}") from None


def _percentage(value: Any) -> str:
    """The hint for a percentage; "" for anything else."""
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return ""
    return f" (a fraction: {number / 100:g} for {number:g} %)" if 1 < number <= 100 else ""


class OneOf(OptionKind[str]):
    """One of ``allowed``."""

    def __init__(self, *allowed: str) -> None:
        self.allowed = allowed

    def parse(self, text: Any) -> str:
        if text not in self.allowed:
            raise ValueError(f"must be one of {', '.join(self.allowed)}")
        return str(text)


class Text(OptionKind[str]):
    """Non-empty text; in dsbench.toml without control characters."""

    def parse(self, text: Any) -> str:
        if not text.strip():
            raise ValueError("must not be empty")
        return str(text)

    def check(self, value: Any) -> str:
        if not isinstance(value, str) or not value.strip():
            raise TypeError("must be a text that is not empty")
        if any(ord(character) < 32 for character in value):
            raise ValueError("must not contain control characters")
        return value


class Texts(OptionKind[tuple[str, ...]]):
    """An option that may be repeated."""

    def parse(self, text: Iterable[str]) -> tuple[str, ...]:
        return tuple(text)


class Flag(OptionKind[bool]):
    """On or off; on the command line without a value."""

    def parse(self, text: Any) -> bool:
        return bool(text)

    def check(self, value: Any) -> bool:
        if value in (0, 1):  # True == 1, False == 0: nvinfer's 0 and 1 are accepted too
            return bool(value)
        raise TypeError("must be true, false, 1 or 0")
