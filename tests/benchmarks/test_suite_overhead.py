"""How a run's wall time is split: programs that run beside each other are not counted twice."""

from __future__ import annotations

from benchmarks.suite_overhead import APP, ENGINE, Child, covered, purpose, split


def test_time_that_is_covered_twice_counts_once() -> None:
    children = [Child(0, 2, "a"), Child(1, 5, "b"), Child(2, 3, "c"), Child(7, 8, "d")]
    assert covered(children) == 6
    assert covered(list(reversed(children))) == 6
    assert covered([]) == 0


def test_overhead_is_what_no_measurement_covers() -> None:
    children = [Child(1, 4, APP), Child(3, 5, "make"), Child(6, 8, ENGINE), Child(0, 1, "probe")]
    found = split(10, children)
    assert found.overhead_s == 10 - 3 - 2
    assert found.own_s == 10 - 7
    assert dict(found.purposes) == {APP: 3, ENGINE: 2, "make": 2, "probe": 1}


def test_programs_are_known_by_their_command() -> None:
    assert purpose(["/x/python", "-m", "dsbench.embedded.app", "-c", "a.txt"]) == APP
    assert purpose(["/opt/bin/deepstream-app", "-c", "a.txt"]) == APP
    assert purpose(["/x/python", "-m", "dsbench.embedded.throughput", "m.onnx"]) == ENGINE
    assert purpose(["/x/python", "-m", "dsbench.embedded.probe", "job"]) == "model probe (6a)"
    assert purpose(["/bin/sh", "-c", "x", "sh", "make", "-B", "-C", "/m/parser"]) == "make (6d)"
    assert (
        purpose(["/bin/sh", "-c", "x", "sh", "make", "-B", "-C", "/t/parser-check/parser"]) == "make, with sanitizers"
    )
    assert purpose(["/usr/bin/file", "x"]) == "file"
