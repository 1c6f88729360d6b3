"""6c: the parser's Makefile."""

from __future__ import annotations

from dataclasses import dataclass

from dsbench.base.files import Status, Written
from dsbench.build import makefile
from dsbench.model.facts import PreflightFacts
from dsbench.model.layout import ModelLayout
from dsbench.record.evidence import EvidenceLog
from dsbench.steps.built_in_parser import NOTHING_TO_DO
from dsbench.steps.model_run import ModelRun
from dsbench.steps.parser_source import ParserSourceResult
from dsbench.steps.rows.file_rows import file_text, owner


@dataclass(frozen=True)
class ParserMakefileResult:
    """The Makefile and its owner; None if there is nothing to compile."""

    written: Written | None


def run(model: ModelRun, log: EvidenceLog) -> ParserMakefileResult:
    """Write the Makefile, keep the result, record its evidence."""
    result = model.keep(write(model.get(PreflightFacts), model.get(ParserSourceResult)))
    add_evidence(log, model.layout, result)
    return result


def write(facts: PreflightFacts, source: ParserSourceResult) -> ParserMakefileResult:
    """Write the specification's Makefile for this source; a user's own Makefile is kept."""
    if source.built_in:
        return ParserMakefileResult(None)
    layout = facts.layout
    return ParserMakefileResult(makefile.write_makefile(layout.makefile, source.path.name, layout.parser_library.name))


def add_evidence(log: EvidenceLog, layout: ModelLayout, result: ParserMakefileResult) -> None:
    """The Makefile and its owner."""
    written = result.written
    if written is None:
        log.fact("Makefile", "none", NOTHING_TO_DO)
        return
    shown = layout.given_path(written.path)
    if written.status is not Status.USER_OWNED:
        log.print(f"Makefile written: {shown}")
    log.fact("Makefile", shown, owner(written))
    file_text(log, written.path)
