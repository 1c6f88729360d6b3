"""Step 8's sections: their order, their figures, their words on either runtime."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from dsbench.base.errors import Code, DsbenchError
from dsbench.record import baseline, codec
from dsbench.record.evidence import EvidenceLog
from dsbench.record.schema import Record, StepRecord, StreamFigures
from dsbench.report.step8 import charts, derived, markdown, sections
from dsbench.report.step8.document import ChartImage, Sheet
from tests import finished_records as records

TITLES = (
    *("Model Configuration", "System Configuration", "Preprocessing", "Engine Build Summary", "trtexec Results"),
    *("PEAK_GPU_STREAMS Derivation", "Single-Stream Validation", "DeepStream Benchmark Results"),
    *("trtexec vs DeepStream Comparison", "Efficiency Analysis", "Pipeline Timing", "Reference Commands"),
)
RUNTIMES = pytest.mark.parametrize("make", [records.deepstream, records.embedded])


def text_of(record: Record) -> str:
    return markdown.render(sections.document(record))


def section(record: Record, number: int) -> str:
    return text_of(record).split("\n## ")[number]


def numbers(text: str) -> set[str]:
    return set(re.findall(r"(?<![A-Za-z\d.])\d+(?:\.\d+)?", text))


@RUNTIMES
def test_twelve_sections_in_order_without_placeholders(make: Callable[[], Record]) -> None:
    text = text_of(make())
    assert tuple(re.findall(r"^## \d+\. (.+)$", text, re.MULTILINE)) == TITLES
    assert re.findall(r"^## (\d+)\.", text, re.MULTILINE) == [str(number) for number in range(1, 13)]
    assert not re.search(r"\(fill|TODO|TBD|None\b|\bnan\b|\binf\b|\{\{", text)
    assert re.findall(r"\]\(charts/(.+?)\)", text) == list(charts.FILES)


@RUNTIMES
def test_every_number_is_in_the_record_or_follows_from_it(make: Callable[[], Record]) -> None:
    record = make()
    assert record.handover.engine is not None
    assert record.handover.detections is not None
    follows = [
        derived.gap(record.figures.run1),
        derived.gap(record.figures.run2),
        derived.detection_rate(record.handover.detections),
        round(record.handover.detections.required_rate * 100),
        record.handover.engine.bytes / derived.MEGABYTE,
        derived.total_seconds(record.handover.durations),
        *(f"{value:.2f}" for value in (2980.123, 2971.456, 2988.789)),  # two decimals of the record's
        "0.00392156886",  # nine digits of the record's
        *("30.7", "31.1"),  # the slowest stream's interval, in the verdict's words
    ]
    stated = numbers(codec.to_json(record)) | numbers(" ".join(map(str, follows))) | {"8.77"}
    fixed = numbers(text_of(records.blank(record)))  # of the report's own words: sections, steps, 95 %
    unknown = numbers(text_of(record)) - stated - fixed
    # "mAP@0.5:0.95" and "95 % confidence interval" are names
    assert unknown - {"0.5", "0.95", "95"} == set()


def test_a_changed_figure_changes_the_report() -> None:
    record = records.deepstream()
    changed = replace(record, figures=replace(record.figures, run2=StreamFigures(95, 2950.7, 31.06, 98.3)))
    text = text_of(changed)
    assert all(value in text for value in ("| 95 |", "2950.7", "31.06", "98.3 %", "1.7 %"))
    assert "2979.84" not in text


@RUNTIMES
def test_what_is_not_known_is_not_recorded(make: Callable[[], Record]) -> None:
    text = text_of(records.blank(make()))
    assert "| Queries per second (QPS) | not recorded | not recorded |" in text
    assert "| Total FPS (FPS per stream x streams) | not recorded | not recorded |" in text
    assert "YES" not in text
    assert "PASS" not in text


def test_durations_of_steps_1_to_5_where_known() -> None:
    timing = section(records.deepstream(), 11)
    assert "| Steps 1-3: acquire and export | not recorded |" in timing
    assert "| Step 4: engine build | 71.25 |" in timing
    assert "| Step 5: trtexec | not recorded |" in timing
    assert "| Total of what is recorded | 226.74 |" in timing


def test_figures_of_the_embedded_runtime_are_labelled_everywhere() -> None:
    document = sections.document(records.embedded())
    assert "not DeepStream" in document.title
    assert all("not DeepStream" in plan.title for plan in charts.plans(records.embedded()))
    for number in (5, 8, 9, 10):
        blocks = document.sections[number - 1].blocks
        assert all("not DeepStream" in block.title for block in blocks if isinstance(block, ChartImage))
        first = next(block for block in blocks if isinstance(block, Sheet))
        assert re.search("ONNX Runtime|not DeepStream", " ".join(first.columns))
    text = text_of(records.embedded())
    assert "GPU compute" not in text
    assert "No TensorRT engine was built" in text
    assert "FP16" not in section(records.embedded(), 4)
    assert "not DeepStream" not in text_of(records.deepstream())


def test_visual_capture_mode_of_the_embedded_runtime_names_the_file() -> None:
    found = section(records.embedded(), 7)
    assert "| Visual Capture Mode | skipped (no encoder available) |" in found
    assert "| Note | VP9 in WebM: samples/net_output.webm |" in found


def test_engine_rows() -> None:
    found = section(records.deepstream(), 4)
    assert "| Size | 8.77 MB (8765432 bytes) |" in found
    assert "| FP16 | yes |" in found
    assert "| Builder optimization level | 4 |" in found
    record = records.deepstream()
    assert record.handover.engine is not None
    engine = replace(record.handover.engine, precision="", optimization_level=None)
    by_hand = section(replace(record, handover=replace(record.handover, engine=engine)), 4)
    assert "| FP16 | not recorded |" in by_hand
    assert "optimization level" not in by_hand


def test_an_engine_that_the_embedded_runtime_did_not_run() -> None:
    record = replace(records.embedded(), handover=records.HANDOVER)
    assert "does not run it" in section(record, 4)
    assert "| Precision of the figures | as the ONNX file has it, on ONNX Runtime |" in section(record, 1)
    assert "| Profile | none: no engine was run; measured up to batch 128 |" in section(record, 1)


def test_the_command_of_the_run_has_its_options() -> None:
    found = section(records.deepstream(), 12)
    assert "pytest --model-dir=/m/net --runtime=deepstream --video=/v/clip.mp4 --perf-seconds=61 --sweep\n" in found
    assert "dsbench report /m/net\n" in found


def test_both_derivations_of_a_search() -> None:
    found = section(records.deepstream(), 6)
    assert "floor(images per second / 29.5 FPS)" in found
    assert "| BS=64 | 2717.44 | 92 |" in found
    assert "| BS=128 | 3002.46 | 107 |" in found


@pytest.mark.parametrize(
    ("limit", "runtime", "said"),
    [
        ("compute", "deepstream", "GPU-bound"),
        ("compute", "embedded", "CPU-bound"),
        ("decode", "deepstream", "pipeline-bound: decoding"),
        ("CPU", "deepstream", "pipeline-bound: the CPU"),
        ("unclear", "deepstream", "not decided"),
        (None, "deepstream", "not measured"),
    ],
)
def test_gpu_or_pipeline_bound(limit: str | None, runtime: str, said: str) -> None:
    entry = None if limit is None else {"limit": limit}
    assert derived.bound(replace(records.deepstream(), runtime=runtime, beyond={"limit": entry})).startswith(said)


def test_a_retry_has_a_column_and_a_bar_of_its_own() -> None:
    figures = replace(
        records.FIGURES, run2_first=StreamFigures(1, 22.5, 22.5, 3.1), run2=StreamFigures(1, 23.5, 23.5, 3.2)
    )
    record = replace(records.deepstream(), figures=replace(figures, run1=StreamFigures(1, 21.5, 21.5, 3.0)))
    assert "| Run 1 | Run 2, first attempt | Run 2 |" in section(record, 8)
    labels = [bar.label for bar in charts.plans(record)[2].panels[0].bars]
    assert len(set(labels)) == 3


def test_lines_of_the_charts() -> None:
    _, rate, streams, _, efficiency = charts.plans(records.deepstream())
    lines = [plan.panels[0].line for plan in (rate, streams, efficiency)]
    assert [line.value for line in lines if line] == [107 * 29.5, 29.5, 100]
    target = lines[1]
    assert target is not None
    assert (target.color, target.style) == (charts.RED, "--")
    assert all(plan.title.count("\n") == 1 for plan in charts.plans(records.deepstream()))


@pytest.mark.parametrize(
    ("step", "code"),
    [("kitti_gate", "kitti-gate"), ("run2_validation", "measurement-invalid"), ("preflight", "preflight")],
)
def test_an_unfinished_benchmark_is_refused(step: str, code: str) -> None:
    with pytest.raises(DsbenchError) as error:
        sections.document(records.failed(records.deepstream(), step, code))
    assert error.value.code is Code.BENCHMARK_UNFINISHED
    assert f"{step} failed [{code}]" in error.value.what


@pytest.mark.parametrize("origin", [baseline.BaselineOrigin.GIVEN, ""])
def test_the_comparison_with_a_baseline_stands_on_top(origin: str) -> None:
    record = records.deepstream()
    log = EvidenceLog("regression", "net", "k", "deepstream")
    log.fact(baseline.RESULT, "regression", "throughput, run 1 75 FPS -> 11 FPS")
    if origin:
        log.fact(baseline.GIVEN, "old.json", origin)
    steps = [step for step in record.steps if step.evidence.step != "regression"]
    text = text_of(replace(record, steps=(*steps, StepRecord(log.snapshot(), "passed", 1.0))))
    said = "Compared with the baseline: regression: throughput, run 1 75 FPS -> 11 FPS"
    assert (said in text.replace("\\", "")) is bool(origin)


def test_a_run_that_failed_beyond_the_benchmark_says_so_on_top() -> None:
    record = records.deepstream()
    accuracy = records.failed(record, "accuracy", "accuracy").steps[-1]
    others = tuple(accuracy if step.evidence.step == "accuracy" else step for step in record.steps)
    assert "Verdict of the run: failed (accuracy)" in text_of(replace(record, steps=others))


HOSTILE = (
    "a|b",
    "<script>alert(1)</script>",
    "*x* _y_ [z](http://e.x)",
    "`rm -rf`",
    "a\nb\x1b[31m",
    "$x_1$",
    "模型\udcff",
    "#1",
)


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_stay_text(name: str) -> None:
    record = records.deepstream(name=name)
    text = text_of(record)
    assert "<script" not in text
    assert not re.search(r"(?<!\\)\]\(http", text)
    assert "\x1b" not in text
    (row,) = (line for line in text.splitlines() if line.startswith("| Model |"))
    assert len(re.findall(r"(?<!\\)\|", row)) == 3
