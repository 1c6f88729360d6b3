"""Evidence reads back from JSON unchanged, whatever its texts contain."""

from __future__ import annotations

import pytest

from dsbench.base import jsonable
from dsbench.record.evidence import Evidence, EvidenceLog, StepFailure


def test_round_trip(capsys: pytest.CaptureFixture[str]) -> None:
    log = EvidenceLog("kitti_gate", "<b>\u202e模型", "key", "embedded")
    log.fact("rate", 0.5, "option")
    log.print("Detection rate: 1 / 2 frames = 50.0%")
    log.note("note")
    log.warn("warning")
    log.table("t", ("a", "b"), [(1, "x"), (2, "y\udcff")])
    log.command("app", "-c", "a b.txt")
    log.text("file", "body")
    log.picture("p", "image/jpeg", "AAAA")
    log.failure = StepFailure("code", "what", "where", "fix")
    evidence = log.snapshot()
    assert jsonable.loads(Evidence, jsonable.dumps(evidence)) == evidence
    assert evidence.commands == ("app -c 'a b.txt'",)
    assert capsys.readouterr().out == "Detection rate: 1 / 2 frames = 50.0%\n"


def test_a_file_that_got_another_name() -> None:
    log = EvidenceLog("run2_validation", "net", "key", "embedded")
    log.fact("log", "m/ds/a.log", "app")
    log.fact("config", "m/ds/a.txt")
    log.text("a.log", "body")
    log.text("a.txt", "other")
    log.renamed("m/ds/a.log", "m/ds/b.log")
    found = log.snapshot()
    assert [fact.value for fact in found.facts] == ["m/ds/b.log", "m/ds/a.txt"]
    assert [(text.title, text.body) for text in found.texts] == [("b.log", "body"), ("a.txt", "other")]


@pytest.mark.parametrize(
    ("code", "what", "codes"),
    [
        ("kitti-gate", "[labels-missing] is only said", ("kitti-gate",)),
        ("preflight", "2:\n[a-b] x\n  where: y\n[c] z\n[a-b] v", ("a-b", "c")),
        ("preflight", "of another version", ("preflight",)),
    ],
)
def test_the_codes_of_a_failure(code: str, what: str, codes: tuple[str, ...]) -> None:
    assert StepFailure(code, what, "", "").codes == codes
