"""The environment of child programs, copied while another thread changes it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest

from dsbench.base import environment


def test_changes_are_added(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DSBENCH_TEST_A", "1")
    found = environment.snapshot(DSBENCH_TEST_A="2", LC_ALL="C")
    assert (found["DSBENCH_TEST_A"], found["LC_ALL"]) == ("2", "C")
    assert found["PATH"] == os.environ["PATH"]
    assert os.environ["DSBENCH_TEST_A"] == "1"


def test_a_variable_that_disappears_meanwhile_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    class Vanishing(dict[str, str]):
        """A name is listed, and then gone."""

        def __iter__(self) -> Iterator[str]:
            yield from [*dict.__iter__(self), "GONE"]

    changed: Any = Vanishing(KEPT="1")
    monkeypatch.setattr(os, "environ", changed)
    assert environment.snapshot() == {"KEPT": "1", **environment.QUIET}
