"""The smallest edit of a user's parser for a mistake that the diagnosis has named.

A parser is any C++ source. What every one has is an object with ``left``, ``top``, ``width``, ``height``,
``detectionConfidence`` and ``classId``, and values that lead to them. Names show which value is which; a trial shows
which edit is right. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

_TARGET = re.compile(r"(?P<name>[A-Za-z_][\w.]*(?:->\w+)?)(?P<gap>\s*=\s*)(?![=])")
_COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/|\"(?:\\.|[^\"\\\n])*\"", re.DOTALL)
_OPEN, _CLOSE = "([{", ")]}"
MOST = 6
"""Edits that are tried for one mistake."""
_SCORE = re.compile(r"(?:.*(?:score|conf|prob)\w*)", re.IGNORECASE)
_CLASS = re.compile(r"(?:.*(?:class|cls|label)_?(?:id|idx|index)?)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Assignment:
    """``name = value``: a declaration or an assignment. ``start`` and ``end`` enclose the value in the source."""

    name: str
    value: str
    start: int
    end: int

    @property
    def member(self) -> str:
        """The last part of the name: ``left`` of ``object.left``."""
        return re.split(r"\.|->", self.name)[-1]


@dataclass(frozen=True, slots=True)
class LineEdit:
    """A source with one edit, and what it does in a few words."""

    source: str
    what: str


def edits_for(mistake: str, source: str) -> tuple[LineEdit, ...]:
    """Edits that may undo a mistake (its id), the most likely first; empty if none is known."""
    rule = _RULES.get(mistake)
    if rule is None:
        return ()
    found: dict[str, LineEdit] = {}
    for edit in rule(source, assignments(source)):
        if edit.source != source:
            found.setdefault(edit.source, edit)
    return tuple(found.values())[:MOST]


def assignments(source: str) -> tuple[Assignment, ...]:
    """Every assignment of the source, in its order. Comments and strings are skipped."""
    text = _COMMENT.sub(lambda found: " " * len(found[0]), source)
    found = []
    for match in _TARGET.finditer(text):
        end = _end_of_value(text, match.end())
        value = source[match.end() : end].rstrip()
        if value and "\n\n" not in value:
            found.append(Assignment(match["name"], value, match.end(), match.end() + len(value)))
    return tuple(found)


def _end_of_value(text: str, start: int) -> int:
    """Where the value ends: at a semicolon, or a comma or bracket that closes more than it has opened."""
    depth = 0
    for place in range(start, len(text)):
        character = text[place]
        if character in _OPEN:
            depth += 1
        elif character in _CLOSE:
            depth -= 1
            if depth < 0:
                return place
        elif character == ";" or (character == "," and depth == 0):
            return place
    return len(text)


def _with(source: str, *changes: tuple[Assignment, str]) -> str:
    """The source with other values."""
    for assignment, value in sorted(changes, key=lambda change: -change[0].start):
        source = source[: assignment.start] + value + source[assignment.end :]
    return source


_Rule = Callable[[str, Sequence[Assignment]], Iterator[LineEdit]]
_WORDS = {"width": "w", "height": "h", "left": "x", "top": "y"}


def _plain(name: str) -> str:
    """A name in small letters without underscores; width, height, left and top as w, h, x and y."""
    text = name.lower().replace("_", "")
    for word, letter in _WORDS.items():
        text = text.replace(word, letter)
    return text


def _pairs(found: Sequence[Assignment], one: str, other: str) -> Iterator[tuple[Assignment, Assignment]]:
    """Assignments near each other whose names differ in one letter alone."""
    for place, first in enumerate(found):
        for second in found[place + 1 : place + 4]:
            a, b = _plain(first.member), _plain(second.member)
            same = len(a) == len(b) and [(x, y) for x, y in zip(a, b, strict=True) if x != y]
            if same in ([(one, other)], [(other, one)]):
                yield first, second


def _swapped(one: str, other: str) -> _Rule:
    """The values of two assignments, exchanged."""

    def edits(source: str, found: Sequence[Assignment]) -> Iterator[LineEdit]:
        call = re.compile(r"std::swap\(([^(),]+),\s*([^(),]+)\);[ \t]*")
        for match in call.finditer(source):
            if {_plain(re.split(r"\.|->", match[place])[-1])[-1:] for place in (1, 2)} == {one, other}:
                yield LineEdit(source[: match.start()] + source[match.end() :], f"without {match[0].strip()}")
        for first, second in _pairs(found, one, other):
            edited = _with(source, (first, second.value), (second, first.value))
            yield LineEdit(edited, f"the values of {first.name} and {second.name} exchanged")

    return edits


def _both_swapped(source: str, found: Sequence[Assignment]) -> Iterator[LineEdit]:
    """x with y and w with h, each pair that follows another."""
    places, sizes = list(_pairs(found, "x", "y")), list(_pairs(found, "w", "h"))
    for first, second in places:
        for third, fourth in sizes:
            changes = ((first, second.value), (second, first.value), (third, fourth.value), (fourth, third.value))
            if len({change[0].start for change in changes}) == len(changes):
                yield LineEdit(_with(source, *changes), "the values of x and y and of width and height exchanged")
    numbered = [item for item in found if re.search(r"[xy]\d$", _plain(item.member))]
    by_name = {_plain(item.member): item for item in numbered}
    names = ("x1", "y1", "x2", "y2") if "x2" in by_name else ("x0", "y0", "x1", "y1")
    if all(name in by_name for name in names):
        a, b, c, d = (by_name[name] for name in names)
        edited = _with(source, (a, b.value), (b, a.value), (c, d.value), (d, c.value))
        yield LineEdit(edited, "the values of x and y exchanged")


def _wrapped(names: re.Pattern[str], template: str, what: str) -> _Rule:
    """The value of each assignment with such a name, in ``template``, which has ``{}`` in its place."""

    def edits(source: str, found: Sequence[Assignment]) -> Iterator[LineEdit]:
        for item in found:
            constant = re.fullmatch(r"[-+]?[\d.]+f?|[A-Z_]+|true|false|nullptr", item.value)
            if names.fullmatch(item.member) and not constant:
                yield LineEdit(_with(source, (item, template.format(item.value))), f"{item.name} {what}")

    return edits


def _cancelled(names: re.Pattern[str], operation: str, inverse: str, what: str) -> _Rule:
    """An operation too many is taken away where it stands, at the end of a value or as a statement; else the value gets
    the ``inverse``, which has ``{}`` in its place. ``operation``: a pattern, such as ``\\+ 1``."""
    wrapped = _wrapped(names, inverse, what)
    operator, operand = operation.split(" ")
    at_end = re.compile(rf"\s*{operator}\s*{operand}$")
    statement = re.compile(rf"(?:\w+(?:\.|->))?(?P<name>\w+)\s*{operator}=\s*{operand};[ \t]*")

    def edits(source: str, found: Sequence[Assignment]) -> Iterator[LineEdit]:
        for match in statement.finditer(source):
            if names.fullmatch(match["name"]):
                yield LineEdit(source[: match.start()] + source[match.end() :], f"without {match[0].strip()}")
        for item in found:
            less = at_end.sub("", item.value)
            if names.fullmatch(item.member) and less != item.value:
                yield LineEdit(_with(source, (item, less)), f"{item.name} {what}")
        yield from wrapped(source, found)

    return edits


def _unwrapped(source: str, found: Sequence[Assignment]) -> Iterator[LineEdit]:
    """A score without its sigmoid: the argument of the function, or the value inside the formula."""
    formula = re.compile(r"1(?:\.0?)?f?\s*/\s*\(\s*1(?:\.0?)?f?\s*\+\s*(?:std::)?expf?\(\s*-\s*(.+)\)\s*\)")
    for item in found:
        call = re.fullmatch(r"(?:\w+::)*\w*sigmoid\w*\((.*)\)", item.value, re.IGNORECASE | re.DOTALL)
        whole = formula.search(item.value)
        if call:
            yield LineEdit(_with(source, (item, call[1])), f"{item.name} without its sigmoid")
        elif whole:
            inner = item.value[: whole.start()] + whole[1] + item.value[whole.end() :]
            yield LineEdit(_with(source, (item, inner)), f"{item.name} without its sigmoid")


def _sized(template: str, what: str) -> _Rule:
    """Both of a pair of sizes, or left and top, in ``template``: ``{}`` is the value, ``{size}`` the value of the
    size on the same axis."""

    def edits(source: str, found: Sequence[Assignment]) -> Iterator[LineEdit]:
        ends = {item.member: item for item in found if item.member in ("left", "top", "width", "height")}
        if len(ends) < 4:
            return
        left, top, width, height = (ends[name] for name in ("left", "top", "width", "height"))
        if "{size}" in template:
            pairs = ((left, width.value), (top, height.value))
        else:
            pairs = ((width, left.value), (height, top.value))
        changes = [(item, template.format(item.value, size=other, place=other)) for item, other in pairs]
        yield LineEdit(_with(source, *changes), f"{' and '.join(item.name for item, _ in pairs)} {what}")

    return edits


def _scaled(template: str, what: str) -> _Rule:
    """Each pair of a width and a height, in ``template``."""

    def edits(source: str, found: Sequence[Assignment]) -> Iterator[LineEdit]:
        for first, second in _pairs(found, "w", "h"):
            changes = [(item, template.format(item.value)) for item in (first, second)]
            yield LineEdit(_with(source, *changes), f"{first.name} and {second.name} {what}")

    return edits


def _exponents(source: str, found: Sequence[Assignment]) -> Iterator[LineEdit]:
    """The tensor's element in each pair of a width and a height, through exp."""
    element = re.compile(r"[A-Za-z_]\w*\[[^\[\]]*\]")
    for first, second in _pairs(found, "w", "h"):
        values = [element.sub(lambda match: f"std::exp({match[0]})", item.value, 1) for item in (first, second)]
        if first.value != values[0] and second.value != values[1]:
            edited = _with(source, (first, values[0]), (second, values[1]))
            yield LineEdit(edited, f"{first.name} and {second.name} through exp")


_RULES: dict[str, _Rule] = {
    "sizes-swapped": _swapped("w", "h"),
    "places-swapped": _swapped("x", "y"),
    "axes-swapped": _both_swapped,
    "corner-is-centre": _sized("({}) - ({size}) * 0.5f", "move by half of the size"),
    "half-size-twice": _sized("({}) + ({size}) * 0.5f", "move by half of the size"),
    "lower-right-corner": _sized("({}) - ({size})", "move by the size"),
    "edges-as-sizes": _sized("({}) - ({place})", "become the distance of the edges"),
    "size-halved": _scaled("({}) * 2.0f", "doubled"),
    "size-doubled": _scaled("({}) * 0.5f", "halved"),
    "no-exponent": _exponents,
    "score-percent": _cancelled(_SCORE, r"\* 100(?:\.0?)?f?", "({}) / 100.0f", "not in percent"),
    "sigmoid-twice": _unwrapped,
    "activation-missing": _wrapped(_SCORE, "1.0f / (1.0f + std::exp(-({})))", "through a sigmoid"),
    "class-plus-one": _cancelled(_CLASS, r"\+ 1", "({}) - 1", "less one"),
    "class-minus-one": _cancelled(_CLASS, r"- 1", "({}) + 1", "plus one"),
}
"""By the id of the mistake (`judge/imports/diagnosis/`)."""
