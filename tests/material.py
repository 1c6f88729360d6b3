"""What several tests are made of: tiny ONNX files, clips and logs, built on the spot."""

from __future__ import annotations

from pathlib import Path

import numpy as np


def write_onnx(
    path: Path, *, batch: int | None = None, height: int | None = 32, width: int | None = 64, classes: int = 2
) -> Path:
    """A model with a YOLOX-shaped head of constants: input ``images``, output ``output`` [N, anchors, 5 + classes].

    None leaves a dimension dynamic. Each anchor predicts the same small box with objectness 0.9.
    """
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    anchors = sum(((height or 32) // stride) * ((width or 64) // stride) for stride in (8, 16, 32))
    row = np.array([-0.2, 0.3, 0.1, -0.1, 0.9, 0.8] + [0.05] * (classes - 1), np.float32)
    head = np.tile(row, (1, anchors, 1))
    zero = numpy_helper.from_array(np.zeros((), np.float32), "zero")
    nodes = [
        helper.make_node("ReduceMean", ["images"], ["mean"], axes=[1, 2, 3], keepdims=1),
        helper.make_node("Squeeze", ["mean"], ["level"], axes=[3]),
        helper.make_node("Mul", ["level", "zero"], ["nothing"]),
        helper.make_node("Add", ["head", "nothing"], ["output"]),
    ]
    dims = [batch or "batch", 3, height or "height", width or "width"]
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, dims)],
        [helper.make_tensor_value_info("output", TensorProto.FLOAT, [batch or "batch", anchors, 5 + classes])],
        [numpy_helper.from_array(head, "head"), zero],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 11)], ir_version=8)
    path.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(model, str(path))
    return path


def write_classifier(path: Path) -> None:
    """A model with one vector of scores for each picture."""
    import onnx
    from onnx import TensorProto, helper

    node = helper.make_node("ReduceMean", ["images"], ["scores"], axes=[2, 3], keepdims=0)
    images = helper.make_tensor_value_info("images", TensorProto.FLOAT, ["batch", 3, 32, 64])
    scores = helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["batch", 3])
    graph = helper.make_graph([node], "classifier", [images], [scores])
    path.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 11)], ir_version=8), str(path))


def write_clip(path: Path, *, frames: int = 10, width: int = 320, height: int = 180, codec: str = "mpeg4") -> Path:
    """A clip of a bright square that moves over noise, 30 frames a second."""
    import av

    generator = np.random.default_rng(0)
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=30)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        if "vp9" in codec:  # the fastest settings: seconds less for a few frames
            stream.options = {"deadline": "realtime", "cpu-used": "8"}
        for number in range(frames):
            picture = generator.integers(0, 60, (height, width, 3), dtype=np.uint8)
            left = 10 + 4 * number % (width - 60)
            picture[40:90, left : left + 50] = 230
            for packet in stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)
    return path


def trtexec_log(*qps: float) -> str:
    """trtexec's performance summary, once for each figure."""
    return "".join(
        f"[11/20/2026-10:00:00] [I] Throughput: {value} qps\n"
        "[11/20/2026-10:00:00] [I] GPU Compute Time: min = 1 ms, max = 3 ms, mean = 2 ms, median = 2 ms, "
        "percentile(90%) = 2.5 ms, percentile(95%) = 2.6 ms, percentile(99%) = 2.9 ms\n"
        for value in qps
    )
