"""The nvinfer element at run time: frames to network outputs (any thread), and outputs to objects (one thread)."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from dsbench.base.boxes import Boxes
from dsbench.embedded.nvinfer.infer import Call, Engine, FloatTensor, OnnxModel, Tensor
from dsbench.embedded.nvinfer.parser_host import LayerBuffers, OutputLayer, ParserHost
from dsbench.embedded.nvinfer.postprocess import BoxParser, Postprocessor
from dsbench.embedded.nvinfer.preprocess import Geometry, Preprocessor, PreprocessSettings, geometry
from dsbench.embedded.protocol import DetectorSetup
from dsbench.embedded.video.frame import YuvFrame
from dsbench.embedded.video.mux import MuxScaler

REFUSED = "Failed to parse bboxes using custom parse function"


@dataclass(frozen=True, slots=True)
class Inferred:
    """Network outputs of one frame, and the geometry of the frame in the network's input."""

    layers: tuple[OutputLayer, ...]
    geometry: Geometry
    tensor: FloatTensor | None
    surface: YuvFrame | None


@dataclass(frozen=True, slots=True)
class NetworkInput:
    """Size of the network's image: channels, height, width; ``channels_last`` is NHWC."""

    channels: int
    height: int
    width: int
    channels_last: bool

    @property
    def shape(self) -> tuple[int, int, int]:
        """Dimensions of one frame's tensor."""
        if self.channels_last:
            return self.height, self.width, self.channels
        return self.channels, self.height, self.width


class DetectorLog(Protocol):
    """The log of a running nvinfer."""

    def context(self, level: str, func: str, text: str) -> None:
        """A line of the nvinfer category."""

    def own(self, text: str) -> None:
        """A line of the embedded runtime's own."""


class _Lane(threading.local):
    """The buffers of one thread."""

    tensor: FloatTensor | None = None
    call: Call | None = None
    buffers: LayerBuffers | None = None


class Detector:
    """A started nvinfer. Made by ``start.start``, which checks the configuration and the network first."""

    def __init__(
        self,
        setup: DetectorSetup,
        model: OnnxModel,
        network: NetworkInput,
        parser: BoxParser | ParserHost | None,
        log: DetectorLog,
        mean_image: FloatTensor | None = None,
    ) -> None:
        config = setup.config
        self._setup = setup
        self._config = config
        self._model = model
        self._network = network
        self._log = log
        self._mean_image = mean_image
        net = network.width, network.height, network.channels
        self._post = Postprocessor(config, parser, net) if parser is not None else None
        mux = setup.mux
        self._scaler = MuxScaler(mux.width, mux.height, mux.enable_padding) if mux is not None else None
        self._preprocessors: dict[tuple[int, int], Preprocessor] = {}
        self._warned: set[str] = set()
        self._warn_once(self._post.warning if self._post is not None else "")
        self._lane = _Lane()
        self.engine: Engine = model
        """The engine of ``run_alone``."""
        self.refused = 0
        """Frames whose parser returned false."""

    @property
    def frames_per_call(self) -> int:
        """Number of frames of one call of ``infer``."""
        if self._setup.whole_batches:
            return self._config.batch_size
        return self._model.batch or 1

    @property
    def model(self) -> OnnxModel:
        """The network on ONNX Runtime."""
        return self._model

    @property
    def input_shape(self) -> tuple[int, int, int]:
        """Dimensions of one frame's tensor."""
        return self._network.shape

    @property
    def frames_per_inferred(self) -> int:
        """Number of frames of a stream per inferred frame."""
        return self._config.interval + 1

    def take(self, model: OnnxModel) -> None:
        """Use ``model``, the same network in another session. Only before the first frame."""
        self._model = model
        self.engine = model

    def infer(self, frames: Sequence[YuvFrame]) -> list[Inferred]:
        """Scale, preprocess and infer one batch. Several threads may call it concurrently."""
        tensor = self._tensor(len(frames))
        placed = [self.place(frame, tensor[i]) for i, frame in enumerate(frames)]
        outputs = self._model.run(tensor)
        return [
            Inferred(
                layers=self._layers(outputs, i),
                geometry=where,
                tensor=tensor[i].copy() if self._setup.keep_tensor else None,
                surface=surface if self._setup.keep_surface else None,
            )
            for i, (where, surface) in enumerate(placed)
        ]

    def detect(self, inferred: Inferred) -> Boxes:
        """Parser, thresholds, clustering and mapping: objects in streammux pixels. One thread at a time only."""
        if self._post is None:
            return Boxes.empty()
        objects = self._post.run(inferred.layers, inferred.geometry)
        if objects is None:
            self._refuse()
            return Boxes.empty()
        return objects

    def objects(self, frames: Sequence[YuvFrame], engine: Engine) -> list[Boxes]:
        """Objects of each frame when ``engine`` runs the network, one frame a call. One thread at a time only."""
        call = engine.bind(np.zeros((1, *self._network.shape), np.float32))
        found = []
        for frame in frames:
            where, _ = self.place(frame, call.feed[0])
            objects = self._post.run(self._layers(call.run(), 0), where) if self._post is not None else None
            found.append(objects or Boxes.empty())
        return found

    def run_alone(self, frame: YuvFrame, order: AbstractContextManager[object]) -> None:
        """``infer`` and ``detect`` of one frame whose objects are not used, in buffers of the calling thread.

        The parser runs inside the lock ``order``.
        """
        lane = self._lane
        if lane.call is None:
            lane.call = self.engine.bind(np.zeros((1, *self._network.shape), np.float32))
        where, _ = self.place(frame, lane.call.feed[0])
        outputs = lane.call.run()
        if self._post is None:
            return
        with order:
            if lane.buffers is None or not lane.call.in_place:
                layers = self._layers(outputs, 0)
                lane.buffers = self._post.buffers(layers)
                if lane.buffers is None:
                    if self._post.run(layers, where) is None:
                        self._refuse()
                    return
            if self._post.count(lane.buffers, where) is None:
                self._refuse()

    def _layers(self, outputs: Sequence[Tensor], item: int) -> tuple[OutputLayer, ...]:
        named = zip(self._model.output_names, outputs, strict=True)
        return tuple(OutputLayer(name, output[item], index) for index, (name, output) in enumerate(named, start=1))

    def _refuse(self) -> None:
        self.refused += 1
        self._log.context("ERROR", "fillDetectionOutput", REFUSED)

    def _tensor(self, count: int) -> FloatTensor:
        """The lane's own input buffer. A new one would cost a page fault per 4 KiB of every frame."""
        tensor = self._lane.tensor
        if tensor is None or len(tensor) < count:
            tensor = self._lane.tensor = np.empty((count, *self._network.shape), np.float32)
        return tensor[:count]

    def place(self, frame: YuvFrame, out: FloatTensor) -> tuple[Geometry, YuvFrame]:
        """Write the network input of ``frame`` into ``out``. Returns its geometry and the scaled frame."""
        if self._scaler is not None:
            frame = self._scaler.scale(frame)
        preprocessor = self._preprocessors.get((frame.width, frame.height))
        if preprocessor is None:
            preprocessor = self._preprocessor(frame)
            self._preprocessors[frame.width, frame.height] = preprocessor
        preprocessor.write(frame, out)
        return preprocessor.geometry, frame

    def _preprocessor(self, frame: YuvFrame) -> Preprocessor:
        config, network = self._config, self._network
        scale = config.net_scale_factor
        where = geometry(
            frame.width,
            frame.height,
            network.width,
            network.height,
            config.maintain_aspect_ratio,
            config.symmetric_padding,
        )
        preprocessor = Preprocessor(
            where,
            PreprocessSettings(
                color_format=config.model_color_format,
                scaling_filter=config.scaling_filter,
                net_scale_factor=scale if scale > 0 else 1.0,
                offsets=config.offsets if scale > 0 else (),
                input_order=config.network_input_order,
                mean_image=self._mean_image,
            ),
        )
        self._warn_once(preprocessor.warning)
        return preprocessor

    def _warn_once(self, text: str) -> None:
        if text and text not in self._warned:
            self._warned.add(text)
            self._log.own(text)
