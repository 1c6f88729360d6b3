"""Calling parsers: what they are given, what comes back, and what happens when they misbehave."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dsbench.base.errors import Code, DsbenchError
from dsbench.embedded.nvinfer.parser_host import OutputLayer, ParserHost
from dsbench.jobs.harness import MAX_OBJECTS
from tests.embedded.native_support import build_parser, rows_of

ARGUMENTS = (
    "(std::vector<NvDsInferLayerInfo> const &layers, NvDsInferNetworkInfo const &network,"
    " NvDsInferParseDetectionParams const &params, std::vector<NvDsInferParseObjectInfo> &objects)"
)
SOURCE = """\
#include "nvdsinfer_custom_impl.h"
#include <cstring>
#include <stdexcept>
#define PARSER(name) extern "C" bool name@ARGUMENTS@
namespace {
void add(std::vector<NvDsInferParseObjectInfo> &out, unsigned id, float a, float b, float c, float d, float e) {
  NvDsInferParseObjectInfo o;
  std::memset(&o, 0xFF, sizeof o);
  o.classId = id; o.left = a; o.top = b; o.width = c; o.height = d; o.detectionConfidence = e;
  out.push_back(o);
}
}
/* every fact about the layers, one object a layer and one more a dimension */
PARSER(Layers) {
  for (auto const &l : layers) {
    add(objects, l.dataType, l.inferDims.numDims, l.inferDims.numElements, l.bindingIndex, l.isInput,
        std::strlen(l.layerName));
    for (unsigned i = 0; i < l.inferDims.numDims; i++) add(objects, 99, l.inferDims.d[i], l.layerName[0], 0, 0, 0);
  }
  return true;
}
PARSER(Params) {
  add(objects, params.numClassesConfigured, network.width, network.height, network.channels, objects.size(),
      params.perClassPreclusterThreshold.size());
  for (unsigned i = 0; i < params.perClassPreclusterThreshold.size(); i++)
    add(objects, i, params.perClassPreclusterThreshold[i], params.perClassPostclusterThreshold[i],
        params.perClassThreshold[i], 0, 0);
  return true;
}
/* rows of five floats */
PARSER(Rows) {
  const float *p = static_cast<const float *>(layers[0].buffer);
  for (unsigned i = 0; i < layers[0].inferDims.d[0]; i++, p += 5) add(objects, i, p[0], p[1], p[2], p[3], p[4]);
  return true;
}
/* more objects than a frame can have */
PARSER(Flood) {
  objects.resize(1000001);
  return true;
}
/* as Rows, with no room to spare */
PARSER(Exact) {
  std::vector<NvDsInferParseObjectInfo> found;
  for (unsigned i = 0; i < layers[0].inferDims.d[0]; i++) add(found, i, 7, 7, 7, 7, 7);
  objects = found;
  return true;
}
PARSER(False) { add(objects, 0, 1, 2, 3, 4, 5); return false; }
PARSER(Throws) { throw std::out_of_range("index 7 of 3"); }
PARSER(ThrowsNumber) { throw 7; }
CHECK_CUSTOM_PARSE_FUNC_PROTOTYPE(Layers);
""".replace("@ARGUMENTS@", ARGUMENTS)

NET = (416, 320, 3)
NO_THRESHOLDS: tuple[float, ...] = ()


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_parser(tmp_path_factory.mktemp("parser"), SOURCE)


@pytest.fixture(scope="module")
def old_library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built against headers of a release before rotation_angle."""
    return build_parser(tmp_path_factory.mktemp("old"), OLD_HEADERS + SOURCE)


def layer(array: np.ndarray[Any, Any], name: str = "output", binding: int = 1) -> OutputLayer:
    return OutputLayer(name, array, binding)


def parse(host: ParserHost, *layers: OutputLayer) -> list[tuple[float, ...]]:
    found = host.parse(layers, NET, 0, NO_THRESHOLDS, NO_THRESHOLDS)
    assert found is not None
    return rows_of(found)


def test_layers_are_described_without_the_batch_dimension(library: Path) -> None:
    host = ParserHost(library, "Layers")
    found = parse(
        host,
        layer(np.zeros((100, 4), np.float32), "boxes", 1),
        layer(np.zeros((), np.int32), "n", 3),
        layer(np.zeros((2, 3, 4, 5), np.float16), "half", 2),
    )
    assert found == [
        (0, 2, 400, 1, 0, 5),
        (99, 100, ord("b"), 0, 0, 0),
        (99, 4, ord("b"), 0, 0, 0),
        (3, 1, 1, 3, 0, 1),
        (99, 1, ord("n"), 0, 0, 0),
        (1, 4, 120, 2, 0, 4),
        *((99, size, ord("h"), 0, 0, 0) for size in (2, 3, 4, 5)),
    ]


@pytest.mark.parametrize(
    ("dtype", "code"),
    [("float32", 0), ("float16", 1), ("int8", 2), ("int32", 3), ("int64", 4), ("uint8", 5), ("bool", 5)],
)
def test_data_types(library: Path, dtype: str, code: int) -> None:
    assert parse(ParserHost(library, "Layers"), layer(np.zeros(3, dtype)))[0][0] == code


@pytest.mark.parametrize("array", [np.zeros(3, np.float64), np.zeros((1,) * 9, np.float32)], ids=["double", "9-d"])
def test_an_output_that_no_engine_has_is_refused(library: Path, array: np.ndarray[Any, Any]) -> None:
    with pytest.raises(DsbenchError) as caught:
        parse(ParserHost(library, "Layers"), layer(array))
    assert caught.value.code is Code.TENSOR_UNSUPPORTED


def test_network_classes_and_thresholds(library: Path) -> None:
    host = ParserHost(library, "Params")
    found = host.parse([layer(np.zeros(1, np.float32))], NET, 2, (0.25, 0.5), np.array([0.75, 1.0], np.float32))
    assert found is not None
    assert rows_of(found) == [
        (2, 416, 320, 3, 0, 2),
        (0, 0.25, 0.75, 0.25, 0, 0),
        (1, 0.5, 1.0, 0.5, 0, 0),
    ]
    with pytest.raises(ValueError, match="2 classes"):
        host.parse([], NET, 2, (0.25,), (0.25,))


def test_only_the_buffer_changes_from_frame_to_frame(library: Path) -> None:
    host = ParserHost(library, "Rows")
    first = np.arange(10, dtype=np.float32).reshape(2, 5)
    assert parse(host, layer(first)) == [(0, *range(5)), (1, *range(5, 10))]
    assert parse(host, layer(first + 10)) == [(0, *range(10, 15)), (1, *range(15, 20))]
    assert parse(host, layer(first[:1])) == [(0, *range(5))]  # another shape: the table is made again
    assert parse(host, layer(first[:0])) == []
    assert parse(host, layer(np.asfortranarray(first))) == [(0, *range(5)), (1, *range(5, 10))]


def test_results_do_not_change_with_the_next_call(library: Path) -> None:
    host = ParserHost(library, "Rows")
    one = np.ones((1, 5), np.float32)
    kept = host.parse([layer(one)], NET, 0, NO_THRESHOLDS, NO_THRESHOLDS)
    host.parse([layer(one * 2)], NET, 0, NO_THRESHOLDS, NO_THRESHOLDS)
    assert kept is not None
    assert rows_of(kept) == [(0, 1, 1, 1, 1, 1)]


def test_false_is_none_and_the_next_frame_starts_empty(library: Path) -> None:
    host = ParserHost(library, "False")
    for _ in range(2):
        assert host.parse([], NET, 0, NO_THRESHOLDS, NO_THRESHOLDS) is None


@pytest.mark.parametrize(("function", "text"), [("Throws", "index 7 of 3"), ("ThrowsNumber", "not a std::exc")])
def test_an_exception_is_an_error_of_its_own(library: Path, function: str, text: str) -> None:
    with pytest.raises(DsbenchError, match=text) as caught:
        parse(ParserHost(library, function))
    assert caught.value.code is Code.PARSER_RAISED


def test_more_objects_than_a_frame_can_have(library: Path) -> None:
    with pytest.raises(DsbenchError, match="returned 1000001 objects for one frame") as caught:
        parse(ParserHost(library, "Flood"), layer(np.zeros(1, np.float32)))
    assert caught.value.code is Code.PARSER_BOXES


def test_objects_of_24_bytes(tmp_path: Path) -> None:
    old = build_parser(tmp_path, SOURCE, "CC=g++ -DDSBENCH_OBJECT_SIZE=24")
    rows = np.arange(15, dtype=np.float32).reshape(3, 5)
    expected = [(i, *row) for i, row in enumerate(rows.tolist())]
    assert parse(ParserHost(old, "Rows", object_size=24), layer(rows)) == expected
    assert parse(ParserHost(old, "Rows"), layer(rows)) == expected  # the library says that 24 was chosen
    with pytest.raises(ValueError, match="24 or 28"):
        ParserHost(old, "Rows", object_size=32)


OLD_HEADERS = """\
#define DSBENCH_OBJECT_SIZE 24
#define dsbench_object_size not_there  // headers of an old release know nothing of dsbench
"""


def rows(count: int) -> np.ndarray[Any, Any]:
    return np.full((count, 5), 7.0, np.float32)


@pytest.mark.parametrize("reserve", [False, True], ids=["grown", "exact"])
@pytest.mark.parametrize("count", [1, 2, 6, 7, 14, 42])
def test_a_library_of_another_layout_is_found_out(library: Path, old_library: Path, count: int, reserve: bool) -> None:
    function = "Exact" if reserve else "Rows"
    with pytest.raises(DsbenchError, match="headers older than DeepStream 9: 24-byte objects") as caught:
        parse(ParserHost(old_library, function), layer(rows(count)))
    assert caught.value.code is Code.PARSER_OBJECT_SIZE
    with pytest.raises(DsbenchError, match="built with 28-byte objects"):
        parse(ParserHost(library, function, object_size=24), layer(rows(count)))
    for host in (ParserHost(library, function), ParserHost(old_library, function, object_size=24)):
        assert len(parse(host, layer(rows(count)))) == count


def test_no_objects_say_nothing_of_their_layout(old_library: Path) -> None:
    assert parse(ParserHost(old_library, "Rows"), layer(rows(0))) == []


def test_a_function_that_is_not_there(library: Path) -> None:
    with pytest.raises(DsbenchError) as caught:
        ParserHost(library, "NvDsInferParseCustomNothing")
    assert caught.value.code is Code.PARSER_SYMBOL
    assert caught.value.where == "NvDsInferParseCustomNothing"


def unloadable(path: Path) -> DsbenchError:
    with pytest.raises(DsbenchError) as caught:
        ParserHost(path, "Rows")
    assert caught.value.code is Code.PARSER_LIB_INVALID
    assert caught.value.where == str(path)
    return caught.value


def test_a_missing_library_has_the_loaders_text(tmp_path: Path) -> None:
    error = unloadable(tmp_path / "none.so")
    assert error.what.endswith("cannot open shared object file: No such file or directory")
    assert "build the parser" in error.fix


def test_a_file_that_is_no_library(tmp_path: Path) -> None:
    text = tmp_path / "parser.so"
    text.write_text("not a library, but long enough to be looked at\n")
    assert "not a shared library" in unloadable(text).fix
    text.write_bytes(b"")
    assert "not a shared library" in unloadable(text).fix


def test_a_library_for_another_processor(library: Path, tmp_path: Path) -> None:
    data = bytearray(library.read_bytes())
    data[18:20] = (243).to_bytes(2, "little")  # RISC-V
    foreign = tmp_path / "parser.so"
    foreign.write_bytes(data)
    assert "another processor" in unloadable(foreign).fix


def test_a_library_that_needs_one_that_is_not_installed(tmp_path: Path) -> None:
    stub = tmp_path / "libnvinfer.so"
    subprocess.run(
        ["g++", "-shared", "-fPIC", "-x", "c++", "-", "-o", str(stub), "-Wl,-soname,libnvinfer.so.10"],
        check=True,
        input="int nothing() { return 0; }",
        text=True,
    )
    needy = build_parser(tmp_path, SOURCE, f"LIBS=-Wl,--no-as-needed {stub}")
    error = unloadable(needy)
    assert "libnvinfer.so.10" in error.what
    assert "LIBS=" in error.fix


def test_a_relative_path_is_a_file_not_a_search(library: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(library.parent)
    assert parse(ParserHost(Path(library.name), "Rows"), layer(np.zeros((0, 5), np.float32))) == []


def test_the_host_and_dsbench_have_one_limit_of_objects(repository: Path) -> None:
    header = (repository / "dsbench/embedded/sdk/host/dsbench_host.h").read_text()
    assert re.findall(r"DSB_MAX_OBJECTS = (\d+)", header) == [str(MAX_OBJECTS)]
