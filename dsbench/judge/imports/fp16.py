"""6a: does every layer fit into FP16 on real frames?"""

from __future__ import annotations

from collections.abc import Sequence

from dsbench.families.base import Preprocessing
from dsbench.jobs.probe import LayerRange, ProbeResult

_SHOWN = 3
_FIX = (
    "set network-mode=0 (FP32), or keep these layers in FP32 when the engine is built (trtexec --layerPrecisions with"
    " --precisionConstraints=obey); a LayerNorm becomes exact with opset 17 (docs/tensorrt.md#fp16)"
)


def beyond(result: ProbeResult, tried: Sequence[Preprocessing], chosen: int) -> tuple[LayerRange, ...] | None:
    """The layers beyond FP16 with the chosen preprocessing's scale and offsets; None if it was not measured."""
    like = [number for number in result.measured if _scale(tried[number]) == _scale(tried[chosen])]
    return tuple(item for item in result.layer_ranges if item.candidate == like[0]) if like else None


def warning(layers: Sequence[LayerRange]) -> str:
    """Names the layers; "" without any."""
    if not layers:
        return ""
    listed = ", ".join(f"{item.operator} {item.layer} ({item.largest:.3g})" for item in layers[:_SHOWN])
    more = f" and {len(layers) - _SHOWN} more" if len(layers) > _SHOWN else ""
    return f"FP16 holds 6e-08 to 65504; the largest value on a real frame is beyond in {listed}{more}: {_FIX}"


def _scale(value: Preprocessing) -> tuple[float, tuple[float, ...]]:
    return value.net_scale_factor, tuple(sorted(value.offsets))
