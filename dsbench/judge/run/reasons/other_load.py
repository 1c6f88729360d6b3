"""other-load: other programs used the machine or its GPU during the run."""

from __future__ import annotations

from dsbench.judge.run import telemetry
from dsbench.judge.run.judged_run import JudgedRun
from dsbench.judge.run.reason import Reason, ReasonCode
from dsbench.judge.run.run_context import RunContext
from dsbench.judge.run.telemetry import TelemetrySummary

MIN_OTHERS_PCT = 25.0
"""CPU use of other programs, in percent of the machine, above the usual background load."""
BUSY_PCT = 75.0
"""Below this CPU use the machine has capacity left, so other programs do not slow down the app."""
MIN_STEAL_PCT = 10.0
MIN_GPU_BEFORE_PCT = 10.0
"""SM utilisation before the app was started."""


def find(run: JudgedRun) -> Reason | None:
    """The other load on the machine, with figures."""
    if run.context.telemetry is None or len(run.context.telemetry.rows) < 2:
        return None
    other = _other_load(telemetry.summarise(run.context.telemetry, run.span), run.context)
    return Reason(ReasonCode.OTHER_LOAD, f"{other}: run again when the machine is idle") if other else None


def _other_load(summary: TelemetrySummary, context: RunContext) -> str:
    cpu, others, steal = summary.of("cpu_pct"), summary.of("others_cpu_pct"), summary.of("steal_pct")
    if context.cores and cpu and others and cpu.mean >= BUSY_PCT and others.mean / context.cores >= MIN_OTHERS_PCT:
        return f"other programs used {others.mean / context.cores:.0f}% of all cores"
    if steal and steal.mean >= MIN_STEAL_PCT:
        return f"the hypervisor gave {steal.mean:.0f}% of the CPU time to others"
    before = summary.before_run("sm_pct")
    if before is not None and before >= MIN_GPU_BEFORE_PCT:
        return f"the GPU was {before:.0f}% busy before the app was started"
    for process in context.telemetry.processes if context.telemetry else ():
        if not process.before:
            return f"another process started on the GPU (pid {process.pid}{' ' * bool(process.name)}{process.name})"
    return ""
