"""Precedence: command line, environment, dsbench.toml, pytest ini, specification. And what the table renders."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from dsbench.base import option_levels, options
from dsbench.base.errors import Code, DsbenchError
from dsbench.base.option import Option, Value, add_argument
from dsbench.base.option_kinds import Flag, Number, OneOf, OptionKind, Text, Whole
from dsbench.base.option_levels import Given, Options

COUNT = Option("x", Whole(0), 5, "a number", table="")


@pytest.mark.parametrize(
    ("given", "settings", "expected"),
    [
        (Given("1", "2", "4"), {"x": 3}, Value(1, "command line")),
        (Given(None, "2", "4"), {"x": 3}, Value(2, "environment")),
        (Given(None, None, "4"), {"x": 3}, Value(3, "dsbench.toml")),
        (Given(None, None, "4"), {}, Value(4, "pytest ini")),
        (Given(), {}, Value(5, "specification")),
    ],
)
def test_the_highest_level_wins(given: Given, settings: dict[str, int], expected: Value[int]) -> None:
    assert Options({"x": given}).resolve(COUNT, settings) == expected


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (Whole(0), "-1"),
        (Whole(0), "1.5"),
        (Whole(0), "10000000000"),
        (Number(0, 1), "90"),
        (Number(0, 1), "nan"),
        (Number(0, 100), "101"),
        (Number(0, 100), "-1"),
        (Number(0, 100), "x"),
        (Number(0, 1e6, above=True), "0"),
        (Number(0, 1e6, above=True), "inf"),
        (Number(0, 1e6, above=True), "x"),
        (OneOf("a", "b"), "c"),
        (Text(), "  "),
    ],
)
def test_a_value_that_cannot_be_read_names_option_and_level(kind: OptionKind[object], text: str) -> None:
    with pytest.raises(DsbenchError) as caught:
        Options({"x": Given(None, None, text)}).resolve(Option("x", kind, None, "whatever"))
    assert caught.value.code == Code.USAGE
    assert "--x" in caught.value.what
    assert "pytest ini" in caught.value.what


def test_a_run_shorter_than_two_windows_is_refused() -> None:
    given = option_levels.read({"perf-seconds": "3", "perf-interval": "2"}, environment={})
    with pytest.raises(DsbenchError, match="too short for two PERF windows"):
        given.check()
    option_levels.read({"perf-seconds": "3"}, environment={}).check()  # the interval may stand in dsbench.toml


@pytest.mark.parametrize("level", ["command_line", "environment", "ini"])
def test_check_looks_at_every_level(level: str) -> None:
    given = Given(**{"command_line": "1", level: "many"})
    with pytest.raises(DsbenchError, match="must be a whole number"):
        Options({"kitti-frames": given}).check()


@pytest.mark.parametrize(
    ("kind", "value", "said"),
    [
        (Whole(0), True, "whole number"),
        (Whole(0), 10**400, "at most"),
        (Number(0, 1), 10**400, "at most 1"),
        (Number(0, 1), True, "finite number"),
        (Flag(), "yes", "true, false, 1 or 0"),
        (Text(), "a\nb", "control characters"),
    ],
)
def test_a_value_of_dsbench_toml_that_is_refused(kind: OptionKind[object], value: object, said: str) -> None:
    with pytest.raises((TypeError, ValueError), match=said):
        kind.check(value)


def test_no_name_is_taken_twice() -> None:
    names = [option.name for option in options.OPTIONS]
    assert len(names) == len(set(names))


def test_the_header_shows_each_value_of_several_models() -> None:
    given = option_levels.read({"model-dir": ["models/a", "models/b"], "sweep": True}, environment={})
    lines = given.header([{"target-fps": 25.0}, {"video": "a.mp4"}])
    assert all(line.startswith("dsbench: ") for line in lines)
    shown = [dict(entry.split(" ", 1) for entry in line.removeprefix("dsbench: ").split("; ")) for line in lines]
    assert shown[0]["model-dir"] == "models/a, models/b (command line)"
    assert shown[1]["video"] == "DeepStream's sample_720p.mp4 (specification) | a.mp4 (dsbench.toml)"
    assert shown[1]["kitti-frames"].startswith("100")
    assert shown[2]["target-fps"] == "25 (dsbench.toml) | 30 (specification)"
    assert shown[2]["min-streams"] == "none (specification)"
    assert shown[3]["limits"] == "auto (default)"
    assert shown[3]["sweep"] == "True (command line)"
    assert shown[3]["latency"] == "False (default)"


def test_a_command_shares_a_row() -> None:
    parser = argparse.ArgumentParser()
    add_argument(parser.add_argument, options.TARGET_FPS)
    assert "frames per second of one real-time stream (default: 30)" in parser.format_help()
    given = option_levels.read_arguments(parser.parse_args(["--target-fps=15"]), [options.TARGET_FPS])
    assert given.resolve(options.TARGET_FPS) == Value(15.0, "command line")


def test_readme_has_the_table_of_options(repository: Path) -> None:
    readme = (repository / "README.md").read_text(encoding="utf-8")
    assert options.markdown_table() in readme, "put the output of `python -m dsbench.base.options` into README.md"
