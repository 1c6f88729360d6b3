"""A Hugging Face image processor in nvinfer's keys, and the error of nvinfer's single scale for three channels."""

from __future__ import annotations

import math
from collections.abc import Sequence

from dsbench.families.base import Preprocessing
from dsbench.families.preprocessing import CLIP, CLIP_ROW, IMAGENET, IMAGENET_ROW, Row, Statistics
from dsbench.model.exporter.hugging_face import Processor


def of_processor(processor: Processor | None) -> Preprocessing | None:
    """nvinfer's keys for a Hugging Face image processor; None if it has no usable values.

    do_rescale / rescale_factor give the scale; with do_normalize the mean becomes the offsets and the three stds go
    into the one scale that nvinfer has: the specification's figure for ImageNet's and CLIP's, else their mean. With
    do_normalize=false image_mean and image_std are not used, whatever they say (RTDetrImageProcessor).
    """
    if processor is None:
        return None
    rescale = processor.rescale_factor if processor.do_rescale else 1.0
    colour, aspect = int(processor.bgr), int(processor.keeps_aspect)
    if rescale <= 0:
        return None
    if not processor.do_normalize:
        return Preprocessing(rescale, (), colour, aspect)
    mean, std = processor.image_mean, processor.image_std
    if not mean or len(mean) != len(std) or min(std) <= 0:
        return None
    for known, row in zip((IMAGENET, CLIP), (IMAGENET_ROW, CLIP_ROW), strict=True):
        if math.isclose(rescale, 1 / 255, rel_tol=1e-3) and _close(mean, known[0]) and _close(std, known[1]):
            return Preprocessing(*row, colour, aspect)
    offsets = tuple(round(value / rescale, 4) for value in mean)
    return Preprocessing(rescale / (sum(std) / len(std)), offsets, colour, aspect)


def approximation(chosen: Preprocessing, processor: Processor | None = None) -> str:
    """A warning if ``chosen`` is one scale for three different deviations (failure mode 2), else an empty text."""
    mean, std = _deviations(chosen, processor)
    if len(std) != 3 or max(std) - min(std) < 1e-4:
        return ""
    errors = "; ".join(f"{chosen.net_scale_factor * 255 * value - 1:+.1%}" for value in std)
    subtract = ", ".join(f"{value * 255:.3f}" for value in mean)
    divide = ", ".join(f"{value * 255:.3f}" for value in std)
    return (
        f"nvinfer has one net-scale-factor for three channels: {chosen.net_scale_factor:.5g} stands for the deviations"
        f" {'; '.join(f'{value:g}' for value in std)} (off by {errors}). To be exact put the normalisation into the"
        f" ONNX, a Sub of [{subtract}] and a Div by [{divide}] (shape 1x3x1x1) behind the input, and set"
        " net-scale-factor=1.0 without offsets"
    )


def _deviations(chosen: Preprocessing, processor: Processor | None) -> Statistics:
    """Mean and std behind ``chosen``: the processor's if the scale and offsets are its, else those of a known row."""
    wanted = of_processor(processor)
    feed = (chosen.net_scale_factor, chosen.offsets)
    if processor and wanted and processor.do_normalize and (wanted.net_scale_factor, wanted.offsets) == feed:
        return processor.image_mean, processor.image_std
    known: dict[Row, Statistics] = {IMAGENET_ROW: IMAGENET, CLIP_ROW: CLIP}
    return known.get(feed, ((), ()))


def _close(one: Sequence[float], other: Sequence[float]) -> bool:
    return len(one) == len(other) and all(abs(a - b) < 1e-3 for a, b in zip(one, other, strict=True))
