"""The map of all rules: complete, in order, each rule where its code says, each code documented."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from dsbench.judge.run import RULES, Rule
from dsbench.judge.run.reason import ReasonCode, State

ROOT = Path(__file__).resolve().parents[3]
ELSEWHERE = {ReasonCode.QUANTISATION: "near_target"}  # two answers to one question


def test_every_reason_has_a_rule() -> None:
    assert {rule.code for rule in RULES} == set(ReasonCode)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: f"{rule.code}: {rule.looks_at}")
def test_a_rule_lies_in_the_module_of_its_code(rule: Rule) -> None:
    name = ELSEWHERE.get(rule.code, rule.code.replace("-", "_"))
    assert rule.find.__module__ == f"dsbench.judge.run.reasons.{name}"
    assert rule.states
    assert State.VALID not in rule.states


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: f"{rule.code}: {rule.looks_at}")
def test_a_rule_has_a_section_in_the_documentation(rule: Rule) -> None:
    page, _, anchor = rule.anchor.partition("#")
    headings = re.findall(r"^#+ (.+)$", (ROOT / page).read_text("utf-8"), re.MULTILINE)
    assert anchor in headings, "GitHub makes the anchor of a heading from its words"
