"""Probable mistakes in an nvinfer config: settings that nvinfer accepts silently and that spoil a run.

None of this is DeepStream's text; it is shown with DeepStream's own warnings.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from dsbench.formats.keyfile import Entry, Group, ValueKind
from dsbench.formats.nvinfer import CLASS_PREFIX, PROPERTY, NvinferConfig
from dsbench.formats.nvinfer.keys import class_key, property_key

_TEXT_KINDS = (ValueKind.PATH, ValueKind.STRING)


def remarks(config: NvinferConfig) -> tuple[str, ...]:
    """One sentence for each doubtful setting, with its line in the file if it has one."""
    found: list[str] = []
    for group in config.source.groups:
        if group.name == PROPERTY:
            found += _about_entries(group)
            found += _about_misplaced(group)
        elif group.name.startswith(CLASS_PREFIX):
            found += _about_class_group(group)
    found += _about_values(config)
    return tuple(found)


def _about_entries(group: Group) -> Iterator[str]:
    for name in dict.fromkeys(name for name in group.listed if group.listed.count(name) > 1):
        entry = group.entry(name)
        yield f"{name} is given more than once: the last one, line {entry.line if entry else 0}, counts"
    for entry in group.entries:
        key = property_key(entry.key)
        if key is None:
            continue
        if key.kind in _TEXT_KINDS:
            yield from _about_text(entry, key.kind)
        elif "#" in entry.value:
            rule = "`#` begins a comment only at the start of a line"
            yield f"line {entry.line}: {rule}; {entry.key} is read up to the blank"


def _about_text(entry: Entry, kind: ValueKind) -> Iterator[str]:
    value = entry.value
    if value != value.rstrip():
        yield f"line {entry.line}: the blanks after the value belong to {entry.key}"
    if " #" in value:
        yield f"line {entry.line}: `#` begins a comment only at the start of a line; here it belongs to {entry.key}"
    if kind is ValueKind.PATH and value.startswith(("~", "$", "file://", '"', "'")):
        yield f"line {entry.line}: {entry.key}={value} is taken literally (no ~, no variables, no URL, no quotes)"
    if kind is ValueKind.PATH and not value:
        yield f"line {entry.line}: {entry.key} is empty, which means the config's own directory"


def _about_misplaced(group: Group) -> Iterator[str]:
    for entry in group.entries:
        if property_key(entry.key) is None and class_key(entry.key) is not None:
            yield f"line {entry.line}: {entry.key} has no effect in [property]; it belongs into [{CLASS_PREFIX}all]"


def _about_class_group(group: Group) -> Iterator[str]:
    for entry in group.entries:
        where = f"line {entry.line}: {entry.key}={entry.value} in [{group.name}]"
        if property_key(entry.key) is not None:
            yield f"{where} has no effect; it belongs into [property]"
        elif entry.key == "topk" and entry.value.strip() == "0":
            yield f"{where} removes every object; leave the key out for no limit"
        elif "nan" in entry.value.lower() and class_key(entry.key) is not None:
            yield f"{where} compares with nothing: such a threshold neither keeps nor drops"


def _about_values(config: NvinferConfig) -> Iterator[str]:
    scale = config.net_scale_factor
    if not math.isfinite(scale):
        yield f"net-scale-factor={scale} makes every input of the network useless"
    elif scale <= 0:
        yield f"net-scale-factor={scale:g} is not above 0: nvinfer then scales by 1 and ignores the offsets"
    if any(not math.isfinite(value) for value in config.offsets):
        yield "an offset is not a finite number"
    if config.network_type == 0 and config.num_detected_classes == 0:
        yield "num-detected-classes is 0 or missing: DeepStream crashes on the first object"
    if config.network_type in (0, 3) and config.cluster_mode == 0:
        yield "cluster-mode is 0 or missing: DeepStream then uses NMS with IoU 0.5 and the best 20 of each class"
    if config.parse_bbox_func_name and config.custom_lib_path is None:
        yield "parse-bbox-func-name without custom-lib-path: the name is ignored and the built-in decoder is used"
    if config.symmetric_padding and not config.maintain_aspect_ratio:
        yield "symmetric-padding has no effect without maintain-aspect-ratio=1"
