"""doctor's text fits 80 columns and its commands can be copied; its JSON says the same."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace

from dsbench.doctor import text as doctor_text
from dsbench.doctor.diagnosis import diagnose
from dsbench.doctor.inventory import Inventory
from tests.doctor.material import LAPTOP, MACHINE, without


def text(inventory: Inventory) -> str:
    return doctor_text.render(inventory, diagnose(inventory))


def test_lines_are_short_aligned_and_without_colours() -> None:
    shown = text(without(MACHINE, "nvinfer", "qtdemux", blacklisted=(("libnvdsgst_infer.so", "libnvinfer.so.10"),)))
    assert "\x1b" not in shown
    for line in shown.partition("to fix it")[0].splitlines():  # a command stays on its line
        assert len(line) <= 80 or " " not in line.strip(), line
    rows = [line for line in shown.partition("\n\n")[2].splitlines() if line.startswith("  ") and line[2] != " "]
    states = {line[22:31].strip() for line in rows[:20]}
    assert states == {"ok", "missing"}


def test_the_groups_and_both_verdicts() -> None:
    shown = text(LAPTOP).splitlines()
    assert [
        line for line in shown if line in ("both runtimes", "embedded runtime", "deepstream runtime", "optional")
    ] == [
        "both runtimes",
        "embedded runtime",
        "deepstream runtime",
        "optional",
    ]
    assert "embedded runtime: ready" in shown
    assert any(line.startswith("deepstream runtime: not ready because GPU missing") for line in shown)
    healthy = text(MACHINE).splitlines()
    assert healthy[-2:] == ["embedded runtime: ready", "deepstream runtime: ready"]


def test_the_commands_are_shell() -> None:
    shown = text(replace(LAPTOP, gxx=replace(LAPTOP.gxx, path=None)))
    block = shown.partition("to fix it, in this order:\n")[2]
    assert block.count("docker run") == 1
    checked = subprocess.run(["bash", "-n"], input=block, text=True, capture_output=True, check=False)
    assert (checked.returncode, checked.stderr) == (0, "")


def test_a_long_path_stays_whole() -> None:
    path = "/clips/" + "a" * 100 + ".mp4"
    assert path in text(replace(MACHINE, video=replace(MACHINE.video, path=path)))


def test_json_says_the_same() -> None:
    said = json.loads(doctor_text.to_json(LAPTOP, diagnose(LAPTOP)))
    assert said["ready"] == {"embedded": True, "deepstream": False}
    assert said["because"]["embedded"] == []
    assert {
        "group": "deepstream runtime",
        "name": "deepstream-app",
        "state": "missing",
        "detail": "not on PATH",
    } in said["checks"]
    assert said["commands"][-1]["command"].startswith("docker run")
