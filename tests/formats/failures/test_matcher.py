"""The tables are well formed, and the first row of a table that a log holds is the cause."""

from __future__ import annotations

import re

import pytest

from dsbench.formats.failures import app, gst, matcher, trtexec
from dsbench.formats.failures.matcher import Row

TABLES = {"app": app.ROWS, "gst": gst.ROWS, "trtexec": trtexec.ROWS}


@pytest.mark.parametrize("table", TABLES)
def test_each_row_has_its_own_id_and_only_groups_that_its_pattern_has(table: str) -> None:
    rows = TABLES[table]
    assert len({row.id for row in rows}) == len(rows)
    for row in rows:
        used = {int(number) for number in re.findall(r"\{(\d)\}", row.cause + row.fix)}
        assert max(used, default=0) <= re.compile(row.pattern).groups, row.id
        assert row.fix, row.id


ROWS = (Row("cause", r"no (\w+)", "there is no {1}", "get {1}"), Row("follows", r"failed", "it failed", "look above"))


@pytest.mark.parametrize(
    ("lines", "cause"),
    [
        (["all is well"], None),
        (["it failed"], "it failed"),
        (["no wine", "it failed"], "there is no wine"),
        (["it failed", "no wine"], "there is no wine"),  # the order of the log does not matter
        (["no wine", "no bread"], "there is no wine"),  # of one row the first line counts
        (["\x1b[31mno\x1b[0m wine"], "there is no wine"),
        ([" " * 5000 + "no wine"], None),  # only the beginning of a line is read
    ],
)
def test_the_first_row_that_matches_is_the_cause(lines: list[str], cause: str | None) -> None:
    found = matcher.find(ROWS, lines)
    assert (found.cause if found else None) == cause


def test_a_match_that_does_not_count_is_passed_over() -> None:
    found = matcher.find(ROWS, ["[W] no wine", "no bread"], counts=lambda row, line: "[W]" not in line)
    assert found == matcher.Failure("there is no bread", "no bread", "get bread", id="cause")
