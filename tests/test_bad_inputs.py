"""Bad inputs that no other test has; tests/reliability.py says where each of the others is tested."""

from __future__ import annotations

import os
import re
from pathlib import Path

import onnx
import pytest

from dsbench.base.errors import Code, DsbenchError
from dsbench.build import symbols
from dsbench.model.onnx.graph import inspect
from tests.material import write_onnx

_AARCH64 = 183


@pytest.mark.parametrize("real", [True, False], ids=["a model with a hole behind it", "a hole"])
def test_a_file_larger_than_a_protobuf_can_be(tmp_path: Path, real: bool) -> None:
    path = tmp_path / "big.onnx"
    path.write_bytes(write_onnx(tmp_path / "net.onnx").read_bytes() if real else b"")
    os.truncate(path, 3 << 30)  # a hole: it takes no space
    with pytest.raises(DsbenchError, match="cannot exceed 2 GiB") as caught:
        inspect(path)
    assert caught.value.code is Code.ONNX_INVALID
    assert "external data" in caught.value.fix


def test_an_old_opset_is_read_as_it_is(tmp_path: Path) -> None:
    model = onnx.load(str(write_onnx(tmp_path / "net.onnx")))
    model.opset_import[0].version = 7
    onnx.save(model, str(tmp_path / "net.onnx"))
    assert inspect(tmp_path / "net.onnx").opset == 7


def test_a_parser_of_another_machine(tmp_path: Path) -> None:
    library = tmp_path / "libparser.so"
    content = bytearray(Path(onnx.onnx_cpp2py_export.__file__).read_bytes())
    content[18:20] = _AARCH64.to_bytes(2, "little")  # e_machine
    library.write_bytes(content)
    with pytest.raises(DsbenchError, match="built for aarch64") as caught:
        symbols.check_symbol(symbols.read_library(library), "NvDsInferParseCustomNet", machine="x86_64")
    assert caught.value.code is Code.PARSER_LIB_INVALID


def test_durations_do_not_come_from_the_wall_clock(repository: Path) -> None:
    """A clock that jumps changes no deadline and no figure."""
    wall = re.compile(r"\btime\.time(?:_ns)?\(")
    found = [path for path in (repository / "dsbench").rglob("*.py") if wall.search(path.read_text(encoding="utf-8"))]
    assert found == []
