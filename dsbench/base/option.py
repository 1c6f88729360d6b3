"""One option: its row in ``options.OPTIONS``, its value with an origin, and its texts in help and README."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from dsbench.base.option_kinds import Flag, OneOf, OptionKind, Texts

T = TypeVar("T")

COMMAND_LINE = "command line"
ENVIRONMENT = "environment"
SETTINGS = "dsbench.toml"
INI = "pytest ini"
SPECIFICATION = "specification"
DEFAULT = "default"


@dataclass(frozen=True)
class Value(Generic[T]):
    """An effective value and its origin."""

    value: T
    origin: str

    def __str__(self) -> str:
        return f"{self.value} ({self.origin})"


@dataclass(frozen=True, eq=False)
class Option(Generic[T]):
    """One option. ``help`` is one phrase, for pytest's help and for README."""

    name: str
    kind: OptionKind[T]
    default: T
    help: str
    metavar: str = "X"
    origin: str = SPECIFICATION
    environment: str = ""
    """The environment variable that gives it, if any."""
    table: str | None = None
    """The table of dsbench.toml that its key is in, "" for the top; None if dsbench.toml does not know it."""
    docs: str = ""
    """The page with details."""
    show: Callable[[T], str] = str
    """Formats a value for the header and the help."""
    default_text: str = ""
    """The default in words, if ``show`` does not give it."""
    header_line: int = 3
    """Line of the header that shows it, from 0; -1: none."""
    recorded: bool = True
    """The record lists it among the options; if not, the record has a field for it."""

    @property
    def flag(self) -> str:
        return f"--{self.name}"

    @property
    def ini(self) -> str:
        return f"dsbench_{self.name.replace('-', '_')}"

    @property
    def default_shown(self) -> str:
        return self.default_text or self.show(self.default)


def add_argument(add: Callable[..., Any], option: Option[Any]) -> None:
    """Add an option with ``add``: a parser's ``add_argument`` or pytest's ``addoption``. Not given is None."""
    arguments: dict[str, Any] = {"metavar": _metavar(option)}
    if isinstance(option.kind, Flag):
        arguments = {"action": "store_true"}
    elif isinstance(option.kind, Texts):
        arguments["action"] = "append"
    add(option.flag, default=None, help=help_of(option), **arguments)


def help_of(option: Option[Any]) -> str:
    """The help text with the default."""
    default = "" if isinstance(option.kind, (Flag, Texts)) else f" (default: {defaults(option, plain=True)})"
    return option.help.replace("`", "") + (f"; see {option.docs}" if option.docs else "") + default


def defaults(option: Option[Any], *, plain: bool = False) -> str:
    """The default in Markdown, with the environment variable that comes before it."""
    if isinstance(option.kind, Flag):
        return "off"
    default = f"`{option.default}`" if isinstance(option.kind, OneOf) else option.default_shown
    text = f"`{option.environment}`, else {default}" if option.environment else default
    return text.replace("`", "") if plain else text


def _metavar(option: Option[Any]) -> str:
    return "|".join(option.kind.allowed) if isinstance(option.kind, OneOf) else option.metavar


def placeholder(option: Option[Any]) -> str:
    """What stands behind the flag in README: nothing for a flag without a value."""
    return "" if isinstance(option.kind, Flag) else f" {_metavar(option)}"
