"""Keys of an nvinfer config that decide which boxes become objects and differ from the usual values, one by one."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, replace
from typing import Any

from dsbench.families.base import Preprocessing
from dsbench.formats.nvinfer import CLASS_PREFIX, PROPERTY, ClassAttrs
from dsbench.judge.imports.levels import KEYS, text, values
from dsbench.judge.imports.postprocess import DBSCAN, GROUP_RECTANGLES, HYBRID, NMS, PostRules

ALL = f"{CLASS_PREFIX}all"
PARSER = "parser"
"""Group of what a parser does before nvinfer."""
_OWN_NMS = (0.3, 0.4, 0.5, 0.55, 0.6, 0.65, 0.7, 0.8)
_PARSERS_OWN = (
    ("nms_iou_threshold", "an NMS in the parser with IoU"),
    ("pre_cluster_threshold", "a threshold in the parser of"),
)
_HIGHER = 0.03
"""Distance from the usual threshold from which on the lowest score of a dump shows a threshold of the parser's own."""
_NEAR_SCALE = 0.01
"""Relative difference of two net-scale-factors that are one value, rounded."""
_CLASS_KEYS = (
    ("pre-cluster-threshold", "pre_cluster_threshold"),
    ("post-cluster-threshold", "post_cluster_threshold"),
    ("nms-iou-threshold", "nms_iou_threshold"),
    ("topk", "topk"),
    ("roi-top-offset", "roi_top_offset"),
    ("roi-bottom-offset", "roi_bottom_offset"),
    ("detected-min-w", "detected_min_w"),
    ("detected-min-h", "detected_min_h"),
    ("detected-max-w", "detected_max_w"),
    ("detected-max-h", "detected_max_h"),
    ("eps", "eps"),
    ("minBoxes", "min_boxes"),
    ("dbscan-min-score", "dbscan_min_score"),
)
_ONLY_IN = {
    "nms_iou_threshold": (NMS, HYBRID),
    "post_cluster_threshold": (DBSCAN, NMS, HYBRID, GROUP_RECTANGLES),
    "eps": (DBSCAN, HYBRID),
    "min_boxes": (DBSCAN, HYBRID),
    "dbscan_min_score": (DBSCAN, HYBRID),
}
"""cluster-modes in which a key has an effect; any other key has one in all."""


@dataclass(frozen=True, slots=True)
class RuleChoice:
    """One key whose value is not the usual one."""

    group: str
    """Of the config: property, class-attrs-all, class-attrs-<id>."""
    key: str
    value: str
    usual: str
    alone: PostRules
    """The usual rules with this key alone as configured."""
    candidate: int = 0
    """The reference's preprocessing."""
    also: tuple[str, ...] = ()
    """Further keys of the same choice."""

    @property
    def text(self) -> str:
        """``pre-cluster-threshold=0.9``; with its group if that is one class's."""
        shown = f"{self.key}={self.value}"
        if self.group == PARSER:
            return f"{self.key} {self.value}"
        return shown if self.group in (PROPERTY, ALL) else f"{shown} in [{self.group}]"

    @property
    def usual_text(self) -> str:
        """The usual value, with its key where the choice has several."""
        return f"{self.key}={self.usual}" if self.also else self.usual

    @property
    def undone(self) -> str:
        """The change that makes it the usual value: ``set topk=200 in [class-attrs-all]``."""
        if self.usual == "none":
            return f"remove {self.key} from [{self.group}]"
        return f"set {self.key}={self.usual} in [{self.group}]"


def preprocessing(configured: Preprocessing, usual: Preprocessing, rules: PostRules) -> tuple[RuleChoice, ...]:
    """The keys in which the configured preprocessing differs, as one choice: the reference's second candidate."""
    differing = [
        (key, one, other)
        for key, one, other in zip(KEYS, values(configured), values(usual), strict=True)
        if not _same_value(one, other)
    ]
    if not differing:
        return ()
    (key, mine, common), *rest = differing
    value = f"{text(mine)}{''.join(f', {name}={text(one)}' for name, one, _ in rest)}"
    shown = f"{text(common)}{''.join(f', {name}={text(other)}' for name, _, other in rest)}"
    return (RuleChoice(PROPERTY, key, value, shown, rules, candidate=1, also=tuple(name for name, _, _ in rest)),)


def _same_value(one: object, other: object) -> bool:
    """Equal, up to the rounding of a scale; offsets of zero are no offsets."""
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=_NEAR_SCALE)
    if isinstance(one, tuple) and isinstance(other, tuple):
        return one == other or not (any(one) or any(other))
    return one == other


def of_parser(usual: PostRules, lowest: float) -> Iterator[PostRules]:
    """Rules that a parser may have of its own: an NMS before nvinfer's, a threshold of ``lowest`` at least."""
    attrs = usual.attrs_all
    threshold = lowest if lowest > attrs.pre_cluster_threshold + _HIGHER else attrs.pre_cluster_threshold
    for overlap in (attrs.nms_iou_threshold, *_OWN_NMS):
        yield replace(usual, attrs_all=replace(attrs, nms_iou_threshold=overlap, pre_cluster_threshold=threshold))


def parsers_own(found: PostRules, usual: PostRules) -> tuple[RuleChoice, ...]:
    """What a parser does itself, as choices."""
    rows = []
    for field, name in _PARSERS_OWN:
        mine, common = getattr(found.attrs_all, field), getattr(usual.attrs_all, field)
        if mine != common:
            alone = replace(usual, attrs_all=replace(usual.attrs_all, **{field: mine}))
            rows.append(RuleChoice(PARSER, name, f"{mine:.2g}", f"{common:g}", alone))
    return tuple(rows)


def same_pixels(one: Preprocessing, other: Preprocessing) -> bool:
    """Whether two preprocessings feed the network nearly the same values: a rounded scale, offsets of zero."""

    def plain(value: Preprocessing) -> tuple[float | int | tuple[float, ...], ...]:
        offsets = value.offsets if any(value.offsets) else ()
        split = value.symmetric_padding if value.maintain_aspect_ratio else 0
        return offsets, value.model_color_format, value.maintain_aspect_ratio, split

    near = math.isclose(one.net_scale_factor, other.net_scale_factor, rel_tol=_NEAR_SCALE)
    return near and plain(one) == plain(other)


def choices(configured: PostRules, usual: PostRules) -> tuple[RuleChoice, ...]:
    """Every key in which the configured rules differ from the usual ones and that has an effect."""
    return (*_properties(configured, usual), *_of_all(configured, usual), *_of_classes(configured, usual))


def cumulative(configured: PostRules, usual: PostRules) -> Iterator[tuple[str, PostRules]]:
    """The choices one after the other, as text, each with the rules of all up to it; the last are the configured."""
    found, now = choices(configured, usual), usual
    for place, choice in enumerate(found, 1):
        now = configured if place == len(found) else _applied(choice, now, usual)
        yield choice.text, now


def _applied(choice: RuleChoice, now: PostRules, usual: PostRules) -> PostRules:
    """``now`` with the key of one choice as configured."""
    if choice.group == PROPERTY:
        return replace(now, **_differing(choice.alone, usual))
    if choice.group == ALL:
        return replace(now, attrs_all=replace(now.attrs_all, **_differing(choice.alone.attrs_all, usual.attrs_all)))
    number = int(choice.group.removeprefix(CLASS_PREFIX))
    changed = _differing(choice.alone.attrs_for(number), usual.attrs_for(number))
    return _of_class(now, number, replace(now.attrs_for(number), **changed))


def _differing(one: PostRules | ClassAttrs, other: PostRules | ClassAttrs) -> dict[str, Any]:
    """Fields of ``one`` that have another value in ``other``."""
    names = [item.name for item in fields(one)]
    return {name: getattr(one, name) for name in names if getattr(one, name) != getattr(other, name)}


def _properties(configured: PostRules, usual: PostRules) -> Iterator[RuleChoice]:
    keys: tuple[tuple[str, str, Callable[[PostRules], str]], ...] = (
        ("cluster-mode", "cluster_mode", lambda rules: str(rules.cluster_mode)),
        ("filter-out-class-ids", "filter_out", lambda rules: ";".join(map(str, rules.filter_out)) or "none"),
        ("crop-objects-to-roi-boundary", "crop", lambda rules: str(int(rules.crop))),
        ("interval", "interval", lambda rules: str(rules.interval)),
        ("num-detected-classes", "classes", lambda rules: str(rules.classes)),
    )
    for key, field, shown in keys:
        mine, common = getattr(configured, field), getattr(usual, field)
        if mine != common:
            yield RuleChoice(PROPERTY, key, shown(configured), shown(usual), replace(usual, **{field: mine}))


def _of_all(configured: PostRules, usual: PostRules) -> Iterator[RuleChoice]:
    for key, field in _effective(configured):
        mine, common = getattr(configured.attrs_all, field), getattr(usual.attrs_all, field)
        if mine != common:
            yield RuleChoice(
                ALL,
                key,
                f"{mine:g}",
                f"{common:g}",
                replace(usual, attrs_all=replace(usual.attrs_all, **{field: mine})),
            )


def _of_classes(configured: PostRules, usual: PostRules) -> Iterator[RuleChoice]:
    """Keys of single classes that differ both from [class-attrs-all] and from the usual value."""
    for number, attrs in configured.attrs:
        if not 0 <= number < configured.classes:
            continue
        for key, field in _effective(configured):
            mine, common = getattr(attrs, field), getattr(usual.attrs_for(number), field)
            if mine not in (common, getattr(configured.attrs_all, field)):
                yield RuleChoice(
                    f"{CLASS_PREFIX}{number}",
                    key,
                    f"{mine:g}",
                    f"{common:g}",
                    _of_class(usual, number, replace(usual.attrs_for(number), **{field: mine})),
                )


def _of_class(rules: PostRules, number: int, attrs: ClassAttrs) -> PostRules:
    others = tuple(entry for entry in rules.attrs if entry[0] != number)
    return replace(rules, attrs=(*others, (number, attrs)))


def _effective(rules: PostRules) -> Iterator[tuple[str, str]]:
    """Keys of class attributes that have an effect with this cluster-mode."""
    for key, field in _CLASS_KEYS:
        fixed = field == "topk" and rules.cluster_mode == GROUP_RECTANGLES
        if rules.cluster_mode in _ONLY_IN.get(field, (rules.cluster_mode,)) and not fixed:
            yield key, field
