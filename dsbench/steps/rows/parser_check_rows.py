"""The parser check as evidence: what was tried, and each finding under its rule."""

from __future__ import annotations

from dsbench.judge.lint import ERROR, Finding
from dsbench.record.evidence import EvidenceLog
from dsbench.steps.parser_check import ParserCheck


def parser_check(log: EvidenceLog, check: ParserCheck) -> None:
    """Cases and times, or why nothing was run; findings as a table and as warnings."""
    if check.not_run:
        log.fact("Sanitizers", f"not run: {check.not_run}")
        log.note(*(text for text in (f"not run: {check.not_run}", check.fix) if text))
        return
    log.fact("Sanitizers", "AddressSanitizer, UndefinedBehaviorSanitizer", f"built in {check.build_seconds:.1f} s")
    log.fact("Cases", check.cases, f"{check.frames} real frames and what may come; {check.run_seconds:.1f} s")
    log.fact("Findings", len(check.findings) or "none")
    log.note(*check.notes)
    if check.findings:
        log.table("Findings", ("rule", "severity", "what", "where", "fix"), map(row, check.findings))
    # errors fail the step, whose failure names them
    log.warn(*(f"{found.rule}: {found.what} ({found.where})" for found in check.findings if found.severity != ERROR))


def row(found: Finding) -> tuple[str, str, str, str, str]:
    """A finding's columns."""
    return found.rule, found.severity, found.what, found.where, found.fix


def lines(check: ParserCheck) -> tuple[str, ...]:
    """The check on a terminal."""
    if check.not_run:
        return (f"not run: {check.not_run}", *([f"  fix: {check.fix}"] if check.fix else []))
    shown = [f"{check.cases} cases, {len(check.findings)} findings", *check.notes]
    for found in check.findings:
        shown.append(f"{found.severity}: {found.rule}: {found.what}")
        shown.append(f"  where: {found.where}")
        if found.fix:
            shown.append(f"  fix: {found.fix}")
    return tuple(shown)
