"""Edits that the findings of a run name."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from dsbench.base.errors import Code
from dsbench.judge.imports.parity import ParityOutcome
from dsbench.model.facts import PreflightFacts
from dsbench.model.layout import ModelLayout
from dsbench.steps import named_edits
from dsbench.steps.accuracy import AccuracyResult
from dsbench.steps.dump_comparison import DumpComparison
from dsbench.steps.model_outputs import ModelOutputsResult
from dsbench.steps.named_edits import Problem, RunFindings


@pytest.mark.parametrize(
    ("exported", "named"),
    [
        (("NvDsInferParseNet",), "NvDsInferParseNet"),
        (("ParseA", "NvDsInferParseYoloX"), "NvDsInferParseYoloX"),
        (("ParseA", "ParseB"), ""),
        ((), ""),
    ],
)
def test_a_function_is_named_where_one_alone_can_be_meant(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, exported: tuple[str, ...], named: str
) -> None:
    layout = ModelLayout.at("net", tmp_path)
    layout.parser_library.parent.mkdir(parents=True)
    layout.parser_library.touch()
    facts = SimpleNamespace(layout=layout)
    model = SimpleNamespace(layout=layout, find=lambda kind: facts if kind is PreflightFacts else None)
    library = SimpleNamespace(parse_functions=exported)
    monkeypatch.setattr(named_edits.symbols, "read_library", lambda path: library)
    monkeypatch.setattr(named_edits, "parser_function", lambda facts: "NvDsInferParseYolox")
    monkeypatch.setattr(named_edits.ideal_config, "users_config", lambda model: "[property]\n")
    monkeypatch.setattr(named_edits, "settings_removal", lambda *given: iter(()))
    problem = Problem("parser_build", str(Code.PARSER_SYMBOL), "", "")
    found = RunFindings((problem,), (), model)  # type: ignore[arg-type]
    edits = [one.what for one in named_edits._of_function(found)]
    assert edits == ([f"parse-bbox-func-name={named}"] if named else [])


@pytest.mark.parametrize(
    ("outcome", "exported", "named"),
    [
        (ParityOutcome.SAME, None, True),
        (ParityOutcome.SAME, ("car", "person"), False),  # the exporter agrees with labels.txt
        (ParityOutcome.DIFFERENT, None, False),  # a parser with wrong class ids looks like wrong names
    ],
)
def test_exchanged_names_are_put_right_where_the_boxes_are_the_model_s(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, outcome: ParityOutcome, exported: object, named: bool
) -> None:
    layout = ModelLayout.at("net", tmp_path)
    results = {
        PreflightFacts: SimpleNamespace(layout=layout, labels=SimpleNamespace(lines=("car", "person"))),
        ModelOutputsResult: SimpleNamespace(exporter=SimpleNamespace(names_but_of=lambda path: exported)),
        AccuracyResult: SimpleNamespace(measured=SimpleNamespace(errors=None)),
        DumpComparison: SimpleNamespace(parity=SimpleNamespace(outcome=outcome)),
    }
    monkeypatch.setattr(named_edits.verdict, "relabelled", lambda labels, run: tuple(reversed(labels)))
    model = SimpleNamespace(layout=layout, find=results.get)
    found = RunFindings((Problem("accuracy", str(Code.ACCURACY), "", ""),), (), model)  # type: ignore[arg-type]
    edits = [(one.target, one.edit.content) for one in named_edits._of_accuracy(found)]  # type: ignore[union-attr]
    assert edits == ([("accuracy", b"person\ncar\n")] if named else [])
