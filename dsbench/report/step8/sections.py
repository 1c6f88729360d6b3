"""The twelve sections in Step 8's order, and what stands above them."""

from __future__ import annotations

from collections.abc import Iterator

from dsbench.base.errors import Code, DsbenchError
from dsbench.record import baseline, verdict
from dsbench.record.schema import Record
from dsbench.report.step8 import benchmark_sections as benchmark
from dsbench.report.step8 import import_sections as imports
from dsbench.report.step8 import words
from dsbench.report.step8.document import Step8Document

_SECTIONS = (
    imports.model_configuration,
    imports.system_configuration,
    imports.preprocessing,
    imports.engine_build,
    benchmark.trtexec_results,
    benchmark.peak_derivation,
    imports.single_stream,
    benchmark.deepstream_results,
    benchmark.comparison,
    benchmark.efficiency,
    benchmark.timing,
    benchmark.commands,
)
_LAST_STEP = "summary"
"""Its record has everything that Step 8 reports."""


def document(record: Record) -> Step8Document:
    """The report of a record. Raises BENCHMARK_UNFINISHED if the benchmark was not finished."""
    require_finished(record)
    said, found = words.words_of(record), verdict.of_record(record)
    lines = [
        f"Is the import right? {found.import_answer}",
        f"How many real-time streams? {found.streams_answer}",
        f"Runtime: {record.runtime_label}",
        f"Verdict of the run: {record.verdict}" + _failed_steps(record),
        *_compared(record),
        f"Run of {record.started}, dsbench {record.dsbench_version}",
    ]
    if said.embedded:
        lines.insert(3, "No figure of this report was measured on a GPU, by TensorRT or by DeepStream.")
    title = f"Benchmark report: {record.model_name}" + (f", {said.label}" if said.embedded else "")
    return Step8Document(title, tuple(lines), tuple(section(record) for section in _SECTIONS))


def require_finished(record: Record) -> None:
    """BENCHMARK_UNFINISHED, with the step that failed, unless Step 7 was carried out to its end."""
    if any(step.evidence.step == _LAST_STEP and step.outcome == "passed" for step in record.steps):
        return
    raise DsbenchError(
        Code.BENCHMARK_UNFINISHED,
        f"Step 8 reports a finished benchmark, and this record has none: {_why(record)}",
        where=record.model_dir,
        fix="run pytest --model-dir on this directory to the end; reports/*.html of that run shows what stopped it",
    )


def _why(record: Record) -> str:
    for step in record.steps:
        if step.outcome == "failed":
            code = step.evidence.failure.code if step.evidence.failure else ""
            return f"{step.evidence.step} failed" + (f" [{code}]" if code else "")
    if record.interrupted_in:
        return f"it was interrupted in {record.interrupted_in}"
    return f"the step {_LAST_STEP} was not run"


def _compared(record: Record) -> Iterator[str]:
    """The comparison with a baseline; nothing if there was none to compare with."""
    found = baseline.shown(step.evidence for step in record.steps)
    if found is not None and found.origin:
        yield f"Compared with the baseline: {found.line}"


def _failed_steps(record: Record) -> str:
    names = [step.evidence.step for step in record.steps if step.outcome not in ("passed", "skipped")]
    return f" ({', '.join(names)})" if names else ""
