"""Rules about the network's input: size, order, colour, scale, offsets, padding, batch."""

from __future__ import annotations

import math
from collections.abc import Iterator

from dsbench.judge.lint.context import NvinferSubject
from dsbench.judge.lint.finding import ERROR, NOTE, WARNING
from dsbench.judge.lint.rule import Hit, LintRule, hit

_GRAY = 2
_LARGEST_SCALE, _SMALLEST_SCALE = 2.0, 1 / 2550
"""Pixels are 0 to 255: beyond these a network would see values above 510, or below a tenth of 0..1."""


def _infer_dims(subject: NvinferSubject) -> Iterator[Hit]:
    config, onnx = subject.config, subject.context.onnx
    if onnx is None:
        return
    expected = (onnx.channels, onnx.height, onnx.width)
    text = ";".join(map(str, expected))
    known = onnx.size_origin == "ONNX"
    if config.infer_dims is not None and config.infer_dims != expected and (known or not subject.context.alone):
        given = ";".join(map(str, config.infer_dims))
        yield hit(f"infer-dims={given}, the ONNX input is {text} (channels;height;width)", text, key="infer-dims")
    if config.infer_dims is None and not known:
        yield hit("infer-dims is missing although the ONNX leaves height and width open", text)


def _order(subject: NvinferSubject) -> Iterator[Hit]:
    onnx = subject.context.onnx
    if onnx is None:
        return
    order = 1 if onnx.layout == "NHWC" else 0
    if subject.config.network_input_order != order:
        yield hit(subject.config.network_input_order, onnx.layout, order, key="network-input-order")


def _color_format(subject: NvinferSubject) -> Iterator[Hit]:
    config, onnx = subject.config, subject.context.onnx
    channels = onnx.channels if onnx else config.infer_dims[0] if config.infer_dims else None
    if channels in (1, 3) and (config.model_color_format == _GRAY) != (channels == 1):
        yield hit(config.model_color_format, channels, key="model-color-format")


def _scale(subject: NvinferSubject) -> Iterator[Hit]:
    scale = subject.config.net_scale_factor
    if not (math.isfinite(scale) and scale > 0):
        then = "nvinfer then scales by 1 and drops the offsets"
        yield hit(f"{scale:g}", then if scale <= 0 else "every input of the network is useless", key="net-scale-factor")


def _extreme_scale(subject: NvinferSubject) -> Iterator[Hit]:
    scale = subject.config.net_scale_factor
    if math.isfinite(scale) and scale > 0 and not _SMALLEST_SCALE <= scale <= _LARGEST_SCALE:
        why = "a pixel of 255 becomes" if scale > 1 else "the scale seems to be applied twice: a pixel of 255 becomes"
        yield hit(f"{scale:g}", f"{why} {255 * scale:g}", key="net-scale-factor")


def _offsets(subject: NvinferSubject) -> Iterator[Hit]:
    offsets, onnx = subject.config.offsets, subject.context.onnx
    if not all(math.isfinite(value) for value in offsets):
        yield hit("an offset is not a finite number: every input of the network is useless", key="offsets")
    if offsets and onnx and len(offsets) != onnx.channels:
        what = f"offsets has {len(offsets)} values for {onnx.channels} channels: nvinfer does not start"
        yield hit(what, key="offsets")


def _small_offsets(subject: NvinferSubject) -> Iterator[Hit]:
    """Means of 0..1 where nvinfer wants those of 0..255."""
    offsets, scale = subject.config.offsets, subject.config.net_scale_factor
    small = any(offsets) and all(0 <= value <= 1 for value in offsets)
    if small and 0 < scale < 1 and any(value != round(value) for value in offsets):
        yield hit(";".join(f"{value:g}" for value in offsets), key="offsets")


def _large_offsets(subject: NvinferSubject) -> Iterator[Hit]:
    offsets = subject.config.offsets
    if any(math.isfinite(value) and abs(value) > 255 for value in offsets):
        yield hit(";".join(f"{value:g}" for value in offsets), key="offsets")


def _mean_file(subject: NvinferSubject) -> Iterator[Hit]:
    if subject.config.mean_file is not None and any(subject.config.offsets):
        yield hit(key="mean-file")


def _padding(subject: NvinferSubject) -> Iterator[Hit]:
    if subject.config.symmetric_padding and not subject.config.maintain_aspect_ratio:
        yield hit(key="symmetric-padding")


def _batch(subject: NvinferSubject) -> Iterator[Hit]:
    onnx, batch = subject.context.onnx, subject.config.batch_size
    if onnx and onnx.batch is not None and batch > onnx.batch and subject.context.alone:
        yield hit(batch, onnx.batch, key="batch-size")


def _outputs(subject: NvinferSubject) -> Iterator[Hit]:
    onnx = subject.context.onnx
    known = {output.name for output in onnx.outputs} if onnx else set()
    for name in subject.config.output_blob_names if known else ():
        if name.strip() and name.strip() not in known:
            yield hit(name.strip(), ", ".join(sorted(known)), key="output-blob-names")


ROWS = (
    LintRule(
        "infer-dims",
        ERROR,
        "infer-dims",
        _infer_dims,
        "{0}",
        "set infer-dims={1}",
        about="infer-dims are not channels;height;width of the ONNX input, or are missing although the ONNX "
        "file leaves height and width open.",
    ),
    LintRule(
        "input-order",
        ERROR,
        "network-input-order",
        _order,
        "network-input-order={0}, the ONNX input is {1}",
        "set network-input-order={2}",
    ),
    LintRule(
        "color-format",
        ERROR,
        "model-color-format",
        _color_format,
        "model-color-format={0} does not fit {1} channels",
        "use 0 (RGB) or 1 (BGR) for 3 channels, 2 (GRAY) for 1",
    ),
    LintRule(
        "scale-factor",
        ERROR,
        "net-scale-factor",
        _scale,
        "net-scale-factor={0}: {1}",
        "set net-scale-factor above 0 (1.0, or 0.00392156862745098 = 1/255)",
    ),
    LintRule(
        "scale-extreme",
        WARNING,
        "net-scale-factor",
        _extreme_scale,
        "net-scale-factor={0} is far from what networks take: {1}",
        "use 0.00392156862745098 (1/255) for 0..1, 1.0 for 0..255, about 0.0175 with ImageNet's offsets",
    ),
    LintRule(
        "offsets",
        ERROR,
        "offsets",
        _offsets,
        "{0}",
        "give one number per channel, separated by ;",
        about="offsets must be one finite number per channel. With another count nvinfer does not start.",
    ),
    LintRule(
        "offsets-range",
        WARNING,
        "offsets",
        _small_offsets,
        "offsets={0} are means of 0..1: nvinfer subtracts them from pixels of 0..255, before it scales",
        "multiply them by 255 (ImageNet: 123.675;116.28;103.53)",
    ),
    LintRule(
        "offsets-range",
        WARNING,
        "offsets",
        _large_offsets,
        "offsets={0} lie outside the pixels' range of 0..255",
        "give the mean of each channel in pixels, 0 to 255",
    ),
    LintRule(
        "mean-file",
        WARNING,
        "mean-file, offsets",
        _mean_file,
        "mean-file and offsets are both given: the mean image counts, the offsets do not",
        "keep one of them",
    ),
    LintRule(
        "symmetric-padding",
        WARNING,
        "symmetric-padding, maintain-aspect-ratio",
        _padding,
        "symmetric-padding has no effect without maintain-aspect-ratio=1",
        "set maintain-aspect-ratio=1, or remove symmetric-padding",
        alone=NOTE,
    ),
    LintRule(
        "batch-frozen",
        WARNING,
        "batch-size",
        _batch,
        "batch-size={0}, the ONNX file is frozen at a batch of {1}",
        "export with a dynamic batch, or set batch-size={1}",
    ),
    LintRule(
        "output-names",
        WARNING,
        "output-blob-names",
        _outputs,
        "output-blob-names names {0}, which the model does not have (it has {1})",
        "remove output-blob-names: nvinfer takes every output of the engine",
        alone=NOTE,
    ),
)
