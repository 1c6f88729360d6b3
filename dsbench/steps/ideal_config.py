"""The nvinfer config that dsbench would write if nobody had decided anything: the values that a fix puts in place."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from dsbench.base import reading
from dsbench.base.errors import DsbenchError
from dsbench.base.files import is_generated
from dsbench.base.reading import FileKind
from dsbench.build import nvinfer_config
from dsbench.formats import keyfile
from dsbench.formats.nvinfer import PROPERTY
from dsbench.judge.imports.levels import KEYS
from dsbench.model.facts import PreflightFacts
from dsbench.steps import nvinfer_config as step
from dsbench.steps import parser_source, reference
from dsbench.steps.model_outputs import ModelOutputsResult
from dsbench.steps.model_run import ModelRun

_WITHOUT = ("model-engine-file", "gpu-id", "batch-size", "network-mode", "gie-unique-id")
"""Keys whose other values cost no boxes: they are the user's."""


@dataclass(frozen=True)
class IdealConfig:
    """Values by group and key."""

    values: dict[tuple[str, str], str]

    def get(self, group: str, key: str) -> str | None:
        """None: the config does not have the key."""
        return self.values.get((group, key))

    def differing(self, text: str) -> Iterator[tuple[str, str, str | None]]:
        """Group, key and ideal value of every key that decides about boxes and has another value in ``text``; None: the
        key should not be there."""
        given = _values(text)
        for (group, key), value in self.values.items():
            if key not in _WITHOUT and not _same(given.get((group, key)), value, key):
                yield group, key, value
        if (PROPERTY, "offsets") in given and not self.get(PROPERTY, "offsets"):
            yield PROPERTY, "offsets", None


def of_model(model: ModelRun) -> IdealConfig | None:
    """None where 6a found no family: nobody knows the values then."""
    facts, outputs = model.find(PreflightFacts), model.find(ModelOutputsResult)
    if facts is None or outputs is None or outputs.head is None:
        return None
    settings = replace(facts.settings, cluster_mode=None, pre_cluster_threshold=None, nms_iou_threshold=None, topk=None)
    free = replace(facts, settings=settings)
    plan = step.nvinfer_plan(free, outputs, 0, facts.layout.nvinfer_config.parent, batch_size=1)
    rules, feed = reference.usual_rules(facts, outputs), reference.usual_preprocessing(facts, outputs)
    usual = rules.attrs_all
    plan = replace(
        plan,
        num_detected_classes=outputs.head.classes,
        parse_bbox_func_name=parser_source.parser_function(facts),
        net_scale_factor=feed.net_scale_factor,
        offsets=feed.offsets,
        model_color_format=feed.model_color_format,
        maintain_aspect_ratio=feed.maintain_aspect_ratio,
        symmetric_padding=feed.symmetric_padding,
        cluster_mode=rules.cluster_mode,
        topk=usual.topk,
        nms_iou_threshold=float(f"{usual.nms_iou_threshold:g}"),
        pre_cluster_threshold=float(f"{usual.pre_cluster_threshold:g}"),
    )
    return IdealConfig(_values(nvinfer_config.render_nvinfer(plan)))


def users_config(model: ModelRun) -> str | None:
    """Text of the user's own nvinfer config; None if dsbench writes it."""
    path = model.layout.nvinfer_config
    if not path.is_file() or is_generated(path):
        return None
    return reading.read_bytes(path, FileKind.CONFIG).decode("utf-8", "surrogateescape")


def _values(text: str) -> dict[tuple[str, str], str]:
    """Raw values by group and key; empty for a text that is no key file."""
    try:
        found = keyfile.parse(text)
    except DsbenchError:
        return {}
    return {(group.name, entry.key): entry.value for group in found.groups for entry in group.entries}


def _same(given: str | None, value: str, key: str) -> bool:
    if given is None:
        return _ABSENT.get(key) == value
    one, other = given.strip().rstrip(";"), value.strip().rstrip(";")
    try:
        return [float(part) for part in one.split(";")] == [float(part) for part in other.split(";")]
    except ValueError:
        return one == other


_ABSENT = {"symmetric-padding": "0", "maintain-aspect-ratio": "0", "interval": "0", "process-mode": "1"}
"""nvinfer's values of keys that are not given."""

PREPROCESSING = tuple(KEYS)
"""Keys of [property] that say how the network is fed."""
