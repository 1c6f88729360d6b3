"""The steps of a run, in order, and their dependencies. The test of a step is ``test_<name>``."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Step:
    """One step of a run."""

    name: str
    section: str
    """Its section of the specification, or ``beyond``."""
    title: str
    """What it proves."""
    needs: tuple[str, ...] = ()
    """Steps that must pass first."""
    after: tuple[str, ...] = ()
    """Steps that run first where this one is selected; it runs even if they failed."""
    question: str = ""
    """Shown at the top of the report; the step's first fact answers it, unless that fact has no origin."""
    shown: bool = False
    """Whether the terminal's summary repeats the step's printed lines."""
    record_key: str = ""
    """Key of its entry under ``beyond`` in the record; empty if it has none."""
    extra_run: str = ""
    """Name of the benchmark run of its own: config and log are called ``s<N>_<name>``, or ``s<N>_<name>_repeat<N>``."""


STEPS: tuple[Step, ...] = (
    Step("preflight", "Pre-flight", "everything the run needs is there"),
    Step("model_outputs", "6a", "the ONNX model runs and its outputs are a detector's", ("preflight",)),
    Step("parser_source", "6b", "a bounding box parser for this head exists", ("model_outputs",)),
    Step("parser_makefile", "6c", "the parser's Makefile is written", ("parser_source",)),
    Step(
        "parser_build",
        "6d",
        "the parser builds, exports its function and yields pixel boxes",
        ("parser_makefile",),
    ),
    Step("nvinfer_config", "6e", "the nvinfer config is complete and fits the model", ("parser_build",)),
    Step("visual_validation", "6f", "boxes and labels drawn on the video, for you to look at", ("nvinfer_config",)),
    Step("kitti_gate", "6g", "detections exist on the video, frame by frame", ("nvinfer_config",)),
    Step(
        "import_parity",
        "beyond",
        "the dumped boxes are those that the model gives on the same frames",
        ("nvinfer_config",),
        after=("kitti_gate",),
        question="Does the dump have the model's boxes?",
        shown=True,
        record_key="import_parity",
    ),
    Step(
        "accuracy",
        "beyond",
        "how well the boxes agree with ground truth, where it is given",
        ("kitti_gate",),
        question="How accurate is it?",
        shown=True,
        record_key="accuracy",
    ),
    Step(
        "parser_check",
        "beyond",
        "the parser stays within its memory, on real frames and on changed tensors",
        ("parser_build",),
    ),
    Step(
        "stream_parity",
        "beyond",
        "in a batch of different clips each stream gets the boxes of its own clip",
        ("kitti_gate",),
        record_key="parity",
    ),
    Step("benchmark_config", "7b", "the benchmark's nvinfer config is complete and fits the model", ("kitti_gate",)),
    Step("run1_calibration", "7c", "frame rate of all streams at once", ("benchmark_config",), shown=True),
    Step(
        "run2_validation",
        "7c",
        "how many streams keep up in real time",
        ("run1_calibration",),
        shown=True,
        extra_run="decision",
    ),
    Step(
        "throughput_limit",
        "beyond",
        "what limits the throughput, with the evidence",
        ("run2_validation",),
        question="What limits the throughput?",
        shown=True,
        record_key="limit",
        extra_run="decode",
    ),
    Step(
        "stream_sweep",
        "beyond",
        "the largest number of real-time streams, with --sweep",
        ("run2_validation",),
        question="Largest number of real-time streams?",
        shown=True,
        record_key="sweep",
        extra_run="sweep",
    ),
    Step(
        "frame_latency",
        "beyond",
        "how long a frame takes under load, with --latency",
        ("run2_validation",),
        question="How long does a frame take?",
        shown=True,
        record_key="latency",
        extra_run="latency",
    ),
    Step("summary", "Summary", "timing and results in one block", ("run2_validation",), shown=True),
    Step(
        "regression",
        "beyond",
        "neither slower nor less accurate than the baseline or the last good run",
        ("kitti_gate",),
        question="Compared with the baseline?",
        shown=True,
        record_key="regression",
    ),
    Step("report", "Step 8", "the report of this run is written; its record, charts and pictures exist"),
)

RECORD_KEYS = tuple(step.record_key for step in STEPS if step.record_key)
"""Keys under ``beyond`` in the record; the value is null if the step left no entry."""

_BY_NAME = {step.name: step for step in STEPS}


def step_of_test(function_name: str) -> Step | None:
    """The step of a test function; None if it is not the test of a step."""
    return _BY_NAME.get(function_name.removeprefix("test_"))


def position(name: str) -> int:
    """Place of a step in the run, from 0."""
    return STEPS.index(_BY_NAME[name])
