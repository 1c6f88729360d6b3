"""The matrix as text for a terminal and as docs/selftest.md."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from dsbench.selftest import matrix
from dsbench.selftest.fault import DAMAGE, FaultGroup
from dsbench.selftest.pipeline import FRAMES
from dsbench.selftest.verdict import MatrixRow, SelftestVerdict

_INTRO = f"""# Selftest

`dsbench selftest` puts known faults, one at a time, into healthy model directories of several families and runs the
steps from pre-flight to import parity on each. It shows which step raised the first alarm and whether this alarm
names the fault. Made by `dsbench selftest --docs docs/selftest.md`; the models are the demo model and the same
network with heads of other families.

- **F1** compares the dumped boxes with those of the healthy directory: first {FRAMES} frames of the demo clip, IoU
  0.5, same label. Where a step failed before the dump, the dump is written all the same, to see what the fault would
  have cost. "none" means that nothing could be dumped, or that the clip is another one.
- **named**: the first step that failed or was INCONCLUSIVE names the fault, or a warning does before it. **warned**: a
  warning alone names it, no step failed or was INCONCLUSIVE. **named later**: a later step does. **caught**: the
  alarm names no cause. **misnamed**: it names another. **silent**: no alarm. **harmless**: no alarm, and F1 has lost
  less than {DAMAGE:g}. **known gap**: silent or misnamed, as stated with the reason in `known_gaps.py`.
- **control**: nothing is wrong. An alarm is a false alarm.
- The exit status is 1 if a fault that costs {DAMAGE:g} of F1 or more is silent or misnamed and is no known gap, or a
  control raises an alarm.
- A fault that only ground truth can show is run with the demo's ground truth and its gate, all others without: class
  channels exchanged inside the graph, labels in another order where the ONNX file names no classes.

`--family` and `--fault` choose a part, `--list` prints the faults, `--json` has every alarm of every fault.
"""

_TEMPORARY = re.compile(r"/\S*dsbench-selftest-\w+/(?:[\w-]+/)*street_\w+/")
"""The folder of a run, in paths that an alarm names."""


def listed(chosen: Sequence[tuple[str, int]]) -> Iterator[str]:
    """Each chosen fault once, with its families."""
    families: dict[tuple[str, str], list[str]] = {}
    for family, place in chosen:
        fault = matrix.FAULTS[place]
        families.setdefault((fault.id, fault.what), []).append(family)
    for (id, what), which in families.items():
        yield f"{id:28} {', '.join(which):24} {what}"


def table(rows: Sequence[MatrixRow]) -> Iterator[str]:
    """The matrix, one line for each fault in each family."""
    for row in rows:
        mark = "!" if row.failed else " "
        where = f"{row.step}: {row.first}" if row.step else ""
        yield f"{mark}{row.family:8} {row.fault:28} {_f1(row):>5} {row.state:12} {where}"[:200]


def totals(rows: Sequence[MatrixRow], seconds: float) -> Iterator[str]:
    """The counts below the matrix."""
    yield from _counts(rows)
    yield f"{len(rows)} runs in {seconds / 60:.1f} minutes"
    for row in rows:
        if row.missed and row.gap:
            yield f"known gap: {_name(row)}: {row.gap}"
    closed = [_name(row) for row in rows if row.gap and not row.missed]
    if closed:
        yield f"no longer a gap, remove the row: {', '.join(closed)}"
    wrong = [_name(row) for row in rows if row.failed]
    yield f"to fix: {', '.join(wrong)}" if wrong else "nothing to fix"


def _name(row: MatrixRow) -> str:
    return f"{row.family}/{row.fault}"


def _counts(rows: Sequence[MatrixRow]) -> Iterator[str]:
    for family in dict.fromkeys(row.family for row in rows):
        mine = [row for row in rows if row.family == family]
        faults = [row for row in mine if row.group != FaultGroup.CONTROL]
        costly = [row for row in faults if row.f1 is None or row.cost >= DAMAGE]
        caught = [row for row in costly if row.verdict.caught]
        named = [row for row in caught if row.verdict is SelftestVerdict.NAMED]
        warned = [row for row in costly if row.verdict is SelftestVerdict.WARNED]
        false = sum(row.verdict is SelftestVerdict.FALSE_ALARM for row in mine)
        yield (
            f"{family}: {len(faults)} faults; of {len(costly)} that cost boxes {len(caught)} caught, {len(named)} named"
            f" first, {len(warned)} with a warning alone; {len(mine) - len(faults)} controls, {false} false alarms"
        )


def page(rows: Sequence[MatrixRow], seconds: float) -> str:
    """docs/selftest.md."""
    parts = [_INTRO, "## The run", "", *(f"- {line}" for line in _counts(rows))]
    parts.append(f"- {len(rows)} runs in {seconds / 60:.1f} minutes")
    for group in FaultGroup:
        mine = [row for row in rows if row.group == group]
        if mine:
            parts += ["", f"## {group.capitalize()}", "", "| fault | what | family | F1 | verdict | first alarm |"]
            parts += ["|---|---|---|---|---|---|", *map(_row, mine)]
    return "\n".join(parts) + "\n"


def _row(row: MatrixRow) -> str:
    first = _TEMPORARY.sub("", row.first)
    first = first if len(first) <= 150 else first[:147] + "..."
    alarm = f"`{row.step}` {row.id and f'[{row.id}] '}{_escaped(first)}" if row.step else ""
    if row.missed and row.gap:
        alarm = f"{alarm} ({_escaped(row.gap)})".strip()
    verdict = f"**{row.state}**" if row.failed else row.state
    return f"| {row.fault} | {_escaped(row.what)} | {row.family} | {_f1(row)} | {verdict} | {alarm} |"


def _escaped(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")


def _f1(row: MatrixRow) -> str:
    return "none" if row.f1 is None else f"{row.f1:.2f}"
