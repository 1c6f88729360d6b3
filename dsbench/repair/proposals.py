"""Which edits may fix what a trial found, one row a kind of finding. A trial of its own confirms each."""

from __future__ import annotations

import codecs
import difflib
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

from dsbench.base.errors import Code, DsbenchError
from dsbench.build import makefile, parser_source, symbols
from dsbench.formats.nvinfer import CLASS_PREFIX, PROPERTY
from dsbench.judge import label_names
from dsbench.judge.imports.config_choices import PARSER, RuleChoice
from dsbench.judge.imports.diagnosis.verdict import DiagnosisState
from dsbench.judge.imports.parity import ParityOutcome
from dsbench.judge.lint import ERROR, Finding
from dsbench.model import preflight
from dsbench.model import settings as settings_file
from dsbench.model.exporter import evidence as exporter_evidence
from dsbench.model.facts import PreflightFacts
from dsbench.model.onnx import graph as onnx_graph
from dsbench.model.settings import TABLES
from dsbench.repair import ideal, line_edits
from dsbench.repair.edits import Edit, FileEdit, KeyEdit, SettingRemoval
from dsbench.repair.ideal import PREPROCESSING
from dsbench.repair.trial import Trial
from dsbench.steps import parser_diagnosis
from dsbench.steps.model_outputs import ModelOutputsResult
from dsbench.steps.parser_build import ParserBuildResult
from dsbench.steps.parser_source import parser_function

_LABEL_RULES = (label_names.ORDER, label_names.COUNT)
_PARSER_CODES = (
    *(Code.PARSER_COMPILE, Code.PARSER_SYMBOL, Code.PARSER_CRASHED, Code.PARSER_RAISED, Code.PARSER_BOXES),
    *(Code.PARSER_CHECK, Code.PARSER_LIB_INVALID, Code.APP_CRASHED),
    parser_diagnosis.DIFFERS,
)
_HEAD_TABLES = ("", PROPERTY, "class-attrs-all", "parser", "head")
_NOT_ABOUT_BOXES = ("video", "ground-truth", "onnx")
_FILTERS = ("filter-out-class-ids",)


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
    found: dict[Edit, Proposal] = {}
    for rule in _RULES:
        for proposal in rule(trial):
            found.setdefault(proposal.edit, proposal)
    return tuple(found.values())


def _of_unread_labels(trial: Trial) -> Iterator[Proposal]:
    """A label file that is missing, empty or UTF-16: its own names as UTF-8, else the exporter's."""
    target = next((code for code in (Code.LABELS_MISSING, Code.LABELS_INVALID) if code in trial.ids), None)
    if target is None:
        return
    layout = trial.model.layout
    text = layout.labels.read_bytes() if layout.labels.is_file() else b""
    if text.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        names, what = tuple(text.decode("utf-16", "replace").split("\n")), "labels.txt as UTF-8"
        names = tuple(name.strip() for name in names if name.strip())
    else:
        with suppress(DsbenchError):  # pre-flight has named whatever else is wrong
            settings = settings_file.load(layout.settings_file)
            file = preflight.find_onnx(layout, settings)[0]
            onnx = onnx_graph.inspect(file, input_size=settings.input_size)
            stated = exporter_evidence.read(layout, onnx).names_but_of(layout.labels)
            names = label_names.corrected((), stated, None) or ()
            what = f"labels.txt gets the names that the exporter states ({stated.source})" if stated else ""
    if names:
        yield Proposal(str(target), FileEdit(_file(trial, layout.labels), _lines(names)), what)


def _lines(names: Sequence[str]) -> bytes:
    return "".join(f"{name}\n" for name in names).encode("utf-8", "surrogateescape")


def _of_labels(trial: Trial) -> Iterator[Proposal]:
    """Names in the model's order; text without BOM, carriage returns and blank lines."""
    facts, outputs = trial.model.find(PreflightFacts), trial.model.find(ModelOutputsResult)
    if facts is None or outputs is None:
        return
    spoilt = [problem.code for problem in trial.problems if problem.code == "labels-spoilt"]
    wrong = [finding for finding in trial.findings if finding.rule in _LABEL_RULES and finding.severity == ERROR]
    doubts = [problem.code for problem in trial.problems if problem.code == label_names.NAMES and problem.undecided]
    if not spoilt and not wrong and not doubts:
        return
    names = outputs.exporter.names_but_of(facts.layout.labels)
    classes = outputs.head.classes if outputs.head else None
    clean = tuple(line.strip() for line in facts.labels.lines if line.strip())
    other = bool(wrong or doubts)
    corrected = label_names.corrected(clean, names, classes) if other else clean
    if corrected is None:
        return
    source = f"the names that the exporter states ({names.source})" if names else "the right lines"
    what = f"labels.txt gets {source}" if other else "labels.txt without BOM, carriage returns and blank lines"
    if doubts:
        what += ": leave yours if they are translations"
    target = trial.lint_id(wrong[0]) if wrong else (*doubts, *spoilt)[0]
    yield Proposal(target, FileEdit(_file(trial, facts.layout.labels), _lines(corrected)), what)


def _of_lint(trial: Trial) -> Iterator[Proposal]:
    """Errors of the user's config: the key gets the value that dsbench would write."""
    text, values = ideal.users_config(trial.model), ideal.of_model(trial.model)
    if text is None or values is None:
        return
    config = _file(trial, trial.model.layout.nvinfer_config)
    for finding in trial.findings:
        place = _place(text, finding) if finding.severity == ERROR else None
        if place is None or finding.rule in _LABEL_RULES:
            continue
        group, key = place
        value = values.get(group, key)
        if value is None and group.startswith(CLASS_PREFIX):
            value = values.get(f"{CLASS_PREFIX}all", key)
        yield Proposal(trial.lint_id(finding), KeyEdit(config, group, key, value), _shown(key, value))


def _of_costs(trial: Trial) -> Iterator[Proposal]:
    """Keys of the config that cost boxes: their usual values."""
    parity = trial.comparison.parity if trial.comparison else None
    if parity is None or parity.outcome is ParityOutcome.SAME:
        return
    values = ideal.of_model(trial.model)
    text = ideal.users_config(trial.model)
    wrong = {key for _, key, _ in values.differing(text)} if values and text is not None else set()
    config = _file(trial, trial.model.layout.nvinfer_config)
    for cost in parity.costs:
        choice = cost.choice
        if not cost.matters or choice.group == PARSER:
            continue
        keys = PREPROCESSING if choice.candidate else (choice.key,)
        target = f"key:{choice.group}:{choice.key}"
        for key in keys:
            if text is None:
                yield from _settings(trial, target, key)
                continue
            if choice.candidate and key not in wrong:
                continue
            value = _usual(choice, key, values)
            yield Proposal(target, KeyEdit(config, choice.group, key, value), _shown(key, value))


def _usual(choice: RuleChoice, key: str, values: ideal.IdealConfig | None) -> str | None:
    """The value that the key should have; None if the key should go."""
    if key in _FILTERS:
        return None
    return values.get(PROPERTY, key) if choice.candidate and values else choice.usual


def _settings(trial: Trial, target: str, key: str) -> Iterator[Proposal]:
    """The key of dsbench.toml, removed, if it is there."""
    facts = trial.model.find(PreflightFacts)
    if facts is None or key not in facts.settings.decided():
        return
    for table in _HEAD_TABLES:
        if key in TABLES[table]:
            edit = SettingRemoval(_file(trial, facts.layout.settings_file), table, key)
            yield Proposal(target, edit, f"dsbench.toml without {key}")


def _of_function(trial: Trial) -> Iterator[Proposal]:
    """A function name that the library does not export, where it exports one other."""
    facts = trial.model.find(PreflightFacts)
    codes = {str(Code.PARSER_SYMBOL), str(Code.CONFIG_LINT)} & trial.ids
    if facts is None or not codes or not facts.layout.parser_library.is_file():
        return
    exported = symbols.read_library(facts.layout.parser_library).parse_functions
    if parser_function(facts) in exported:
        return
    near = difflib.get_close_matches(parser_function(facts), exported, 1) or exported[:1]
    if len(exported) > 1 and len(near) != 1:
        return
    for name in near:
        yield from _named_function(trial, facts, name)


def _named_function(trial: Trial, facts: PreflightFacts, name: str) -> Iterator[Proposal]:
    what = f"parse-bbox-func-name={name}"
    if ideal.users_config(trial.model) is not None:
        edit = KeyEdit(_file(trial, facts.layout.nvinfer_config), PROPERTY, "parse-bbox-func-name", name)
        yield Proposal(str(Code.PARSER_SYMBOL), edit, what)
    yield from _settings(trial, str(Code.PARSER_SYMBOL), "parse-bbox-func-name")


def _of_parser_lines(trial: Trial) -> Iterator[Proposal]:
    """Edits of the user's parser that undo the mistake which the diagnosis names."""
    outputs, built = trial.model.find(ModelOutputsResult), trial.model.find(ParserBuildResult)
    target = _parser_fault(trial)
    if outputs is None or outputs.user_source is None or built is None or built.diagnosis is None or target is None:
        return
    path = outputs.user_source.path
    text = path.read_bytes().decode("utf-8", "surrogateescape")
    for cause in built.diagnosis.causes:
        for edit in line_edits.edits_for(cause.id, text):
            change = FileEdit(_file(trial, path), edit.source.encode("utf-8", "surrogateescape"))
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
    source = _file(trial, outputs.user_source.path)
    what = f"{Path(source).name} becomes the {outputs.head.family} family's parser"
    yield Proposal(target, FileEdit(source, text.encode()), what, TryOrder.PARSER)
    if target == Code.PARSER_COMPILE and facts.layout.makefile.is_file():
        made = makefile.render_makefile(Path(source).name, facts.layout.parser_library.name)
        edit = FileEdit(_file(trial, facts.layout.makefile), made.encode())
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
    text, values = ideal.users_config(trial.model), ideal.of_model(trial.model)
    if text is not None and values is not None:
        config = _file(trial, trial.model.layout.nvinfer_config)
        for group, key, value in values.differing(text):
            yield Proposal(target, KeyEdit(config, group, key, value), _shown(key, value), TryOrder.SUSPECTS)
    facts = trial.model.find(PreflightFacts)
    for key in facts.settings.decided() if facts else ():
        if key not in _NOT_ABOUT_BOXES and facts and key not in facts.settings.options:
            for proposal in _settings(trial, target, key):
                yield Proposal(target, proposal.edit, proposal.what, TryOrder.SUSPECTS)


_RULES: tuple[Callable[[Trial], Iterator[Proposal]], ...] = (
    _of_unread_labels,
    _of_labels,
    _of_lint,
    _of_costs,
    _of_function,
    _of_parser_lines,
    _of_parser,
    _of_suspects,
)


def _shown(key: str, value: str | None) -> str:
    return f"without {key}" if value is None else f"{key}={value}"


def _place(text: str, finding: Finding) -> tuple[str, str] | None:
    """Group and key of the finding's line; without a line, the key that its text begins with."""
    lines, group = text.splitlines(), ""
    for number, line in enumerate(lines, 1):
        stripped = line.strip()
        if stripped.startswith("[") and stripped.endswith("]"):
            group = stripped[1:-1]
        if number == finding.line:
            key, equals, _ = stripped.partition("=")
            return (group, key.strip()) if equals and not stripped.startswith("#") else None
    first = finding.what.split()[0] if finding.what.split() else ""
    known = first.replace("-", "").isalnum() and "-" in first
    return (PROPERTY, first) if known and not finding.line else None


def _file(trial: Trial, path: Path) -> str:
    """A path of the copy below the model directory."""
    return str(path.relative_to(trial.model.layout.root))
