"""The last block of the specification, and the line or two beside it that keep it from being misread."""

from __future__ import annotations

from dataclasses import dataclass

from dsbench.judge import streams
from dsbench.judge.streams import Benchmark
from dsbench.model.facts import PreflightFacts
from dsbench.steps.benchmark_runs import Validation
from dsbench.steps.model_run import ModelRun


@dataclass(frozen=True)
class Step6Start:
    """time.monotonic() at the beginning of 6a: STEP6_START."""

    at: float


@dataclass(frozen=True)
class Step6Duration:
    """STEP6_DURATION, from the beginning of 6a to the end of 6g."""

    seconds: float

    @property
    def line(self) -> str:
        return f"[Step 6] completed in {streams.seconds_text(self.seconds)}s"


@dataclass(frozen=True)
class Summary:
    """What is printed at the end."""

    benchmark: Benchmark
    step6_s: float
    lines: tuple[str, ...]


def run(model: ModelRun) -> Summary:
    """The closing block from all results."""
    facts, benchmark = model.get(PreflightFacts), model.get(Validation).benchmark
    step6_s = model.get(Step6Duration).seconds
    engine = facts.layout.given_path(facts.layout.engine(facts.onnx.path.stem, facts.max_bs))
    block = streams.closing_block(facts.layout.name, engine, facts.layout.given.rstrip("/"), benchmark, step6_s)
    above = (f"Runtime: {model.runtime.label}",) if model.runtime.name != "deepstream" else ()
    below = remark(benchmark)
    return Summary(benchmark, step6_s, (*above, *block, *((below,) if below else ())))


def remark(result: Benchmark) -> str:
    """One line below the block where its numbers are not what was run: PEAK capped, a retry; "" otherwise."""
    parts = []
    if result.run1.streams != result.peak_gpu_streams:
        why = f"MAX_BS={result.max_bs}" if result.peak_gpu_streams > result.max_bs else "at least one stream is run"
        parts.append(f"DS Run 1 was made with {result.run1.streams} streams ({why})")
    if result.retry is not None:
        parts.append(
            f"run 2 at {result.run2.streams} streams was not real-time; DS Run 2 (RT) shows the retry at "
            f"{result.retry.streams}, which took {streams.seconds_text(result.retry.seconds)}s (not in Timing)"
        )
    elif result.rt_streams < 1:
        parts.append("DS Run 2 was made with 1 stream (RT_STREAMS is 0)")
    if verdict := shortfall(result):
        parts.append(verdict)
    return f"Note: {'; '.join(parts)}" if parts else ""


def shortfall(result: Benchmark) -> str:
    """What RT: NO means; "" where the streams keep up."""
    final = result.final
    if final.real_time:
        return ""
    if final.streams == 1:
        return "not real-time at any stream count"
    return f"not real-time at {final.streams} streams; fewer were not tried"
