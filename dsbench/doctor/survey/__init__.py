"""Takes the inventory: asks everything concurrently, waits for nothing long, raises nothing."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from pathlib import Path

from dsbench.base import cpp, machine_limits
from dsbench.doctor.inventory import Inventory
from dsbench.doctor.probe import EncoderAnswer
from dsbench.doctor.survey import clip, gstreamer, nvidia, python, system
from dsbench.doctor.survey.ask import probe, program
from dsbench.machine.hardware import Answer, Component, Hardware

_INCLUDES = cpp.SDK / "sources/includes"
FIRST_SCAN_S = 60.0
"""deepstream-app loads every plugin of GStreamer when it is run for the first time."""


def take(cwd: Path, gpu_id: int = 0, named_video: str | None = None) -> Inventory:
    """The inventory. ``cwd`` is where results go, ``named_video`` the value of --video. Ctrl-C ends all children."""
    try:
        scratch = tempfile.mkdtemp(prefix="dsbench-doctor-")
    except OSError:  # no temporary directory is one of the findings
        scratch = ""
    try:
        return asyncio.run(_take(cwd, gpu_id, named_video, Path(scratch or "/nonexistent")))
    finally:
        if scratch:
            shutil.rmtree(scratch, ignore_errors=True)


async def _take(cwd: Path, gpu_id: int, named_video: str | None, scratch: Path) -> Inventory:
    async with asyncio.TaskGroup() as first:
        gst = first.create_task(gstreamer.look())
        video = first.create_task(clip.video(named_video, cwd))
        gpu = first.create_task(probe(Answer, "gpu", str(gpu_id)))
        facts = first.create_task(probe(Hardware, "system"))
        parts = {name: first.create_task(probe(Component, "part", name)) for name in ("cuda", "tensorrt", "deepstream")}
        sandbox = first.create_task(system.sandbox())
        encoder = first.create_task(probe(EncoderAnswer, "encoder"))
        packages = first.create_task(python.packages(python.stated_requirements()))
        gxx = first.create_task(program("g++", "--version"))
        make = first.create_task(program("make", "--version"))
        app = first.create_task(program("deepstream-app", "--version-all", timeout_s=FIRST_SCAN_S))
        libraries = first.create_task(nvidia.loader_libraries())
        compiled = first.create_task(nvidia.compile_parser(_INCLUDES, (), scratch / "embedded.so", scratch))
    async with asyncio.TaskGroup() as second:  # what needs the answers above
        found = {name: task.result() for name, task in parts.items()}
        deepstream = second.create_task(nvidia.deepstream(found, app.result(), scratch))
        nvenc = second.create_task(gstreamer.try_nvenc(gst.result(), gpu_id))
        nvdec = second.create_task(gstreamer.try_nvdec(gst.result(), video.result(), gpu_id, scratch))
    missing = encoder.result()
    return Inventory(
        system=system.system(facts.result()),
        python=python.python(),
        packages=packages.result(),
        encoder_missing=missing.answer.missing if missing.answer else missing.trouble,
        gxx=gxx.result(),
        make=make.result(),
        compiled=compiled.result(),
        folders=system.folders(cwd),
        memory_mib=machine_limits.available_mib(),
        shared_memory_mib=system.free_mib("/dev/shm"),
        video=video.result(),
        nvidia=nvidia.nvidia(gpu.result(), libraries.result()),
        deepstream=deepstream.result(),
        gstreamer=gst.result(),
        nvenc=nvenc.result(),
        nvdec=nvdec.result(),
        sandbox=sandbox.result(),
        gpu_id=gpu_id,
        pynvml=python.version("nvidia-ml-py"),
    )
