"""Hugging Face's ``config.json`` and ``preprocessor_config.json``: evidence about head and preprocessing.

Read next to the ONNX file, else in the model directory's root. Missing or odd values are left out and never an error;
a file that cannot be read is named in ``problems``.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dsbench.base import numbers
from dsbench.model.exporter.files import Files, names_by_id
from dsbench.model.exporter.normalisation import one_scale
from dsbench.model.exporter.statement import Said, Statement, Trust

CONFIG = "config.json"
PREPROCESSOR_CONFIG = "preprocessor_config.json"
NORMALISES_UNLESS_SAID = False
"""RTDetrImageProcessor's default of do_normalize; the other detectors' processors default to True."""


@dataclass(frozen=True, slots=True)
class Processor:
    """A ``preprocessor_config.json``. ``size`` holds its own keys (height, width, shortest_edge, longest_edge ...);
    ``image_mean`` and ``image_std`` are one number a channel, empty if absent."""

    path: Path
    kind: str
    size: tuple[tuple[str, int], ...]
    do_rescale: bool
    rescale_factor: float
    do_normalize: bool
    image_mean: tuple[float, ...]
    image_std: tuple[float, ...]
    do_pad: bool
    bgr: bool

    @property
    def keeps_aspect(self) -> bool:
        """Whether images keep their aspect ratio: padded, or sized by an edge instead of height and width."""
        return self.do_pad or any(key.endswith("_edge") or key.startswith("max_") for key, _ in self.size)


@dataclass(frozen=True, slots=True)
class HuggingFace:
    """The facts of both files. ``id2label``: names by class id, "" for ids without a name."""

    config: Path | None = None
    model_type: str = ""
    id2label: tuple[str, ...] = ()
    processor: Processor | None = None
    problems: tuple[str, ...] = ()


def read(*folders: Path, files: Files | None = None) -> HuggingFace:
    """The first config.json with a model_type or labels, and the first preprocessor_config.json, of ``folders``.

    ``files``: the model directory; without it the last folder is taken for it.
    """
    files = files or Files(folders[-1])
    before = len(files.problems)
    config, model_type, names = None, "", tuple[str, ...]()
    for folder in folders:
        data = files.json_object(folder / CONFIG)
        found = data.get("model_type")
        model_type, names = found if isinstance(found, str) else "", names_by_id(data.get("id2label"))
        if model_type or names:
            config = folder / CONFIG
            break
    processors = (_processor(folder / PREPROCESSOR_CONFIG, model_type, files) for folder in folders)
    processor = next(filter(None, processors), None)
    return HuggingFace(config, model_type, names, processor, tuple(files.problems[before:]))


def statements(found: HuggingFace) -> tuple[Statement, ...]:
    """What config.json and preprocessor_config.json state. The family is left to the head's own module, which knows
    what a model_type means for it."""
    stated = []
    if found.processor:
        stated.append(_stated(found.processor))
    if found.config and found.id2label:
        source = f"{found.config.name}: id2label"
        names, count = Said(found.id2label, source), Said(len(found.id2label), source)
        stated.append(Statement(found.config.name, Trust.FRAMEWORK_FILE, names=names, classes=count))
    return tuple(stated)


def _stated(processor: Processor) -> Statement:
    """A processor in nvinfer's keys. With do_normalize=false image_mean and image_std are not used, whatever they
    say (RTDetrImageProcessor). Images that keep their aspect ratio are padded at the right and below."""
    rescale = processor.rescale_factor if processor.do_rescale else 1.0
    usable = bool(processor.image_mean and processor.image_std) or not processor.do_normalize
    mean, std = (processor.image_mean, processor.image_std) if processor.do_normalize else ((), ())
    scaling = one_scale(rescale, mean, std) if usable else None
    name = processor.path.name
    statement = Statement(name, Trust.FRAMEWORK_FILE)
    if scaling is None:
        return statement
    normalised = f"{name}: do_rescale={processor.do_rescale} do_normalize={processor.do_normalize}"
    keeps = int(processor.keeps_aspect)
    return Statement(
        name,
        Trust.FRAMEWORK_FILE,
        net_scale_factor=Said(scaling.net_scale_factor, normalised),
        offsets=Said(scaling.offsets, normalised),
        deviations=Said(scaling.deviations, f"{name}: image_std") if scaling.deviations else None,
        model_color_format=Said(int(processor.bgr), f"{name}: do_flip_channel_order"),
        maintain_aspect_ratio=Said(keeps, f"{name}: do_pad={processor.do_pad}, size"),
        symmetric_padding=Said(0, f"{name}: padding at the right and below") if keeps else None,
    )


def _processor(path: Path, model_type: str, files: Files) -> Processor | None:
    data = files.json_object(path)
    if not ({"do_rescale", "rescale_factor", "do_normalize", "image_mean"} & data.keys()):
        return None
    kind = str(data.get("image_processor_type") or data.get("feature_extractor_type") or "")
    mean, std = _numbers(data.get("image_mean")), _numbers(data.get("image_std"))
    default = NORMALISES_UNLESS_SAID if _rt_detr(kind, model_type) else bool(mean and std)
    size = data.get("size")
    factor = data.get("rescale_factor", 1 / 255)
    return Processor(
        path=path,
        kind=kind,
        size=tuple(sorted((str(k), v) for k, v in size.items() if isinstance(v, int)))
        if isinstance(size, dict)
        else (),
        do_rescale=_flag(data, "do_rescale", True),
        rescale_factor=float(factor) if numbers.finite(factor) else 0.0,
        do_normalize=_flag(data, "do_normalize", default),
        image_mean=mean,
        image_std=std,
        do_pad=_flag(data, "do_pad", False),
        bgr=_flag(data, "do_flip_channel_order", False),
    )


def _rt_detr(kind: str, model_type: str) -> bool:
    return kind.startswith("RTDetr") or model_type in ("rt_detr", "rt_detr_v2", "d_fine")


def _flag(data: dict[str, Any], key: str, default: bool) -> bool:
    value = data.get(key)
    return value if isinstance(value, bool) else default


def _numbers(value: object) -> tuple[float, ...]:
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = [value] * 3
    if not isinstance(value, list) or not all(map(numbers.finite, value)):
        return ()
    return tuple(float(item) for item in value)
