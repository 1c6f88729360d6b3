"""One more run at ``--min-streams`` where run 2 does not decide whether as many streams keep up."""

from __future__ import annotations

from collections.abc import Sequence

from dsbench.base.options import PERF_INTERVAL, PERF_SECONDS
from dsbench.base.spec import LAST_WINDOWS
from dsbench.judge import decision
from dsbench.judge.run.measurement import Measurement, RealTime
from dsbench.model.facts import PreflightFacts
from dsbench.record.evidence import EvidenceLog
from dsbench.record.schema import RunMeasurement
from dsbench.record.verdict import DECISION
from dsbench.steps import extra_runs
from dsbench.steps.benchmark_run import Measurements
from dsbench.steps.extra_runs import ExtraPlan, ExtraRun
from dsbench.steps.model_run import ModelRun
from dsbench.steps.rows import measurement_rows

LONGER = 2
"""Times ``--perf-seconds``: what the target was too near to in run 2 takes more windows."""


def make(
    model: ModelRun, log: EvidenceLog, wanted: int, run1: Measurement, confirming: tuple[Measurement, ...]
) -> ExtraRun | None:
    """The run, its measurement kept for the record; None if the earlier ones decide. Raises errors of the app."""
    why = decision.why_undecided(wanted, model.get(PreflightFacts).max_bs, run1, confirming)
    if not why:
        return None
    seconds, interval = LONGER * model.option(PERF_SECONDS).value, model.option(PERF_INTERVAL).value
    plan = ExtraPlan(DECISION, f"s{wanted}_decision", wanted, seconds, interval, confirms=True)
    made = extra_runs.measure(model, plan)
    earlier = model.find(Measurements)
    model.keep(Measurements((*(earlier.runs if earlier else ()), RunMeasurement(DECISION, made.measurement))))
    log.fact("One more run", f"{wanted} streams, for --min-streams {wanted}", why)
    extra_runs.add_evidence(log, model.layout, made)
    measurement_rows.facts(log, DECISION, made.measurement, asked=True)
    log.print(measurement_rows.line(f"{DECISION} at {wanted} streams", made.measurement, asked=True))
    return made


def confirms(stream0: Sequence[float], measurement: Measurement) -> bool:
    """Whether every stream keeps up, and stream 0 by the specification's figure."""
    last = stream0[-LAST_WINDOWS:]
    by_stream0 = bool(last) and sum(last) / len(last) >= measurement.target_fps
    return by_stream0 and measurement.real_time is RealTime.YES
