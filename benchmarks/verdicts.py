"""Are the verdicts on a run right? Simulated runs whose truth is known, many of each kind, and recorded ones.

    python benchmarks/verdicts.py --seeds 50 [--recordings FOLDER]
    python benchmarks/verdicts.py --log console.log --interval 2 --target 30

For each kind: in how many runs the verdict was right, how many were called real-time although they are not (false
PASS, must be 0), how many got an answer, how often the interval of a steady stream held its true rate, and what ending
early does: the share of runs that end early, the windows they take, and the runs in which the answer then differs from
that of the whole run. Runs that end before their trouble begins (a stream that stalls after two thirds of the time) are
counted by themselves: a shorter run sees less, whatever the rule. With ``--log`` only the verdict on that console is
printed, as of a run that was to confirm its streams (when its rows came is not known: the clock is by their averages).

Takes some minutes; the same seeds give the same table. Exit status: 0 if at least 95 % are right and no PASS is false.
"""

from __future__ import annotations

import argparse
import math
import random
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks import consoles
from benchmarks import simulated_runs as simulated
from benchmarks.verdict_cases import TARGET, Case, kinds
from dsbench.formats.perf.windows import Windows
from dsbench.judge.run import measurement
from dsbench.judge.run.early_end import EarlyEnd
from dsbench.judge.run.measurement import Measurement, RealTime, State
from dsbench.judge.run.run_context import RunContext
from dsbench.steps.rows import measurement_rows

NEEDED = 0.95


@dataclass
class Tally:
    """What came of all runs of a kind."""

    runs: int = 0
    right: int = 0
    false_pass: int = 0
    held: int = 0
    with_rate: int = 0
    decided: int = 0
    early: int = 0
    early_windows: int = 0
    all_windows: int = 0
    early_differs: int = 0
    early_false_pass: int = 0
    before_trouble: int = 0
    wrong: str = ""


def windows_of(case: Case, seed: int) -> Windows:
    """The table of the run's console."""
    run = simulated.play(case.shape, seed)
    lines = run.console.splitlines(keepends=True)
    return consoles.windows(lines, case.shape.streams, case.shape.interval_s, run.seen_s, run.seen_s[-1])


def ended_early(windows: Windows, rule: EarlyEnd) -> Windows | None:
    """The windows of a run that looks after each one whether it may end; None if it may not before its time."""
    for count in range(1, len(windows.fps)):
        at_s = windows.at_s[:count]
        begun_s = tuple(begun for begun in windows.begun_s if begun <= at_s[-1])
        rows = {"fps": windows.fps[:count], "avg": windows.avg[:count], "number": windows.number[:count]}
        part = replace(windows, at_s=at_s, begun_s=begun_s, **rows)
        if rule.reached(part):
            return part
    return None


def judge(name: str, make: Callable[[random.Random], Case], seeds: int) -> Tally:
    """All runs of a kind."""
    tally = Tally()
    for seed in range(seeds):
        case = make(random.Random(f"{name} {seed}"))
        windows = windows_of(case, seed)
        found = measurement.of_run(windows, case.target, case.context)
        tally.runs += 1
        tally.right += case.right(found)
        tally.decided += found.real_time is not RealTime.UNSURE
        if not case.right(found) and not tally.wrong:
            tally.wrong = f"seed {seed}: {found.state}, {found.real_time}, {[one.text for one in found.reasons]}"
        tally.false_pass += found.real_time is RealTime.YES and not case.keeps_up
        if case.rate is not None and found.per_stream:
            tally.with_rate += 1
            tally.held += found.per_stream[0].low <= case.rate <= found.per_stream[0].high
        _early(tally, case, windows, found)
    return tally


def _early(tally: Tally, case: Case, windows: Windows, whole: Measurement) -> None:
    tally.all_windows += len(windows.fps)
    rule = EarlyEnd(0.02, case.target, True, case.shape.streams, case.shape.windows * case.shape.interval_s)
    part = ended_early(windows, rule)
    tally.early_windows += len((part or windows).fps)
    if part is None:
        return
    found = measurement.of_run(part, case.target, case.context)
    tally.early += 1
    if part.at_s[-1] < case.trouble_s + 3 * windows.interval_s:
        tally.before_trouble += 1  # nothing of it can be seen yet
        return
    tally.early_differs += (found.state, found.real_time) != (whole.state, whole.real_time)
    tally.early_false_pass += found.real_time is RealTime.YES and not case.keeps_up


def _row(tally: Tally) -> str:
    held = f"{100 * tally.held / tally.with_rate:.0f} %" if tally.with_rate else ""
    return (
        f"{100 * tally.right / tally.runs:>6.0f} %{tally.false_pass:>12}{100 * tally.decided / tally.runs:>9.0f} %"
        f"{held:>16}{100 * tally.early / tally.runs:>10.0f} %{100 * tally.early_windows / tally.all_windows:>8.0f} %"
        f"{tally.early_differs:>9}{tally.early_false_pass:>12}{tally.before_trouble:>16}"
    )


def recorded(folder: Path) -> Iterator[tuple[str, bool, str]]:
    """Recorded consoles of deepstream-app, all of runs without trouble: none may be called invalid."""
    for console in sorted(folder.glob("*/*/console.log")):
        for number, windows in consoles.windows_of_instances(console, 2).items():
            found = measurement.of_run(windows, TARGET, RunContext())
            total = f"{found.total.mean:.1f}" if found.total else "none"
            yield (
                f"{console.parent.parent.name}/{console.parent.name}{f' PERF({number})' if number else ''}",
                found.state is not State.INVALID,
                f"{found.streams} streams, {found.windows} steady windows, total {total}, {found.state}, "
                f"{found.real_time} {', '.join(one.code for one in found.reasons)}",
            )


def judge_log(log: Path, interval_s: int, target: float) -> int:
    """The verdict on one console, a line for each ``-c``, then its reasons. 1 if it has no PERF row."""
    tables = consoles.windows_of_instances(log, interval_s)
    for number, windows in tables.items():
        found = measurement.of_run(windows, target, RunContext())
        print(measurement_rows.line(f"PERF({number})", found, asked=True))
        for reason in found.reasons:
            print(f"  {reason.code}: {reason.text}")
    return 0 if tables else 1


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=50, help="runs of each kind")
    parser.add_argument("--only", default="", help="kinds whose name has this")
    parser.add_argument("--recordings", type=Path, help="a folder of recorded consoles, FOLDER/*/*/console.log")
    parser.add_argument("--log", type=Path, help="a console to judge")
    parser.add_argument("--interval", type=int, default=2, help="seconds of its windows")
    parser.add_argument("--target", type=float, default=TARGET, help="frames per second of real time")
    options = parser.parse_args()
    if options.log:
        return judge_log(options.log, options.interval, options.target)
    print(
        f"{'kind':30}{'right':>8}{'false PASS':>12}{'YES or NO':>11}{'interval holds':>16}"
        f"{'ends early':>12}{'windows':>10}{'differs':>9}{'false PASS':>12}{'before trouble':>16}"
    )
    everything = []
    for name, make in kinds().items():
        if options.only not in name:
            continue
        tally = judge(name, make, options.seeds)
        everything.append(tally)
        print(f"{name:30}{_row(tally)}", flush=True)
        if tally.wrong:
            print(f"    {tally.wrong}")
    runs, right = sum(one.runs for one in everything), sum(one.right for one in everything)
    false = sum(one.false_pass + one.early_false_pass for one in everything)
    early, differs = sum(one.early for one in everything), sum(one.early_differs for one in everything)
    print(f"\n{right} of {runs} right ({100 * right / runs:.1f} %), {false} false PASS")
    unseen = sum(one.before_trouble for one in everything)
    print(
        f"{early} ended early, {differs} of them ({100 * differs / max(early, 1):.1f} %) with another answer, ", end=""
    )
    print(f"{unseen} before the trouble began")
    worst = math.inf
    for name, ok, text in recorded(options.recordings) if options.recordings else ():
        print(f"{'ok ' if ok else 'BAD'} {name}: {text}")
        worst = min(worst, ok)
    return 0 if right >= NEEDED * runs and not false and worst else 1


if __name__ == "__main__":
    sys.exit(main())
