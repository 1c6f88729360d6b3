"""Which edits may fix what a trial found, one row a kind of finding. A trial of its own confirms each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

from dsbench.base import reading
from dsbench.base.errors import Code
from dsbench.base.reading import FileKind
from dsbench.build import makefile, parser_source
from dsbench.build.file_edits import Edit, FileEdit, KeyEdit
from dsbench.judge.imports.config_choices import PARSER
from dsbench.judge.imports.diagnosis.verdict import DiagnosisState
from dsbench.model.facts import PreflightFacts
from dsbench.repair import line_edits
from dsbench.repair.trial import Trial
from dsbench.steps import ideal_config, named_edits, parser_diagnosis
from dsbench.steps.model_outputs import ModelOutputsResult
from dsbench.steps.parser_build import ParserBuildResult
from dsbench.steps.parser_source import parser_function

_PARSER_CODES = (
    *(Code.PARSER_COMPILE, Code.PARSER_SYMBOL, Code.PARSER_CRASHED, Code.PARSER_RAISED, Code.PARSER_BOXES),
    *(Code.PARSER_CHECK, Code.PARSER_LIB_INVALID, Code.APP_CRASHED),
    parser_diagnosis.DIFFERS,
)
_NOT_ABOUT_BOXES = ("video", "ground-truth", "onnx")


class TryOrder(IntEnum):
    """Proposals of a lower level are tried first."""

    NAMED = 0
    """The finding names the edit."""
    LINE = 1
    """Edits of a line of the user's parser: one of them is enough."""
    PARSER = 2
    """The family's parser in place of the user's."""
    SUSPECTS = 3
    """Everything that differs from dsbench's own values; what is not needed is left out again."""


@dataclass(frozen=True)
class Proposal:
    """An edit, the finding that it has to remove (an entry of ``Trial.ids``), and what it does, in a few words."""

    target: str
    edit: Edit
    what: str
    level: TryOrder = TryOrder.NAMED


def propose(trial: Trial) -> tuple[Proposal, ...]:
    """Every proposal for what ``trial`` found, each edit once."""
    named = named_edits.named_edits(trial)
    found = {one.edit: Proposal(one.target, one.edit, one.what) for one in named}
    for rule in _RULES:
        for proposal in rule(trial):
            found.setdefault(proposal.edit, proposal)
    return tuple(found.values())


def _of_parser_lines(trial: Trial) -> Iterator[Proposal]:
    """Edits of the user's parser that undo the mistake which the diagnosis names."""
    outputs, built = trial.model.find(ModelOutputsResult), trial.model.find(ParserBuildResult)
    target = _parser_fault(trial)
    if outputs is None or outputs.user_source is None or built is None or built.diagnosis is None or target is None:
        return
    path = outputs.user_source.path
    text = reading.read_bytes(path, FileKind.SOURCE).decode("utf-8", "surrogateescape")
    for cause in built.diagnosis.causes:
        for edit in line_edits.edits_for(cause.id, text):
            change = FileEdit(named_edits.below_root(trial, path), edit.source.encode("utf-8", "surrogateescape"))
            yield Proposal(target, change, f"{path.name}: {edit.what}", TryOrder.LINE)


def _of_parser(trial: Trial) -> Iterator[Proposal]:
    """The family's parser in place of the user's, its Makefile too if that is not dsbench's."""
    facts, outputs = trial.model.find(PreflightFacts), trial.model.find(ModelOutputsResult)
    if facts is None or outputs is None or outputs.head is None or outputs.user_source is None:
        return
    target = _parser_fault(trial)
    if target is None:
        return
    text = parser_source.render_source(outputs.head, parser_function(facts))
    source = named_edits.below_root(trial, outputs.user_source.path)
    what = f"{Path(source).name} becomes the {outputs.head.family} family's parser"
    yield Proposal(target, FileEdit(source, text.encode()), what, TryOrder.PARSER)
    if target == Code.PARSER_COMPILE and facts.layout.makefile.is_file():
        made = makefile.render_makefile(Path(source).name, facts.layout.parser_library.name)
        edit = FileEdit(named_edits.below_root(trial, facts.layout.makefile), made.encode())
        yield Proposal(target, edit, "the Makefile becomes dsbench's", TryOrder.PARSER)


def _parser_fault(trial: Trial) -> str | None:
    """The finding that the parser is to blame for."""
    for problem in trial.problems:
        if problem.code in _PARSER_CODES:
            return problem.code
    built = trial.model.find(ParserBuildResult)
    parity = [problem.code for problem in trial.problems if problem.step == "import_parity"]
    diagnosis = built.diagnosis if built else None
    faulty = diagnosis is None or diagnosis.harmful or diagnosis.state in (DiagnosisState.UNKNOWN, DiagnosisState.EMPTY)
    if parity and faulty:
        return parity[0]
    choices = trial.comparison.parity.costs if trial.comparison and trial.comparison.parity else ()
    own = any(cost.choice.group == PARSER and cost.matters for cost in choices)
    return parity[0] if parity and own else None


def _of_suspects(trial: Trial) -> Iterator[Proposal]:
    """Every key that differs from dsbench's own value, and every key of dsbench.toml that decides about boxes."""
    if not trial.problems:
        return
    target = trial.problems[0].code
    text, values = ideal_config.users_config(trial.model), ideal_config.of_model(trial.model)
    if text is not None and values is not None:
        config = named_edits.below_root(trial, trial.model.layout.nvinfer_config)
        for group, key, value in values.differing(text):
            yield Proposal(target, KeyEdit(config, group, key, value), named_edits.shown(key, value), TryOrder.SUSPECTS)
    facts = trial.model.find(PreflightFacts)
    for key in facts.settings.decided() if facts else ():
        if key not in _NOT_ABOUT_BOXES and facts and key not in facts.settings.options:
            for proposal in named_edits.settings_removal(trial, target, key):
                yield Proposal(target, proposal.edit, proposal.what, TryOrder.SUSPECTS)


_RULES: tuple[Callable[[Trial], Iterator[Proposal]], ...] = (
    _of_parser_lines,
    _of_parser,
    _of_suspects,
)
