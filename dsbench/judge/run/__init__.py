"""Is a benchmark run to be believed? ``RULES`` is the map: every rule that makes a run INVALID or INCONCLUSIVE.

Each rule is one row. Its module has the rule, its thresholds and its text. docs/measuring.md has a section for each
code. ``find_reasons`` applies the rules in this order. What a rule finds is a remark, not a reason, where it cannot
change the answer of the run (``decided.py``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from dsbench.judge.run import decided
from dsbench.judge.run.judged_run import JudgedRun
from dsbench.judge.run.reason import Reason, ReasonCode, State
from dsbench.judge.run.reasons import (
    clock,
    drift,
    engine_build,
    fell_behind,
    near_target,
    noise,
    other_load,
    paused_stream,
    rows_lost,
    silent,
    stalled_stream,
    stopped_stream,
    throttled,
    too_few_windows,
    two_states,
)

_NO, _UNSURE = State.INVALID, State.INCONCLUSIVE


@dataclass(frozen=True, slots=True)
class Rule:
    """One way in which a run cannot be believed.

    ``looks_at`` says in words what ``find`` reads. ``states`` are the states that it can give. The rule is skipped
    where a reason of ``unless`` was found before. With ``run2_only`` it is skipped in run 1, which confirms no number
    of streams. With ``any_run`` it also applies to a run without a steady window. ``matters`` says of a run whether
    what the rule found can change its answer.
    """

    code: ReasonCode
    looks_at: str
    find: Callable[[JudgedRun], Reason | None]
    states: tuple[State, ...] = (_UNSURE,)
    unless: frozenset[ReasonCode] = frozenset()
    run2_only: bool = False
    any_run: bool = False
    matters: Callable[[JudgedRun], bool] = lambda run: True

    @property
    def anchor(self) -> str:
        """Its section in the documentation."""
        return f"docs/measuring.md#{self.code}"


_UNSTABLE = frozenset({ReasonCode.TWO_STATES, ReasonCode.DRIFT})
_LOST = frozenset({ReasonCode.ROWS_LOST})
_ANY_OTHER = frozenset(ReasonCode) - {ReasonCode.STALLED_STREAM}

RULES: tuple[Rule, ...] = (
    Rule(ReasonCode.STALLED_STREAM, "windows without a frame up to the end", stalled_stream.find, (_NO,), any_run=True),
    Rule(
        ReasonCode.TWO_STATES, "two levels of FPS", two_states.find, (_UNSURE, _NO), matters=decided.varying_fps_matter
    ),
    Rule(ReasonCode.DRIFT, "a trend of FPS", drift.find, (_UNSURE, _NO), matters=decided.varying_fps_matter),
    Rule(
        ReasonCode.TOO_FEW_WINDOWS, "how many windows are steady", too_few_windows.find, unless=_UNSTABLE, any_run=True
    ),
    Rule(
        ReasonCode.NOISE,
        "the spread of the windows",
        noise.find,
        unless=_UNSTABLE,
        matters=decided.varying_fps_matter,
    ),
    Rule(ReasonCode.PAUSED_STREAM, "windows that lack frames, more frames behind them", paused_stream.find),
    Rule(ReasonCode.STOPPED_STREAM, "the last window or two of each stream", stopped_stream.find),
    Rule(ReasonCode.TOO_FEW_WINDOWS, "when the last stream began", too_few_windows.find_late_start),
    Rule(ReasonCode.ROWS_LOST, "how many rows are whole", rows_lost.find, any_run=True),
    Rule(ReasonCode.ROWS_LOST, "rows cut one after the other", rows_lost.find_gap, unless=_LOST),
    Rule(ReasonCode.SILENT, "the time between two rows", silent.find_gap, unless=_LOST),
    Rule(ReasonCode.SILENT, "the time from the last row to the end", silent.find),
    Rule(ReasonCode.CLOCK, "how long windows really were", clock.find),
    Rule(ReasonCode.ENGINE_BUILD, "when nvinfer built an engine", engine_build.find, (_NO,)),
    Rule(
        ReasonCode.THROTTLED,
        "NVML's throttle reasons",
        throttled.find,
        (_UNSURE, _NO),
        matters=decided.lower_fps_matter,
    ),
    Rule(
        ReasonCode.OTHER_LOAD,
        "CPU, GPU and processes of others",
        other_load.find,
        matters=decided.lower_fps_matter,
    ),
    Rule(
        ReasonCode.QUANTISATION,
        "what one frame more is worth",
        near_target.find_quantisation,
        (_UNSURE,),
        _ANY_OTHER,
        True,
    ),
    Rule(
        ReasonCode.NEAR_TARGET,
        "the interval of the slowest stream",
        near_target.find,
        unless=_ANY_OTHER,
        run2_only=True,
        matters=decided.varying_fps_matter,
    ),
    Rule(ReasonCode.FELL_BEHIND, "frames of a camera that wait", fell_behind.find, (_UNSURE,), _ANY_OTHER, True),
)


@dataclass(frozen=True)
class JudgedReasons:
    """What the rules found, in the order of ``RULES``: reasons against the run, and remarks that cannot change its
    answer. A remark has the state that it would otherwise make of the run."""

    reasons: tuple[Reason, ...]
    remarks: tuple[Reason, ...]


def find_reasons(run: JudgedRun) -> JudgedReasons:
    """Every reason against a run, and what else was seen."""
    reasons, remarks = list[Reason](), list[Reason]()
    for rule in RULES:
        if rule.unless & {reason.code for reason in reasons} or (rule.run2_only and not run.context.confirms):
            continue
        if not (run.count or rule.any_run) or (reason := rule.find(run)) is None:
            continue
        (reasons if rule.matters(run) else remarks).append(reason)
    return JudgedReasons(tuple(reasons), tuple(remarks))
