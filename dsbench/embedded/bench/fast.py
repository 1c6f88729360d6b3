"""The optional engine for runs that only count frames: OpenVINO, in bfloat16 if the processor supports it.

``DSBENCH_ENGINE=fast`` requests it (``pip install 'dsbench[fast]'``). It is used only if it is faster on this machine
and its boxes agree with fp32's; the result of the trial is printed either way. KITTI files, tensors and video are
always computed by ONNX Runtime in fp32.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from dsbench.embedded.bench import agreement
from dsbench.embedded.nvinfer.infer import Call, FloatTensor, OnnxModel, Tensor
from dsbench.formats.app.console import OTHER_ENGINE

if TYPE_CHECKING:
    from dsbench.embedded.nvinfer.detector import Detector, DetectorLog
    from dsbench.embedded.video.frame import YuvFrame

VARIABLE = "DSBENCH_ENGINE"
_FAST = "fast"
SAMPLE_FRAMES = 8
_LOWEST_F1 = 0.9
_TIMED_CALLS = 5


def wanted(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether the user requests the fast engine."""
    return environment.get(VARIABLE) == _FAST


class FastModel:
    """``model`` compiled by OpenVINO for one frame per call and ``lanes`` concurrent threads, one processor each.

    Raises ImportError without OpenVINO, and OpenVINO's own exceptions.
    """

    def __init__(self, model: OnnxModel, shape: tuple[int, ...], lanes: int) -> None:
        import openvino

        self._openvino = openvino
        self._model = model
        core = openvino.Core()
        self.precision = "bf16" if "BF16" in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES") else "f32"
        self.version = str(openvino.__version__).split("-", maxsplit=1)[0]
        network = core.read_model(str(model.path))
        network.reshape((1, *shape))
        options = {
            "INFERENCE_PRECISION_HINT": self.precision,
            "INFERENCE_NUM_THREADS": lanes,
            "NUM_STREAMS": lanes,
            "ENABLE_CPU_PINNING": False,  # several workers would be pinned to the same processors
        }
        self._compiled = core.compile_model(network, "CPU", options)

    def bind(self, feed: FloatTensor) -> FastCall:
        """As OnnxModel.bind."""
        return FastCall(self._model, self._openvino, self._compiled.create_infer_request(), feed)


class FastCall:
    """Like infer.BoundCall: input and outputs stay at fixed addresses."""

    in_place = True

    def __init__(self, model: OnnxModel, openvino: Any, request: Any, feed: FloatTensor) -> None:
        self.feed = feed
        self._model = model
        self._request = request
        self._inputs = openvino.Tensor(feed, shared_memory=True)
        request.set_input_tensor(self._inputs)
        request.infer()
        self._outputs = [np.array(request.get_output_tensor(i).data) for i in range(len(model.output_names))]
        self._tensors = [openvino.Tensor(output, shared_memory=True) for output in self._outputs]
        for i, tensor in enumerate(self._tensors):
            request.set_output_tensor(i, tensor)

    def run(self) -> list[Tensor]:
        """Outputs for the current contents of ``feed``. Raises DsbenchError(ONNX_RUN_FAILED)."""
        try:
            self._request.infer()
        except Exception as error:  # OpenVINO's exceptions share no public base class
            raise self._model.failed(self.feed.shape, error) from error
        return self._outputs


@dataclass(frozen=True, slots=True)
class FastTrial:
    """``agreement`` compares fp32 (first) with the fast engine. Milliseconds are those of the fastest of five calls."""

    agreement: agreement.Agreement
    fast_ms: float
    fp32_ms: float

    @property
    def refusal(self) -> str:
        """Why ONNX Runtime is used instead, or ""."""
        if self.agreement.f1 < _LOWEST_F1:
            return f"its boxes are too far from fp32's (F1 {self.agreement.f1:.3f}, wanted {_LOWEST_F1})"
        return "it is not faster here" if self.fast_ms >= self.fp32_ms else ""


def choose(detector: Detector, frames: Sequence[YuvFrame], lanes: int, log: DetectorLog) -> None:
    """Switch ``detector`` to OpenVINO if the trial allows it, and print the result of the trial."""
    model = detector.model
    if not frames or model.dtype != np.float32 or model.batch not in (None, 1):
        log.own(f"{VARIABLE}=fast: this network or video is run by ONNX Runtime only")
        return
    try:
        engine = FastModel(model, detector.input_shape, lanes)
        trial = _try(detector, engine, frames)
    except ImportError:
        log.own(f"{VARIABLE}=fast needs OpenVINO (pip install 'dsbench[fast]'): ONNX Runtime is used")
        return
    except Exception as error:  # see FastCall.run; the run does not depend on it
        log.own(f"{VARIABLE}=fast: OpenVINO cannot run this network ({str(error).splitlines()[0][:200]})")
        return
    name = f"OpenVINO {engine.version} ({engine.precision})"
    times = f"{trial.fast_ms:.1f} ms a call, ONNX Runtime (fp32) {trial.fp32_ms:.1f} ms"
    if trial.refusal:
        log.own(f"{VARIABLE}=fast: {name} is not used, {trial.refusal}: {times}")
        return
    detector.engine = engine
    found = trial.agreement
    log.own(
        f"{OTHER_ENGINE}{name}, {times}; agreement with fp32 on {len(frames)} frames: F1 {found.f1:.3f} "
        f"({found.matched} of {found.first} boxes, {found.second} its own)"
    )


def _try(detector: Detector, engine: FastModel, frames: Sequence[YuvFrame]) -> FastTrial:
    found = agreement.compare(detector.objects(frames, detector.model), detector.objects(frames, engine))
    feed = np.zeros((1, *detector.input_shape), np.float32)
    calls: list[Call] = [engine.bind(feed), detector.model.bind(feed)]
    times: list[list[float]] = [[], []]
    for _ in range(_TIMED_CALLS):
        for call, seen in zip(calls, times, strict=True):
            begun = time.process_time()  # of all threads, since OpenVINO has its own
            call.run()
            seen.append(1000 * (time.process_time() - begun))
    return FastTrial(found, min(times[0]), min(times[1]))
