"""Every option of ``pytest --model-dir``: one row of ``OPTIONS`` each.

From a row come pytest's option and its help, the ini option, the key of dsbench.toml, the bounds on every level, the
header line, the record's entry and the row of README's table (``python -m dsbench.base.options`` prints that table).
``origin`` of a row says whose default it is: the specification's, or dsbench's where the specification has none.
"""

from __future__ import annotations

from typing import Any

from dsbench.base import spec
from dsbench.base.option import DEFAULT, Option, defaults, placeholder
from dsbench.base.option_kinds import Flag, Fraction, Number, OneOf, Text, Texts, Whole


def _numeral(value: float) -> str:
    """30 instead of 30.0."""
    return f"{value:g}"


_AUTO_OR_NEVER = OneOf("auto", "never")

MODEL_DIRS: Option[tuple[str, ...]] = Option(
    "model-dir",
    Texts(),
    (),
    "model directory to validate; repeatable, shell globs allowed",
    metavar="DIR",
    show=", ".join,
    header_line=0,
    recorded=False,
)
RUNTIME_CHOICE = OneOf("auto", "deepstream", "embedded")
RUNTIME = Option(
    "runtime",
    RUNTIME_CHOICE,
    "auto",
    "`auto` takes deepstream if `deepstream-app` is on PATH, else embedded",
    header_line=-1,  # the header has a separate line for the selected runtime
)
VIDEO = Option(
    "video",
    Text(),
    spec.SAMPLE_VIDEO,
    "video to run the model on",
    metavar="FILE",
    environment="DS_VIDEO",
    table="",
    default_text="DeepStream's sample_720p.mp4",
    header_line=1,
    recorded=False,
)
KITTI_FRAMES = Option(
    "kitti-frames",
    Whole(0),
    spec.KITTI_FRAMES,
    "frames of the KITTI dump; 0: the whole video",
    metavar="N",
    table="gate",
    header_line=1,
)
VISUAL_FRAMES = Option(
    "visual-frames",
    Whole(0),
    300,
    "frames of 6f's video with boxes, 0: the whole clip; the embedded runtime draws `--kitti-frames` by default",
    metavar="N",
    origin=DEFAULT,
    docs="docs/visual-check.md",
)
MIN_DETECTION_RATE = Option(
    "min-detection-rate",
    Fraction(),
    spec.MIN_DETECTION_RATE,
    "fraction of frames that must have detections, 0 to 1",
    metavar="R",
    table="gate",
    header_line=1,
)
GROUND_TRUTH: Option[str | None] = Option(
    "ground-truth",
    Text(),
    None,
    "annotated boxes of the video, or of pictures: KITTI or YOLO label files, COCO JSON",
    metavar="PATH",
    origin=DEFAULT,
    table="",
    docs="docs/accuracy.md",
    default_text="none",
    header_line=1,
)
MIN_MAP: Option[float | None] = Option(
    "min-map",
    Fraction(),
    None,
    "fail accuracy when mAP@0.5:0.95 against the ground truth is lower, 0 to 1",
    metavar="M",
    origin=DEFAULT,
    table="gate",
    docs="docs/accuracy.md",
    default_text="none",
    header_line=1,
)
GPU_ID = Option(
    "gpu-id",
    Whole(0),
    0,
    "the GPU to use, as CUDA counts: every `gpu-id` key, trtexec's `--device`",
    metavar="N",
    header_line=1,
)
PREPARE = Option(
    "prepare",
    _AUTO_OR_NEVER,
    "auto",
    "`auto`: the embedded runtime does Steps 4-5 itself where their results are missing",
    header_line=1,
)
REPLACE_RESULTS = Option(
    "replace-results",
    Flag(),
    False,
    "replace results of the other runtime in this directory",
    header_line=1,
)
PERF_SECONDS = Option(
    "perf-seconds",
    Whole(1),
    spec.PERF_SECONDS,
    "how long each benchmark run lasts at most, the app's start included",
    metavar="S",
    table="benchmark",
    header_line=2,
)
PERF_INTERVAL = Option(
    "perf-interval",
    Whole(1),
    spec.PERF_INTERVAL,
    f"seconds of one `**PERF:` window; the last {spec.LAST_WINDOWS} windows count",
    metavar="S",
    table="benchmark",
    header_line=2,
)
PERF_PRECISION = Option(
    "perf-precision",
    Number(0, 100),
    2.0,
    "end a run early once the 95-percent confidence interval of FPS is at most ±P percent and the verdict is clear; "
    "0: never",
    metavar="P",
    origin=DEFAULT,
    table="benchmark",
    show=_numeral,
    header_line=2,
)
TARGET_FPS = Option(
    "target-fps",
    Number(0, 1e6, above=True),
    spec.TARGET_FPS,
    "frames per second of one real-time stream",
    metavar="F",
    table="benchmark",
    show=_numeral,
    header_line=2,
)
MIN_STREAMS: Option[int | None] = Option(
    "min-streams",
    Whole(1),
    None,
    "fail run2_validation when fewer real-time streams are confirmed: the gate for CI",
    metavar="N",
    table="benchmark",
    default_text="none",
    header_line=2,
)
BASELINE: Option[str | None] = Option(
    "baseline",
    Text(),
    None,
    "record, or folder of records, to compare with: a regression fails the step `regression`",
    metavar="PATH",
    origin=DEFAULT,
    docs="docs/baselines.md",
    default_text="the blessed record or last good run in `reports/history`",
    header_line=-1,
)
BLESS = Option(
    "bless",
    Flag(),
    False,
    "make the record of this run the baseline, where `--baseline` reads it",
    origin=DEFAULT,
    docs="docs/baselines.md",
    header_line=-1,
)
MAX_REGRESSION: Option[float | None] = Option(
    "max-regression",
    Number(0, 100),
    None,
    "percent by which a run may be slower than its baseline",
    metavar="P",
    origin=DEFAULT,
    table="gate",
    docs="docs/baselines.md",
    default_text="5, on a CPU 10",
    header_line=-1,
)
LIMITS = Option(
    "limits",
    _AUTO_OR_NEVER,
    "auto",
    "whether to measure what limits throughput: decoding alone, inference alone",
    origin=DEFAULT,
    docs="docs/limits.md",
)
SWEEP = Option(
    "sweep",
    Flag(),
    False,
    "search for the largest number of real-time streams, up to MAX_BS, in several more benchmark runs",
    origin=DEFAULT,
    docs="docs/limits.md",
)
ABLATION = Option(
    "ablation",
    Flag(),
    False,
    "measure what each difference between the app and the ideal costs: scaling, padding, filters, keys of the config",
    origin=DEFAULT,
    docs="docs/parity.md",
)
LATENCY = Option(
    "latency",
    Flag(),
    False,
    "measure the latency of each frame in one more benchmark run",
    origin=DEFAULT,
    docs="docs/limits.md",
)
ISOLATE = Option(
    "isolate",
    Flag(),
    False,
    "run programs that execute the model directory's own code in a sandbox: no network, writes to that directory only",
    origin=DEFAULT,
    docs="docs/security.md",
    header_line=1,
)
CI = Option(
    "ci",
    OneOf("auto", "github", "gitlab", "none"),
    "auto",
    "annotations, job summary and outputs for a CI service; `auto` sees from the environment which one it is",
    origin=DEFAULT,
    docs="docs/ci.md",
    header_line=-1,
    recorded=False,
)

OPTIONS: tuple[Option[Any], ...] = tuple(row for row in tuple(globals().values()) if isinstance(row, Option))
"""Every row above, in this order: that of pytest's help, the header, the record and README."""


def markdown_table() -> str:
    """README's table of options."""
    lines = ["| option | pytest ini | dsbench.toml | default | what it does |", "|---|---|---|---|---|"]
    for option in OPTIONS:
        key = f"`[{option.table}] {option.name}`" if option.table else f"`{option.name}`"
        cells = (
            f"`{option.flag}{placeholder(option)}`",
            f"`{option.ini}`",
            "" if option.table is None else key,
            defaults(option),
            option.help + (f" ([{option.docs}]({option.docs}))" if option.docs else ""),
        )
        escaped = (cell.replace("|", "\\|") for cell in cells)
        lines.append("|" + "|".join(f" {cell} " if cell else " " for cell in escaped) + "|")
    return "\n".join(lines)


if __name__ == "__main__":
    print(markdown_table())
