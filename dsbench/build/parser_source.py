"""6b: the parser's C++ source, the user's own if there is one, else rendered from the family's template."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from dsbench.base import resources
from dsbench.base.errors import Code, DsbenchError
from dsbench.base.files import Status, Written, is_generated, write_generated
from dsbench.families import registry
from dsbench.families.base import Head

_FUNCTION = re.compile(r"NvDsInferParseCustom[A-Za-z0-9]+")


@dataclass(frozen=True, slots=True)
class SourcePlan:
    """Where 6b's source goes. ``expected``: .../nvdsinfer_custombboxparser_<SAFE>.cpp; ``alternatives``: other names
    that are accepted for a user's file; ``function``: NvDsInferParseCustom<PARSER_FUNC_SUFFIX>."""

    expected: Path
    alternatives: tuple[Path, ...]
    function: str


@dataclass(frozen=True, slots=True)
class UserSource:
    """The user's own parser source, and why it was taken."""

    path: Path
    reason: str


def find_user_source(plan: SourcePlan) -> UserSource | None:
    """The user's .cpp, used untouched: the expected name, an accepted one, or the only other one in parser/.

    Raises PARSER_SOURCE when several other .cpp files leave the choice open.
    """
    for path in (plan.expected, *plan.alternatives):
        if path.is_file() and not is_generated(path):
            return UserSource(path, f"{path.name} is not (or no longer) dsbench's: used untouched")
    others = sorted(path for path in plan.expected.parent.glob("*.cpp") if path.is_file() and not is_generated(path))
    if len(others) > 1:
        raise DsbenchError(
            Code.PARSER_SOURCE,
            f"several parser sources: {', '.join(path.name for path in others)}",
            where=str(plan.expected.parent),
            fix=f"keep one, or name the right one {plan.expected.name}",
        )
    if others:
        return UserSource(others[0], f"{others[0].name} is the only .cpp in parser/: used untouched")
    return None


def render_source(head: Head, function: str) -> str:
    """C++ text of the family's parser. Only the function name and numbers go in, never a name from the model."""
    if not _FUNCTION.fullmatch(function):
        raise DsbenchError(
            Code.PARSER_SOURCE,
            f"{function!r} is not NvDsInferParseCustom followed by letters and digits",
            fix="choose a function name of ASCII letters and digits",
        )
    family = registry.by_name(head.family)
    return resources.render(family.template, function=function, **dict(family.context(head)))


def write_source(head: Head, plan: SourcePlan) -> Written:
    """Write the rendered source to its place. Call it only when `find_user_source` found none."""
    written = write_generated(plan.expected, render_source(head, plan.function), "//")
    if written.status is Status.USER_OWNED:
        raise DsbenchError(
            Code.PARSER_SOURCE,
            f"{plan.expected.name} exists but is not a regular file that can be read",
            where=str(plan.expected),
            fix="remove it or put a readable .cpp file there",
        )
    return written
