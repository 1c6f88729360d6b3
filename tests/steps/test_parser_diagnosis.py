"""6d's diagnosis: what is an error, what is amber, and the second call where too few boxes are there."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from dsbench.base.errors import Code, DsbenchError
from dsbench.jobs.probe import ProbeResult, tensor_key
from dsbench.judge.imports.diagnosis.verdict import DiagnosisState, ParserDiagnosis
from dsbench.record.evidence import EvidenceLog
from dsbench.steps import parser_diagnosis
from tests.judge.imports.diagnosis import parsers

THRESHOLD = 0.25


class Bench:
    """6a's outputs of two frames of a YOLOX head whose scores are ``factor`` times as high as usual."""

    def __init__(self, folder: Path, factor: float = 1.0) -> None:
        self.frames = [parsers.outputs("yolox", seed) for seed in range(2)]
        for frame in self.frames:
            frame[0].data[:, 4] *= factor
        tensors = folder / "t.npz"
        np.savez(tensors, **{tensor_key(0, index, 0): frame[0].data for index, frame in enumerate(self.frames)})
        probed = SimpleNamespace(tensors=tensors, result=ProbeResult(outputs=("output",), frames=(0, 1)))
        self.outputs: Any = SimpleNamespace(head=parsers.HEADS["yolox"], probed=probed, chosen=0)
        settings, labels = SimpleNamespace(pre_cluster_threshold=THRESHOLD), SimpleNamespace(names=())
        size = parsers.NETWORK
        self.facts: Any = SimpleNamespace(settings=settings, labels=labels, width=size.width, height=size.height)
        self.called: list[float] = []

    def parse(self, fault: str, threshold: float = THRESHOLD) -> list[np.ndarray]:
        self.called.append(threshold)
        return [parsers.parse("yolox", frame, fault, threshold) for frame in self.frames]

    def diagnose(self, fault: str) -> ParserDiagnosis:
        found = parser_diagnosis.diagnose(
            self.facts, self.outputs, self.parse(fault), lambda threshold: self.parse(fault, threshold)
        )
        assert found is not None
        return found


def shown(found: ParserDiagnosis) -> Any:
    log = EvidenceLog("parser_build", "net", "net", "embedded")
    parser_diagnosis.add_evidence(log, found)
    return log.snapshot()


def test_a_mistake_that_costs_boxes_is_an_error(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    found = bench.diagnose("sizes-swapped")
    error = parser_diagnosis.finding(found, "lib.so")[0]
    assert error.what.startswith("width and height are swapped: this explains")
    assert (error.severity, error.fix) == ("error", "swap the columns of width and height")
    assert bench.called == [THRESHOLD]
    evidence = shown(found)
    assert evidence.undecided == ()
    assert evidence.tables[0].rows[0][0] == "sizes-swapped"


def test_a_mistake_that_costs_none_is_inconclusive(tmp_path: Path) -> None:
    found = Bench(tmp_path).diagnose("score-root")
    assert parser_diagnosis.finding(found, "") == ()
    assert parser_diagnosis.cause(found, "")[0].rule == "parser-mistake", "named where other errors are there"
    assert shown(found).undecided[0].code == parser_diagnosis.DIFFERS


@pytest.mark.parametrize("fault", ["", "whole-pixels"])
def test_a_sound_parser_is_neither(tmp_path: Path, fault: str) -> None:
    found = Bench(tmp_path).diagnose(fault)
    assert parser_diagnosis.finding(found, "") == parser_diagnosis.cause(found, "")[1:] == ()
    assert shown(found).undecided == ()


def test_too_few_boxes_are_made_more(tmp_path: Path) -> None:
    bench = Bench(tmp_path, factor=0.1)
    found = bench.diagnose("no-grid")
    assert (found.ids, found.threshold, bench.called) == (("no-grid",), 0.03, [THRESHOLD, 0.03])
    assert found.compared > 60


@pytest.mark.parametrize("fault", ["class-lowest", "score-unset"])
def test_a_parser_without_boxes_is_called_until_it_returns_some(tmp_path: Path, fault: str) -> None:
    bench = Bench(tmp_path)
    found = bench.diagnose(fault)
    assert (found.state, found.ids) == (DiagnosisState.NAMED, (fault,)), found.what
    assert bench.called[0] == THRESHOLD
    assert parser_diagnosis.finding(found, "lib.so")


def test_a_parser_that_never_returns_a_box_has_no_cause(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    none = [np.zeros((0, 6), np.float32)] * 2
    found = parser_diagnosis.diagnose(bench.facts, bench.outputs, none, lambda threshold: none)
    assert found is not None
    assert found.state is DiagnosisState.EMPTY


def test_a_parser_that_fails_on_the_second_call_is_judged_by_the_first(tmp_path: Path) -> None:
    bench = Bench(tmp_path, factor=0.1)

    def fails(threshold: float) -> list[np.ndarray]:
        raise DsbenchError(Code.PARSER_CRASHED, "killed by SIGSEGV")

    found = parser_diagnosis.diagnose(bench.facts, bench.outputs, bench.parse(""), fails)
    assert found is not None
    assert found.state is DiagnosisState.NOTHING


def test_a_head_of_no_family_has_no_diagnosis(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.outputs.head = None
    assert parser_diagnosis.diagnose(bench.facts, bench.outputs, [], lambda _: []) is None
    parser_diagnosis.add_evidence(EvidenceLog("parser_build", "net", "net", "embedded"), None)
