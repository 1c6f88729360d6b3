"""From facts to findings, verdicts and commands."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from dsbench.doctor.checks.check import BOTH, BROKEN, DEEPSTREAM, LOW, MISSING, OK, OPTIONAL, UNKNOWN, Check
from dsbench.doctor.checks.common import too_old
from dsbench.doctor.diagnosis import Diagnosis, diagnose
from dsbench.doctor.inventory import CodecTrial, Inventory, Package, Program
from tests.doctor.material import LAPTOP, LIBRARIES, MACHINE, said, without

Change = Callable[[Inventory], Inventory]


def check(diagnosis: Diagnosis, name: str, group: str | None = None) -> Check:
    found = [one for one in diagnosis.checks if one.name == name and group in (None, one.group)]
    assert len(found) == 1, [one.name for one in diagnosis.checks]
    return found[0]


def commands(diagnosis: Diagnosis) -> list[str]:
    return [fix.command for fix in diagnosis.commands]


def system(**facts: Any) -> Change:
    return lambda machine: replace(machine, system=replace(machine.system, **facts))


def nvidia(**facts: Any) -> Change:
    return lambda machine: replace(machine, nvidia=replace(machine.nvidia, **facts))


def deepstream(**facts: Any) -> Change:
    return lambda machine: replace(machine, deepstream=replace(machine.deepstream, **facts))


def app(text: str, trouble: str) -> Change:
    return deepstream(app=Program("deepstream-app", "/usr/bin/deepstream-app", said(text, trouble)))


def changed(machine: Inventory, *changes: Change) -> Inventory:
    for change in changes:
        machine = change(machine)
    return machine


def test_a_healthy_machine_is_ready_and_there_is_nothing_to_run() -> None:
    found = diagnose(MACHINE)
    assert (found.embedded_because, found.deepstream_because, found.commands) == ((), (), ())
    assert {one.state for one in found.checks} == {OK}


def test_a_laptop_is_ready_for_the_embedded_runtime_and_gets_the_container_as_the_one_fix_for_deepstream() -> None:
    found = diagnose(LAPTOP)
    assert found.embedded_because == ()
    assert {"GPU missing", "deepstream-app missing", "elements unknown"} <= set(found.deepstream_because)
    assert [command.split()[0] for command in commands(found)] == ["export", "docker"]
    assert "--gpus all" in commands(found)[1]
    assert "NVIDIA_DRIVER_CAPABILITIES=all" in commands(found)[1]


@pytest.mark.parametrize(
    ("change", "name", "state", "words", "command"),
    [
        (lambda m: replace(m, gxx=Program("g++", None)), "g++", MISSING, "not on PATH", "apt-get install -y g++"),
        (
            lambda m: replace(m, make=Program("make", "/bin/make", said("", "killed by SIGSEGV"))),
            "make",
            BROKEN,
            "SIGSEGV",
            "make",
        ),
        (
            lambda m: replace(m, packages=(Package("onnxruntime>=1.18", None),)),
            "packages",
            MISSING,
            "onnxruntime is not installed",
            "-m pip install 'onnxruntime>=1.18'",
        ),
        (
            lambda m: replace(m, packages=(Package("av>=13", "12.3.0"),)),
            "packages",
            BROKEN,
            "av 12.3.0: not av>=13",
            "-m pip install 'av>=13'",
        ),
        (
            lambda m: replace(m, packages=(Package("numpy>=1.26", "2.0", "ImportError: libopenblas"),)),
            "packages",
            BROKEN,
            "ImportError: libopenblas",
            "--force-reinstall 'numpy>=1.26'",
        ),
        (lambda m: replace(m, packages=()), "packages", UNKNOWN, "metadata", None),
        (
            lambda m: replace(m, folders=(replace(m.folders[0], trouble="Read-only file system"),)),
            "current folder",
            BROKEN,
            "Read-only file system",
            None,
        ),
        (
            lambda m: replace(m, folders=(replace(m.folders[1], free_mib=3),)),
            "temporary files",
            BROKEN,
            "3 MiB free: the disk is full",
            "export TMPDIR",
        ),
        (
            lambda m: replace(m, video=replace(m.video, trouble="there is no such file")),
            "video",
            MISSING,
            "/clips/a.mp4 (--video)",
            None,
        ),
        (
            lambda m: replace(m, video=replace(m.video, trouble="the video cannot be decoded: moov atom not found")),
            "video",
            BROKEN,
            "moov atom not found",
            None,
        ),
    ],
)
def test_what_both_runtimes_need(change: Change, name: str, state: str, words: str, command: str | None) -> None:
    found = diagnose(change(MACHINE))
    one = check(found, name)
    assert (one.group, one.state) == (BOTH, state)
    assert words in one.detail
    assert f"{name} {state}" in found.embedded_because
    assert f"{name} {state}" in found.deepstream_because
    if command is None:
        assert found.commands == ()
    else:
        assert command in " ".join(commands(found))


@pytest.mark.parametrize(
    ("changes", "name", "state", "words", "command"),
    [
        ((nvidia(gpu=None, why_not="NVML: Driver Not Loaded"),), "GPU", BROKEN, "Driver Not Loaded", "ubuntu-drivers"),
        (
            (nvidia(gpu=None, why_not="no", device_node=False), system(container=True)),
            "GPU",
            MISSING,
            "the host has a GPU, but this container was started without it",
            "docker run",
        ),
        ((nvidia(gpu=None, why_not="--gpu-id 3, but 1 GPU"),), "GPU", MISSING, "--gpu-id 3, but 1 GPU", None),
        (
            (
                nvidia(libraries=LIBRARIES[:1], capabilities="compute,utility"),
                system(container=True),
            ),
            "driver libraries",
            MISSING,
            "NVIDIA_DRIVER_CAPABILITIES is compute,utility",
            "NVIDIA_DRIVER_CAPABILITIES=all",
        ),
        (
            (deepstream(app=Program("deepstream-app", None)),),
            "deepstream-app",
            MISSING,
            "not on PATH, though",
            'export PATH=/opt/nvidia/deepstream/deepstream/bin:"$PATH"',
        ),
        ((app("", "killed by SIGSEGV"),), "deepstream-app", BROKEN, "killed by SIGSEGV", "docker run"),
        ((app("", "no end within 20 s"),), "deepstream-app", BROKEN, "no end within 20 s", "docker run"),
        (
            (app("error while loading shared libraries: libnvinfer.so.10: cannot open", "exit status 127"),),
            "deepstream-app",
            BROKEN,
            "libnvinfer.so.10",
            "libnvinfer-dev",
        ),
        (
            (app("error while loading shared libraries: libnvbufsurface.so: cannot open", "exit status 127"),),
            "deepstream-app",
            BROKEN,
            "libnvbufsurface",
            "LD_LIBRARY_PATH",
        ),
        (
            (app("dsbench-app version 0.1.0 (embedded runtime, not DeepStream)", ""),),
            "deepstream-app",
            UNKNOWN,
            "not DeepStream",
            "docker run",
        ),
        ((deepstream(header=None),), "parser build", MISSING, "nvdsinfer_custom_impl.h", "triton-multiarch"),
        (
            (deepstream(link=said("/usr/bin/ld: cannot find -lnvinfer\ncollect2: error", "exit status 1")),),
            "parser build",
            BROKEN,
            "cannot find -lnvinfer",
            "libnvinfer-dev",
        ),
        (
            (lambda m: without(m, "nvinfer", blacklisted=(("libnvdsgst_infer.so", "libnvinfer.so.10"),)),),
            "elements",
            MISSING,
            "libnvdsgst_infer.so (libnvinfer.so.10 not found)",
            "rm -rf /root/.cache/gstreamer-1.0",
        ),
        ((lambda m: without(m, "h264parse"),), "elements", MISSING, "h264parse", "gstreamer1.0-plugins-bad"),
        (
            (lambda m: without(m, "qtdemux"), system(container=True)),
            "elements",
            MISSING,
            "qtdemux",
            "user_additional_install.sh",
        ),
        (
            (
                lambda m: replace(
                    m, gstreamer=replace(m.gstreamer, elements=None, listing=said("", "no end within 40 s", True))
                ),
            ),
            "elements",
            UNKNOWN,
            "no end within 40 s",
            "rm -rf",
        ),
        (
            (lambda m: replace(m, nvdec=CodecTrial(said("ERROR: from element nvv4l2decoder0: no", "exit status 1"))),),
            "NVDEC",
            BROKEN,
            "nvv4l2decoder0: no",
            None,
        ),
    ],
)
def test_what_deepstream_needs(
    changes: tuple[Change, ...], name: str, state: str, words: str, command: str | None
) -> None:
    found = diagnose(changed(MACHINE, *changes))
    one = check(found, name, DEEPSTREAM)
    assert one.state == state
    assert words in one.detail
    assert f"{name} {state}" in found.deepstream_because
    assert found.embedded_because == (), "the embedded runtime needs none of this"
    assert (command is None and found.commands == ()) or (command and command in "\n".join(commands(found)))


@pytest.mark.parametrize(
    ("changes", "name", "state", "words"),
    [
        ((lambda m: without(m, "theoraenc", "nvv4l2h264enc"),), "theora elements", MISSING, "6f skips"),
        ((lambda m: without(m, "nvv4l2h264enc"),), "NVENC elements", MISSING, "falls back to theora"),
        ((lambda m: without(m, "jpegenc"),), "frame elements", MISSING, "no frames"),
        ((lambda m: without(m, "h265parse"),), "mkv, HEVC elements", MISSING, "H.265"),
        ((deepstream(trtexec=None),), "trtexec", MISSING, "dsbench prepare"),
        ((deepstream(unknown=(("tensorrt", "no end within 20 s"),)),), "trtexec", UNKNOWN, "no end within 20 s"),
        ((deepstream(unknown=(("cuda", "no answer"),), cuda=None),), "CUDA toolkit", UNKNOWN, "no answer"),
        ((lambda m: replace(m, nvdec=CodecTrial(None, "no clip")),), "NVDEC", UNKNOWN, "not tried: no clip"),
        (
            (
                lambda m: replace(
                    m, nvenc=CodecTrial(said("Device '/dev/v4l2-nvenc' failed during initialization", "exit status 1"))
                ),
            ),
            "NVENC",
            MISSING,
            "no encoder (tried it)",
        ),
        (
            (lambda m: replace(m, nvenc=CodecTrial(said("", "no end within 20 s", True))),),
            "NVENC",
            BROKEN,
            "no end within 20 s",
        ),
        ((lambda m: replace(m, shared_memory_mib=10),), "/dev/shm", LOW, "10 MiB free"),
        ((lambda m: replace(m, encoder_missing="no libvpx-vp9"),), "VP9 encoder", MISSING, "no libvpx-vp9"),
        ((lambda m: replace(m, sandbox=Program("bubblewrap", None)),), "bubblewrap", MISSING, "--isolate needs it"),
        (
            (lambda m: replace(m, sandbox=replace(m.sandbox, said=said("bwrap: no permissions\n", "exit status 1"))),),
            "bubblewrap",
            BROKEN,
            "bwrap: no permissions",
        ),
    ],
)
def test_what_stands_in_nobodys_way(changes: tuple[Change, ...], name: str, state: str, words: str) -> None:
    found = diagnose(changed(MACHINE, *changes))
    one = check(found, name)
    assert (one.group, one.state) == (OPTIONAL, state)
    assert words in one.detail
    assert (found.embedded_because, found.deepstream_because) == ((), ())


def test_low_disk_and_memory_warn_and_do_not_stop() -> None:
    low = replace(MACHINE, folders=(replace(MACHINE.folders[0], free_mib=900),), memory_mib=300)
    found = diagnose(low)
    assert [check(found, name).state for name in ("current folder", "memory")] == [LOW, LOW]
    assert found.embedded_because == ()


def test_packages_of_all_findings_are_one_command_and_the_order_is_the_one_to_run_them_in() -> None:
    machine = changed(
        without(MACHINE, "qtdemux", "theoraenc", "nvinfer"),
        system(container=True, root=False),
        deepstream(link=said("cannot find -lnvinfer", "exit status 1"), trtexec=None),
        lambda m: replace(m, gxx=Program("g++", None)),
    )
    found = commands(diagnose(machine))
    assert [line.removeprefix("sudo ").split()[0] for line in found] == [
        "/opt/nvidia/deepstream/deepstream/user_additional_install.sh",
        "apt-get",
        "rm",
    ]
    assert found[1].startswith("sudo apt-get update && sudo apt-get install -y ")
    names = found[1].partition("-y ")[2].split()
    assert sorted(names) == sorted(set(names))
    assert {"g++", "libnvinfer-dev", "gstreamer1.0-plugins-good", "gstreamer1.0-plugins-base"} <= set(names)


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"distribution": "debian", "like": ()}, "apt-get install -y g++"),
        ({"distribution": "linuxmint", "like": ("ubuntu", "debian")}, "apt-get install -y g++"),
        ({"distribution": "fedora", "like": ()}, "dnf install -y gcc-c++"),
        ({"distribution": "rocky", "like": ("rhel", "centos", "fedora")}, "dnf install -y gcc-c++"),
    ],
)
def test_commands_fit_the_distribution(facts: dict[str, Any], expected: str) -> None:
    machine = changed(replace(MACHINE, gxx=Program("g++", None)), system(**facts))
    assert expected in " ".join(commands(diagnose(machine)))


def test_an_unknown_distribution_gets_words_and_no_command_that_is_not_its_own() -> None:
    machine = changed(replace(MACHINE, gxx=Program("g++", None)), system(distribution="nixos", like=()))
    (fix,) = diagnose(machine).commands
    assert fix.command == ""
    assert "g++" in fix.note


def test_a_systems_python_gets_an_environment_of_its_own() -> None:
    python = replace(MACHINE.python, virtual=False, managed=True)
    found = diagnose(replace(MACHINE, python=python, packages=(Package("av>=13", None),)))
    assert commands(found) == ["python3 -m venv .venv && .venv/bin/pip install '.[gpu]'"]


@pytest.mark.parametrize(
    ("facts", "words"),
    [({"wsl": True}, "in Windows"), ({"jetson": True}, "JetPack"), ({"distribution": "debian"}, "NVIDIA's driver for")],
)
def test_the_driver_comes_from_where_the_platform_has_it(facts: dict[str, Any], words: str) -> None:
    found = diagnose(changed(MACHINE, nvidia(gpu=None, why_not="no answer"), system(**facts)))
    assert any(words in fix.note for fix in found.commands)


def test_an_old_driver_is_named_and_is_no_failure() -> None:
    assert MACHINE.nvidia.gpu is not None
    found = diagnose(changed(MACHINE, nvidia(gpu=replace(MACHINE.nvidia.gpu, driver="580.159.04"))))
    assert "not in NVIDIA's support table of DeepStream 9.1" in check(found, "GPU").detail
    assert found.deepstream_because == ()
    jetson = changed(MACHINE, nvidia(gpu=replace(MACHINE.nvidia.gpu, driver="580.1")), system(jetson=True))
    assert "support table" not in check(diagnose(jetson), "GPU").detail


@pytest.mark.parametrize(
    ("requirement", "version", "old"),
    [
        ("numpy>=1.26", "1.26.0", False),
        ("numpy>=1.26", "1.9", True),
        ("av>=13", "9.2.0", True),
        ("x>=1", "1.0rc1", False),
        ("x", "0.1", False),
        ("x>=2", "unknown", False),
    ],
)
def test_versions_are_compared_as_numbers(requirement: str, version: str, old: bool) -> None:
    assert too_old(Package(requirement, version)) is old
