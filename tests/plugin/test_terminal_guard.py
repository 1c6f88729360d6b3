"""pytest's terminal in a session of dsbench: its own colours stay, everything else is shown and not obeyed."""

from __future__ import annotations

import io
from types import SimpleNamespace
from typing import Any

import pytest
from _pytest._io import TerminalWriter

from dsbench.plugin import terminal_guard
from tests.hostile_names import HOSTILE, obeyed, unseen


def writer(*, colours: bool) -> tuple[TerminalWriter, io.StringIO]:
    stream = io.StringIO()
    made = TerminalWriter(stream)
    made.hasmarkup = colours
    terminal_guard.guard(made)
    return made, stream


@pytest.mark.parametrize("name", HOSTILE, ids=ascii)
def test_names_are_shown(name: str) -> None:
    made, stream = writer(colours=False)
    made.write(name)
    made.line(f"{name}\n{name}", red=True)
    made.sep("=", name)
    assert not unseen(stream.getvalue())
    assert not obeyed(stream.getvalue())


def test_colours_and_rewritten_lines_stay() -> None:
    made, stream = writer(colours=True)
    made.line("a\x1b[2Jb 模型", red=True)
    made.write("\rcollecting ... ")
    made.write("tests::test_x[net]")
    made.write(made.markup("c\x9b", bold=True))
    gone = "\N{REPLACEMENT CHARACTER}"
    lines = "\x1b[31mab 模型\x1b[0m\n\rcollecting ... tests::test_x[net]"
    assert stream.getvalue() == f"{lines}\x1b[1mc{gone}\x1b[0m"


def test_only_pytests_own_colours_stay() -> None:
    made, stream = writer(colours=True)
    name = "a\x1b[31mRED\x1b[0m"
    made.line(f"rootdir: /{name}")
    made.write(f"{made.markup('FAILED', red=True)} {made.markup(name, bold=True)}")
    end = made.markup("", red=True)
    assert end.endswith("\x1b[0m"), "pytest cuts that off"
    made.write(end[:-4])
    assert stream.getvalue() == "rootdir: /aRED\n\x1b[31mFAILED\x1b[0m \x1b[1maRED\x1b[0m\x1b[31m"
    made._write_source([f"x = 1  # {name}"])
    source = stream.getvalue().splitlines()[-1]
    assert "\x1b[" in source, "pytest's highlighting"
    assert "\x1b[31mRED" not in source


def test_texts_of_a_report() -> None:
    def fail() -> None:
        raise ValueError("a\x1b[2J\n::error::x")

    with pytest.raises(ValueError, match="a") as found:
        fail()
    report: Any = SimpleNamespace(longrepr=found.getrepr(), sections=[("Captured stdout call", "##[error]\x07")])
    terminal_guard.guard_report(report)
    text = str(report.longrepr) + report.sections[0][1] + report.longrepr.reprcrash.message
    assert not unseen(text)
    assert "::error" not in str(report.longrepr.reprcrash.message).splitlines()[-1][:2]
    for longrepr in ("x\x9b", ("a.py", 3, "x\x9b")):
        report = SimpleNamespace(longrepr=longrepr, sections=[])
        terminal_guard.guard_report(report)
        assert not unseen(str(report.longrepr))
