"""The headers that parsers are compiled against: layout, C++11, no warnings, wrong signatures refused."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from dsbench.base.cpp import SDK
from tests.embedded.native_support import build_parser

INCLUDES = SDK / "sources" / "includes"
EVERY_HEADER = "".join(f'#include "{header.name}"\n' for header in sorted(INCLUDES.glob("*.h")))
SIGNATURE = (
    "(std::vector<NvDsInferLayerInfo> const &layers, NvDsInferNetworkInfo const &network,"
    " NvDsInferParseDetectionParams const &params, std::vector<NvDsInferParseObjectInfo> &objects)"
)


def compiles(source: str, *flags: str) -> subprocess.CompletedProcess[str]:
    command = ["g++", "-std=c++11", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", f"-I{INCLUDES}", *flags]
    return subprocess.run([*command, "-x", "c++", "-"], input=source, check=False, capture_output=True, text=True)


def assert_compiles(source: str, *flags: str) -> None:
    done = compiles(source, *flags)
    assert done.returncode == 0, done.stderr


def test_helpers_beside_a_parser_may_use_tensorrts_plain_types() -> None:
    assert_compiles(
        '#include "nvdsinfer_custom_impl.h"\n'
        "int sides(nvinfer1::Dims const &dims) { return dims.nbDims > 0 ? int(dims.d[0]) : 0; }\n"
        "int sides(nvinfer1::ITensor *tensor) { return sides(tensor->getDimensions()); }\n"
        "long count(nvinfer1::Weights const &w) { return w.type == nvinfer1::DataType::kHALF ? 0 : long(w.count); }\n"
        "struct Quiet : nvinfer1::ILogger { void log(Severity, char const *) noexcept override {} };\n"
        'extern "C" bool NvDsInferInitializeInputLayers(std::vector<NvDsInferLayerInfo> const &,\n'
        "    NvDsInferNetworkInfo const &, unsigned int) { return true; }\n"
    )


@pytest.mark.parametrize("standard", ["c++11", "c++14", "c++17", "c++20"])
def test_headers_compile_without_a_warning(standard: str) -> None:
    assert_compiles(EVERY_HEADER, f"-std={standard}")


def test_each_header_stands_alone() -> None:
    for header in sorted(INCLUDES.glob("*.h")):
        assert_compiles(f'#include "{header.name}"\n')


def test_plain_c_can_read_the_types() -> None:
    source = '#include "nvdsinfer_context.h"\n_Static_assert(sizeof(NvDsInferLayerInfo) == 72, "");\n'
    command = ["gcc", "-std=c11", "-Wall", "-Werror", "-fsyntax-only", f"-I{INCLUDES}", "-x", "c", "-"]
    done = subprocess.run(command, input=source, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_old_object_layout_is_one_macro_away() -> None:
    check = 'static_assert(sizeof(NvDsInferParseObjectInfo) == 24, "");\n'
    assert_compiles('#include "nvdsinfer_custom_impl.h"\n' + check, "-DDSBENCH_OBJECT_SIZE=24")


def test_prototype_checks_accept_the_right_functions() -> None:
    assert_compiles(
        '#include "nvdsinfer_custom_impl.h"\n'
        "CHECK_CUSTOM_PARSE_FUNC_PROTOTYPE(Before);\n"
        f'extern "C" bool Before{SIGNATURE};\n'
        f'extern "C" bool After{SIGNATURE};\n'
        "CHECK_CUSTOM_PARSE_FUNC_PROTOTYPE(After);\n"
        "CHECK_CUSTOM_INSTANCE_MASK_PARSE_FUNC_PROTOTYPE(Mask);\n"
        "CHECK_CUSTOM_CLASSIFIER_PARSE_FUNC_PROTOTYPE(Classify);\n"
        "CHECK_CUSTOM_SEM_SEGMENTATION_PARSE_FUNC_PROTOTYPE(Segment);\n"
    )


@pytest.mark.parametrize(
    "declaration",
    [
        'extern "C" bool Wrong(int);',
        f'extern "C" int Wrong{SIGNATURE};',
        f"bool Wrong{SIGNATURE};",
    ],
    ids=["arguments", "result", "not extern C"],
)
def test_prototype_check_refuses_the_wrong_function(declaration: str) -> None:
    source = f'#include "nvdsinfer_custom_impl.h"\n{declaration}\nCHECK_CUSTOM_PARSE_FUNC_PROTOTYPE(Wrong);\n'
    assert compiles(source).returncode != 0


def test_layout_equals_the_recorded_one(shared: Path) -> None:
    beside = shared / "vectors"
    abi: dict[str, Any] = json.loads((Path(os.environ.get("DSBENCH_VECTORS", beside)) / "abi.json").read_text())
    lines = [EVERY_HEADER, "#include <cstddef>\n"]
    for name, struct in abi["structs"].items():
        if not struct["fields"]:  # nvinfer's own settings: nothing that a parser sees
            continue
        lines.append(f'static_assert(sizeof({name}) == {struct["size"]}, "{name}");')
        lines.append(f'static_assert(alignof({name}) == {struct["align"]}, "{name}");')
        for field, (offset, size) in struct["fields"].items():
            if field == "perClassThreshold":  # a reference: neither offsetof nor sizeof can see it
                continue
            lines.append(f'static_assert(offsetof({name}, {field}) == {offset}, "{name}::{field}");')
            lines.append(f'static_assert(sizeof({name}::{field}) == {size}, "{name}::{field}");')
    for name, value in abi["enums"].items():
        lines.append(f'static_assert(int({name}) == {value}, "{name}");')
    for name, size in abi["sizes"].items():
        argument = "<float>" if name == "std::vector" else ""
        lines.append(f'static_assert(sizeof({name}{argument}) == {size}, "{name}");')
    assert_compiles("\n".join(lines) + "\n", "-Wno-invalid-offsetof")


def test_a_foreign_parser_builds_with_the_makefile_of_the_specification(shared: Path, tmp_path: Path) -> None:
    library = build_parser(tmp_path, (shared / "gold" / "parser.cpp").read_text())
    symbols = subprocess.run(["nm", "-D", str(library)], check=True, capture_output=True, text=True).stdout
    assert " T NvDsInferParseCustomYOLOX" in symbols
