"""6b: the parser's source, the user's own or the family's, and the name of its function."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from dsbench.base.errors import DsbenchError
from dsbench.base.files import is_generated
from dsbench.build import parser_source
from dsbench.formats import nvinfer
from dsbench.model.facts import PreflightFacts
from dsbench.record.evidence import EvidenceLog
from dsbench.steps import built_in_parser
from dsbench.steps.model_outputs import ModelOutputsResult, source_plan
from dsbench.steps.model_run import ModelRun
from dsbench.steps.rows.file_rows import file_text


@dataclass(frozen=True)
class ParserSourceResult:
    """The .cpp to build and its owner."""

    path: Path
    users: bool
    """The user supplies the source."""
    reason: str
    built_in: bool = False
    """``path`` is DeepStream's own library; there is no source."""


def run(model: ModelRun, log: EvidenceLog) -> ParserSourceResult:
    """Write the source unless the user has one. Raises FAMILY_UNKNOWN if there is neither."""
    source = model.keep(write(model.get(PreflightFacts), model.get(ModelOutputsResult)))
    log.fact("Parser source", model.layout.given_path(source.path), source.reason)
    if not source.built_in:
        file_text(log, source.path)
    return source


def write(facts: PreflightFacts, outputs: ModelOutputsResult) -> ParserSourceResult:
    """The user's own source, unchanged, else the family's. Raises FAMILY_UNKNOWN if there is neither."""
    if outputs.user_source is not None:
        return ParserSourceResult(outputs.user_source.path, True, outputs.user_source.reason)
    if outputs.head is None:
        assert outputs.no_family is not None
        raise outputs.no_family
    built_in = built_in_parser.recognised(outputs)
    if built_in:
        return ParserSourceResult(Path(built_in.library), False, built_in_parser.NOTHING_TO_DO, built_in=True)
    plan = replace(source_plan(facts.layout), function=generated_function(facts))
    written = parser_source.write_source(outputs.head, plan)
    reason = f"{written.status}, from the {outputs.head.family} family's template"
    return ParserSourceResult(written.path, False, reason)


def generated_function(facts: PreflightFacts) -> str:
    """Name of the function in a generated source: ``parse-bbox-func-name`` of dsbench.toml, else the specification's.

    A name in the user's nvinfer config is ignored here, so that 6d detects a misspelt one.
    """
    return facts.settings.parse_bbox_func_name or facts.layout.parser_function


def parser_function(facts: PreflightFacts) -> str:
    """``parse-bbox-func-name`` from the user's nvinfer config, else from dsbench.toml, else the specification's."""
    config = facts.layout.nvinfer_config
    if config.is_file() and not is_generated(config):
        with suppress(DsbenchError):  # 6e says what is wrong with the config
            name = nvinfer.load(config).parse_bbox_func_name
            if name:
                return name
    return generated_function(facts)
