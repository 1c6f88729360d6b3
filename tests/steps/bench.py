"""A model directory ready for Step 7, with a stand-in app that prints a test's script."""

from __future__ import annotations

from pathlib import Path

from dsbench.base.files import Status, Written
from dsbench.formats import nvinfer
from dsbench.model import preflight
from dsbench.model.layout import ModelLayout
from dsbench.record.evidence import EvidenceLog
from dsbench.steps import run1_calibration, run2_validation
from dsbench.steps.benchmark_config import BenchmarkConfigResult
from dsbench.steps.kitti_gate import Step6Duration
from dsbench.steps.model_run import ModelRun
from dsbench.steps.run1_calibration import Run1CalibrationResult
from dsbench.steps.run2_validation import Run2ValidationResult
from tests.material import trtexec_log, write_onnx
from tests.stand_in_app import Row, StandInRuntime
from tests.steps.model_run import model_run

MAX_BS = 8
LINE_1 = "# dsbench stand-in: of this test\n"


class Bench:
    """A model whose trtexec log at MAX_BS=8 says 25.5 qps: 204 img/s, PEAK_GPU_STREAMS 6."""

    def __init__(self, folder: Path, clip: Path) -> None:
        self.folder, self.clip = folder, clip
        root = folder / "models" / "net"
        write_onnx(root / "model" / "net.onnx")
        (root / "config").mkdir()
        (root / "config" / "labels.txt").write_text("car\nperson\n")
        self.layout = ModelLayout.at("models/net", folder)
        self.write_throughput(25.5)
        self.log = EvidenceLog("step", "net", "key", "stand-in")

    def write_throughput(self, qps: float, first_line: str = LINE_1) -> None:
        """``first_line``: empty for files of TensorRT."""
        for path, text in (
            (self.layout.engine("net", MAX_BS), first_line or "engine"),
            (self.layout.trtexec_log(MAX_BS), first_line + trtexec_log(qps)),
        ):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    def model(self, *scripts: tuple[int, tuple[Row, ...]], runtime_name: str = "embedded", **options: str) -> ModelRun:
        """Runs of one second that never end early. ``scripts``: (number of streams, rows that the app prints)."""
        runtime = StandInRuntime(tuple(scripts), name=runtime_name)
        options = {"perf_seconds": "1", "perf_interval": "1", "perf_precision": "0"} | options
        run = model_run(self.layout, self.clip, self.folder, runtime=runtime, **options)  # type: ignore[arg-type]
        facts = run.keep(preflight.run(self.layout, run.preflight_request()))
        config = self.layout.ds_nvinfer_config
        config.parent.mkdir(parents=True, exist_ok=True)
        config.write_text("[property]\ngie-unique-id=1\nbatch-size=8\n")
        assert facts.throughput is not None
        run.keep(
            BenchmarkConfigResult(
                Written(config, Status.CREATED),
                nvinfer.load(config),
                False,
                (),
                facts.throughput,
            )
        )
        run.keep(Step6Duration(12.345))
        return run

    def run1(self, model: ModelRun) -> Run1CalibrationResult:
        return run1_calibration.calibrate(model, self.log)

    def run2(self, model: ModelRun) -> Run2ValidationResult:
        return run2_validation.validate(model, self.log)

    def lines(self) -> tuple[str, ...]:
        """The specification's lines."""
        return tuple(line for line in self.log.snapshot().lines if ", all streams: " not in line)

    def measured(self) -> tuple[str, ...]:
        """The lines about all streams."""
        return tuple(line for line in self.log.snapshot().lines if ", all streams: " in line)

    def logs(self) -> list[str]:
        return sorted(path.name for path in self.layout.ds_dir.glob("*.log"))
