"""What is taken over of a job's junit.xml, and what is refused."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from dsbench.base.reading import FileKind
from dsbench.fleet import merged_junit
from dsbench.fleet.merged_junit import JunitRefused
from tests.fleet.results import CASES, SUITES

_BOMB = '<!DOCTYPE a [<!ENTITY a "aaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>'


def read(folder: Path, text: str | bytes) -> merged_junit.Suite:
    path = folder / "junit.xml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return merged_junit.read(path)


@pytest.mark.parametrize(
    "cases",
    [
        '<testcase name="a"/>',
        '<testcase name="a" />\n<testcase name="b"></testcase >',
        '<testcase name="a"><failure message="m"/></testcase><testcase name="b"/>',
        '<testcase name="a"><system-out><![CDATA[</testcase>]]></system-out></testcase>',
        "<testcase name='größer &gt; 模型'><!-- </testcase> --></testcase>",
        CASES.format("net", ""),
    ],
)
def test_cases_are_taken_over_byte_for_byte(tmp_path: Path, cases: str) -> None:
    for text in (SUITES.format(cases), f"<testsuite>{cases}</testsuite>"):
        found = b"".join(read(tmp_path, text).cases)
        assert found == cases.replace("\n", "").encode()


def test_what_a_suite_counts(tmp_path: Path) -> None:
    cases = (
        '<testcase time="1"><failure/></testcase><testcase time="nan"><error/></testcase>'
        '<testcase time="x"><skipped/></testcase><testcase time="0.5"><system-out><failure/></system-out></testcase>'
    )
    suite = read(tmp_path, SUITES.format(cases))
    assert (len(suite.cases), suite.failures, suite.errors, suite.skipped, suite.seconds) == (4, 1, 1, 1, 1.5)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "not well-formed"),
        (SUITES.format("<testcase>"), "not well-formed"),
        (SUITES.format("<testcase/>")[:-3], "not well-formed"),
        (f"{_BOMB}<testsuites>&b;</testsuites>", "document type"),
        ('<!DOCTYPE x SYSTEM "file:///etc/passwd"><testsuites/>', "document type"),
        (SUITES.format("&undefined;"), "not well-formed"),
        (SUITES.format("<testcase><testcase/></testcase>"), "within a test case"),
        (SUITES.format("<a>" * 50 + "</a>" * 50), "deep"),
        ("<html><testcase/></html>", "begins with <html>"),
        ('<testsuites xmlns:x="u"><testcase><x:failure/></testcase></testsuites>', "declares a namespace"),
        (SUITES.format('<testcase xmlns="u"/>'), "declares a namespace"),
        (SUITES.format("<testcase><x:failure/></testcase>"), "not well-formed: unbound prefix"),
        (SUITES.format('<testcase x:time="1"/>'), "not well-formed: unbound prefix"),
        (SUITES.format("<testcase/>").encode("utf-16"), "not well-formed"),
        (SUITES.format("<testcase name='\xe9'/>").encode("latin-1"), "not well-formed"),
        (b"\x00" * 100, "not well-formed"),
    ],
)
def test_what_is_no_junit_is_refused(tmp_path: Path, text: str | bytes, reason: str) -> None:
    with pytest.raises(JunitRefused, match=reason):
        read(tmp_path, text)


def test_a_large_file_a_fifo_and_a_missing_one_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "junit.xml"
    with path.open("wb") as file:
        file.truncate(FileKind.JUNIT.limit + 1)
    with pytest.raises(JunitRefused, match="too large"):
        merged_junit.read(path)
    path.unlink()
    with pytest.raises(JunitRefused, match="No such file"):
        merged_junit.read(path)
    os.mkfifo(path)
    with pytest.raises(JunitRefused, match="FIFO"):
        merged_junit.read(path)
