"""Rules about classes: their number, their names, and what is filtered out by class or by size."""

from __future__ import annotations

from collections.abc import Iterator

from dsbench.formats.nvinfer import ClassAttrs
from dsbench.judge import label_names
from dsbench.judge.lint import colors
from dsbench.judge.lint.context import NvinferSubject
from dsbench.judge.lint.finding import ERROR, NOTE, WARNING
from dsbench.judge.lint.rule import ConfigText, Hit, LintRule, hit

_LARGEST_FRAME = 8192
_LARGE_MINIMUM, _SMALL_MAXIMUM = 128, 64
"""Pixels of the frame: object sizes that detectors find often lie below the one and above the other."""


def _count(subject: NvinferSubject) -> Iterator[Hit]:
    count, labels = subject.config.num_detected_classes, subject.context.labels_count
    key = "num-detected-classes"
    if not subject.detector:
        return
    if count == 0:
        fix = f"set num-detected-classes={labels}" if labels else "set num-detected-classes to the head's classes"
        what = "num-detected-classes is 0 or missing: every object is dropped, or DeepStream crashes"
        yield hit(what, fix, key=key, severity=WARNING if subject.secondary else "")
    elif labels is not None and count != labels:
        name = subject.config.labelfile_path.name if subject.config.labelfile_path else "labels.txt"
        fix = f"set num-detected-classes={labels}, or correct {name}"
        yield hit(f"num-detected-classes={count}, {name} has {labels} class{'es' * (labels != 1)}", fix, key=key)


def _names(subject: NvinferSubject) -> Iterator[Hit]:
    context = subject.context
    if context.labels_count is None or not subject.detector:
        return
    file = _label_file(subject)
    for wrong in label_names.mismatches(context.labels, context.labels_count, context.names, context.head_classes):
        if wrong.rule in (label_names.ORDER, label_names.COUNT, label_names.NAMES):
            values = (wrong.rule, wrong.what, wrong.fix)
            yield Hit(values, severity=ERROR if wrong.error else WARNING, file=file, line=1)


def _of(rule: str, about: str) -> LintRule[NvinferSubject]:
    """A row for one of the ids of `label_names`."""

    def check(subject: NvinferSubject) -> Iterator[Hit]:
        return (found for found in _names(subject) if found.values[0] == rule)

    severity = WARNING if rule == label_names.NAMES else ERROR
    return LintRule(rule, severity, "labelfile-path", check, "{1}", "{2}", about=about)


def _spoilt(subject: NvinferSubject) -> Iterator[Hit]:
    for text in subject.context.spoilt_labels:
        yield Hit((text,), file=_label_file(subject), line=1)


def _twice(subject: NvinferSubject) -> Iterator[Hit]:
    for name, lines in label_names.repeated(subject.context.labels):
        shown = " and ".join(str(line) for line in lines[:3]) + (" and more" if len(lines) > 3 else "")
        yield Hit((name, shown), file=_label_file(subject), line=lines[1])


def _label_file(subject: NvinferSubject) -> ConfigText:
    return ConfigText(subject.config.labelfile_path or subject.file.path, subject.file.keys)


def _filtered(subject: NvinferSubject) -> Iterator[Hit]:
    count = subject.config.num_detected_classes
    ids = [number for number in subject.config.filter_out_class_ids if 0 <= number < count]
    if ids and subject.detector:
        every = len(set(ids)) == count
        what = "every class" if every else f"{'class' if len(ids) == 1 else 'classes'} "
        what += "" if every else ", ".join(map(subject.class_name, ids))
        yield hit(what, key="filter-out-class-ids", severity=ERROR if every else "")


def _filtered_nothing(subject: NvinferSubject) -> Iterator[Hit]:
    count = subject.config.num_detected_classes
    ids = [number for number in subject.config.filter_out_class_ids if not 0 <= number < count]
    if ids and count and subject.detector:
        shown = ", ".join(map(str, ids))
        yield hit(shown, count - 1, key="filter-out-class-ids", severity=NOTE if set(ids) == {-1} else "")


def _impossible_size(subject: NvinferSubject) -> Iterator[Hit]:
    for group, attrs in subject.attributes():
        for side, low, high in _sides(attrs):
            key = f"detected-min-{side}"
            if low > (high or _LARGEST_FRAME) and subject.given(key, group):
                limit = f"detected-max-{side}={high}" if high else "any frame has pixels"
                yield hit(group, f"{key}={low} is more than {limit}", key=key, group=group)


def _size(subject: NvinferSubject) -> Iterator[Hit]:
    judged = not subject.context.alone
    for group, attrs in subject.attributes():
        for side, low, high in _sides(attrs):
            low_key, high_key = f"detected-min-{side}", f"detected-max-{side}"
            if 0 < low <= (high or _LARGEST_FRAME) and subject.given(low_key, group):
                yield _size_hit(group, low_key, low, judged and low >= _LARGE_MINIMUM)
            if high > 0 and low <= high and subject.given(high_key, group):
                yield _size_hit(group, high_key, high, judged and high <= _SMALL_MAXIMUM)


def _size_hit(group: str, key: str, value: int, harsh: bool) -> Hit:
    words = "narrower" if key == "detected-min-w" else "lower" if key == "detected-min-h" else "larger"
    return hit(f"{key}={value}", group, words, value, key=key, group=group, severity=WARNING if harsh else "")


def _sides(attrs: ClassAttrs) -> Iterator[tuple[str, int, int]]:
    """Side, minimum and maximum of the object (0: none)."""
    yield "w", attrs.detected_min_w, attrs.detected_max_w
    yield "h", attrs.detected_min_h, attrs.detected_max_h


def _region(subject: NvinferSubject) -> Iterator[Hit]:
    for key in ("roi-top-offset", "roi-bottom-offset"):
        for group, value in subject.settings(key):
            if value > 0:
                yield hit(f"{key}={value}", group, value, key.split("-")[1], key=key, group=group)


def _color(subject: NvinferSubject) -> Iterator[Hit]:
    yield from colors.wrong(subject.file)


ROWS: tuple[LintRule[NvinferSubject], ...] = (
    LintRule(
        "class-count",
        ERROR,
        "num-detected-classes, labelfile-path",
        _count,
        "{0}",
        "{1}",
        about="num-detected-classes is 0, missing, or not the number of lines of the label file. 0 drops every "
        "object or crashes DeepStream; a label file that is too short gives objects without a name.",
    ),
    _of(label_names.ORDER, "The label file has the model's names in another order, or shifted by a line."),
    _of(label_names.COUNT, "The label file has another number of classes than the model's head."),
    _of(label_names.NAMES, "The label file names some classes differently from the model."),
    LintRule(
        "label-text",
        WARNING,
        "labelfile-path",
        _spoilt,
        "{0}",
        "save the label file as UTF-8 without a byte order mark, with Unix line ends and without blank lines",
        about="A byte order mark becomes part of the first name, the carriage return of a Windows line end part"
        " of every name, and a blank line shifts every later class. DeepStream reports none of them.",
    ),
    LintRule(
        "label-twice",
        WARNING,
        "labelfile-path",
        _twice,
        "the label file has {0!r} in lines {1}: their objects cannot be told apart",
        "write each class's own name into the label file",
    ),
    LintRule(
        "filter-out-class-ids",
        WARNING,
        "filter-out-class-ids",
        _filtered,
        "filter-out-class-ids drops every object of {0}",
        "remove the class ids that you want to see",
        alone=NOTE,
    ),
    LintRule(
        "filter-out-class-ids",
        WARNING,
        "filter-out-class-ids",
        _filtered_nothing,
        "filter-out-class-ids names {0}, the classes are 0 to {1}",
        "correct the ids: they count from 0 in the order of the label file",
    ),
    LintRule(
        "object-size",
        ERROR,
        "detected-min-*, detected-max-*",
        _impossible_size,
        "[{0}] drops every object: {1}",
        "correct the sizes: they are pixels of the frame (streammux width and height)",
    ),
    LintRule(
        "object-size",
        NOTE,
        "detected-min-*, detected-max-*",
        _size,
        "{0} in [{1}] drops objects that are {2} than {3} pixels of the frame",
        "remove it if such objects are wanted",
    ),
    LintRule(
        "region",
        NOTE,
        "roi-top-offset, roi-bottom-offset",
        _region,
        "{0} in [{1}] drops objects in the {2} pixels at the {3} of the frame",
        "remove it if such objects are wanted",
    ),
    LintRule("color-value", WARNING, colors.KEYS, _color, colors.TEXT, colors.FIX),
)
