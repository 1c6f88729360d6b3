"""Compares labels.txt with the class names that the exporter states, position by position.

A list in another order, or shifted by a line, gives every object a wrong name without any message of DeepStream.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from dsbench.model.coco import COCO80, COCO91
from dsbench.model.exporter.statement import Said

ORDER, COUNT, NAMES = "label-order", "label-count", "label-names"
_GENERIC = re.compile(r"(label|class|cls|item)?\d+")
"""Names that exporters invent where nobody gave any, as `plain` spells them."""
_BACKGROUND = ("background", "bg", "nothing", "noobject", "na", "none")
_METADATA = "ONNX metadata"
LABELS_FIX = "write one class per line into labels.txt, in the model's order, without blank lines"
"""Where labels.txt has another number of classes than the head."""
_SHOWN, _LISTED = 4, 12
_MOSTLY = 0.6
"""Names that agree at another position: from this fraction on the list is shifted."""
_MANY = 0.5
"""Names that differ from the model's: above this fraction the list may be another data set's."""
_SPELLINGS = {
    "aeroplane": "airplane",
    "motorbike": "motorcycle",
    "sofa": "couch",
    "tvmonitor": "tv",
    "hairdryer": "hairdrier",
    "doughnut": "donut",
}
"""COCO's and VOC's spellings of the same classes."""


@dataclass(frozen=True, slots=True)
class Mismatch:
    """One thing wrong with the names: rule, whether it is an error, what, and how to fix it."""

    rule: str
    error: bool
    what: str
    fix: str = ""
    doubt: bool = False
    """Every name may be wrong, but nothing proves it: the import is undecided until the user has looked."""


def mismatches(
    labels: Sequence[str], count: int, names: Said[tuple[str, ...]] | None, classes: int | None
) -> tuple[Mismatch, ...]:
    """What ``compare`` finds; and another number of classes than the head has, unless it already explains that.

    ``count``: lines of labels.txt.
    """
    found = compare(labels, names, classes)
    if classes in (None, count) or (found and found.error):
        return (found,) if found else ()
    what = f"labels.txt has {count} class{'' if count == 1 else 'es'}, the model's head has {classes}"
    fix = LABELS_FIX
    if names and names.source.startswith(_METADATA) and len(names.value) == count:
        what += f", and {names.source} has {count} names too"
        fix = (
            f"the names in the ONNX metadata are not this head's: export the model again with all {classes} names, or"
            f" write the training's {classes} names into labels.txt"
        )
    if count + 1 == classes:
        fix += "; if the head's first or last column is a background, add a line for it at that place"
    wrong = Mismatch(COUNT, True, what, fix)
    return (found, wrong) if found else (wrong,)


def compare(labels: Sequence[str], names: Said[tuple[str, ...]] | None, classes: int | None) -> Mismatch | None:
    """What is wrong; None if the names agree or there is nothing to compare.

    ``labels``: the classes as nvinfer numbers them. ``names``: the exporter's. ``classes``: those of the head, None if
    unknown.
    """
    mine = tuple(plain(label.removeprefix("\ufeff").rstrip("\r")) for label in labels)
    stated = tuple(map(plain, names.value)) if names else ()
    if not mine:
        return None
    if names is None or all(_GENERIC.fullmatch(name) for name in stated if name):
        return _coco(labels, mine, classes)
    if classes is not None and len(stated) != classes == len(mine):
        return _coco(labels, mine, classes) or _incomplete(names, classes)
    found = _moved(labels, mine, names, stated)
    if found or len(mine) != len(stated):
        return found or _coco(labels, mine, classes if classes is not None else len(stated))
    wrong = [index for index, (one, other) in enumerate(zip(mine, stated, strict=True)) if other and one != other]
    if not wrong:
        return None
    first = wrong[0]
    what = (
        f"labels.txt has other names than the model: class {first} is {names.value[first]!r} in the model"
        f" ({names.source}), {labels[first]!r} in labels.txt ({len(wrong)} of {len(stated)} differ)"
    )
    fix = "write the model's names in its order, unless these are translations of them"
    return Mismatch(NAMES, False, what, fix, doubt=len(wrong) > len(stated) * _MANY)


def _incomplete(names: Said[tuple[str, ...]], classes: int) -> Mismatch | None:
    """Metadata that do not name the head's classes, where labels.txt does. Other exporters number ids with gaps."""
    if not names.source.startswith(_METADATA):
        return None
    what = f"{names.source} has {len(names.value)} names, the head has {classes} classes, as labels.txt has"
    return Mismatch(NAMES, False, what, "export the model again with all its names: other programs read them there")


def _moved(
    labels: Sequence[str], mine: tuple[str, ...], names: Said[tuple[str, ...]], stated: tuple[str, ...]
) -> Mismatch | None:
    """The model's names in another order, or shifted."""
    both = f"the model ({names.source}): {_first(names.value)}; labels.txt: {_first(labels)}"
    fix = "write the model's names into labels.txt in its order"
    if len(names.value) <= _LISTED and all(names.value):
        fix += f", one a line: {', '.join(names.value)}"
    if len(mine) == len(stated) and mine != stated and sorted(mine) == sorted(stated):
        how = "sorted by name" if _is_sorted(labels) else "in another order"
        return Mismatch(ORDER, True, f"labels.txt has the model's names {how}: {both}", fix)
    if _agree(mine, stated) >= _MOSTLY:
        return None
    if len(stated) == 91 and mine == tuple(map(plain, COCO80)):
        return _eighty(len(stated))
    for shift in (1, -1):
        moved = mine[shift:] if shift > 0 else ("", *mine)
        if len(stated) > 1 and _agree(moved, stated) >= _MOSTLY:
            line = "one line too many" if shift > 0 else "one line too few"
            named = f" (line 1 is {labels[0]!r})" if shift > 0 else ""
            what = f"labels.txt is shifted, {line} at the top{named}: {both}"
            return Mismatch(ORDER, True, what, fix)
    return None


def _agree(mine: Sequence[str], stated: Sequence[str]) -> float:
    """The fraction of the stated names that stand at their position."""
    known = [index for index, name in enumerate(stated) if name]
    same = sum(index < len(mine) and mine[index] == stated[index] for index in known)
    return same / len(known) if known else 1.0


def _coco(labels: Sequence[str], mine: tuple[str, ...], classes: int | None) -> Mismatch | None:
    """COCO's 80 names against its 91 category ids, a background line, and COCO's names in another order."""
    eighty, ninety_one = tuple(map(plain, COCO80)), tuple(map(plain, COCO91))
    if mine == eighty and classes == 91:
        return _eighty(91)
    if mine == ninety_one and classes == 80:
        what = "labels.txt names COCO's 91 category ids, the head has its 80 classes: every class after 11 is shifted"
        return Mismatch(ORDER, True, what, "use COCO's list of 80, without the unused ids")
    found = _known_set(labels, mine, classes)
    if found:
        return found
    if classes is not None and len(mine) == classes + 1:
        for place, line in (("first", 0), ("last", len(mine) - 1)):
            if mine[line] in _BACKGROUND:
                what = (
                    f"labels.txt has {len(mine)} classes, the model's head has {classes}: the {place} line,"
                    f" {labels[line]!r}, is a background, which the head does not have"
                )
                return Mismatch(COUNT, True, what, f"remove line {line + 1} from labels.txt")
    return None


_VOC20 = ("aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow", "diningtable", "dog",
          "horse", "motorbike", "person", "pottedplant", "sheep", "sofa", "train", "tvmonitor")  # fmt: skip
_OF_SET = 0.9
"""Names that are a known set's: from this fraction on the list is meant to be that set."""


def _known_set(labels: Sequence[str], mine: tuple[str, ...], classes: int | None) -> Mismatch | None:
    """The names of a known data set in another order than its own, or some of them a line off."""
    for whose, known in (("COCO", COCO80), ("Pascal VOC", _VOC20)):
        right = tuple(map(plain, known))
        if not len(mine) == len(right) == classes or sum(name in right for name in mine) < _OF_SET * len(right):
            continue
        wrong = [number for number, name in enumerate(mine) if name in right and name != right[number]]
        if not wrong:
            return None
        total = len(right)
        if set(mine) == set(right):
            how = "sorted by name" if _is_sorted(labels) else "in another order"
            what = f"labels.txt has {whose}'s {total} names {how} ({whose} begins {_first(known)}; labels.txt: "
            what += f"{_first(labels)})"
        else:
            first = wrong[0]
            what = (
                f"labels.txt has {whose}'s names, but {len(wrong)} of {total} not in {whose}'s lines: line {first + 1}"
            )
            what += f" is {labels[first]!r}, {whose} has {known[first]!r}"
        fix = f"write the names in {whose}'s order, unless the model was trained with this one"
        return Mismatch(ORDER, False, what, fix, doubt=True)
    return None


def _eighty(columns: int) -> Mismatch:
    what = (
        f"labels.txt is COCO's list of 80, the head has {columns} columns, one for each of COCO's category ids: every"
        " class after 11 gets a wrong name"
    )
    return Mismatch(ORDER, True, what, 'use the list of 91 with "N/A" for the unused ids')


_NO_CLASS = ("background", "bg", "nothing", "noobject", "na", "none", "void", "unlabeled", "unlabelled", "ignore",
             "ignored", "other", "others", "negative", "neg", "empty", "0", "")  # fmt: skip
"""What a line for the background may be called, as `plain` spells it."""


def not_background(labels: Sequence[str], column: int) -> Mismatch | None:
    """A list with a line for every column of a head whose ``column`` is the background, but a class's name there."""
    if not 0 <= column < len(labels) or any(plain(label) in _NO_CLASS for label in labels):
        return None
    what = (
        f"labels.txt has a line for each of the head's {len(labels)} columns, and column {column} is the background:"
        f" line {column + 1} is {labels[column]!r}, so the other classes get the wrong names"
    )
    fix = f"write 'background' into line {column + 1}, or leave the background out of labels.txt"
    return Mismatch(ORDER, False, what, fix, doubt=True)


def _is_sorted(labels: Sequence[str]) -> bool:
    """In the spelling of the file: COCO's list sorted as VOC spells it is not sorted as COCO does."""
    names = [label.strip().casefold() for label in labels]
    return names == sorted(names) or list(labels) == sorted(labels)


def _first(names: Sequence[str]) -> str:
    shown = ", ".join(repr(name) for name in names[:_SHOWN])
    return shown + (", ..." if len(names) > _SHOWN else "")


_UNUSED = ("", "na", "none", "unused", "unknown", "reserved", "ignore", "ignored", "other", "others")
"""Names that several lines may have, as `plain` spells them."""


def repeated(labels: Sequence[str]) -> tuple[tuple[str, tuple[int, ...]], ...]:
    """Names that stand in more than one line, with the lines' numbers from 1; not those of unused ids."""
    lines: dict[str, list[int]] = {}
    for number, label in enumerate(labels, 1):
        lines.setdefault(label.strip(), []).append(number)
    return tuple((name, tuple(at)) for name, at in lines.items() if len(at) > 1 and plain(name) not in _UNUSED)


def is_background(name: str) -> bool:
    """Whether a label names what is no object."""
    return plain(name) in ("background", "bg")


def plain(name: str) -> str:
    """A name without case, blanks and punctuation, in COCO's spelling: names are compared so."""
    text = "".join(character for character in name.casefold() if character.isalnum())
    return _SPELLINGS.get(text, text)


def corrected(
    labels: Sequence[str], names: Said[tuple[str, ...]] | None, classes: int | None
) -> tuple[str, ...] | None:
    """The lines that labels.txt should have, where that is certain; None where it is not.

    The exporter's names; else COCO's other numbering, or the list without a background that the head does not have.
    """
    if names and names.value and not all(_GENERIC.fullmatch(plain(name)) for name in names.value if name):
        return names.value if classes in (None, len(names.value)) and all(names.value) else None
    mine = tuple(map(plain, labels))
    for one, other in ((COCO80, COCO91), (COCO91, COCO80)):
        if mine == tuple(map(plain, one)) and classes == len(other):
            return tuple(name or "N/A" for name in other)
    if classes is not None and len(mine) == classes + 1:
        for line in (0, len(mine) - 1):
            if mine[line] in _BACKGROUND:
                return tuple(labels[:line]) + tuple(labels[line + 1 :])
    return None
