"""What a terminal, a CI runner or a reader of a document must not get, and what stays readable."""

from __future__ import annotations

import io
import json
import subprocess
import sys

import pytest

from dsbench.base.console import ConsoleStream, console_streams, print_outcome
from dsbench.base.errors import Code, DsbenchError
from dsbench.base.text import console, console_json, fitted, float32_text, printable, visible
from tests.hostile_names import HOSTILE, obeyed, unseen

GONE = "\N{REPLACEMENT CHARACTER}"


@pytest.mark.parametrize("name", HOSTILE, ids=ascii)
def test_hostile_text_is_shown_and_not_obeyed(name: str) -> None:
    for text in (name, f"[E] {name}", f"line\n{name}\nline", f"  {name}"):
        assert not unseen(visible(text) + console(text) + printable(text))
        assert not obeyed(console(text))
        assert console(console(text)) == console(text)
        assert json.loads(console_json(json.dumps(text))) == text
        assert not obeyed(console_json(json.dumps(text)))
    assert "\n" not in printable(name)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("模型 Ünïcode ñ ✓ 🚗 a_b-c.d", None),
        ("two\nlines\tand a tab", None),
        ("1::2 a::b, std::vector<float>::size", None),
        ("# title [link] ## part", None),
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x9b31mred\x07", f"{GONE}31mred{GONE}"),
        ("50 %\r100 %\r\ndone", "50 %\n100 %\ndone"),
        ("::error::x", ": :error::x"),
        (" \t::set-output name=a::b", " \t: :set-output name=a::b"),
        ("x ##[error]y ##vso[task.complete]", "x # #[error]y # #vso[task.complete]"),
        ("a\u3000b\xa0c", "a b c"),
        ("exe\u202egnp", f"exe{GONE}gnp"),
    ],
)
def test_text_for_the_console(text: str, shown: str | None) -> None:
    assert console(text) == (text if shown is None else shown)


@pytest.mark.parametrize(
    ("text", "columns", "shown"),
    [("abcdef", 4, "abcd"), ("模型net", 5, "模型n"), ("模型net", 3, "模"), ("a🚗b", 2, "a"), ("é模", 9, "é模")],
)
def test_a_line_that_fits(text: str, columns: int, shown: str) -> None:
    assert fitted(text, columns) == shown


def test_an_error_is_text_for_the_console() -> None:
    error = DsbenchError(Code.USAGE, "no \x1b]0;x\x07 file\n::error::x", where="a\x9bb", fix="##[error]")
    assert not unseen(error.render())
    assert not obeyed(error.render())
    assert error.what == "no \x1b]0;x\x07 file\n::error::x"


def test_a_stream_for_the_console_knows_where_a_line_begins() -> None:
    ascii_only = io.TextIOWrapper(io.BytesIO(), "ascii", newline="")
    stream = ConsoleStream(ascii_only)
    for part in ("a", "::b\n", "::error::x", "\n", "模\x1b[2J", ""):
        stream.write(part)
    ascii_only.flush()
    assert ascii_only.buffer.getvalue() == b"a::b\n: :error::x\n\\u6a21"  # type: ignore[attr-defined]


def test_streams_are_put_back(capsys: pytest.CaptureFixture[str]) -> None:
    before = sys.stdout, sys.stderr
    with console_streams():
        print("##[error]", file=sys.stderr)
    assert (sys.stdout, sys.stderr) == before
    assert capsys.readouterr().err == "# #[error]\n"


def test_notes_that_nobody_takes_do_not_end_a_command(monkeypatch: pytest.MonkeyPatch) -> None:
    with open("/dev/full", "w", buffering=1) as full:
        monkeypatch.setattr(sys, "stderr", full)
        with console_streams():
            for _ in range(3):
                print("a note", file=sys.stderr, flush=True)


def test_what_was_done_is_done_though_nobody_takes_the_words(monkeypatch: pytest.MonkeyPatch) -> None:
    with open("/dev/full", "w") as full:
        monkeypatch.setattr(sys, "stdout", full)
        print_outcome(["passed", "see results/"])


def test_closed_streams_lead_nowhere() -> None:
    """Errors go to standard error alone: where that is closed, not to standard output."""
    script = (
        "exec 2>&-; exec \"$0\" -c \"import sys; from dsbench import cli; sys.exit(cli.main(['explain', '/none']))\""
    )
    ended = subprocess.run(["sh", "-c", script, sys.executable], check=False, capture_output=True, timeout=60)
    assert (ended.returncode, ended.stdout) == (1, b"")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.003921568859368563, "0.003921569"),
        (1 / 255, "0.003921569"),
        (1.0, "1.0"),
        (1 / 57.1, "0.017513135"),
        (0.017352073, "0.017352073"),
        (1e-7, "1e-07"),
        (2.0, "2.0"),
        (float("inf"), "inf"),
        (None, "none"),
    ],
)
def test_a_number_as_nvinfer_reads_it(value: float | None, text: str) -> None:
    assert float32_text(value) == text
