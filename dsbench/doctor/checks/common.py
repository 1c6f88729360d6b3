"""What both runtimes need, and what the embedded one needs beyond that."""

from __future__ import annotations

import re
from collections.abc import Iterable

from dsbench.doctor.checks.check import (
    BOTH,
    BROKEN,
    EMBEDDED,
    LOW,
    MISSING,
    OK,
    OPTIONAL,
    UNKNOWN,
    Check,
    error_line,
    failure,
    program,
    size,
)
from dsbench.doctor.fixes import Advice
from dsbench.doctor.inventory import Folder, Inventory, Package

_LOW_MIB, _FULL_MIB = 2048, 64
_LOW_MEMORY_MIB = 1024
_LOW_SHARED_MIB = 64


def python(inventory: Inventory, advice: Advice) -> Check:
    """The Python that runs dsbench; only shown."""
    found = inventory.python
    where = "a virtual environment" if found.virtual else "not in a virtual environment"
    return Check(BOTH, "Python", OK, f"{found.version}, {where}: {found.executable}")


def build_tools(inventory: Inventory, advice: Advice) -> Iterable[Check]:
    """g++ and make."""
    yield program(BOTH, inventory.gxx, (advice.install("g++"),))
    yield program(BOTH, inventory.make, (advice.install("make"),))


def encoder(inventory: Inventory, advice: Advice) -> Iterable[Check]:
    """VP9 for the embedded runtime's visual check; only where it is missing."""
    if inventory.encoder_missing:
        yield Check(OPTIONAL, "VP9 encoder", MISSING, f"{inventory.encoder_missing}; embedded 6f makes no video")


def nvml(inventory: Inventory, advice: Advice) -> Check:
    """nvidia-ml-py, which measures the GPU during benchmarks."""
    if inventory.pynvml is not None:
        return Check(OPTIONAL, "nvidia-ml-py", OK, inventory.pynvml)
    fix = (advice.python([Package("nvidia-ml-py>=12", None)]),) if inventory.nvidia.gpu else ()
    return Check(OPTIONAL, "nvidia-ml-py", MISSING, "no GPU figures during benchmarks (pip extra: gpu)", fix)


def folders(inventory: Inventory, advice: Advice) -> Iterable[Check]:
    """The folders that dsbench writes to."""
    return [folder(place, advice) for place in inventory.folders]


def packages(inventory: Inventory, advice: Advice) -> Check:
    """Every requirement is installed, new enough and can be imported."""
    found = inventory.packages
    if not found:
        return Check(
            BOTH, "packages", UNKNOWN, "dsbench's own metadata is missing: install it with pip, do not copy it"
        )
    absent = [package for package in found if package.version is None]
    bad = [package for package in found if package.trouble or too_old(package)]
    if not absent and not bad:
        return Check(BOTH, "packages", OK, ", ".join(f"{package.name} {package.version}" for package in found))
    words = [f"{package.name} is not installed" for package in absent]
    words += [f"{bad_one.name} {bad_one.version}: {bad_one.trouble or 'not ' + bad_one.requirement}" for bad_one in bad]
    return Check(BOTH, "packages", MISSING if not bad else BROKEN, "; ".join(words), (advice.python([*absent, *bad]),))


def too_old(package: Package) -> bool:
    """Whether the version is below the requirement's ``>=``; what cannot be compared is not too old."""
    wanted = re.search(r">=\s*([\d.]+)", package.requirement)
    have = re.match(r"\d+(?:\.\d+)*", package.version or "")
    if wanted is None or have is None:
        return False
    numbers = [[int(part) for part in text.strip(".").split(".")] for text in (have[0], wanted[1])]
    return numbers[0] < numbers[1]


def folder(place: Folder, advice: Advice) -> Check:
    """It can be written to and has room."""
    move = (advice.setting("export TMPDIR=$HOME/tmp && mkdir -p $TMPDIR", "another folder for temporary files"),)
    fixes = move if place.purpose == "temporary files" else ()
    if place.trouble:
        stay = "" if fixes else ": start where you may write"
        return Check(BOTH, place.purpose, BROKEN, f"{place.path} cannot be written to ({place.trouble}){stay}", fixes)
    if place.free_mib is None:
        return Check(BOTH, place.purpose, UNKNOWN, f"{place.path}: free space is not known")
    detail = f"{place.path}, {size(place.free_mib)} free"
    if place.free_mib < _FULL_MIB:
        return Check(BOTH, place.purpose, BROKEN, f"{detail}: the disk is full", fixes)
    return Check(BOTH, place.purpose, OK if place.free_mib >= _LOW_MIB else LOW, detail)


def memory(inventory: Inventory, advice: Advice) -> Check:
    """Enough for a model of ordinary size. Low memory is a warning, since models differ."""
    if inventory.memory_mib is None:
        return Check(OPTIONAL, "memory", UNKNOWN, "/proc/meminfo does not say")
    state = OK if inventory.memory_mib >= _LOW_MEMORY_MIB else LOW
    return Check(BOTH, "memory", state, f"{size(inventory.memory_mib)} available")


def shared_memory(inventory: Inventory, advice: Advice) -> Check:
    """/dev/shm, which a container limits to 64 MiB by default."""
    if inventory.shared_memory_mib is None:
        return Check(OPTIONAL, "/dev/shm", MISSING, "not mounted")
    low = inventory.shared_memory_mib < _LOW_SHARED_MIB
    hint = "; docker run --shm-size=1g gives more" if low and inventory.system.container else ""
    return Check(OPTIONAL, "/dev/shm", LOW if low else OK, f"{size(inventory.shared_memory_mib)} free{hint}")


def sandbox(inventory: Inventory, advice: Advice) -> Check:
    """bubblewrap, which ``--isolate`` needs, and whether it makes a sandbox here."""
    name, said = inventory.sandbox.name, inventory.sandbox.said
    if said is None:
        return Check(OPTIONAL, name, MISSING, "not on PATH: --isolate needs it (docs/security.md)")
    if said.trouble:
        return Check(OPTIONAL, name, BROKEN, f"makes no sandbox for --isolate: {failure(said)} (docs/security.md)")
    return Check(OPTIONAL, name, OK, f"makes a sandbox for --isolate ({inventory.sandbox.path})")


def video(inventory: Inventory, advice: Advice) -> Check:
    """The clip that a run would use. DeepStream's sample, the default, may be absent."""
    clip = inventory.video
    group = BOTH if clip.chosen else OPTIONAL
    if not clip.trouble:
        shape = f"{clip.codec} {clip.width}x{clip.height}, {clip.fps:g} fps"
        return Check(group, "video", OK, f"{shape}: {clip.path} ({clip.origin})")
    gone = "no such file" in clip.trouble
    fix = () if clip.chosen else (advice.setting("export DS_VIDEO=/path/to/clip.mp4", "your clip, or --video FILE"),)
    return Check(group, "video", MISSING if gone else BROKEN, f"{clip.path} ({clip.origin}): {clip.trouble}", fix)


def embedded_parser_build(inventory: Inventory, advice: Advice) -> Check:
    """g++ compiles a parser against dsbench's own headers."""
    said = inventory.compiled
    if said is None:
        return Check(EMBEDDED, "parser build", UNKNOWN, "not tried: no compiler, or no temporary folder")
    if said.ok:
        return Check(EMBEDDED, "parser build", OK, "g++ compiles a parser against dsbench's headers")
    detail = f"g++ {said.trouble}: {error_line(said.lines)}"
    return Check(EMBEDDED, "parser build", BROKEN, detail, (advice.install("g++"),))
