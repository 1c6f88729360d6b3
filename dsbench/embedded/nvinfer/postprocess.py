"""From one frame's network outputs to objects: parser, thresholds and clustering, mapping to streammux pixels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from dsbench.base.boxes import Boxes
from dsbench.embedded.nvinfer.cluster import Clusterer
from dsbench.embedded.nvinfer.frame_mapping import FrameMapper
from dsbench.embedded.nvinfer.parser_host import LayerBuffers, OutputLayer, ParserHost
from dsbench.embedded.nvinfer.preprocess import Geometry

if TYPE_CHECKING:
    from dsbench.formats.nvinfer import NvinferConfig


class BoxParser(Protocol):
    """A parser in Python: nvinfer's built-in decode."""

    def parse(
        self,
        layers: Sequence[OutputLayer],
        net: tuple[int, int, int],
        num_classes: int,
        pre_thresholds: Sequence[float],
        post_thresholds: Sequence[float],
    ) -> Boxes | None:
        """Objects in network pixels; None if the parser returns false."""


class Postprocessor:
    """Processes one frame after another, in one thread at a time (a parser may keep state).

    ``net`` is (width, height, channels). With a parser library, a frame is one call of the C++ host.
    """

    def __init__(self, config: NvinferConfig, parser: BoxParser | ParserHost, net: tuple[int, int, int]) -> None:
        self._config = config
        self._parser = parser
        self._net = net
        self._attrs = tuple(config.attrs_for(i) for i in range(config.num_detected_classes))
        self._pre = tuple(attrs.pre_cluster_threshold for attrs in self._attrs)
        self._post = tuple(attrs.post_cluster_threshold for attrs in self._attrs)
        self._clusterer = Clusterer(self._attrs, config.cluster_mode)
        self._mappers: dict[Geometry, FrameMapper] = {}
        if isinstance(parser, ParserHost):
            parser.set_network(net, len(self._attrs), self._pre, self._post)

    @property
    def warning(self) -> str:
        """One sentence about the difference from DeepStream, or ""."""
        return self._clusterer.warning

    def run(self, layers: Sequence[OutputLayer], geometry: Geometry) -> Boxes | None:
        """Objects in streammux pixels; None if the parser returns false."""
        if isinstance(self._parser, ParserHost):
            count = self.count(self._parser.set_layers(layers), geometry)
            return None if count is None else self._mapper(geometry).take(count)
        objects = self._parser.parse(layers, self._net, len(self._attrs), self._pre, self._post)
        if objects is None or len(objects) == 0:
            return objects
        return self._mapper(geometry).run(self._clusterer.run(objects))

    def buffers(self, layers: Sequence[OutputLayer]) -> LayerBuffers | None:
        """``layers`` for ``count``, valid while their arrays keep their addresses; None if only ``run`` is possible."""
        return self._parser.set_layers(layers) if isinstance(self._parser, ParserHost) else None

    def count(self, buffers: LayerBuffers, geometry: Geometry) -> int | None:
        """Like ``run``, but returns only the number of objects; they stay in the host."""
        assert isinstance(self._parser, ParserHost)
        return self._parser.detect(buffers, self._clusterer, self._mapper(geometry))

    def _mapper(self, geometry: Geometry) -> FrameMapper:
        mapper = self._mappers.get(geometry)
        if mapper is None:
            mapper = self._mappers[geometry] = FrameMapper(
                geometry,
                self._attrs,
                self._config.filter_out_class_ids,
                self._config.crop_objects_to_roi_boundary,
            )
        return mapper
