"""Edits that the findings of a run name."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from dsbench.base.errors import Code
from dsbench.model.facts import PreflightFacts
from dsbench.model.layout import ModelLayout
from dsbench.steps import named_edits
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
