"""The specification's closing block, with the runtime above it and a note where its figures need one."""

from __future__ import annotations

from dataclasses import dataclass

from dsbench.base.text import counted
from dsbench.judge import streams
from dsbench.judge.run.measurement import Measurement
from dsbench.judge.streams import Benchmark
from dsbench.model.facts import PreflightFacts
from dsbench.record.evidence import EvidenceLog
from dsbench.steps.kitti_gate import Step6Duration
from dsbench.steps.model_run import ModelRun
from dsbench.steps.run2_validation import Run2ValidationResult, shortfall


@dataclass(frozen=True)
class SummaryResult:
    """The closing block and its figures."""

    benchmark: Benchmark
    step6_s: float
    lines: tuple[str, ...]


def run(model: ModelRun, log: EvidenceLog) -> SummaryResult:
    """Print the closing block from all results."""
    facts, validation = model.get(PreflightFacts), model.get(Run2ValidationResult)
    benchmark = validation.benchmark
    step6_s = model.get(Step6Duration).seconds
    engine = facts.layout.given_path(facts.layout.engine(facts.onnx.path.stem, facts.max_bs))
    block = streams.closing_block(facts.layout.name, engine, facts.layout.given.rstrip("/"), benchmark, step6_s)
    above = (f"Runtime: {model.runtime.label}",) if model.runtime.name != "deepstream" else ()
    below = remark(benchmark, validation.final.measurement, validation.decided_streams)
    result = model.keep(SummaryResult(benchmark, step6_s, (*above, *block, *((below,) if below else ()))))
    log.print(*result.lines)
    log.fact("STEP6_DURATION", f"{result.step6_s:.2f} s", "6a to 6g, wall time")
    return result


def remark(result: Benchmark, found: Measurement, decided: int) -> str:
    """A note if the block's figures differ from what was run (PEAK capped, a retry); "" otherwise.

    ``found``: the measurement of run 2 or its retry; ``decided``: streams that one more run confirms.
    """
    parts = []
    if result.run1.streams != result.peak_gpu_streams:
        wanted = streams.run1_streams(result.peak_gpu_streams, result.max_bs)
        why = f"MAX_BS={result.max_bs}" if result.peak_gpu_streams > result.max_bs else "at least one stream is run"
        why = why if result.run1.streams == wanted else f"the app did not run with {wanted}"
        parts.append(f"DS Run 1 was made with {counted(result.run1.streams, 'stream')} ({why})")
    if result.retry is not None:
        parts.append(
            f"run 2 at {counted(result.run2.streams, 'stream')} was not real-time; DS Run 2 (RT) shows the retry at "
            f"{result.retry.streams}, which took {streams.seconds_text(result.retry.seconds)}s (not in Timing)"
        )
    elif result.rt_streams < 1:
        parts.append("DS Run 2 was made with 1 stream (RT_STREAMS is 0)")
    if decided:
        parts.append(f"one more run confirms {counted(decided, 'stream')}")
    elif verdict := shortfall(result, found):
        parts.append(verdict)
    return f"Note: {'; '.join(parts)}" if parts else ""
