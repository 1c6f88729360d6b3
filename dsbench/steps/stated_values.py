"""What the user states of the head and its preprocessing: an nvinfer config of their own, else dsbench.toml."""

from __future__ import annotations

import math

from dsbench.base import spec
from dsbench.base.errors import DsbenchError
from dsbench.base.files import is_generated
from dsbench.families.base import Hints
from dsbench.formats import nvinfer
from dsbench.judge.imports import exporter_keys
from dsbench.judge.imports.levels import Fixed, Stated
from dsbench.model.exporter.evidence import ExporterEvidence
from dsbench.model.facts import ModelFacts
from dsbench.model.settings import Settings

_GRAY = 2
"""model-color-format of one channel."""


def hints(settings: Settings) -> Hints:
    """What dsbench.toml says about the head."""
    return Hints(
        settings.family,
        settings.background,
        settings.columns,
        settings.boxes,
        settings.corners,
        settings.objectness,
        settings.parse_bbox_func_name,
        settings.cell_offset,
        settings.anchors or (),
        settings.min_sizes or (),
        settings.steps or (),
    )


def preprocessing(facts: ModelFacts, exporter: ExporterEvidence) -> Stated:
    """What the user and the exporter state about the preprocessing."""
    fixed, origin = fixed_keys(facts)
    keys, sources = exporter_keys.of(exporter.stated)
    periods = [exporter_keys.of(item) for item in exporter.graph.statements]
    return Stated(
        fixed,
        keys,
        sources,
        graph=tuple(period for period, _ in periods),
        graph_source=next((source for _, said in periods for source in said if source), ""),
        channels=facts.onnx.channels,
        user_origin=origin,
        same_shape=_same_shape(facts),
    )


def _same_shape(facts: ModelFacts) -> bool:
    """Whether nvstreammux's pictures fill the network's input without padding."""
    return facts.width * spec.MUX_HEIGHT == facts.height * spec.MUX_WIDTH


def fixed_keys(facts: ModelFacts) -> tuple[Fixed, str]:
    """The preprocessing keys that the user has decided, in an nvinfer config of their own or in dsbench.toml."""
    config = facts.layout.nvinfer_config
    if config.is_file() and not is_generated(config):
        try:
            own = nvinfer.load(config)
        except DsbenchError:
            return from_settings(facts.settings), "dsbench.toml"  # 6e says what is wrong with the config
        if not all(math.isfinite(value) for value in (own.net_scale_factor, *own.offsets)):
            return from_settings(facts.settings), "dsbench.toml"  # so does it here
        return (
            Fixed(
                own.net_scale_factor,
                own.offsets,
                _fitting(own.model_color_format, facts.onnx.channels),
                int(own.maintain_aspect_ratio),
                int(own.symmetric_padding),
            ),
            config.name,
        )
    return from_settings(facts.settings), "dsbench.toml"


def _fitting(color_format: int, channels: int) -> int | None:
    """None for a format of another number of channels: the model cannot be run with it, and 6e says so."""
    return None if (color_format == _GRAY) != (channels == 1) else color_format


def from_settings(settings: Settings) -> Fixed:
    """The preprocessing keys of dsbench.toml."""
    keep, split = settings.maintain_aspect_ratio, settings.symmetric_padding
    return Fixed(
        settings.net_scale_factor,
        settings.offsets,
        settings.model_color_format,
        None if keep is None else int(keep),
        None if split is None else int(split),
    )
