"""NGC TAO models: DeepStream's own parsers by name, nothing compiled; the embedded runtime has its own versions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from dsbench.base.errors import DsbenchError
from dsbench.embedded.nvinfer import deepstream_library
from dsbench.embedded.nvinfer.parser_host import ParserHost
from dsbench.families import registry
from dsbench.families.base import Hints, NamedArray, Network
from dsbench.families.tao import DDETR, EFFICIENT_DET, LIBRARY, RESNET, RTDETR
from dsbench.model.onnx.graph import inspect
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
    network = Network(net.facts.width, net.facts.height)
    frames = net.outputs(RESNET.preprocessing)
    found = [street_check.parsed(stand_in, frame, network, RESNET.name) for frame in frames]
    reference = [registry.by_name("tao").decode(frame, head, network, street_check.THRESHOLD) for frame in frames]
    agreement = compare(found, reference)
    assert agreement.complete
    assert agreement.parser > 3
    assert agreement.largest_difference <= 1e-3


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


@pytest.mark.parametrize("function", [DDETR.name, RTDETR.name])
def test_queries_agree_with_the_reference(function: str, stand_in: Path) -> None:
    from dsbench.families.tao_decode import TaoLayout, decode

    rng = np.random.default_rng(0)
    logits = rng.normal(-1, 2, (50, 4)).astype(np.float32)
    logits[3, 1] = np.nan if function == DDETR.name else -9
    frame = (NamedArray("pred_logits", logits),
             NamedArray("pred_boxes", rng.uniform(0, 1, (50, 4)).astype(np.float32)))  # fmt: skip
    reference = decode(frame, TaoLayout(function, (0, 1), 4), NETWORK, street_check.THRESHOLD)
    found = street_check.parsed(stand_in, frame, NETWORK, function)
    agreement = compare([found], [reference])
    assert agreement.complete
    assert agreement.parser > 10


def test_only_deepstreams_own_library_is_stood_in_for(tmp_path: Path, stand_in: Path) -> None:
    assert deepstream_library.stand_in_for(tmp_path / deepstream_library.NAME) is None
    assert deepstream_library.stand_in_for(Path(LIBRARY).with_name("libnvds_infercustomparser_tao.so")) is None
    host = ParserHost(Path(LIBRARY), RESNET.name)
    assert host.stand_in == stand_in
    with pytest.raises(DsbenchError, match="NvDsInferParseCustomMrcnnTLT"):
        ParserHost(Path(LIBRARY), "NvDsInferParseCustomMrcnnTLT")
