"""Only what a trial confirms is kept. The trials are made up here: each edit removes one fault."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from dsbench.base import jsonable
from dsbench.base.option_levels import Options
from dsbench.build import file_changes
from dsbench.build.file_edits import KeyEdit
from dsbench.model.layout import ModelLayout
from dsbench.repair import answer, proposals
from dsbench.repair.proposals import Proposal, TryOrder
from dsbench.repair.search import FixSearch, Solution
from dsbench.repair.trial import Trial
from dsbench.steps.named_edits import Problem

STEPS = ("preflight", "model_outputs", "kitti_gate")
Measure = Callable[[set[str]], set[str]]


def proposal(key: str, target: str, order: TryOrder = TryOrder.NAMED) -> Proposal:
    return Proposal(target, KeyEdit("c.txt", "property", key, "1"), key, order)


def trial(faults: set[str]) -> Trial:
    problems = tuple(Problem("kitti_gate", fault, fault, "") for fault in sorted(faults))
    model = cast(Any, SimpleNamespace(find=lambda kind: None, layout=SimpleNamespace(root=Path("/"))))
    return Trial(problems, (), model, STEPS[: 2 if faults else 3])


class MadeUp(FixSearch):
    faults: Measure

    def measure(self, chosen: Sequence[Proposal]) -> Trial:
        self.trials += 1
        return trial(self.faults({one.what for one in chosen}))


def solve(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, offered: Sequence[Proposal], faults: Measure
) -> tuple[Solution, int]:
    (tmp_path / "c.txt").write_text("[property]\n")
    monkeypatch.setattr(proposals, "propose", lambda trial: tuple(offered))
    search = MadeUp(ModelLayout.at(str(tmp_path), tmp_path), Options(), tmp_path, tmp_path, lambda text: None)
    search.faults = faults
    return search.solve(), search.trials


def names(solution: Solution) -> list[str]:
    return [one.what for one in solution.accepted]


def test_a_healthy_directory_costs_one_trial(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found, trials = solve(tmp_path, monkeypatch, [proposal("a", "f")], lambda chosen: set())
    assert (found.healthy, found.changed, trials) == (True, {}, 1)


def test_named_edits_are_confirmed_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    offered = [proposal("a", "f"), proposal("b", "g")]
    found, trials = solve(tmp_path, monkeypatch, offered, lambda chosen: {"f", "g"} - {"a": "f", "b": "g"}.keys())
    assert found.changed == {}
    pairs = {"a": "f", "b": "g"}
    found, trials = solve(tmp_path, monkeypatch, offered, lambda chosen: {"f", "g"} - {pairs[one] for one in chosen})
    assert (names(found), trials, found.after.problems) == (["a", "b"], 2, ())
    assert found.changed == {"c.txt": b"[property]\na=1\nb=1\n"}


def test_suspects_that_are_not_needed_are_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    offered = [proposal(key, "f", TryOrder.SUSPECTS) for key in "abc"]
    found, _ = solve(tmp_path, monkeypatch, offered, lambda chosen: set() if "b" in chosen else {"f"})
    assert names(found) == ["b"]


def test_an_edit_that_makes_it_worse_is_dropped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    offered = [proposal("a", "f"), proposal("b", "f")]

    def faults(chosen: set[str]) -> set[str]:
        return {"f"} if "a" in chosen or not chosen else set()

    found, _ = solve(tmp_path, monkeypatch, offered, faults)
    assert names(found) == ["b"]


def test_nothing_is_proposed_that_no_trial_confirms(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found, trials = solve(tmp_path, monkeypatch, [proposal("a", "f")], lambda chosen: {"f"})
    assert (found.changed, found.accepted, trials) == ({}, (), 2)


def test_a_fault_behind_a_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    offered = [proposal("a", "f"), proposal("b", "g", TryOrder.PARSER)]

    def faults(chosen: set[str]) -> set[str]:
        return {"f", "g"} if "a" not in chosen else {"g"} - {"g" if "b" in chosen else ""}

    found, _ = solve(tmp_path, monkeypatch, offered, faults)
    assert names(found) == ["a", "b"]


def test_the_answer_as_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found, _ = solve(tmp_path, monkeypatch, [proposal("a", "f")], lambda chosen: set() if chosen else {"f"})
    changes = file_changes.changes_of(tmp_path, found.changed)
    shown = answer.of_solution(found, changes, "net", {})
    assert (shown.healthy, shown.written, shown.fixes, shown.left) == (False, False, ("a",), ())
    assert [problem.code for problem in shown.problems] == ["f"]
    assert shown.files[0].file == "net/c.txt"
    assert shown.files[0].diff[-2:] == (" [property]", "+a=1")
    written = answer.of_solution(found, changes, "net", {"c.txt": "c.txt.orig-1"}, found.after)
    assert (written.written, written.files[0].backup) == (True, "c.txt.orig-1")
    assert jsonable.loads(answer.FixAnswer, jsonable.dumps(written)) == written


def test_edits_of_a_line_are_alternatives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    offered = [proposal("a", "f", TryOrder.LINE), proposal("b", "f", TryOrder.LINE)]
    asked: list[set[str]] = []

    def faults(chosen: set[str]) -> set[str]:
        asked.append(chosen)
        return set() if "b" in chosen else {"f"}

    found, _ = solve(tmp_path, monkeypatch, offered, faults)
    assert names(found) == ["b"]
    assert asked == [set(), {"a"}, {"b"}]
