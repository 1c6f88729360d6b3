"""What ``dsbench doctor`` checks for both runtimes and for the embedded one."""

from __future__ import annotations

import re
from collections.abc import Iterator

from dsbench.doctor.check import (
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
    program,
    size,
)
from dsbench.doctor.fixes import Advice
from dsbench.doctor.inventory import Folder, Inventory, Package

_LOW_MIB, _FULL_MIB = 2048, 64
_LOW_MEMORY_MIB = 1024
_LOW_SHARED_MIB = 64


def checks(inventory: Inventory, advice: Advice) -> Iterator[Check]:
    """What both runtimes need, and what the embedded one needs beyond that."""
    python = inventory.python
    where = "a virtual environment" if python.virtual else "not in a virtual environment"
    yield Check(BOTH, "Python", OK, f"{python.version}, {where}: {python.executable}")
    yield packages(inventory.packages, advice)
    yield program(BOTH, inventory.gxx, (advice.install("g++"),))
    yield program(BOTH, inventory.make, (advice.install("make"),))
    for place in inventory.folders:
        yield folder(place, advice)
    yield memory(inventory)
    if inventory.video.chosen:
        yield video(inventory, advice)
    yield compiled(inventory, advice)
    if inventory.encoder_missing:
        yield Check(OPTIONAL, "VP9 encoder", MISSING, f"{inventory.encoder_missing}; embedded 6f makes no video")
    if not inventory.video.chosen:
        yield video(inventory, advice)
    yield shared_memory(inventory)
    if inventory.pynvml is None:
        fix = (advice.python([Package("nvidia-ml-py>=12", None)]),) if inventory.nvidia.gpu else ()
        yield Check(OPTIONAL, "nvidia-ml-py", MISSING, "no GPU figures beside the benchmarks (pip extra: gpu)", fix)
    else:
        yield Check(OPTIONAL, "nvidia-ml-py", OK, inventory.pynvml)


def packages(found: tuple[Package, ...], advice: Advice) -> Check:
    """Every requirement is installed, new enough and can be imported."""
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


def memory(inventory: Inventory) -> Check:
    """Enough for a model of ordinary size; never in a runtime's way, since models differ."""
    if inventory.memory_mib is None:
        return Check(OPTIONAL, "memory", UNKNOWN, "/proc/meminfo does not say")
    state = OK if inventory.memory_mib >= _LOW_MEMORY_MIB else LOW
    return Check(BOTH, "memory", state, f"{size(inventory.memory_mib)} available")


def shared_memory(inventory: Inventory) -> Check:
    """/dev/shm, which a container limits to 64 MiB unless told otherwise."""
    if inventory.shared_memory_mib is None:
        return Check(OPTIONAL, "/dev/shm", MISSING, "not mounted")
    low = inventory.shared_memory_mib < _LOW_SHARED_MIB
    hint = "; docker run --shm-size=1g gives more" if low and inventory.system.container else ""
    return Check(OPTIONAL, "/dev/shm", LOW if low else OK, f"{size(inventory.shared_memory_mib)} free{hint}")


def video(inventory: Inventory, advice: Advice) -> Check:
    """The clip that a run would take; DeepStream's sample is a default that need not be there."""
    clip = inventory.video
    group = BOTH if clip.chosen else OPTIONAL
    if not clip.trouble:
        shape = f"{clip.codec} {clip.width}x{clip.height}, {clip.fps:g} fps"
        return Check(group, "video", OK, f"{shape}: {clip.path} ({clip.origin})")
    gone = "no such file" in clip.trouble
    fix = () if clip.chosen else (advice.setting("export DS_VIDEO=/path/to/clip.mp4", "your clip, or --video FILE"),)
    return Check(group, "video", MISSING if gone else BROKEN, f"{clip.path} ({clip.origin}): {clip.trouble}", fix)


def compiled(inventory: Inventory, advice: Advice) -> Check:
    """g++ really builds a parser against dsbench's own headers."""
    said = inventory.compiled
    if said is None:
        return Check(EMBEDDED, "parser build", UNKNOWN, "not tried: no compiler, or no temporary folder")
    if said.ok:
        return Check(EMBEDDED, "parser build", OK, "g++ compiles a parser against dsbench's headers")
    detail = f"g++ {said.trouble}: {error_line(said.lines)}"
    return Check(EMBEDDED, "parser build", BROKEN, detail, (advice.install("g++"),))
