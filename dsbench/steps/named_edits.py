"""Edits that the findings of a run name: labels, keys of the config and of dsbench.toml. Nothing is tried here."""

from __future__ import annotations

import codecs
import difflib
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from dsbench.base import reading
from dsbench.base.errors import Code, DsbenchError
from dsbench.base.reading import FileKind
from dsbench.build import symbols
from dsbench.build.file_edits import Edit, FileEdit, KeyEdit, SettingRemoval
from dsbench.formats.nvinfer import CLASS_PREFIX, PROPERTY
from dsbench.judge import label_names, lint
from dsbench.judge.accuracy import verdict
from dsbench.judge.imports.config_choices import PARSER, RuleChoice
from dsbench.judge.imports.parity import ParityOutcome
from dsbench.judge.lint import ERROR, NOTE, Finding
from dsbench.model import preflight
from dsbench.model import settings as settings_file
from dsbench.model.exporter import evidence as exporter_evidence
from dsbench.model.facts import PreflightFacts
from dsbench.model.onnx import graph as onnx_graph
from dsbench.model.settings import TABLES
from dsbench.record.evidence import Evidence
from dsbench.steps import ideal_config, nvinfer_config
from dsbench.steps.accuracy import AccuracyResult
from dsbench.steps.dump_comparison import DumpComparison
from dsbench.steps.ideal_config import PREPROCESSING
from dsbench.steps.model_outputs import ModelOutputsResult
from dsbench.steps.model_run import ModelRun
from dsbench.steps.parser_build import ParserBuildResult
from dsbench.steps.parser_source import parser_function

_LABEL_RULES = (label_names.ORDER, label_names.COUNT)
_HEAD_TABLES = ("", PROPERTY, "class-attrs-all", "parser", "head")
_ACCURACY = "accuracy"
_FILTERS = ("filter-out-class-ids",)


@dataclass(frozen=True)
class Problem:
    """A step that failed, or that is INCONCLUSIVE (``undecided``)."""

    step: str
    code: str
    what: str
    fix: str
    undecided: bool = False


@dataclass(frozen=True)
class RunFindings:
    """What is wrong after a run's steps."""

    problems: tuple[Problem, ...]
    findings: tuple[Finding, ...]
    """Errors and warnings of the nvinfer config, also where 6e failed."""
    model: ModelRun

    @property
    def comparison(self) -> DumpComparison | None:
        return self.model.find(DumpComparison)

    @property
    def ids(self) -> frozenset[str]:
        """Everything that is wrong: ``code``, ``lint:RULE`` with its line, ``key:GROUP:KEY`` for a key that costs
        boxes."""
        found = {problem.code for problem in self.problems}
        found |= {self.lint_id(finding) for finding in self.findings}
        parity = self.comparison.parity if self.comparison else None
        costs = parity.costs if parity else ()
        return frozenset(found | {f"key:{cost.choice.group}:{cost.choice.key}" for cost in costs if cost.matters})

    def lint_id(self, finding: Finding) -> str:
        """What a finding is known by from one run to the next."""
        return f"lint:{finding.rule}:{finding.what}".replace(str(self.model.layout.root), "")


@dataclass(frozen=True)
class NamedEdit:
    """An edit, the finding that it has to remove (of ``RunFindings.ids``), and what it does, in a few words."""

    target: str
    edit: Edit
    what: str


def named_edits(found: RunFindings) -> tuple[NamedEdit, ...]:
    """Every edit that the findings name, each once."""
    edits: dict[Edit, NamedEdit] = {}
    for rule in _RULES:
        for one in rule(found):
            edits.setdefault(one.edit, one)
    return tuple(edits.values())


def problems(evidence: Evidence, text: Callable[[str], str] = str) -> Iterator[Problem]:
    """What a step said. ``text`` changes each text."""
    failure = evidence.failure
    if failure is not None:
        yield Problem(evidence.step, failure.code, text(failure.what), text(failure.fix))
    for one in evidence.undecided:
        yield Problem(evidence.step, one.code, text(one.what), text(one.fix), undecided=True)


def config_findings(model: ModelRun) -> Iterator[Finding]:
    """Errors and warnings of 6e's config."""
    facts, outputs, parser = model.find(PreflightFacts), model.find(ModelOutputsResult), model.find(ParserBuildResult)
    if facts is None or outputs is None or parser is None or not facts.layout.nvinfer_config.is_file():
        return
    context = nvinfer_config.lint_context(facts, outputs, parser)
    for finding in lint.lint(facts.layout.nvinfer_config, context):
        if finding.severity != NOTE:
            yield finding


def _of_unread_labels(found: RunFindings) -> Iterator[NamedEdit]:
    """A label file that is missing, empty or UTF-16: its own names as UTF-8, else the exporter's."""
    target = next((code for code in (Code.LABELS_MISSING, Code.LABELS_INVALID) if code in found.ids), None)
    if target is None:
        return
    layout = found.model.layout
    text = reading.read_bytes(layout.labels, FileKind.LABELS) if layout.labels.is_file() else b""
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
        yield NamedEdit(str(target), FileEdit(below_root(found, layout.labels), _lines(names)), what)


def _lines(names: Sequence[str]) -> bytes:
    return "".join(f"{name}\n" for name in names).encode("utf-8", "surrogateescape")


def _of_labels(found: RunFindings) -> Iterator[NamedEdit]:
    """Names in the model's order; text without BOM, carriage returns and blank lines."""
    facts, outputs = found.model.find(PreflightFacts), found.model.find(ModelOutputsResult)
    if facts is None or outputs is None:
        return
    spoilt = [problem.code for problem in found.problems if problem.code == "labels-spoilt"]
    wrong = [finding for finding in found.findings if finding.rule in _LABEL_RULES and finding.severity == ERROR]
    doubts = [problem.code for problem in found.problems if problem.code == label_names.NAMES and problem.undecided]
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
    target = found.lint_id(wrong[0]) if wrong else (*doubts, *spoilt)[0]
    yield NamedEdit(target, FileEdit(below_root(found, facts.layout.labels), _lines(corrected)), what)


def _of_accuracy(found: RunFindings) -> Iterator[NamedEdit]:
    """Names that the ground truth gives to each other's objects, where the boxes are the model's."""
    facts, outputs = found.model.find(PreflightFacts), found.model.find(ModelOutputsResult)
    result, codes = found.model.find(AccuracyResult), [one.code for one in found.problems if one.step == _ACCURACY]
    if facts is None or outputs is None or result is None or result.measured is None or not codes:
        return
    parity = found.comparison.parity if found.comparison else None
    if parity is None or parity.outcome is not ParityOutcome.SAME:
        return  # boxes of a faulty parser show nothing about names
    if outputs.exporter.names_but_of(facts.layout.labels) is not None:
        return  # `_of_labels` compares with these
    corrected = verdict.relabelled(
        [line.strip() for line in facts.labels.lines if line.strip()], result.measured.errors
    )
    if corrected is not None:
        edit = FileEdit(below_root(found, facts.layout.labels), _lines(corrected))
        yield NamedEdit(codes[0], edit, "labels.txt gets the names of the ground truth's objects")


def _of_lint(found: RunFindings) -> Iterator[NamedEdit]:
    """Errors of the user's config: the key gets the value that dsbench would write."""
    text, values = ideal_config.users_config(found.model), ideal_config.of_model(found.model)
    if text is None or values is None:
        return
    config = below_root(found, found.model.layout.nvinfer_config)
    for finding in found.findings:
        place = _place(text, finding) if finding.severity == ERROR else None
        if place is None or finding.rule in _LABEL_RULES:
            continue
        group, key = place
        value = values.get(group, key)
        if value is None and group.startswith(CLASS_PREFIX):
            value = values.get(f"{CLASS_PREFIX}all", key)
        yield NamedEdit(found.lint_id(finding), KeyEdit(config, group, key, value), shown(key, value))


def _of_costs(found: RunFindings) -> Iterator[NamedEdit]:
    """Keys of the config that cost boxes: their usual values."""
    parity = found.comparison.parity if found.comparison else None
    if parity is None or parity.outcome is ParityOutcome.SAME:
        return
    values = ideal_config.of_model(found.model)
    text = ideal_config.users_config(found.model)
    wrong = {key for _, key, _ in values.differing(text)} if values and text is not None else set()
    config = below_root(found, found.model.layout.nvinfer_config)
    for cost in parity.costs:
        choice = cost.choice
        if not cost.matters or choice.group == PARSER:
            continue
        keys = PREPROCESSING if choice.candidate else (choice.key,)
        target = f"key:{choice.group}:{choice.key}"
        for key in keys:
            if text is None:
                yield from settings_removal(found, target, key)
                continue
            if choice.candidate and key not in wrong:
                continue
            value = _usual(choice, key, values)
            yield NamedEdit(target, KeyEdit(config, choice.group, key, value), shown(key, value))


def _usual(choice: RuleChoice, key: str, values: ideal_config.IdealConfig | None) -> str | None:
    """The value that the key should have; None if the key should go."""
    if key in _FILTERS:
        return None
    return values.get(PROPERTY, key) if choice.candidate and values else choice.usual


def settings_removal(found: RunFindings, target: str, key: str) -> Iterator[NamedEdit]:
    """The key of dsbench.toml, removed, if it is there."""
    facts = found.model.find(PreflightFacts)
    if facts is None or key not in facts.settings.decided():
        return
    for table in _HEAD_TABLES:
        if key in TABLES[table]:
            edit = SettingRemoval(below_root(found, facts.layout.settings_file), table, key)
            yield NamedEdit(target, edit, f"dsbench.toml without {key}")


def _of_function(found: RunFindings) -> Iterator[NamedEdit]:
    """A function name that the library does not export, where it exports one other, or one of almost that name."""
    facts = found.model.find(PreflightFacts)
    codes = {str(Code.PARSER_SYMBOL), str(Code.CONFIG_LINT)} & found.ids
    if facts is None or not codes or not facts.layout.parser_library.is_file():
        return
    exported = symbols.read_library(facts.layout.parser_library).parse_functions
    if parser_function(facts) in exported:
        return
    near = difflib.get_close_matches(parser_function(facts), exported, 1)
    for name in exported if len(exported) == 1 else near:
        yield from _named_function(found, facts, name)


def _named_function(found: RunFindings, facts: PreflightFacts, name: str) -> Iterator[NamedEdit]:
    what = f"parse-bbox-func-name={name}"
    if ideal_config.users_config(found.model) is not None:
        edit = KeyEdit(below_root(found, facts.layout.nvinfer_config), PROPERTY, "parse-bbox-func-name", name)
        yield NamedEdit(str(Code.PARSER_SYMBOL), edit, what)
    yield from settings_removal(found, str(Code.PARSER_SYMBOL), "parse-bbox-func-name")


def shown(key: str, value: str | None) -> str:
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


def below_root(found: RunFindings, path: Path) -> str:
    """A path of the copy below the model directory."""
    return str(path.relative_to(found.model.layout.root))


_RULES: tuple[Callable[[RunFindings], Iterator[NamedEdit]], ...] = (
    _of_unread_labels,
    _of_labels,
    _of_accuracy,
    _of_lint,
    _of_costs,
    _of_function,
)
