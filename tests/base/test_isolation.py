"""``--isolate``: what a model directory's own code can reach."""

from __future__ import annotations

import os
import shutil
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from dsbench.base import isolation, process
from dsbench.base.errors import Code, DsbenchError
from dsbench.base.isolation import Sandbox
from dsbench.base.python_child import python_command
from dsbench.build import compile as builder
from dsbench.build.compile import BuildPlan
from dsbench.steps import isolation as step

EVIL = """
libx.so:
\t-echo mine > $(HOME)/planted
\t-echo mine > $(OUTSIDE)/planted
\t-echo mine > $(CURDIR)/../samples/inside
\t-cat $(OUTSIDE)/secret
\t-ls -a $(HOME)
\t-env
\t-kill -9 $(PARENT)
\t-(exec 3<>/dev/tcp/127.0.0.1/$(PORT)) && echo CONNECTED
\t-ls /proc | grep -c '^[0-9]'
\tg++ -shared -o libx.so x.cpp
SHELL := /bin/bash
"""


@pytest.fixture
def usable() -> None:
    try:
        step.require()
    except DsbenchError as error:
        pytest.skip(error.what)


@pytest.fixture
def sandbox(tmp_path: Path, usable: None) -> Iterator[Path]:
    """A model directory whose programs are isolated; the real home directory is not touched by these tests."""
    root = tmp_path / "net"
    for name in ("parser", "samples"):
        (root / name).mkdir(parents=True)
    with isolation.active(Sandbox((root,))):
        yield root


def test_a_makefile_reaches_nothing_but_the_model_directory(
    sandbox: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, outside = tmp_path / "home", tmp_path / "outside"
    home.mkdir()
    outside.mkdir()
    (home / "key").write_text("")
    (outside / "secret").write_text("TOPSECRET")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("GITHUB_TOKEN", "TOPSECRET")
    parser = sandbox / "parser"
    (parser / "x.cpp").write_text("int x;\n")
    with socket.create_server(("127.0.0.1", 0)) as server:
        variables = f"OUTSIDE := {outside}\nPARENT := {os.getpid()}\nPORT := {server.getsockname()[1]}\n"
        (parser / "Makefile").write_text(variables + EVIL)
        plan = BuildPlan(parser, parser / "libx.so", tmp_path, "12.0", parser / "build.log", deadline_s=60)
        builder.build(plan)
    said = plan.log.read_text()
    assert (parser / "libx.so").is_file()
    assert (sandbox / "samples" / "inside").is_file()
    assert list(home.iterdir()) == [home / "key"]
    assert list(outside.iterdir()) == [outside / "secret"]
    for text in ("TOPSECRET", "\nkey\n", "\nCONNECTED"):
        assert text not in said, said
    assert int(next(line for line in said.splitlines() if line.isdigit())) < 12, "it sees only its own processes"


def test_how_a_program_ends_is_seen_from_outside(sandbox: Path, tmp_path: Path) -> None:
    log = sandbox / "log"
    crashed = process.run(("sh", "-c", "kill -SEGV $$"), log, deadline_s=20)
    assert crashed.signal_name == "SIGSEGV"
    assert process.run(("sh", "-c", "exit 3"), log, deadline_s=20).returncode == 3
    marker = sandbox / "samples" / "begun"
    code = f"trap 'echo heard; exit 0' INT; touch {marker}; while :; do sleep 0.05; done"
    asked = process.run(("sh", "-c", code), log, deadline_s=20, until=marker.exists)
    assert (asked.stopped, asked.returncode, log.read_text()) == (True, 0, "heard\n")
    hung = process.run(("sleep", "60"), log, deadline_s=0.3)
    assert hung.timed_out
    assert hung.signal_name in (signal.SIGINT.name, signal.SIGTERM.name)


def test_our_own_programs_run_in_it(sandbox: Path) -> None:
    finished = process.run(python_command("dsbench.base.options"), sandbox / "log", deadline_s=60)
    assert finished.returncode == 0, (sandbox / "log").read_text()
    assert "--isolate" in (sandbox / "log").read_text()


def test_a_home_directory_elsewhere_is_hidden_as_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(isolation, "_HIDDEN", ("/nowhere",))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    words = isolation.sandboxed(("true",), Sandbox(()))
    assert words[words.index("--tmpfs") + 1] == str(tmp_path)
    assert words.count(str(tmp_path)) == 1


def test_without_it_nothing_changes() -> None:
    assert isolation.wrapped(("make",)) == ("make",)
    assert isolation.environment({"GITHUB_TOKEN": "x"}) == {"GITHUB_TOKEN": "x"}
    assert isolation.returncode(139) == 139


def test_where_there_is_no_bubblewrap_or_it_may_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(DsbenchError, match="no bwrap on PATH") as missing:
        step.require()
    assert missing.value.code == Code.ISOLATION_UNAVAILABLE
    program = tmp_path / "bwrap"
    program.write_text("#!/bin/sh\necho 'bwrap: No permissions to create a new namespace' >&2\nexit 1\n")
    program.chmod(0o755)
    with pytest.raises(DsbenchError, match="here: bwrap: No permissions to create a new namespace"):
        step.require()
    assert shutil.which("bwrap") == str(program)
