"""Beyond the specification, with ``--latency``: how long a frame takes, in one more run with run 2's streams.

The clip is played as fast as the pipeline goes, as in every benchmark run: what is measured is the latency under full
load, queues included.
"""

from __future__ import annotations

from dataclasses import dataclass

from dsbench.base.errors import Code, DsbenchError
from dsbench.formats import latency as latency_log
from dsbench.formats.latency import LatencyLog
from dsbench.judge import latency
from dsbench.judge.latency import LatencySummary
from dsbench.record.evidence import EvidenceLog
from dsbench.steps import extra_runs
from dsbench.steps.benchmark_config import BenchmarkConfig
from dsbench.steps.benchmark_runs import Validation
from dsbench.steps.extra_runs import ExtraPlan, ExtraRun
from dsbench.steps.model_run import ModelRun

ENVIRONMENT = (("NVDS_ENABLE_LATENCY_MEASUREMENT", "1"),)


@dataclass(frozen=True)
class FrameLatency:
    """What came of it. ``not_run`` says why nothing was run (empty: it was)."""

    run: ExtraRun | None = None
    log: LatencyLog | None = None
    summary: LatencySummary | None = None
    not_run: str = ""


def run(model: ModelRun, log: EvidenceLog) -> FrameLatency:
    """Run, read, summarise, print. Raises LATENCY_PARSE where the log has no frame's latency after start-up, and what
    a run of the app raises."""
    if not model.options.latency.value:
        return FrameLatency(not_run="not asked for (--latency)")
    options, streams = model.get(BenchmarkConfig).options, model.get(Validation).final.figures.streams
    plan = ExtraPlan(
        "Latency",
        f"s{streams}_latency",
        streams,
        options.perf_seconds.value,
        options.perf_interval.value,
        environment=ENVIRONMENT,
    )
    made = extra_runs.run(model, plan)
    found = latency_log.load(made.perf.plan.log, streams)
    summary = latency.summarise(found.frames)
    if summary is None:
        raise _nothing(found, made)
    doubts = dict.fromkeys(reason.code for reason in made.measurement.reasons)
    doubtful = f" | {made.measurement.state.upper()} ({', '.join(doubts)})" if doubts else ""
    log.print(f"Latency at {streams} stream{'s' * (streams != 1)}: {latency.sentence(summary)}{doubtful}")
    return FrameLatency(made, found, summary)


def _nothing(found: LatencyLog, made: ExtraRun) -> DsbenchError:
    path = made.perf.plan.log
    if found.start_up:
        what = f"all {found.start_up} frames came before the first PERF row: the run ended while it started up"
        fix = "raise --perf-seconds or lower --perf-interval"
    else:
        what = f"the app printed no frame's latency although {ENVIRONMENT[0][0]}=1 was set"
        fix = "read the log: did frames flow, does this DeepStream know the variable?"
    return DsbenchError(Code.LATENCY_PARSE, what, where=str(path), fix=fix)
