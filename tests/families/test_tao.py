"""NGC TAO models: DeepStream's own parsers by name, nothing compiled; the embedded runtime has its own versions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from dsbench.base.errors import DsbenchError
from dsbench.embedded.nvinfer import deepstream_library
from dsbench.embedded.nvinfer.builtin_parser import BuiltinParser
from dsbench.embedded.nvinfer.parser_host import OutputLayer, ParserHost
from dsbench.families import registry, tao_misreads
from dsbench.families.base import Head, Hints, NamedArray, Network, Outputs
from dsbench.families.tao import BATCHED_NMS, DDETR, EFFICIENT_DET, LIBRARY, RESNET, RTDETR, YOLOV5_NMS
from dsbench.families.tao_decode import TaoLayout
from dsbench.model.onnx.graph import inspect
from dsbench.model.onnx.tensor import TensorFacts
from tests import street_zoo as zoo
from tests.agreement import compare
from tests.families import street_check

NETWORK = Network(64, 64)
TAO = Hints(family="tao")

pytestmark = pytest.mark.skipif(Path(LIBRARY).exists(), reason="DeepStream is installed: its own library is used")


@pytest.fixture(scope="module")
def stand_in() -> Path:
    """The embedded runtime's own version of the library."""
    found = deepstream_library.stand_in_for(Path(LIBRARY))
    assert found is not None
    return found


def test_rtdetr_from_recognition_to_ground_truth(stand_in: Path, tmp_path: Path) -> None:
    net = street_check.Net.load(zoo.tao_rtdetr(tmp_path / "model.onnx"))
    head = net.recognise(hints=TAO)
    assert (head.family, head.classes) == ("tao", 4)
    assert head.built_in is not None
    assert (head.built_in.library, head.built_in.function) == (LIBRARY, RTDETR.name)
    assert registry.convention(head).cluster_mode == 4
    street_check.check_boxes(net, head, Path(LIBRARY), RTDETR.name)


def test_detectnet_from_recognition_to_boxes(stand_in: Path, tmp_path: Path) -> None:
    net = street_check.Net.load(zoo.tao_detectnet(tmp_path / "model.onnx"))
    head = net.recognise()  # its names are its own
    assert head.built_in is not None
    assert (head.family, head.classes, head.built_in.function) == ("tao", 4, RESNET.name)
    assert head.built_in.config_library == LIBRARY
    agree_on_street(net, head, stand_in)


def test_detectnet_whose_names_nvidias_function_does_not_find(tmp_path: Path) -> None:
    """Names compared exactly: without :0 the outputs are nvinfer's own decode's."""
    net = street_check.Net.load(zoo.tao_detectnet(tmp_path / "model.onnx", suffix=""))
    head = net.recognise()
    assert head.built_in is not None
    assert (head.family, head.built_in.function, head.built_in.config_library) == ("tao", "", "")
    agree_on_street(net, head, None)
    with pytest.raises(DsbenchError, match="needs outputs called exactly output_bbox/BiasAdd:0, output_cov/Sigmoid:0"):
        net.recognise(hints=Hints(family="tao", function=RESNET.name))


def agree_on_street(net: street_check.Net, head: Head, library: Path | None) -> None:
    """The function of ``library``, or nvinfer's own decode, and the NumPy decode find the same boxes."""
    assert head.built_in is not None
    network = Network(net.facts.width, net.facts.height)
    frames = net.outputs(RESNET.preprocessing)
    function = head.built_in.function
    found = [
        street_check.parsed(library, frame, network, function) if library else own_decode(frame, network)
        for frame in frames
    ]
    reference = [registry.by_name("tao").decode(frame, head, network, street_check.THRESHOLD) for frame in frames]
    agreement = compare(found, reference)
    assert agreement.complete
    assert agreement.parser > 3
    assert agreement.largest_difference <= 1e-3


def own_decode(outputs: Outputs, network: Network) -> np.ndarray:
    """nvinfer's own decode on one frame: rows of class, left, top, width, height, confidence."""
    layers = [OutputLayer(out.name, np.ascontiguousarray(out.data), i + 1) for i, out in enumerate(outputs)]
    low = [street_check.THRESHOLD] * zoo.CLASSES
    found = BuiltinParser().parse(layers, (network.width, network.height, 3), zoo.CLASSES, low, low)
    assert found is not None
    return found.table()


@pytest.mark.parametrize(
    ("function", "classes", "outputs", "warnings"),
    [
        (DDETR.name, 4, {"pred_logits": "float32", "pred_boxes": "float32"}, ()),
        (
            DDETR.name,
            7,
            {"pred_logits": "float32", "pred_boxes": "float32"},
            ("in steps of 4, this head has 7 classes",),
        ),
        (DDETR.name, 2, {"pred_logits": "float32", "pred_boxes": "float32"}, ("reads beyond the end of pred_logits",)),
        (RTDETR.name, 7, {"pred_logits": "float32", "pred_boxes": "float32"}, ()),
        (RTDETR.name, 7, {"pred_logits": "float16", "pred_boxes": "float32"}, ("pred_logits is float16",)),
        (RESNET.name, 3, {"bbox": "float32", "cov": "float16"}, ("cov as float32, and it is float16",)),
        ("", 3, {"bbox": "float32", "cov": "float16"}, ("nvinfer's own decode reads cov as float32",)),
        *(
            (name, 0, {"n": count, "b": "float32", "s": scores, "c": classes}, expected)
            for name in (BATCHED_NMS.name, YOLOV5_NMS.name, EFFICIENT_DET.name)
            for count, scores, classes, expected in (
                ("int32", "float32", "float32", ()),
                ("int64", "float32", "int32", ("every object is of class 0",)),
                ("int32", "float32", "int64", ("every object is of class 0",)),
                ("float32", "float16", "float32", ("the count n as int32, and it is float32", "reads s as float32")),
            )
        ),
    ],
)
def test_what_a_function_misreads(
    function: str, classes: int, outputs: dict[str, str], warnings: tuple[str, ...]
) -> None:
    facts = [TensorFacts(name, dtype, None) for name, dtype in outputs.items()]
    layout = TaoLayout(function, tuple(range(len(facts))), classes)
    found = tao_misreads.of_function(function, layout, facts)
    assert len(found) == len(warnings)
    assert all(part in one.what for part, one in zip(warnings, found, strict=True))


def test_with_one_label_the_class_makes_no_difference() -> None:
    types = {"n": "int32", "b": "float32", "s": "float32", "c": "int32"}
    facts = [TensorFacts(name, dtype, None) for name, dtype in types.items()]
    layout = TaoLayout(YOLOV5_NMS.name, (0, 1, 2, 3), 0)
    assert len(tao_misreads.of_function(YOLOV5_NMS.name, layout, facts, 2)) == 1
    assert tao_misreads.of_function(YOLOV5_NMS.name, layout, facts, 1) == ()


def test_names_that_other_exports_use_too(tmp_path: Path) -> None:
    net = street_check.Net.load(zoo.tao_rtdetr(tmp_path / "model.onnx"))
    samples = [net.outputs(RTDETR.preprocessing, street_check.clip()[:1])[0]]
    head = registry.recognise(net.facts, samples, labels=zoo.NAMES)
    assert head.family != "tao"
    head = registry.recognise(net.facts, samples, hints=Hints(family="tao", function=DDETR.name))
    assert head.built_in is not None
    assert head.built_in.function == DDETR.name
    other = inspect(zoo.tao_rtdetr(tmp_path / "peoplenet_ddetr.onnx"))
    head = registry.recognise(other, samples, hints=TAO)
    assert head.built_in is not None
    assert head.built_in.function == DDETR.name


def test_four_outputs_of_a_plugin(tmp_path: Path) -> None:
    head = registry.recognise(inspect(zoo.efficient_det(tmp_path / "x.onnx")), [], hints=TAO, labels=zoo.NAMES)
    assert head.built_in is not None
    assert (head.built_in.function, head.classes) == (EFFICIENT_DET.name, 4)


def test_outputs_that_no_function_reads(tmp_path: Path) -> None:
    facts = inspect(zoo.yolov8(tmp_path / "x.onnx"))
    with pytest.raises(DsbenchError, match=r"fit no function of libnvds_infercustomparser\.so"):
        registry.recognise(facts, [(NamedArray("output0", np.zeros((8, 3024), np.float32)),)], hints=TAO)


def test_only_deepstreams_own_library_is_stood_in_for(tmp_path: Path, stand_in: Path) -> None:
    assert deepstream_library.stand_in_for(tmp_path / deepstream_library.NAME) is None
    assert deepstream_library.stand_in_for(Path(LIBRARY).with_name("libnvds_infercustomparser_tao.so")) is None
    host = ParserHost(Path(LIBRARY), RESNET.name)
    assert host.stand_in == stand_in
    with pytest.raises(DsbenchError, match="NvDsInferParseCustomMrcnnTLT"):
        ParserHost(Path(LIBRARY), "NvDsInferParseCustomMrcnnTLT")
