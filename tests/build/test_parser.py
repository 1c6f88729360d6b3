"""6b to 6d: sources are found or rendered, built with the specification's Makefile, their symbols checked, and the
built parsers agree with the reference decode."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from dsbench.base.errors import Code, DsbenchError
from dsbench.base.files import Status
from dsbench.build import compile
from dsbench.build.compile import BuildPlan, build
from dsbench.build.makefile import render_makefile, write_makefile
from dsbench.build.parser_source import SourcePlan, find_user_source, render_source, write_source
from dsbench.build.symbols import check_symbol, read_library
from dsbench.embedded.probes import parser as parser_probe
from dsbench.families import registry
from dsbench.families.base import Head, NamedArray, Network, Outputs
from dsbench.families.ssd import SsdLayout
from dsbench.families.yolox import YoloxLayout
from dsbench.jobs.probe import ParserJob
from dsbench.judge.parser import boxes as parser_boxes
from tests.agreement import compare

FUNCTION = "NvDsInferParseCustomTiny"
YOLOX = Head("yolox", 1.0, 3, YoloxLayout(84, 3, (8, 16, 32)), ())
PAIR = Head("ssd", 1.0, 2, SsdLayout(True, background=0, shift=1, normalised=True), ())
COLUMNS = Head("ssd", 1.0, 3, SsdLayout(False, background=-1, shift=0, normalised=False, class_column=5,
                                        score_column=4, box_column=0), ())  # fmt: skip

SPECIFICATION = """\
DEEPSTREAM_DIR ?= /opt/nvidia/deepstream/deepstream
CUDA_VER ?= 12.8
CC := g++
CFLAGS := -Wall -std=c++11 -shared -fPIC
CFLAGS += -I$(DEEPSTREAM_DIR)/sources/includes -I/usr/local/cuda-$(CUDA_VER)/include
LIBS := -lnvinfer
LFLAGS := -Wl,--start-group $(LIBS) -Wl,--end-group
SRCFILES := nvdsinfer_custombboxparser_tiny.cpp
TARGET_LIB := libnvdsinfer_tiny_parser.so

all: $(TARGET_LIB)
$(TARGET_LIB): $(SRCFILES)
\t$(CC) -o $@ $^ $(CFLAGS) $(LFLAGS)
clean:
\trm -rf $(TARGET_LIB)
"""


def source_plan(folder: Path) -> SourcePlan:
    name = "nvdsinfer_custombboxparser_tiny"
    return SourcePlan(folder / f"{name}.cpp", (folder / f"{name}_.cpp",), FUNCTION)


def build_plan(folder: Path, repository: Path, **changes: object) -> BuildPlan:
    values: dict[str, object] = {
        "parser_dir": folder,
        "library": folder / "libnvdsinfer_tiny_parser.so",
        "deepstream_dir": repository / "dsbench" / "embedded" / "sdk",
        "cuda_ver": "12.8",
        "log": folder / "build.log",
        "libs": "",
    }
    return BuildPlan(**{**values, **changes})  # type: ignore[arg-type]


@pytest.fixture
def parser_dir(tmp_path: Path) -> Path:
    """A directory whose name make must not split."""
    folder = tmp_path / "a model's dir" / "parser"
    folder.mkdir(parents=True)
    return folder


def test_makefile_is_the_specifications_byte_for_byte(tmp_path: Path) -> None:
    text = render_makefile("nvdsinfer_custombboxparser_tiny.cpp", "libnvdsinfer_tiny_parser.so")
    assert text == SPECIFICATION
    written = write_makefile(
        tmp_path / "Makefile", "nvdsinfer_custombboxparser_tiny.cpp", "libnvdsinfer_tiny_parser.so"
    )
    assert written.path.read_text().split("\n", 1)[1] == SPECIFICATION


@pytest.mark.parametrize("name", ["a b.cpp", "$(shell x).cpp", "-x.cpp", "x\n.cpp", "ü.cpp"])
def test_names_that_make_would_interpret(name: str) -> None:
    with pytest.raises(DsbenchError, match="cannot be written into a Makefile"):
        render_makefile(name, "lib.so")


def test_function_names_cannot_carry_code() -> None:
    with pytest.raises(DsbenchError, match="letters and digits"):
        render_source(YOLOX, "NvDsInferParseCustomX(){}")


def test_a_users_source_is_found_and_kept(parser_dir: Path) -> None:
    plan = source_plan(parser_dir)
    assert find_user_source(plan) is None
    assert write_source(YOLOX, plan).status is Status.CREATED
    assert find_user_source(plan) is None  # ours
    other = parser_dir / "mine.cpp"
    other.write_text("// mine\n")
    found = find_user_source(plan)
    assert found is not None
    assert found.path == other
    (parser_dir / "second.cpp").write_text("//\n")
    with pytest.raises(DsbenchError, match=r"several parser sources: mine.cpp, second.cpp"):
        find_user_source(plan)
    plan.alternatives[0].write_text("//\n")
    found = find_user_source(plan)
    assert found is not None
    assert found.path == plan.alternatives[0]


@pytest.mark.parametrize("head", [YOLOX, PAIR, COLUMNS], ids=["yolox", "ssd pair", "ssd columns"])
def test_generated_parsers_agree_with_the_reference(head: Head, parser_dir: Path, repository: Path) -> None:
    plan = source_plan(parser_dir)
    source = write_source(head, plan).path
    write_makefile(parser_dir / "Makefile", source.name, "libnvdsinfer_tiny_parser.so")
    result = build(build_plan(parser_dir, repository))
    assert result.warnings == ()
    check_symbol(read_library(result.library), FUNCTION)
    strict = ["-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-Werror", "-std=c++11", "-fsyntax-only"]
    includes = repository / "dsbench" / "embedded" / "sdk" / "sources" / "includes"
    subprocess.run(["g++", *strict, "-isystem", includes, source], check=True)

    frames = [outputs_for(head, seed) for seed in range(3)]
    boxes = parse(result.library, frames, parser_dir)
    family = registry.by_name(head.family)
    reference = [family.decode(frame, head, Network(64, 64), 0.25) for frame in frames]
    same = compare(boxes, reference)
    assert same.complete
    assert same.parser > 20
    assert same.largest_difference < 1e-3
    assert not [f for f in parser_boxes.check(boxes, Network(64, 64), 3) if f.severity == "error"]


def outputs_for(head: Head, seed: int) -> Outputs:
    """Random outputs of a head, a few of them not finite."""
    rng = np.random.default_rng(seed)
    if head is YOLOX:
        raw = rng.uniform(0, 1, (84, 8))
        raw[:, :4] = rng.normal(0, 1, (84, 4))
        raw[5, 4], raw[6, 2], raw[7, 0] = np.nan, 90, np.inf
        return (NamedArray("output", raw.astype(np.float32)),)
    corners = np.sort(rng.uniform(-0.2, 1.2, (40, 2, 2)), axis=1).reshape(40, 4)
    if head is PAIR:
        scores = rng.dirichlet((0.5, 0.5, 0.5), 40)
        scores[3, 1] = np.nan
        return (NamedArray("s", scores.astype(np.float32)), NamedArray("b", corners.astype(np.float32)))
    table = np.concatenate((corners * 64, rng.uniform(0, 1, (40, 1)), rng.integers(-1, 3, (40, 1))), axis=1)
    return (NamedArray("table", table.astype(np.float32)),)


def parse(library: Path, frames: list[Outputs], folder: Path, classes: int = 3) -> list[np.ndarray | None]:
    keys = tuple(tuple(f"f{i}_{out.name}" for out in frame) for i, frame in enumerate(frames))
    tensors = folder / "tensors.npz"
    np.savez(tensors, **{f"f{i}_{out.name}": out.data for i, frame in enumerate(frames) for out in frame})
    layers = tuple(out.name for out in frames[0])
    job = ParserJob(str(library), FUNCTION, str(tensors), layers, keys, 64, 64, 3, classes, 0.25)
    result = parser_probe.run(job, folder / "boxes.npz")
    return list(parser_boxes.load_boxes(folder / "boxes.npz", result.counts))


def test_parser_refuses_shapes_that_do_not_fit_and_ids_beyond_the_labels(parser_dir: Path, repository: Path) -> None:
    source = write_source(YOLOX, source_plan(parser_dir)).path
    write_makefile(parser_dir / "Makefile", source.name, "libnvdsinfer_tiny_parser.so")
    library = build(build_plan(parser_dir, repository)).library
    good = outputs_for(YOLOX, 0)
    for wrong in (good[0].data[:79], good[0].data[:, :5], good[0].data.reshape(-1), good[0].data.astype(np.float16)):
        assert parse(library, [(NamedArray("output", wrong),)], parser_dir) == [None]
    assert parse(library, [(*good, *good[:0], NamedArray("second", good[0].data))], parser_dir) == [None]
    few = parse(library, [good], parser_dir, classes=1)[0]
    assert few is not None
    assert set(few[:, 0]) == {0.0}


def test_stale_library_does_not_survive_a_syntax_error(parser_dir: Path, repository: Path) -> None:
    plan = build_plan(parser_dir, repository)
    plan.library.write_bytes(b"stale")
    (parser_dir / "nvdsinfer_custombboxparser_tiny.cpp").write_text("int f() { return 1 }\n")
    write_makefile(parser_dir / "Makefile", "nvdsinfer_custombboxparser_tiny.cpp", plan.library.name)
    with pytest.raises(DsbenchError) as caught:
        build(plan)
    assert caught.value.code == Code.PARSER_COMPILE
    assert "nvdsinfer_custombboxparser_tiny.cpp:1:19: error: expected ';'" in caught.value.what
    assert "build.log" in caught.value.fix
    assert not plan.library.exists()


@pytest.mark.parametrize(
    ("source", "changes", "expected"),
    [
        ("#include <absent.h>\n", {}, "the header absent.h is missing"),
        ("int f();\n", {"libs": "-lnvinfer"}, "libnvinfer is not installed"),
        ("#include <optional>\nstd::optional<int> f();\n", {}, "needs -std=c++17: put a Makefile of your own"),
        ("#include <memory>\nint f() { return *std::make_unique<int>(1); }\n", {}, "needs -std=c++14: put a Makefile"),
        ("#include <algorithm>\nint f() { return std::clamp(5, 0, 1); }\n", {}, "needs -std=c++17: put a Makefile"),
        ("#include <span>\nint f(std::span<int> s) { return s[0]; }\n", {}, "needs -std=c++20: put a Makefile"),
        ("#include <memory>\nauto p = std::make_unique<int>(1);\n", {}, "needs -std=c++14: "),
        ("auto f() { return 1; }\n", {}, "needs -std=c++14: "),
        ("int g() { return x; }\nauto f() { return 1; }\n", {}, "correct that line"),
    ],
)
def test_known_build_errors_come_with_their_fix(
    parser_dir: Path, repository: Path, source: str, changes: dict[str, object], expected: str
) -> None:
    plan = build_plan(parser_dir, repository, **changes)
    (parser_dir / "x.cpp").write_text(source)
    write_makefile(parser_dir / "Makefile", "x.cpp", plan.library.name)
    with pytest.raises(DsbenchError) as caught:
        build(plan)
    assert expected in caught.value.fix


@pytest.mark.parametrize(
    ("said", "cause", "fix"),
    [
        ("/usr/bin/ld: final link failed: No space left on device", "No space left", "free space"),
        ("/usr/bin/ld: a.o: multiple definition of f; b.o: first defined here", "multiple definition", "that line"),
    ],
)
def test_the_linkers_own_line_is_the_cause(parser_dir: Path, repository: Path, said: str, cause: str, fix: str) -> None:
    lines = f"\t@echo '{said}'\n\t@echo 'collect2: error: ld returned 1 exit status'\n\t@false\n"
    (parser_dir / "Makefile").write_text("all:\n" + lines)
    with pytest.raises(DsbenchError) as caught:
        build(build_plan(parser_dir, repository))
    assert cause in caught.value.what
    assert fix in caught.value.fix


def test_a_directory_called_error_is_no_cause(tmp_path: Path, repository: Path) -> None:
    folder = tmp_path / "a::error: b"
    folder.mkdir()
    (folder / "Makefile").write_text("all:\n\t@echo 'x.cpp:3:1: error: the cause'\n\t@false\n")
    with pytest.raises(DsbenchError, match=r"does not compile: x\.cpp:3:1: error: the cause"):
        build(build_plan(folder, repository))


def test_blanks_in_a_recipe_and_a_makefile_that_hangs(parser_dir: Path, repository: Path) -> None:
    (parser_dir / "Makefile").write_text("all:\n    true\n")
    with pytest.raises(DsbenchError) as caught:
        build(build_plan(parser_dir, repository))
    assert "TAB" in caught.value.fix
    (parser_dir / "Makefile").write_text("all:\n\tsleep 60\n")
    with pytest.raises(DsbenchError, match=r"did not finish within 0.5 s"):
        build(build_plan(parser_dir, repository, deadline_s=0.5))
    (parser_dir / "Makefile").write_text("all:\n\ttrue\n")
    with pytest.raises(DsbenchError, match=r"libnvdsinfer_tiny_parser.so was not built"):
        build(build_plan(parser_dir, repository))


def test_a_build_that_nobody_waits_for_any_more_is_killed(
    parser_dir: Path, repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A compiler that is killed leaves its temporary files."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    left = set(tmp_path.iterdir())
    (parser_dir / "Makefile").write_text("all:\n\ttouch $$TMPDIR/ccX.s; echo $$$$ >shell.pid; sleep 60\n")
    started = parser_dir / "shell.pid"
    with pytest.raises(DsbenchError, match="the build was stopped"):
        build(build_plan(parser_dir, repository), lambda: started.is_file() and bool(started.read_text()))
    assert _holds_within(10, lambda: not Path("/proc", started.read_text().strip()).exists())
    assert set(tmp_path.iterdir()) == left


@pytest.mark.parametrize(
    "recipe",
    [
        "(setsid sleep 61 >/dev/null 2>&1 </dev/null &); exit 0",
        "nohup setsid sh -c 'sleep 61 & sleep 61' & exit 0",
        "setsid -f sleep 61; exit 1",
    ],
)
def test_what_a_makefile_starts_does_not_outlive_it(parser_dir: Path, repository: Path, recipe: str) -> None:
    (parser_dir / "Makefile").write_text(
        f"all:\n\tsetsid -f sleep 61.{os.getpid()}; {recipe.replace('61', f'61.{os.getpid()}')}\n"
    )
    with pytest.raises(DsbenchError):
        build(build_plan(parser_dir, repository))
    assert _holds_within(5, lambda: not _running(f"61.{os.getpid()}"))


def _running(word: str) -> bool:
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            if word.encode() in path.read_bytes():
                return True
    return False


def test_make_ends_with_whoever_started_it(parser_dir: Path, repository: Path) -> None:
    pids = parser_dir / "pids"
    (parser_dir / "Makefile").write_text("all:\n\techo $$PPID $$$$ > pids.new && mv pids.new pids && sleep 60; true\n")
    plan = build_plan(parser_dir, repository)
    code = f"from pathlib import Path, PosixPath; from dsbench.build.compile import BuildPlan, build; build({plan!r})"
    parent = subprocess.Popen([sys.executable, "-c", code])
    try:
        assert _holds_within(20, pids.is_file)
    finally:
        parent.kill()
        parent.wait()
    for pid in pids.read_text().split():
        assert _holds_within(10, lambda process=Path("/proc", pid): not process.exists())


def _holds_within(seconds: float, condition: Callable[[], bool]) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.05)
    return False


def test_sdk_in_a_directory_with_blanks(parser_dir: Path, repository: Path, tmp_path: Path) -> None:
    sdk = tmp_path / "deep stream"
    shutil.copytree(repository / "dsbench" / "embedded" / "sdk" / "sources", sdk / "sources")
    source = write_source(YOLOX, source_plan(parser_dir)).path
    write_makefile(parser_dir / "Makefile", source.name, "libnvdsinfer_tiny_parser.so")
    assert build(build_plan(parser_dir, repository, deepstream_dir=sdk)).library.is_file()


def test_missing_tools(parser_dir: Path, repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(parser_dir))
    with pytest.raises(DsbenchError, match=r"make and g\+\+ not found") as caught:
        build(build_plan(parser_dir, repository))
    assert "apt-get install" in caught.value.fix


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ('extern "C" bool NvDsInferParseCustomOther() { return true; }', "exported: NvDsInferParseCustomOther"),
        (f"bool {FUNCTION}() {{ return true; }}", "only its C++ name"),
        ('extern "C" int nothing() { return 0; }', "no NvDsInferParseCustom* function at all"),
    ],
)
def test_wrong_symbols(tmp_path: Path, code: str, expected: str) -> None:
    (tmp_path / "x.cpp").write_text(code)
    subprocess.run(["g++", "-shared", "-fPIC", "-o", tmp_path / "x.so", tmp_path / "x.cpp"], check=True)
    with pytest.raises(DsbenchError) as caught:
        check_symbol(read_library(tmp_path / "x.so"), FUNCTION)
    assert caught.value.code == Code.PARSER_SYMBOL
    assert expected in caught.value.what
    assert caught.value.fix


def test_a_comment_behind_the_name_is_the_cause(tmp_path: Path) -> None:
    (tmp_path / "x.cpp").write_text(f'extern "C" bool {FUNCTION}() {{ return true; }}')
    subprocess.run(["g++", "-shared", "-fPIC", "-o", tmp_path / "x.so", tmp_path / "x.cpp"], check=True)
    with pytest.raises(DsbenchError) as caught:
        check_symbol(read_library(tmp_path / "x.so"), f"{FUNCTION} # mine")
    assert "`# comment`" in caught.value.fix


def test_libraries_of_another_kind(tmp_path: Path) -> None:
    (tmp_path / "x.so").write_bytes(b"not elf")
    with pytest.raises(DsbenchError, match="not a shared library"):
        read_library(tmp_path / "x.so")
    (tmp_path / "x.cpp").write_text(f'extern "C" int {FUNCTION}() {{ return 0; }}')
    subprocess.run(["g++", "-shared", "-fPIC", "-o", tmp_path / "y.so", tmp_path / "x.cpp"], check=True)
    with pytest.raises(DsbenchError, match="this machine is riscv64") as caught:
        check_symbol(read_library(tmp_path / "y.so"), FUNCTION, machine="riscv64")
    assert caught.value.code == Code.PARSER_LIB_INVALID


def test_flags_reach_every_compiler_call(parser_dir: Path, repository: Path) -> None:
    source = write_source(YOLOX, source_plan(parser_dir)).path
    write_makefile(parser_dir / "Makefile", source.name, "libnvdsinfer_tiny_parser.so")
    assert "dsbench_object_size" not in read_library(build(build_plan(parser_dir, repository)).library).functions
    old = build(build_plan(parser_dir, repository, flags=("-DDSBENCH_OBJECT_SIZE=24",)))
    assert "dsbench_object_size" in read_library(old.library).functions
    boxes = parse(old.library, [outputs_for(YOLOX, 0)], parser_dir)[0]
    assert boxes is not None
    assert len(boxes)


def test_warnings_of_deepstreams_own_headers_are_not_the_parsers(tmp_path: Path) -> None:
    sdk, own = tmp_path / "deepstream-9.1", tmp_path / "model" / "parser"
    for folder in (sdk / "sources" / "includes", own):
        folder.mkdir(parents=True)
    (tmp_path / "deepstream").symlink_to(sdk)
    plan = BuildPlan(own, own / "x.so", tmp_path / "deepstream", "12.8", own / "build.log")
    headers = (f"{sdk}/sources/includes", f"{tmp_path}/deepstream/sources/includes", "../../deepstream/sources/x/../y")
    log = [f"{folder}/n.h:99:5: warning: infinite recursion detected" for folder in headers]
    kept = ["parser.cpp:3:7: warning: unused variable 'x'", "/usr/include/a.h:1: warning: old", "cc1plus: warning: odd"]
    assert compile._warnings("\n".join([*log, *kept, "note: no warning"]), plan) == tuple(kept)
    inside = BuildPlan(own, own / "x.so", tmp_path, "12.8", own / "build.log")
    assert compile._warnings(kept[0], inside) == (kept[0],), "a model directory inside DeepStream's"
