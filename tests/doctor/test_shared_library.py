"""Driver libraries that are there and cannot work: empty, cut, of another kind or machine, stubs."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from dsbench.doctor.checks.check import BROKEN, LOW, MISSING, OK, Check
from dsbench.doctor.diagnosis import diagnose
from dsbench.doctor.inventory import CodecTrial, DriverLibrary, Inventory
from dsbench.doctor.survey import shared_library
from dsbench.doctor.survey.nvidia import library_place
from tests.doctor.material import MACHINE, said

NAME = "libnvcuvid.so.1"


def libc() -> bytes:
    lines = Path("/proc/self/maps").read_text().splitlines()
    return Path(next(line.split()[-1] for line in lines if "/libc.so" in line or "/libc-" in line)).read_bytes()


GOOD = libc() + b"\0cuvidCreateDecoder\0"


def of_other_machine(data: bytes) -> bytes:
    return data[:18] + (243).to_bytes(2, "little") + data[20:]  # RISC-V


def program(data: bytes) -> bytes:
    return data[:16] + (2).to_bytes(2, "little") + data[18:]  # ET_EXEC


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (GOOD, ""),
        (b"", "empty (0 bytes)"),
        (b"not a library\n" * 100_000, "not an ELF shared library"),
        (b"\x7fELF", "not an ELF shared library"),
        (GOOD[: len(GOOD) // 2], "is cut"),
        (of_other_machine(GOOD), "built for another machine (e_machine 243)"),
        (program(GOOD), "not an ELF shared library"),
        (libc(), "does not have the function cuvidCreateDecoder"),
    ],
    ids=["good", "empty", "text", "head", "cut", "machine", "program", "other library"],
)
def test_the_kind_of_the_file(tmp_path: Path, data: bytes, words: str) -> None:
    (tmp_path / NAME).write_bytes(data)
    found = shared_library.trouble(tmp_path / NAME)
    assert words in found
    assert bool(found) == bool(words)


@pytest.mark.parametrize("folder", ["stubs", "lib"])
def test_stubs(tmp_path: Path, folder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(shared_library._MIN_BYTES, NAME, 0 if folder == "stubs" else len(GOOD) + 1)
    path = tmp_path / folder / NAME
    path.parent.mkdir()
    path.write_bytes(GOOD)
    assert "stub" in shared_library.trouble(path)


def test_links(tmp_path: Path) -> None:
    real, link = tmp_path / "libnvcuvid.so.595.58.03", tmp_path / NAME
    link.symlink_to(real.name)
    assert "which is not there" in shared_library.trouble(link)
    real.write_bytes(GOOD)
    assert shared_library.trouble(link) == ""
    assert shared_library.version(link) == "595.58.03"
    real.unlink()
    os.mkfifo(real)
    assert shared_library.trouble(link) == "is not a file"


def test_the_place_is_where_the_loader_looks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = f"\t{NAME} (libc6,x86-64) => /nowhere/{NAME}\n\tlibx.so (libc6) => /x\n"
    (tmp_path / NAME).write_bytes(b"")
    monkeypatch.setenv("LD_LIBRARY_PATH", f"/nonexistent:{tmp_path}")
    assert library_place(NAME, cache) == tmp_path / NAME
    monkeypatch.setenv("LD_LIBRARY_PATH", "")
    assert library_place("libx-of-nobody.so.1", cache) is None
    assert library_place(NAME, cache.replace("/nowhere", str(tmp_path))) == tmp_path / NAME


def of(machine: Inventory) -> Check:
    return next(one for one in diagnose(machine).checks if one.name == "driver libraries")


def with_library(library: DriverLibrary, **facts: object) -> Inventory:
    others = [one for one in MACHINE.nvidia.libraries if one.name != library.name]
    nvidia = replace(MACHINE.nvidia, libraries=(library, *others), **facts)  # type: ignore[arg-type]
    failed = CodecTrial(said("S_EXT_CTRLS for CUDA_GPU_ID failed\nERROR: x doesn't want to preroll.\n", "status 1"))
    return replace(MACHINE, nvidia=nvidia, nvdec=failed, system=replace(MACHINE.system, container=True))


@pytest.mark.parametrize(
    ("library", "words"),
    [
        (DriverLibrary(NAME, f"/lib/{NAME}", "is empty (0 bytes)"), f"/lib/{NAME} is empty (0 bytes)"),
        (DriverLibrary(NAME, "/lib/x", "", "580.95.05"), "of driver 580.95.05, the driver that runs is 595.58.03"),
    ],
)
def test_a_broken_library_breaks_the_runtime(library: DriverLibrary, words: str) -> None:
    machine = with_library(library, capabilities="compute,utility")
    found = of(machine)
    assert found.state == BROKEN
    assert words in found.detail
    assert "NVIDIA_DRIVER_CAPABILITIES is compute,utility" in found.detail
    assert "-e NVIDIA_DRIVER_CAPABILITIES=all" in found.fixes[0].command
    nvdec = next(one for one in diagnose(machine).checks if one.name == "NVDEC")
    assert "libnvcuvid" in nvdec.detail
    assert nvdec.fixes
    decoded = replace(machine, nvdec=MACHINE.nvdec)
    assert of(decoded).state == LOW, "NVDEC was seen to work"


def test_a_library_of_the_driver_is_fine_and_a_missing_one_is_missing() -> None:
    change: Callable[..., Inventory] = with_library
    assert of(change(DriverLibrary(NAME, "/lib/x", "", "595.58.03"), capabilities="compute")).state == OK
    gone = replace(MACHINE, nvidia=replace(MACHINE.nvidia, libraries=MACHINE.nvidia.libraries[:1]))
    assert of(gone).state == MISSING
