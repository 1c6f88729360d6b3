"""Who made a graph, by the names in it: true marks, marks of others, and what a built-in normalisation leaves."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from dsbench.base.spec import CLIP_ROW, IMAGENET_ROW
from dsbench.model.exporter import graph_names
from dsbench.model.exporter.graph_names import GraphEvidence
from dsbench.model.exporter.projects import PROJECTS
from dsbench.model.onnx.graph import inspect

Outputs = dict[str, Sequence[int]]
MEAN, STD = (np.array(row, np.float32).reshape(1, 3, 1, 1) for row in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))
BGR_STATISTICS = (0.0173520736, (103.53, 116.28, 123.675))
"""ImageNet's in pixels, one scale for all channels."""


def named(
    path: Path,
    names: Sequence[str],
    *,
    image: str = "images",
    outputs: Outputs | None = None,
    sides: Sequence[int | str] = (64, 64),
    before: Sequence[tuple[str, object]] = (),
    operator: str = "Relu",
    graph_name: str = "main_graph",
) -> Path:
    """A graph with these names of weights and nodes; ``before``: operators with a constant in front of all."""
    nodes, weights, last = [], [], image
    for index, (kind, value) in enumerate(before):
        weights.append(numpy_helper.from_array(np.asarray(value, np.float32), f"c{index}"))
        nodes.append(helper.make_node(kind, [last, f"c{index}"], [f"b{index}"]))
        last = f"b{index}"
    weights.append(numpy_helper.from_array(np.zeros((1, 3, 1, 1), np.float32), "stem"))
    nodes.append(helper.make_node("Conv", [last, "stem"], ["features"]))
    for index, name in enumerate(names):
        if name.startswith("/"):
            nodes.append(helper.make_node("Relu", ["features"], [f"n{index}"], name=name))
        else:
            weights.append(numpy_helper.from_array(np.zeros(1, np.float32), name))
    nodes.append(helper.make_node(operator, ["features"], ["unused"]))
    shapes = outputs or {"output": (1, 4)}
    for name, shape in shapes.items():
        weights.append(numpy_helper.from_array(np.zeros(shape, np.float32), f"constant {name}"))
        nodes.append(helper.make_node("Identity", [f"constant {name}"], [name]))
    graph = helper.make_graph(
        nodes,
        graph_name,
        [helper.make_tensor_value_info(image, TensorProto.FLOAT, [1, 3, *sides])],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in shapes.items()],
        weights,
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)]), path)
    return path


def read(path: Path) -> GraphEvidence:
    return graph_names.read(inspect(path, input_size=(64, 64)))


def feedings(found: GraphEvidence) -> list[tuple[object, ...]]:
    """Scale, offsets, colours, aspect and padding of each statement; None where it says nothing."""
    keys = ("net_scale_factor", "offsets", "model_color_format", "maintain_aspect_ratio", "symmetric_padding")
    rows = []
    for item in found.statements:
        said = [item.said(key) for key in keys]
        rows.append(tuple(value.value if value else None for value in said))
    return rows


YOLO = ("model.0.conv.weight", "model.2.cv1.conv.weight", "model.22.cv2.0.0.conv.weight", "model.22.dfl.conv.weight")
YOLOX = ("head.cls_preds.0.weight", "head.obj_preds.0.weight", "head.reg_preds.0.weight")
NANODET = ("fpn.lateral_convs.0.conv.weight", "head.gfl_cls.0.weight")
PLUS = ("head.gfl_cls.0.weight", "head.gfl_cls.3.weight")
SSD = ("base_net.0.0.weight", "classification_headers.0.0.weight", "regression_headers.0.0.weight")
RETINAFACE = ("BboxHead.0.conv1x1.weight", "ClassHead.0.conv1x1.weight", "LandmarkHead.0.conv1x1.weight")
DETR = ("backbone.0.body.weight", "decoder.dec_score_head.0.bias", "decoder.input_proj.0.conv.weight")
RTMDET = ("backbone.stage1.1.attention.fc.weight", "bbox_head.rtm_cls.0.weight")
UNIT = 1 / 255
CASES = (
    (YOLO, {}, [(UNIT, (), 0, 1, 1)]),
    (("/model.0/conv/Conv", "/model.22/cv2.0/cv2.0.0/conv/Conv"), {}, [(UNIT, (), 0, 1, 1)]),
    (("0.model.0.conv.weight", "0.model.24.m.0.weight"), {}, [(UNIT, (), 0, 1, 1)]),
    (("model.0.conv.weight", "model.105.im.0.implicit"), {}, [(UNIT, (), 0, 1, 1)]),
    (("model.0.stem1.conv.weight", "model.28.dec_score_head.0.bias"), {}, [(UNIT, (), 0, 0, None)]),
    (("backbone.ERBlock_2.0.conv.weight", "detect.cls_preds.0.weight"), {}, [(UNIT, (), 0, 1, 1)]),
    (YOLOX, {}, [(1.0, (), 1, 1, 0), (*IMAGENET_ROW, 0, 1, None)]),
    (RTMDET, {"sides": ("height", "width")}, [(*BGR_STATISTICS, 1, 1, 0)]),
    (RTMDET, {}, [(*BGR_STATISTICS, 1, None, None)]),
    (NANODET, {}, [(*BGR_STATISTICS, 1, 1, 1)]),
    (PLUS, {"outputs": {"output": (1, 2125, 112)}}, [(*BGR_STATISTICS, 1, 0, None)]),
    (PLUS, {"outputs": {"output": (1, 2125, 36)}}, [(*BGR_STATISTICS, 1, None, None)]),
    (("backbone.block_list.0.conv.weight", "head.gfl_cls.0.weight"), {}, [(1.0, (), 0, 0, None)]),
    (
        SSD,
        {"outputs": {"scores": (1, 9, 2), "boxes": (1, 9, 4)}},
        [(1 / 128, (127.0,) * 3, 0, 0, None), (1.0, (123.0, 117.0, 104.0), 0, 0, None)],
    ),
    (RETINAFACE, {"image": "input0", "outputs": {"output0": (1, 9, 4)}}, [(1.0, (104.0, 117.0, 123.0), 1, 1, 0)]),
    (DETR, {}, [(UNIT, (), 0, 0, None)]),
    ((*DETR, "backbone.dinov3.blocks.0.weight"), {}, [(*IMAGENET_ROW, 0, 0, None)]),
    (
        ("backbone.0.encoder.layer.weight",),
        {"image": "input", "outputs": {"dets": (1, 9, 4), "labels": (1, 9, 91)}},
        [(*IMAGENET_ROW, 0, 0, None)],
    ),
    (
        ("class_labels_classifier.bias", "bbox_predictor.layers.0.bias"),
        {"image": "pixel_values"},
        [(*IMAGENET_ROW, 0, None, None)],
    ),
    (
        ("model.encoder_input_proj.0.0.weight", "model.enc_score_head.bias"),
        {"image": "pixel_values"},
        [(UNIT, (), 0, 0, None)],
    ),
    (("output_obj_layers.bias", "output_reg_layers.bias", "output_cls_layers.weight"), {}, [(UNIT, (), 1, 0, None)]),
    (("owlvit.vision_model.encoder.weight", "class_head.dense0.weight"), {}, [(*CLIP_ROW, 0, 0, None)]),
    (("owlv2.vision_model.encoder.weight", "box_head.dense0.weight"), {}, [(*CLIP_ROW, 0, 1, 0)]),
    (
        ("down1.conv1.conv.0.weight", "neek.conv1.conv.0.weight"),
        {"outputs": {"boxes": (1, 9, 1, 4), "confs": (1, 9, 80)}},
        [(UNIT, (), 0, 0, None)],
    ),
    (
        ("bbox_head.multi_level_conv_obj.0.weight", "bbox_head.multi_level_conv_cls.0.weight"),
        {},
        [(1.0, (), 1, None, None), (*IMAGENET_ROW, 0, None, None)],
    ),
    (("backbone.stem.conv.weight", "bbox_head.head_module.cls_preds.0.0.weight"), {}, [(UNIT, (), 0, None, None)]),
    (
        ("box_head.predictor.cls_headers.0.weight", "box_head.predictor.reg_headers.0.weight"),
        {},
        [(1.0, (123.0, 117.0, 104.0), 0, 0, None)],
    ),
    (
        ("feature_extractor.feature_extractor.0.weight", "additional_blocks.0.0.weight"),
        {},
        [(*IMAGENET_ROW, 0, 0, None)],
    ),
    (
        ("backbone_net.model._conv_stem.conv.weight", "bifpn.0.p6_w1", "regressor.header.pointwise_conv.conv.weight"),
        {},
        [(*IMAGENET_ROW, 0, 1, 0)],
    ),
    (("module_list.0.Conv2d.weight", "module_list.81.Conv2d.weight"), {}, [(UNIT, (), 0, 1, 1)]),
    (("heads.head1.cls_pred.weight", "neck.neck1.conv.weight"), {}, [(UNIT, (), 0, 1, None)]),
    (
        ("backbone1.0.weight", "classifier_8.weight", "regressor_16.weight"),
        {},
        [(1 / 127.5, (127.5,) * 3, 0, None, None)],
    ),
    (
        (),
        {"outputs": {"output_cov/Sigmoid:0": (1, 4, 4, 4), "output_bbox/BiasAdd:0": (1, 16, 4, 4)}},
        [(UNIT, (), 0, 0, None)],
    ),
    (
        ("p2o.helper.0", "/p2o/Conv"),
        {
            "graph_name": "Model from PaddlePaddle.",
            "outputs": {f"transpose_{i}.tmp_0": (1, 9, 80 if i < 4 else 32) for i in range(8)},
        },
        [(IMAGENET_ROW[0], None, None, None, None)],
    ),
)  # fmt: skip


@pytest.mark.parametrize(("names", "more", "expected"), CASES)
def test_marks(
    tmp_path: Path, names: Sequence[str], more: dict[str, object], expected: list[tuple[object, ...]]
) -> None:
    found = read(named(tmp_path / "m.onnx", names, **more))  # type: ignore[arg-type]
    assert found.project
    for row, wanted in zip(feedings(found), expected, strict=True):
        assert row[0] == pytest.approx(wanted[0], rel=1e-6)
        assert row[1] == pytest.approx(wanted[1]) if wanted[1] else row[1] == wanted[1]
        assert row[2:] == wanted[2:]
    said = found.statements[0].net_scale_factor
    assert said
    assert said.source.startswith(f"{found.project}, by the graph's names (")


@pytest.mark.parametrize(
    ("names", "more"),
    [
        (YOLO[:2], {}),
        (YOLO[2:3], {}),
        (("model.0.weight", "model.1.weight", "model.24.bias"), {}),
        ((*YOLO, "model.24.x"), {"outputs": {"det_out": (1, 4), "drive_area_seg": (1, 4), "lane_line_seg": (1, 4)}}),
        (YOLOX[:2], {}),
        (("bbox_head.multi_level_conv_cls.0.weight", "backbone.stem.conv.weight"), {}),
        (NANODET, {"operator": "Clip"}),
        (RETINAFACE, {"outputs": {"output0": (1, 9, 4)}}),
        (RTMDET[1:], {}),
        (DETR[:1], {}),
        ((*YOLO, *YOLOX), {}),
        ((), {"outputs": {"dets": (1, 9, 4), "labels": (1, 9, 91)}}),
        ((), {"image": "pixel_values", "outputs": {"logits": (1, 9, 91), "pred_boxes": (1, 9, 4)}}),
    ],
)
def test_marks_that_are_no_proof(tmp_path: Path, names: Sequence[str], more: dict[str, object]) -> None:
    assert read(named(tmp_path / "m.onnx", names, **more)) == GraphEvidence()  # type: ignore[arg-type]


def test_every_project_has_a_case(tmp_path: Path) -> None:
    found = {
        read(named(tmp_path / "m.onnx", names, **more)).project  # type: ignore[arg-type]
        for names, more, _ in CASES
    }
    assert found == {project.name for project in PROJECTS}


@pytest.mark.parametrize(
    ("names", "before", "expected"),
    [
        (YOLO, (("Div", 255),), (1.0, (), 0, 1, 1)),
        (YOLO, (("Mul", UNIT),), (1.0, (), 0, 1, 1)),
        (YOLO, (("Sub", MEAN), ("Div", STD)), (UNIT, (), 0, 1, 1)),
        ((*DETR, "backbone.dinov3.x"), (("Sub", MEAN), ("Div", STD)), (UNIT, (), 0, 0, None)),
        ((*DETR, "backbone.dinov3.x"), (("Sub", 255 * MEAN), ("Div", 255 * STD)), (1.0, (), 0, 0, None)),
        ((), (("Sub", MEAN), ("Div", STD)), (UNIT, (), 0, None, None)),
        ((), (("Div", 255), ("Sub", MEAN), ("Div", STD)), (1.0, (), 0, None, None)),
        ((), (("Sub", 255 * MEAN[:, ::-1]), ("Div", 255 * STD[:, ::-1])), (1.0, (), 1, None, None)),
        ((), (("Div", 255),), (1.0, (), None, None, None)),
        ((), (("Sub", 127.5), ("Mul", 1 / 127.5)), (1.0, (), None, None, None)),
        ((), (("Mul", 2), ("Sub", 1)), (UNIT, (), None, None, None)),
    ],
)
def test_a_built_in_normalisation(
    tmp_path: Path, names: Sequence[str], before: Sequence[tuple[str, object]], expected: tuple[object, ...]
) -> None:
    assert feedings(read(named(tmp_path / "m.onnx", names, before=before))) == [expected]


@pytest.mark.parametrize("before", [(("Mul", 3.0),), (("Add", 0.1),), (("Sub", [[[[0.3]], [[0.2]], [[0.1]]]]),)])
def test_numbers_that_mean_nothing(tmp_path: Path, before: Sequence[tuple[str, object]]) -> None:
    assert not read(named(tmp_path / "m.onnx", (), before=before)).statements
