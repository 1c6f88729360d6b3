"""Runs an ONNX network on the CPU as nvinfer runs an engine: frames to output layers in graph order."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from dsbench.base.errors import Code, DsbenchError
from dsbench.embedded.ort import load_onnxruntime

Tensor = npt.NDArray[Any]
FloatTensor = npt.NDArray[np.float32]

_DTYPES: dict[str, type[np.generic]] = {
    "tensor(float)": np.float32,
    "tensor(float16)": np.float16,
    "tensor(double)": np.float64,
    "tensor(uint8)": np.uint8,
    "tensor(int8)": np.int8,
    "tensor(int32)": np.int32,
    "tensor(int64)": np.int64,
    "tensor(bool)": np.bool_,
}
Dimension = int | None


class Call(Protocol):
    """A call of a network on the contents of ``feed``, by one thread."""

    feed: FloatTensor

    @property
    def in_place(self) -> bool:
        """Whether ``run`` returns the same arrays each time, overwritten."""

    def run(self) -> list[Tensor]:
        """Outputs in graph order. Raises DsbenchError(ONNX_RUN_FAILED)."""


class Engine(Protocol):
    """Something that runs a network."""

    def bind(self, feed: FloatTensor) -> Call:
        """A call that can run repeatedly on the contents of ``feed``. Runs it once."""


class OnnxModel:
    """A network with one image input.

    ``shape`` is the declared shape of the input, with None for dynamic dimensions. ``batch`` is its first entry: the
    number of frames per call if the graph fixes it. ``load_s`` is the loading time in seconds. Several threads may run
    one model concurrently; ``threads`` is the number of ONNX Runtime's threads per call. Raises DsbenchError:
    ONNX_MISSING, ONNX_INVALID, ONNX_INPUT.
    """

    def __init__(self, path: Path, threads: int = 1) -> None:
        if not path.is_file():
            raise DsbenchError(Code.ONNX_MISSING, f"Cannot access ONNX file '{path}'", where=str(path))
        self.path = path
        self._session, self.load_s = _session(path, threads)
        inputs = self._session.get_inputs()
        if len(inputs) != 1:
            raise DsbenchError(
                Code.ONNX_INPUT,
                f"the network has {len(inputs)} inputs; nvinfer feeds one image and needs "
                "NvDsInferInitializeInputLayers for any other",
                where=str(path),
            )
        self.input_name: str = inputs[0].name
        self.shape: tuple[Dimension, ...] = tuple(
            size if isinstance(size, int) and size > 0 else None for size in inputs[0].shape
        )
        self.dtype: np.dtype[Any] = np.dtype(_DTYPES.get(inputs[0].type, np.void))
        outputs = self._session.get_outputs()
        self.output_names: tuple[str, ...] = tuple(output.name for output in outputs)
        self.output_shapes: tuple[tuple[Dimension, ...], ...] = tuple(
            tuple(size if isinstance(size, int) else None for size in output.shape) for output in outputs
        )
        if len(self.shape) != 4 or self.dtype.kind == "V":
            raise DsbenchError(
                Code.ONNX_INPUT,
                "Infer Context default input_layer is not a image[CHW]",
                where=f"{path}: input {self.input_name} {inputs[0].shape} {inputs[0].type}",
            )

    @property
    def batch(self) -> Dimension:
        """Frames per call fixed by the graph, or None."""
        return self.shape[0]

    @property
    def frame_dims(self) -> tuple[Dimension, Dimension, Dimension]:
        """The three dimensions of one frame as the graph declares them."""
        return self.shape[1], self.shape[2], self.shape[3]

    def run(self, batch: FloatTensor) -> list[Tensor]:
        """Outputs for ``batch`` (n, ...) float32, each (n, ...), in graph output order.

        A graph with a fixed batch K is called ceil(n / K) times; the last call is padded with zeros and cut.
        Raises DsbenchError(ONNX_RUN_FAILED).
        """
        feed = batch if batch.dtype == self.dtype else batch.astype(self.dtype)
        fixed = self.batch
        if fixed is None or fixed == len(feed):
            return self._call(feed)
        parts = [self._call(_padded(feed[i : i + fixed], fixed)) for i in range(0, len(feed), fixed)]
        return [np.concatenate(pieces)[: len(feed)] for pieces in zip(*parts, strict=True)]

    def bind(self, feed: FloatTensor) -> BoundCall:
        """See Engine.bind. Raises the same errors as ``run``."""
        return BoundCall(self, self._session, feed)

    def failed(self, shape: tuple[int, ...], error: Exception) -> DsbenchError:
        """The error for an exception of ONNX Runtime, whose exceptions share no public base class."""
        return DsbenchError(
            Code.ONNX_RUN_FAILED,
            f"ONNX Runtime failed on an input of shape {list(shape)}: {_first_line(error)}",
            where=str(self.path),
        )

    def _call(self, feed: Tensor) -> list[Tensor]:
        try:
            outputs: list[Tensor] = self._session.run(None, {self.input_name: feed})
        except Exception as error:
            raise self.failed(feed.shape, error) from error
        for name, output in zip(self.output_names, outputs, strict=True):
            if output.ndim == 0 or output.shape[0] != len(feed):
                raise DsbenchError(
                    Code.ONNX_RUN_FAILED,
                    f"output {name} has shape {list(output.shape)} for a batch of {len(feed)}: nvinfer takes "
                    "the first dimension of every output for the batch",
                    where=str(self.path),
                    fix="export the model with batch as the first dimension of each output",
                )
        return outputs


class BoundCall:
    """A call with its input at a fixed address and, if the graph fixes their sizes, its outputs too."""

    def __init__(self, model: OnnxModel, session: Any, feed: FloatTensor) -> None:
        self.feed = feed
        self._model = model
        self._session = session
        self._outputs = model.run(feed)
        static = all(None not in shape[1:] for shape in model.output_shapes)
        self.in_place = static and feed.dtype == model.dtype and model.batch in (None, len(feed))
        if self.in_place:
            self._binding = session.io_binding()
            self._binding.bind_cpu_input(model.input_name, feed)
            self._outputs = [np.ascontiguousarray(output) for output in self._outputs]
            for name, out in zip(model.output_names, self._outputs, strict=True):
                self._binding.bind_output(name, "cpu", 0, out.dtype, out.shape, out.ctypes.data)

    def run(self) -> list[Tensor]:
        """Outputs for the current contents of ``feed``. Raises DsbenchError(ONNX_RUN_FAILED)."""
        if not self.in_place:
            return self._model.run(self.feed)
        try:
            self._session.run_with_iobinding(self._binding)
        except Exception as error:
            raise self._model.failed(self.feed.shape, error) from error
        return self._outputs


def _session(path: Path, threads: int) -> tuple[Any, float]:
    """The session of ONNX Runtime and the seconds that loading took."""
    onnxruntime = load_onnxruntime()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 4  # its errors are raised as exceptions
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    begun = time.perf_counter()
    try:
        session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # see _call
        raise DsbenchError(
            Code.ONNX_INVALID, f"Failed to parse onnx file ({_first_line(error)})", where=str(path)
        ) from error
    return session, time.perf_counter() - begun


def _padded(feed: Tensor, size: int) -> Tensor:
    if len(feed) == size:
        return feed
    full = np.zeros((size, *feed.shape[1:]), feed.dtype)
    full[: len(feed)] = feed
    return full


def _first_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0][:300] if lines else type(error).__name__
