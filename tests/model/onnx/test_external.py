"""External data: the same rule for a tensor wherever it stands, and for every kind of wrong file."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from onnx import AttributeProto, ModelProto, TensorProto

from dsbench.base.errors import Code, DsbenchError
from dsbench.model.onnx import external
from dsbench.model.onnx.graph import inspect
from tests import onnx_zoo as zoo


def _attribute(model: ModelProto) -> AttributeProto:
    attribute: AttributeProto = model.graph.node[0].attribute.add()
    attribute.name = "x"
    return attribute


def _below(model: ModelProto) -> AttributeProto:
    inner: AttributeProto = _attribute(model).graphs.add().node.add().attribute.add()
    return inner


PLACES: dict[str, Callable[[ModelProto], TensorProto]] = {
    "initializer": lambda model: model.graph.initializer.add(),
    "values of a sparse initializer": lambda model: model.graph.sparse_initializer.add().values,
    "indices of a sparse initializer": lambda model: model.graph.sparse_initializer.add().indices,
    "tensor": lambda model: _attribute(model).t,
    "tensors": lambda model: _attribute(model).tensors.add(),
    "sparse tensor": lambda model: _attribute(model).sparse_tensor.values,
    "sparse tensors": lambda model: _attribute(model).sparse_tensors.add().indices,
    "function body": lambda model: model.functions.add().node.add().attribute.add().t,
    "subgraph of a function": lambda model: model.functions.add().node.add().attribute.add().g.initializer.add(),
    "default of a function": lambda model: model.functions.add().attribute_proto.add().t,
    "subgraph": lambda model: _attribute(model).g.initializer.add(),
    "subgraph of a subgraph": lambda model: _below(model).g.sparse_initializer.add().values,
    "training": lambda model: model.training_info.add().initialization.initializer.add(),
}


def _refer(tensor: TensorProto, **entries: str) -> None:
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in entries.items():
        entry = tensor.external_data.add()
        entry.key, entry.value = key, value


@pytest.mark.parametrize("place", PLACES)
def test_every_place_has_the_rule(tmp_path: Path, place: str) -> None:
    model = ModelProto()
    model.graph.node.add()
    _refer(PLACES[place](model), location="../secret")
    with pytest.raises(DsbenchError, match="outside the model directory") as caught:
        external.external_files(model, tmp_path / "x.onnx")
    assert caught.value.code == Code.ONNX_EXTERNAL_DATA


WRONG = {
    "absolute": ({"location": "/etc/passwd"}, "outside the model directory"),
    "above": ({"location": "a/../../b"}, "outside the model directory"),
    "no name": ({"location": ""}, "outside the model directory"),
    "NUL": ({"location": "a\0b"}, "outside the model directory"),
    "link out": ({"location": "link"}, "is a link out of the model directory"),
    "loop": ({"location": "loop"}, "cannot be opened: Too many levels of symbolic links"),
    "FIFO": ({"location": "fifo"}, "is not a regular file"),
    "directory": ({"location": "."}, "is not a regular file"),
    "missing": ({"location": "gone"}, "is missing"),
    "a name too long": ({"location": "n" * 5000}, "cannot be opened: File name too long"),
    "offset": ({"location": "data", "offset": "12"}, "is too short: 8 bytes, the model refers to byte 12"),
    "length": ({"location": "data", "offset": "4", "length": "5"}, "is too short: 8 bytes"),
    "negative": ({"location": "data", "offset": "-4", "length": "5"}, "are not two numbers"),
    "digits without end": ({"location": "data", "length": "9" * 5000}, "are not two numbers"),
    "no number": ({"location": "data", "length": "1_0"}, "are not two numbers"),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_files(tmp_path: Path, case: str) -> None:
    entries, what = WRONG[case]
    (tmp_path / "model").mkdir()
    (tmp_path / "secret").write_bytes(b"x" * 8)
    (tmp_path / "model" / "data").write_bytes(b"x" * 8)
    (tmp_path / "model" / "link").symlink_to(tmp_path / "secret")
    (tmp_path / "model" / "loop").symlink_to("loop")
    os.mkfifo(tmp_path / "model" / "fifo")
    model = ModelProto()
    _refer(model.graph.initializer.add(), **entries)
    with pytest.raises(DsbenchError, match=what) as caught:
        external.external_files(model, tmp_path / "model" / "x.onnx")
    assert caught.value.code == Code.ONNX_EXTERNAL_DATA


def test_names_that_are_not_utf8_are_an_error_and_descriptions_are_left_out(tmp_path: Path) -> None:
    def describe(model: ModelProto) -> None:
        model.producer_name = "somebody"
        entry = model.metadata_props.add()
        entry.key, entry.value = "names", "somewhat"

    path = zoo.edit(zoo.detector(tmp_path / "x.onnx"), describe)
    path.write_bytes(path.read_bytes().replace(b"somebody", b"some\xff\xffdy").replace(b"somewhat", b"some\xffhat"))
    inspect(path)
    name = inspect(path).input_name.encode()
    path.write_bytes(path.read_bytes().replace(name, b"\xff" * len(name)))
    with pytest.raises(DsbenchError, match="which is not UTF-8") as caught:
        inspect(path)
    assert caught.value.code == Code.ONNX_INVALID
