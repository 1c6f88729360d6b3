"""What is drawn while a long step works, and what is left of it."""

from __future__ import annotations

import time

import pytest

from dsbench.base import progress
from dsbench.base.progress import ProgressDisplay, Task, Terminal


class Screen:
    """A terminal that keeps what is written."""

    def __init__(self, live: bool, column: int = 0) -> None:
        self.text = ""
        self.terminal = Terminal(self.write, live, lambda: 40, lambda: column)

    def write(self, text: str) -> None:
        self.text += text

    def wait_for(self, text: str) -> None:
        end = time.monotonic() + 5
        while text not in self.text:
            assert time.monotonic() < end, self.text
            time.sleep(0.005)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "LIVE_S", 0.01)
    monkeypatch.setattr(progress, "PLAIN_S", 0.01)


@pytest.mark.parametrize(
    ("done", "at", "line"),
    [
        ([0], [4.0], "net: dump: 0 of 100 frames, 4 s"),
        ([1, 21], [5.0, 7.0], "net: dump: 21 of 100 frames, 8 s left"),
        ([1, 2], [5.0, 500.0], "net: dump: 2 of 100 frames, 8 min"),
        ([50, 102], [5.0, 7.0], "net: dump: 100 of 100 frames, 0 s left"),
    ],
)
def test_how_far_and_how_long(done: list[int], at: list[float], line: str) -> None:
    counts = iter(done)
    task = Task("net: dump", 100, "frames", lambda: next(counts), started=0.0)
    assert [task.line(now) for now in at][-1] == line


def test_without_a_total_or_a_count() -> None:
    assert Task("net: clip", 0, "frames", lambda: 7, started=0.0).line(3.0) == "net: clip: 7 frames, 3 s"
    assert Task("net: Run 1", seconds=60, started=0.0).line(12.2) == "net: Run 1: 12 of 60 s, at most 48 s left"
    assert Task("net: build", started=0.0).line(600.0) == "net: build: 10 min"


def test_a_live_line_stands_below_the_cursor_and_goes() -> None:
    screen = Screen(live=True, column=32)
    with ProgressDisplay(screen.terminal).task(
        Task("net: a text that is longer than the terminal is wide", announced=True)
    ):
        screen.wait_for("\r")
    first, *_, last = screen.text.split("\x1b[K")
    assert first == "\n" + "net: a text that is longer than the terminal"[:39]
    assert last == "\x1b[A\x1b[32C", "up, and behind what stands there"


def test_ctrl_c_leaves_no_line() -> None:
    screen = Screen(live=True)

    def work() -> None:
        with ProgressDisplay(screen.terminal).task(Task("net: run")):
            screen.wait_for("run")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        work()
    assert screen.text.endswith("\r\x1b[K\x1b[A")


def test_the_innermost_task_is_shown() -> None:
    screen = Screen(live=True)
    shown = ProgressDisplay(screen.terminal)
    with shown.task(Task("outer")):
        with shown.task(Task("inner")):
            screen.wait_for("inner")
            before = screen.text.count("outer")
            screen.text = ""
            screen.wait_for("inner")
            assert "outer" not in screen.text
        assert before <= 1
        screen.wait_for("outer")


def test_plain_lines() -> None:
    screen = Screen(live=False)
    shown = ProgressDisplay(screen.terminal)
    with shown.task(Task("net: \x1b[31mrun", seconds=9, announced=True)):
        screen.wait_for("of 9 s")
    assert screen.text.startswith("\ndsbench: net: \N{REPLACEMENT CHARACTER}[31mrun\n\ndsbench: net: ")
    assert "\x1b" not in screen.text
    with ProgressDisplay(screen.terminal).task(Task("quick")):
        pass
    assert "quick" not in screen.text


def test_no_terminal_or_one_that_is_gone() -> None:
    with ProgressDisplay().task(Task("net: run", announced=True)) as task:
        assert task.text == "net: run"

    def gone(text: str) -> None:
        raise OSError

    with ProgressDisplay(Terminal(gone, live=False)).task(Task("net: run", announced=True)):
        pass
