"""ONNX files with every kind of head, good and bad, made from one trained network: the demo model's undecoded YOLOX.

All good ones detect the same objects in the demo clip. A head of another family is a function that takes a `Surgery`
of the demo model and gives outputs.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from dsbench.selftest.street_heads import (
    ANCHORS,
    CLASSES,
    HEIGHT,
    KEPT,
    NAMES,
    STREET,
    STRIDES,
    WIDTH,
    Decoded,
    Surgery,
    ultralytics,
    yolov8,
    yolov10,
)

__all__ = ("NAMES", "STREET", "STRIDES", "Decoded", "ultralytics")


def yolov5(path: Path) -> Path:
    """[b, A, 5+C] in pixels, with objectness."""
    net = Surgery()
    found = net.decoded()
    net.output(net.op("Concat", [found.xy, found.wh, found.obj, found.classes], axis=2), "output0",
               ("batch", ANCHORS, 5 + CLASSES))  # fmt: skip
    return net.save(path)


def yolov8_square(path: Path) -> Path:
    """[b, 4+C, A] at 512x512: the picture has to stand in the middle of the network's input."""
    return yolov8(path, side=512)


def yolov8_rows(path: Path) -> Path:
    """[b, A, 4+C]."""
    return yolov8(path, transposed=False)


def yolo_nas(path: Path) -> Path:
    """[b, A, 4] corners in pixels and [b, A, C] scores of their own each, no background."""
    net = Surgery()
    found = net.decoded()
    net.output(net.corners(found), "boxes", ("batch", ANCHORS, 4))
    net.output(found.score, "scores", ("batch", ANCHORS, CLASSES))
    return net.save(path)


def pp_yoloe(path: Path) -> Path:
    """PaddleDetection's exclude_nms: [b, A, 4] corners in pixels and [b, C, A] scores."""
    net = Surgery()
    found = net.decoded()
    net.output(net.corners(found), "boxes", ("batch", ANCHORS, 4))
    net.output(net.op("Transpose", [found.score], perm=[0, 2, 1]), "scores", ("batch", CLASSES, ANCHORS))
    return net.save(path)


def mmdeploy(path: Path) -> Path:
    """dets [b, K, 5] (corners in pixels, score) and labels [b, K] int64, as mmdeploy's ONNX exports write them."""
    net = Surgery()
    boxes, scores, classes = net.suppressed()
    column = net.op("Unsqueeze", [scores, net.const(np.array([2], np.int64))])
    net.output(net.op("Concat", [boxes, column], axis=2), "dets", ("batch", KEPT, 5))
    net.output(classes, "labels", ("batch", KEPT), TensorProto.INT64)
    return net.save(path)


def deepstream_yolo(path: Path, *, centres: bool = False) -> Path:
    """boxes [b, A, 4], scores [b, A, 1], classes [b, A, 1] float: DeepStream-Yolo's exports of 2023 and 2024."""
    net = Surgery()
    found = net.decoded()
    boxes = net.op("Concat", [found.xy, found.wh], axis=2) if centres else net.corners(found)
    best = net.op("ArgMax", [found.score], axis=2, keepdims=1)
    net.output(boxes, "boxes", ("batch", ANCHORS, 4))
    net.output(net.op("ReduceMax", [found.score], axes=[2], keepdims=1), "scores", ("batch", ANCHORS, 1))
    net.output(net.op("Cast", [best], to=TensorProto.FLOAT), "classes", ("batch", ANCHORS, 1))
    return net.save(path)


def four_outputs(path: Path, *, normalised: bool = False, turned: bool = False, floats: bool = False) -> Path:
    """EfficientNMS' (int32) or BatchedNMS' (``floats``) four outputs; ``turned``: y1, x1, y2, x2."""
    net = Surgery()
    boxes, scores, classes = net.suppressed()
    boxes = net.scaled(boxes) if normalised else boxes
    if turned:
        boxes = net.op("Gather", [boxes, net.const(np.array([1, 0, 3, 2], np.int64))], axis=2)
    used = net.op("Cast", [net.op("Greater", [scores, net.const(np.float32(0.05))])], to=TensorProto.INT32)
    count = net.op("ReduceSum", [used, net.const(np.array([1], np.int64))], keepdims=1)
    kind = TensorProto.FLOAT if floats else TensorProto.INT32
    names = ("num_detections", "nmsed_boxes", "nmsed_scores", "nmsed_classes") if floats else (
        "num_dets", "det_boxes", "det_scores", "det_classes")  # fmt: skip
    if turned:
        names = ("num_detections", "detection_boxes", "detection_scores", "detection_classes")
    net.output(count, names[0], ("batch", 1), TensorProto.INT32)
    net.output(boxes, names[1], ("batch", KEPT, 4))
    net.output(scores, names[2], ("batch", KEPT))
    net.output(net.op("Cast", [classes], to=kind), names[3], ("batch", KEPT), kind)
    return net.save(path)


def efficient_nms(path: Path) -> Path:
    """Counts and classes int32, boxes in pixels."""
    return four_outputs(path)


def batched_nms(path: Path) -> Path:
    """Classes float32, boxes as fractions."""
    return four_outputs(path, normalised=True, floats=True)


def efficient_det(path: Path) -> Path:
    """y1, x1, y2, x2 in pixels."""
    return four_outputs(path, turned=True)


def tao_detectnet(path: Path, suffix: str = ":0") -> Path:
    """output_cov/Sigmoid:0 [b, C, h, w] and output_bbox/BiasAdd:0 [b, 4C, h, w] of the stride 8 grid; no other objects.

    ``suffix``: the end of the names, which nvinfer's and its parsers' choice depends on.
    """
    net = Surgery(rgb01=True)
    found = net.decoded()
    corners = net.corners(found)
    rows, columns = HEIGHT // 8, WIDTH // 8
    bounds = [net.const(np.array([value], np.int64)) for value in (0, rows * columns, 1)]
    boxes, scores = net.op("Slice", [corners, *bounds]), net.op("Slice", [found.score, *bounds])
    centres = np.array([((x * 8 + 0.5), (y * 8 + 0.5)) for y in range(rows) for x in range(columns)], np.float32)
    offsets = net.op("Sub", [boxes, net.const(np.tile(centres, 2)[None])])
    signs = net.const(np.array([-1, -1, 1, 1], np.float32) / 35)
    planes = net.op("Transpose", [net.op("Mul", [offsets, signs])], perm=[0, 2, 1])
    planes = net.op("Concat", [planes] * CLASSES, axis=1)
    shape = net.const(np.array([0, 0, rows, columns], np.int64))
    cov = net.op("Reshape", [net.op("Transpose", [scores], perm=[0, 2, 1]), shape])
    net.output(
        net.op("Reshape", [planes, shape]), f"output_bbox/BiasAdd{suffix}", ("batch", 4 * CLASSES, rows, columns)
    )
    net.output(cov, f"output_cov/Sigmoid{suffix}", ("batch", CLASSES, rows, columns))
    return net.save(path)


def tao_rtdetr(path: Path) -> Path:
    """pred_logits [b, K, C] and pred_boxes [b, K, 4] (centre x, y, width, height as fractions)."""
    net = Surgery()
    boxes, scores, classes = net.suppressed()
    ends = [net.const(np.float32(value)) for value in (0, 1)]
    boxes = net.op("Clip", [net.scaled(boxes), *ends])  # as a sigmoid bounds them, whatever it is fed with
    low, high = net.columns(0, 2, boxes), net.columns(2, 4, boxes)
    centre = net.op("Mul", [net.op("Add", [low, high]), net.const(np.float32(0.5))])
    eye = net.op("Gather", [net.const(np.eye(CLASSES, dtype=np.float32)), classes], axis=0)
    each = net.op("Mul", [eye, net.op("Unsqueeze", [scores, net.const(np.array([2], np.int64))])])
    bounds = [net.const(np.float32(value)) for value in (1e-4, 1 - 1e-4)]
    each = net.op("Clip", [each, *bounds])
    logits = net.op("Log", [net.op("Div", [each, net.op("Sub", [net.const(np.float32(1)), each])])])
    net.output(logits, "pred_logits", ("batch", KEPT, CLASSES))
    net.output(net.op("Concat", [centre, net.op("Sub", [high, low])], axis=2), "pred_boxes", ("batch", KEPT, 4))
    return net.save(path)


def efficient_nms_plugin(path: Path) -> Path:
    """TensorRT's plugin as the last node, which ONNX Runtime does not know."""
    net = Surgery()
    found = net.decoded()
    names = ("num_dets", "det_boxes", "det_scores", "det_classes")
    shapes: tuple[tuple[int, ...], ...] = ((1,), (KEPT, 4), (KEPT,), (KEPT,))
    kinds = (TensorProto.INT32, TensorProto.FLOAT, TensorProto.FLOAT, TensorProto.INT32)
    node = helper.make_node("EfficientNMS_TRT", [net.corners(found), found.score], names, domain="TRT",
                            max_output_boxes=KEPT, score_threshold=0.05, iou_threshold=0.5)  # fmt: skip
    net.graph.node.append(node)
    net.model.opset_import.append(helper.make_opsetid("TRT", 1))
    for name, shape, kind in zip(names, shapes, kinds, strict=True):
        net.graph.output.append(helper.make_tensor_value_info(name, kind, ("batch", *shape)))
    path.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(net.model, path)
    return path


GOOD: dict[str, Callable[[Path], Path]] = {
    "yolov5": yolov5,
    "yolov8": yolov8,
    "yolov8_square": yolov8_square,
    "yolov8_rows": yolov8_rows,
    "yolov10": yolov10,
    "efficient_nms": efficient_nms,
    "batched_nms": batched_nms,
    "efficient_det": efficient_det,
}


def classifier(path: Path) -> Path:
    """[b, C]."""
    net = Surgery()
    net.output(net.op("ReduceMax", [net.decoded().score], axes=[1], keepdims=0), "probabilities", ("batch", CLASSES))
    return net.save(path)


def segmentation(path: Path) -> Path:
    """[b, C, H, W]: a value for each pixel."""
    net = Surgery()
    pooled = net.op("ReduceMean", ["images"], axes=[1], keepdims=1)
    net.output(net.op("Concat", [pooled] * CLASSES, axis=1), "masks", ("batch", CLASSES, HEIGHT, WIDTH))
    return net.save(path)


def segmenting_yolo(path: Path) -> Path:
    """[b, 4+C+32, A] and mask prototypes [b, 32, h/4, w/4]."""
    net = Surgery()
    found = net.decoded()
    masks = net.op("Concat", [found.wh] * 16, axis=2)
    head = net.op("Concat", [found.xy, found.wh, found.score, masks], axis=2)
    pooled = net.op("AveragePool", [net.op("ReduceMean", ["images"], axes=[1], keepdims=1)],
                    kernel_shape=[4, 4], strides=[4, 4])  # fmt: skip
    net.output(net.op("Transpose", [head], perm=[0, 2, 1]), "output0", ("batch", 4 + CLASSES + 32, ANCHORS))
    net.output(net.op("Concat", [pooled] * 32, axis=1), "output1", ("batch", 32, HEIGHT // 4, WIDTH // 4))
    return net.save(path)


def posing_yolo(path: Path) -> Path:
    """[b, 4+1+51, A]: keypoints in pixels behind the scores."""
    net = Surgery()
    found = net.decoded()
    head = net.op("Concat", [found.xy, found.wh, found.obj, *[net.op("Concat", [found.xy, found.obj], axis=2)] * 17],
                  axis=2)  # fmt: skip
    net.output(net.op("Transpose", [head], perm=[0, 2, 1]), "output0", ("batch", 56, ANCHORS))
    return net.save(path)


def bare_nms(path: Path, *, columns: int = 3) -> Path:
    """ONNX's NonMaxSuppression last: [n, 3] indices, or [n, 7] rows of the whole batch."""
    net = Surgery()
    found = net.decoded()
    scores = net.op("Transpose", [found.score], perm=[0, 2, 1])
    limits = [net.const(np.array([n], dtype)) for n, dtype in ((KEPT, np.int64), (0.5, np.float32))]
    picked = net.op("NonMaxSuppression", [net.corners(found), scores, *limits, net.const(np.array([0.3], np.float32))])
    if columns == 3:
        net.output(picked, "selected_indices", ("num", 3), TensorProto.INT64)
    else:
        last = net.op("Unsqueeze", [net._last_column(picked), net.const(np.array([1], np.int64))])
        rows = net.op("Cast", [net.op("Concat", [picked, picked, last], axis=1)], to=TensorProto.FLOAT)
        net.output(rows, "output", ("num", 7))
    return net.save(path)


def not_a_number(path: Path) -> Path:
    """A good head with NaN in its weights."""
    yolov8(path)
    model = onnx.load(path)
    weights = next(tensor for tensor in model.graph.initializer if tensor.name == "stem.0.weight")
    weights.CopyFrom(numpy_helper.from_array(np.full_like(numpy_helper.to_array(weights), np.nan), weights.name))
    onnx.save(model, path)
    return path


def nhwc(path: Path) -> Path:
    """Channels last."""
    net = Surgery(nhwc=True)
    found = net.decoded()
    net.output(net.op("Concat", [found.xy, found.wh, found.score], axis=2), "output0", ("batch", ANCHORS, 4 + CLASSES))
    return net.save(path)


def frozen_batch(path: Path, batch: int = 1) -> Path:
    """The batch is a number."""
    yolov8(path)
    model = onnx.load(path)
    for value in (*model.graph.input, *model.graph.output):
        value.type.tensor_type.shape.dim[0].dim_value = batch
    onnx.save(model, path)
    return path


def two_inputs(path: Path) -> Path:
    """A second input beside the image."""
    yolov8(path)
    model = onnx.load(path)
    model.graph.input.append(helper.make_tensor_value_info("orig_target_sizes", TensorProto.INT64, ("batch", 2)))
    onnx.save(model, path)
    return path


def half_input(path: Path) -> Path:
    """The image is float16."""
    yolov8(path)
    model = onnx.load(path)
    model.graph.input[0].type.tensor_type.elem_type = TensorProto.FLOAT16
    onnx.save(model, path)
    return path
