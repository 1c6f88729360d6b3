"""Records of finished runs on either runtime; no two of their figures are the same."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from dsbench.base.steps import STEPS
from dsbench.judge.run.measurement import Interval, Measurement, Reason, State
from dsbench.record.evidence import EvidenceLog, StepFailure
from dsbench.record.handover import (
    CaptureSummary,
    ClassCount,
    CommandSummary,
    ConfigSummary,
    DerivationSummary,
    DetectionSummary,
    DurationSummary,
    EngineSummary,
    Handover,
    ImportSummary,
    TensorSummary,
)
from dsbench.record.schema import (
    Figures,
    OptionRecord,
    Record,
    RunMeasurement,
    StepRecord,
    StreamFigures,
    TrtexecFigures,
    VideoRecord,
)

FIGURES = Figures(
    engine="benchmarks/engines/net_dynamic_b128.engine",
    max_bs=128,
    bs1=TrtexecFigures(811.22, 1.2033, 1.4044, 811.22),
    bsmax=TrtexecFigures(23.4567, 41.155, 43.7188, 3002.46),
    peak_gpu_streams=107,
    run1=StreamFigures(108, 2881.44, 26.68, 96.0),
    run2=StreamFigures(96, 2979.84, 31.04, 99.2),
    target_fps=29.5,
    real_time=True,
    confirmed_streams=96,
    every_stream="YES",
)

HANDOVER = Handover(
    model=ImportSummary(
        onnx="model/net.onnx",
        producer="pytorch 2.5.1",
        opset=19,
        family="yolo",
        inputs=(TensorSummary("images", "float32", ("batch", 3, 352, 608)),),
        outputs=(TensorSummary("output0", "float32", ("batch", 84, 4389)),),
        classes=2,
        class_names=("car", "road sign"),
        batch=None,
        parser_library="parser/libnvdsinfer_net_parser.so",
        parser_function="NvDsInferParseCustomNet",
    ),
    config=ConfigSummary(
        file="config/config_infer_primary_net.txt",
        height=352,
        width=608,
        channels=3,
        layout="NCHW",
        net_scale_factor=0.003921568859368563,
        offsets=(123.675, 116.28),
        model_color_format=0,
        maintain_aspect_ratio=True,
        symmetric_padding=True,
        cluster_mode=2,
        network_mode=2,
        pre_cluster_threshold=0.26,
        nms_iou_threshold=0.46,
        topk=210,
        origin="exporter: metadata of net.onnx",
    ),
    engine=EngineSummary(
        file="benchmarks/engines/net_dynamic_b128.engine",
        bytes=8_765_432,
        stand_in=False,
        precision="FP16",
        optimization_level=4,
        timing_cache="benchmarks/engines/timing.cache",
        derivations=(
            DerivationSummary(64, 2717.44, 92, "benchmarks/b64/trtexec_b64.log"),
            DerivationSummary(128, 3002.46, 107, "benchmarks/b128/trtexec_b128.log"),
        ),
    ),
    detections=DetectionSummary(
        folder="samples/kitti_output",
        width=1280,
        height=720,
        frames=90,
        frames_with_detections=87,
        objects=1555,
        required_rate=0.91,
        passed=True,
        classes=(ClassCount("car", 1403), ClassCount("road sign", 152)),
    ),
    capture=CaptureSummary("nvv4l2h264enc MP4", "samples/net_output.mp4", ""),
    durations=DurationSummary(step_4=71.25, step_6=33.41, run1=60.52, run2=60.37, step_8=1.19),
    commands=(
        CommandSummary("Step 4", "trtexec --onnx=/m/net/model/net.onnx", False),
        CommandSummary("Step 6g", "deepstream-app -c /m/net/config/deepstream_app_kitti_net.txt", True),
    ),
)

MEASUREMENT = Measurement(
    state=State.INCONCLUSIVE,
    reasons=(Reason("noise", "the windows differ", State.INCONCLUSIVE),),
    streams=96,
    target_fps=29.5,
    warm_up_s=5.5,
    windows=20,
    total=Interval(2980.123, 2971.456, 2988.789),
    per_stream=(Interval(31.17, 30.98, 31.36), Interval(30.87, 30.66, 31.08)),
    stalled=(),
)

ENVIRONMENT = (
    *(
        ("dsbench", "0.1.0"),
        ("DeepStreamSDK", "9.1.0"),
        ("CUDA Runtime Version", "13.2"),
        ("TensorRT Version", "10.14"),
    ),
    *(("GPU", "NVIDIA H100 (NVML's GPU 0)"), ("GPU memory", "81559 MiB"), ("NVIDIA driver", "580.65.06")),
    *(("OS", "Ubuntu 24.04"), ("Python", "3.12.3"), ("onnx", "1.19.1"), ("CPU cores", "52")),
)

PARITY = {
    **{"outcome": "same", "frames": 59, "frames_with_reference": 58, "reference": 914, "found": 913},
    **{"recall": 0.987, "precision": 0.986, "f1": 0.988, "f1_iou_90": 0.985, "median_iou": 0.984},
    **{"score_drift": 0.0017, "duplicates": 4, "choices": []},
}

LIMIT = {
    "limit": "decode",
    "ceilings": [
        {"stage": "decode", "streams": 108, "batch": None, "fps": 3011.7, "source": "decode only"},
        {"stage": "inference", "streams": None, "batch": 128, "fps": 3002.5, "source": "trtexec log"},
    ],
    "evidence": ["NVDEC is busy: mean 98.7 %"],
}


def deepstream(home: Path = Path("/m/net"), name: str = "net") -> Record:
    """A run on DeepStream."""
    return Record(
        model_name=name,
        model_dir=str(home),
        runtime="deepstream",
        runtime_label="DeepStream",
        dsbench_version="0.1.0",
        session="s",
        started="2026-01-02T03:04:05+00:00",
        updated="2026-01-02T03:14:05+00:00",
        figures=FIGURES,
        video=VideoRecord("/v/clip.mp4", "command line", 1920, 1080, 25.0, 480, "h264"),
        options=(OptionRecord("perf-seconds", 61, "command line"), OptionRecord("sweep", True, "command line")),
        environment=ENVIRONMENT,
        steps=tuple(_passed(step.name) for step in STEPS if step.name != "report"),
        beyond={"limit": LIMIT, "import_parity": PARITY, "accuracy": {"map": 0.4321, "frames": 77}},
        measurements=(RunMeasurement("Run 2", MEASUREMENT),),
        handover=HANDOVER,
    )


def embedded(home: Path = Path("/m/net"), name: str = "net") -> Record:
    """The same run on the embedded runtime."""
    record = deepstream(home, name)
    assert HANDOVER.engine is not None
    stand_in = replace(HANDOVER.engine, stand_in=True, precision="", optimization_level=None, timing_cache="")
    video = CaptureSummary("skipped (no encoder available)", "samples/net_output.webm", "VP9 in WebM")
    return replace(
        record,
        runtime="embedded",
        runtime_label="embedded runtime (CPU, ONNX Runtime), not DeepStream",
        environment=(("OS", "Debian 12"), ("Python", "3.11.7"), ("onnx", "1.23.2"), ("CPU", "EPYC")),
        handover=replace(HANDOVER, engine=stand_in, capture=video),
    )


def failed(record: Record, step: str, code: str) -> Record:
    """The record, had its run failed in ``step``."""
    log = EvidenceLog(step, record.model_name, "k", record.runtime)
    log.failure = StepFailure(code, "what", "where", "fix")
    names = [one.name for one in STEPS]
    before = tuple(one for one in record.steps if names.index(one.evidence.step) < names.index(step))
    return replace(record, steps=(*before, StepRecord(log.snapshot(), "failed", 1.0)))


def blank(record: Record) -> Record:
    """A finished run of whose figures and hand-over nothing is known."""
    return replace(
        record,
        figures=Figures(),
        handover=Handover(),
        measurements=(),
        beyond={},
        environment=(),
        options=(),
        video=None,
    )


def _passed(step: str) -> StepRecord:
    return StepRecord(EvidenceLog(step, "net", "k", "DeepStream").snapshot(), "passed", 1.0)
