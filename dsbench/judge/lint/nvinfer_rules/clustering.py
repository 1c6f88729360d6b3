"""Rules about clustering and thresholds: cluster-mode, NMS, topk, scores. Formulas: semantics f."""

from __future__ import annotations

import math
from collections.abc import Iterator

from dsbench.base import spec
from dsbench.formats import nvinfer
from dsbench.judge.lint.context import DETECTOR, INSTANCE_SEGMENTATION, NvinferSubject
from dsbench.judge.lint.finding import ERROR, NOTE, WARNING
from dsbench.judge.lint.rule import Hit, LintRule, hit

_DBSCAN, _NMS, _HYBRID, _NONE = 1, 2, 3, 4
_HIGH_IOU, _LOW_IOU = 0.85, 0.1
_HIGH_SCORE, _LOW_SCORE = 0.8, 0.01
_SWITCHED_OFF = 2.0
"""Thresholds of 1 to 2 in the group of one class are an idiom that switches the class off."""
_KEEPS_DUPLICATES = "boxes of one class that overlap by less are all kept: duplicates stay"
_DROPS_NEIGHBOURS = "objects that merely touch lose all but one"


def _default_mode(subject: NvinferSubject) -> Iterator[Hit]:
    if subject.detector and subject.config.cluster_mode == 0:
        tuned = any(
            subject.given(key, group) for group, _ in subject.attributes() for key in ("nms-iou-threshold", "topk")
        )
        harmless = subject.context.alone and not subject.given("cluster-mode") and not tuned
        yield hit(key="cluster-mode", severity=NOTE if harmless else "")


def _unclustered(subject: NvinferSubject) -> Iterator[Hit]:
    if subject.config.cluster_mode == _NONE and subject.context.cluster_mode == _NMS:
        yield hit(key="cluster-mode", severity=NOTE if subject.context.parser_clusters else "")


def _clustered(subject: NvinferSubject) -> Iterator[Hit]:
    wanted = subject.context.cluster_mode == _NONE
    if wanted and subject.config.cluster_mode in (_DBSCAN, _NMS, _HYBRID):
        yield hit(subject.config.cluster_mode, key="cluster-mode")


def _masks(subject: NvinferSubject) -> Iterator[Hit]:
    config = subject.config
    if config.network_type == INSTANCE_SEGMENTATION and config.cluster_mode != _NONE:
        yield hit(config.cluster_mode, key="cluster-mode")


def _no_boxes(subject: NvinferSubject) -> Iterator[Hit]:
    config = subject.config
    dbscan = config.cluster_mode == _DBSCAN and config.network_type == DETECTOR
    if dbscan and not any(value for _, value in subject.settings("minBoxes")):
        yield hit(key="cluster-mode")


def _nms(subject: NvinferSubject) -> Iterator[Hit]:
    clustered = subject.config.cluster_mode in (_NMS, _HYBRID)
    for group, value in subject.settings("nms-iou-threshold"):
        if math.isnan(value):
            then = "nan compares with nothing, so NMS removes nothing" if clustered else "nan is not a number"
            yield _iou_hit(group, value, then, ERROR)
        elif clustered and value >= _HIGH_IOU:
            yield _iou_hit(group, value, _KEEPS_DUPLICATES, WARNING)
        elif clustered and value <= _LOW_IOU:
            yield _iou_hit(group, value, _DROPS_NEIGHBOURS, NOTE if subject.context.alone else WARNING)


def _iou_hit(group: str, value: float, why: str, severity: str) -> Hit:
    return hit(f"{value:g}", group, why, key="nms-iou-threshold", group=group, severity=severity)


def _not_finite(subject: NvinferSubject) -> Iterator[Hit]:
    used = subject.config.cluster_mode in (_DBSCAN, _HYBRID)
    for key in ("eps", "dbscan-min-score"):
        for group, value in subject.settings(key):
            if not math.isfinite(value):
                yield hit(f"{key}={value:g}", group, key=key, group=group, severity=ERROR if used else WARNING)


def _unused_iou(subject: NvinferSubject) -> Iterator[Hit]:
    for group, _ in subject.settings("nms-iou-threshold"):
        if subject.config.cluster_mode == _NONE:
            yield hit(group, key="nms-iou-threshold", group=group)


def _topk(subject: NvinferSubject, wanted: int) -> Iterator[Hit]:
    for group, value in subject.settings("topk"):
        if value == wanted:
            yield hit(group, key="topk", group=group)


def _topk_zero(subject: NvinferSubject) -> Iterator[Hit]:
    return _topk(subject, 0)


def _topk_one(subject: NvinferSubject) -> Iterator[Hit]:
    return _topk(subject, 1)


def _impossible_score(subject: NvinferSubject) -> Iterator[Hit]:
    for group, value in subject.settings("pre-cluster-threshold"):
        if math.isnan(value) or value > 1:
            number = group.removeprefix(nvinfer.CLASS_PREFIX)
            switched_off = number.isdecimal() and 1 < value <= _SWITCHED_OFF
            name = subject.class_name(int(number)) if switched_off else ""
            then = f"class {name} is switched off" if switched_off else "it is not a score between 0 and 1"
            severity = (NOTE if subject.context.alone else WARNING) if switched_off else ERROR
            yield _score_hit(group, "pre-cluster-threshold", value, then, severity)
    for group, value in subject.settings("post-cluster-threshold"):
        if subject.config.cluster_mode != _NONE and (math.isnan(value) or value >= 1):
            yield _score_hit(group, "post-cluster-threshold", value, "no score is above it", ERROR)


def _extreme_score(subject: NvinferSubject) -> Iterator[Hit]:
    for key in ("pre-cluster-threshold", "post-cluster-threshold"):
        for group, value in subject.settings(key):
            if _HIGH_SCORE <= value < 1 or (value == 1 and key.startswith("pre")):
                yield _score_hit(group, key, value, "only objects with a very high score are kept", "")
            elif key.startswith("pre") and value < _LOW_SCORE:
                yield _score_hit(group, key, value, "nearly every box of the network is kept", "")


def _score_hit(group: str, key: str, value: float, then: str, severity: str) -> Hit:
    return hit(f"{key}={value:g}", group, then, key=key, group=group, severity=severity)


ROWS = (
    LintRule(
        "cluster-mode",
        WARNING,
        "cluster-mode",
        _default_mode,
        "cluster-mode is 0 or missing: NMS at IoU 0.5 with the best 20 of each class, whatever is configured",
        "set cluster-mode=2, or 4 if the graph or the parser does NMS itself",
    ),
    LintRule(
        "cluster-mode-none",
        WARNING,
        "cluster-mode",
        _unclustered,
        "cluster-mode=4 (no clustering), but the model's outputs are not suppressed yet: every object has many boxes",
        "set cluster-mode=2 (NMS), unless the parser does NMS itself",
    ),
    LintRule(
        "cluster-mode-twice",
        NOTE,
        "cluster-mode",
        _clustered,
        "cluster-mode={0} clusters boxes that the model has already suppressed: close objects of one class may be lost",
        "set cluster-mode=4 (no clustering)",
    ),
    LintRule(
        "cluster-mode-masks",
        WARNING,
        "cluster-mode, network-type",
        _masks,
        "cluster-mode={0}: instance segmentation (network-type=3) must have cluster-mode=4",
        "set cluster-mode=4",
        alone=NOTE,
    ),
    LintRule(
        "dbscan-min-boxes",
        WARNING,
        "cluster-mode, minBoxes",
        _no_boxes,
        "cluster-mode=1 (DBSCAN) with minBoxes=0 clusters nothing",
        "set minBoxes to 1 or more in [class-attrs-all], or use cluster-mode=2",
        alone=NOTE,
    ),
    LintRule(
        "nms-iou-threshold",
        WARNING,
        "nms-iou-threshold",
        _nms,
        "nms-iou-threshold={0} in [{1}]: {2}",
        f"set a value between 0.3 and 0.7 (the specification uses {spec.NMS_IOU_THRESHOLD})",
        about=f"From {_HIGH_IOU:g} on NMS leaves duplicates, up to {_LOW_IOU:g} it removes neighbours, and nan "
        f"removes nothing: nan is an error. Up to 0.1 it is a note where only the file is known.",
    ),
    LintRule(
        "not-finite",
        ERROR,
        "eps, dbscan-min-score",
        _not_finite,
        "{0} in [{1}] is not a finite number",
        "give a number, or leave it out",
        about="The value is inf, nan or larger than a float32 can hold. It is a warning where no clustering uses it.",
    ),
    LintRule(
        "nms-unused",
        NOTE,
        "nms-iou-threshold, cluster-mode",
        _unused_iou,
        "nms-iou-threshold in [{0}] is not used with cluster-mode=4",
        "remove it, or set cluster-mode=2",
    ),
    LintRule(
        "topk",
        ERROR,
        "topk",
        _topk_zero,
        "topk=0 in [{0}] removes every object",
        f"set topk={spec.TOPK}, or leave it out",
    ),
    LintRule(
        "topk",
        WARNING,
        "topk",
        _topk_one,
        "topk=1 in [{0}] keeps one object of each class in a frame",
        f"set topk={spec.TOPK}, or leave it out",
        alone=NOTE,
    ),
    LintRule(
        "threshold",
        ERROR,
        "pre-cluster-threshold, post-cluster-threshold",
        _impossible_score,
        "{0} in [{1}]: {2}",
        f"set it to {spec.PRE_CLUSTER_THRESHOLD}",
        about="No score of a detector reaches the threshold, so every object is lost. In the group of one class"
        " a threshold of 1 to 2 is an idiom that switches the class off: then it is a warning, or a note.",
    ),
    LintRule(
        "threshold-extreme",
        WARNING,
        "pre-cluster-threshold, post-cluster-threshold",
        _extreme_score,
        "{0} in [{1}]: {2}",
        f"set a value between 0.1 and 0.6 (the specification uses {spec.PRE_CLUSTER_THRESHOLD})",
        about=f"A threshold of {_HIGH_SCORE:g} or more keeps only objects with a very high score, one below "
        f"{_LOW_SCORE:g} nearly every box of the network.",
        alone=NOTE,
    ),
)
