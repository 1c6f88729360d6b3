"""What an nvinfer config is checked against, and the config with it: the subject of the nvinfer rules."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from dsbench.formats import nvinfer
from dsbench.formats.nvinfer import ClassAttrs, NvinferConfig
from dsbench.formats.nvinfer.keys import class_key
from dsbench.judge.lint.rule import ConfigText
from dsbench.model.exporter.statement import Said
from dsbench.model.onnx.graph import OnnxFacts

DETECTOR, CLASSIFIER, SEGMENTATION, INSTANCE_SEGMENTATION, OTHER = 0, 1, 2, 3, 100
"""network-type."""
_SECONDARY_NAMES = ("secondary", "sgie")
_PRIMARY_NAMES = ("primary", "pgie")


@dataclass(frozen=True, slots=True)
class LintContext:
    """What the config must agree with."""

    onnx: OnnxFacts | None = None
    """The model; None if it is not known."""
    labels_count: int | None = None
    """Classes of the label file; None without one."""
    engine: Path | None = None
    """The expected engine file."""
    engine_required: bool = False
    """The engine file must exist: on DeepStream."""
    head_classes: int | None = None
    """Classes of the model's head; None for a user's parser."""
    functions: tuple[str, ...] | None = None
    """Functions that the parser library exports; None if it is not built yet."""
    replaced: Path | None = None
    """DeepStream's own library that this runtime replaces; it need not exist."""
    own_decode: bool = False
    """nvinfer's own decode reads the outputs: no parser is to be named."""
    labels: tuple[str, ...] = ()
    """The classes of labels.txt as nvinfer numbers them."""
    names: Said[tuple[str, ...]] | None = None
    """The class names that the exporter states."""
    spoilt_labels: tuple[str, ...] = ()
    """What changes or shifts names of the label file, one sentence each."""
    cluster_mode: int | None = None
    """What the model's head needs: 2 (NMS) or 4 (none); None if that is not known."""
    parser_clusters: bool = True
    """The parser may do its own NMS; False only where it is known not to."""
    alone: bool = False
    """Nothing but the file is known: no run judges what its settings cost."""


@dataclass(frozen=True, slots=True)
class NvinferSubject:
    """One nvinfer config with its context."""

    config: NvinferConfig
    context: LintContext
    file: ConfigText

    @property
    def detector(self) -> bool:
        """It makes objects from boxes."""
        return self.config.network_type in (DETECTOR, INSTANCE_SEGMENTATION)

    @property
    def secondary(self) -> bool:
        """It works on the objects of another model."""
        if not self.context.alone or any(word in self.file.path.name.lower() for word in _PRIMARY_NAMES):
            return False
        if self.config.process_mode == 2:
            return True
        named = any(word in self.file.path.name.lower() for word in _SECONDARY_NAMES)
        return named or ("process-mode" not in self.config.present and "operate-on-gie-id" in self.config.present)

    def attributes(self) -> Iterator[tuple[str, ClassAttrs]]:
        """Every class group of the file with its values, [class-attrs-all] first."""
        if self.file.keys.group(f"{nvinfer.CLASS_PREFIX}all"):
            yield f"{nvinfer.CLASS_PREFIX}all", self.config.class_attrs_all
        for number, attrs in self.config.class_attrs:
            yield f"{nvinfer.CLASS_PREFIX}{number}", attrs

    def settings(self, key: str) -> Iterator[tuple[str, float]]:
        """Every class group that sets ``key``, with its value."""
        row = class_key(key)
        for group, attrs in self.attributes():
            if row and (self.given(key, group) or (key == "pre-cluster-threshold" and self.given("threshold", group))):
                yield group, getattr(attrs, row.field)

    def given(self, key: str, group: str = nvinfer.PROPERTY) -> bool:
        """The file sets the key."""
        return self.file.raw(key, group) is not None

    def class_name(self, number: int) -> str:
        """``2 (car)``; the number alone where the label file does not name it."""
        labels = self.context.labels
        return f"{number} ({labels[number]})" if 0 <= number < len(labels) else str(number)
