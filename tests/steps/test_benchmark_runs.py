"""Both runs, the retry and the closing block against a stand-in app; every printed line calculated by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from dsbench.base import process
from dsbench.base.errors import Code, DsbenchError
from dsbench.base.files import Status, Written
from dsbench.base.options import PERF_INTERVAL, PERF_SECONDS
from dsbench.formats import nvinfer
from dsbench.judge.run.measurement import RealTime
from dsbench.model import preflight
from dsbench.model.layout import ModelLayout
from dsbench.record.evidence import EvidenceLog
from dsbench.steps import benchmark_config, benchmark_run, recording, run1_calibration, run2_validation, summary
from dsbench.steps.app_run import Telemetry
from dsbench.steps.benchmark_config import BenchmarkConfigResult
from dsbench.steps.kitti_gate import Step6Duration
from dsbench.steps.model_run import ModelRun
from dsbench.steps.preflight_engine import PreparedEngine
from dsbench.steps.run1_calibration import Run1CalibrationResult
from dsbench.steps.run2_validation import Run2ValidationResult
from tests.material import trtexec_log, write_clip, write_onnx
from tests.stand_in_app import Row, StandInRuntime
from tests.steps.model_run import model_run

pytestmark = pytest.mark.long

MAX_BS = 8
LINE_1 = "# dsbench stand-in: of this test\n"


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_clip(tmp_path_factory.mktemp("clip") / "a clip.mp4", frames=2)


@pytest.fixture(autouse=True)
def own_locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))


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

    def write_throughput(self, qps: float) -> None:
        for path, text in (
            (self.layout.engine("net", MAX_BS), LINE_1),
            (self.layout.trtexec_log(MAX_BS), LINE_1 + trtexec_log(qps)),
        ):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    def model(self, *scripts: tuple[int, tuple[Row, ...]], **options: str) -> ModelRun:
        """Runs of one second, never ended early; ``scripts``: what the app prints at so many streams."""
        runtime = StandInRuntime(tuple(scripts))
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
        """Those beside them."""
        return tuple(line for line in self.log.snapshot().lines if ", all streams: " in line)

    def logs(self) -> list[str]:
        return sorted(path.name for path in self.layout.ds_dir.glob("*.log"))


@pytest.fixture
def bench(tmp_path: Path, clip: Path) -> Bench:
    return Bench(tmp_path, clip)


def test_both_runs_and_the_closing_block_word_for_word(bench: Bench) -> None:
    # run 1: the mean of the last ten of stream 0 is 21.115 -> 21.11 (as Python rounds 21.115), x 6 = 126.66; /30 = 4
    first = (0.0, 5.0, *([(21.0, 30.0, 30.0, 30.0, 30.0, 10.0)] * 9), (22.15, 1.0, 1.0, 1.0, 1.0, 1.0))
    model = bench.model((6, first), (4, (31.0, 31.5, (33.0, 20.0, 40.0, 40.0))))
    calibration = bench.run1(model)
    fps = round((21.0 * 9 + 22.15) / 10, 2)
    assert fps in (21.11, 21.12)
    assert calibration.run.figures.fps == fps
    total = round(fps * 6, 2)
    seconds = f"{calibration.run.figures.seconds:.2f}"
    assert bench.lines() == (
        f"DS Run 1: 6 streams | FPS/stream={fps} | total={total} img/s | RT_STREAMS=4",
        f"[Step 7 Run 1] completed in {seconds}s",
    )
    validation = bench.run2(model)
    # (31 + 31.5 + 33) / 3 = 31.8333 -> 31.83, x 4 = 127.32
    seconds2 = f"{validation.run.figures.seconds:.2f}"
    assert bench.lines()[2:] == (
        "DS Run 2: 4 streams | FPS/stream=31.83 | total=127.32 img/s | Real-time: YES",
        f"[Step 7 Run 2] completed in {seconds2}s",
    )
    assert bench.logs() == ["ds_s4_run2.log", "ds_s6_run1.log"]
    both = round(12.35 if round(12.345, 2) == 12.35 else 12.34, 2) + float(seconds) + float(seconds2)
    eff1, eff2 = round(total / 204.0 * 100, 1), 62.4  # 127.32 / 204 = 62.41 %
    assert summary.run(model, bench.log).lines == (
        "Runtime: stand-in",
        "=== DeepStream Integration Complete ===",
        "Model: net | Engine: models/net/benchmarks/engines/net_dynamic_b8.engine",
        "trtexec: 204.0 img/s @ BS=8",
        f"DS Run 1 (PEAK): 6 streams | {fps} fps/s | eff {eff1}%",
        f"DS Run 2 (RT):   4 streams | 31.83 fps/s | RT: YES | eff {eff2}%",
        f"Timing: Step6={12.345:.2f}s Run1={seconds}s Run2={seconds2}s Total={both:.2f}s",
        "Ready for: Step 8 — read references/report-generation.md models/net/",
    )
    assert not any("Retry" in line for line in bench.lines())


def test_what_stream_0_does_not_show(bench: Bench) -> None:
    model = bench.model((6, ((40.0, 40.0, 40.0, 40.0, 40.0, 2.0),) * 12), (8, ((31.0,) * 7 + (0.0,),) * 12))
    assert bench.run1(model).rt_streams == 8
    validation = bench.run2(model)
    assert validation.benchmark.confirmed_streams == 8, "the specification's figure is stream 0's"
    evidence = bench.log.snapshot()
    facts = {fact.name: fact.value for fact in evidence.facts}
    assert facts["Run 1: all streams together"] == "202.00 FPS"
    assert facts["Run 1: slowest stream"] == "2.00 FPS (stream 5)"
    assert facts["Run 1: total FPS"] == "240.0"
    assert "RT: YES is stream 0's figure; stream 7 stayed below 30 FPS" in evidence.warnings
    assert any(
        "Run 2: INVALID, stalled-stream: stream 7 stalled until the end of the run" in one for one in evidence.warnings
    )
    assert facts["Run 2: every stream in real time"] == "NO"
    assert bench.measured()[1].startswith("Run 2, all streams: INVALID (stalled-stream) | every stream real-time: NO")
    with pytest.raises(DsbenchError, match=r"stalled-stream \(INVALID\): stream 7 stalled") as caught:
        benchmark_run.require_valid(model, validation.final)
    assert caught.value.code == Code.MEASUREMENT_INVALID
    table = next(table for table in evidence.tables if "Run 1" in table.title)
    assert table.columns == ("seconds", *(f"stream {number}" for number in range(6)))
    assert table.rows[0][1:] == ("40.0", "40.0", "40.0", "40.0", "40.0", "2.0")


def test_not_real_time_is_halved_and_tried_once_more(bench: Bench) -> None:
    model = bench.model((6, (26.0,)), (5, (20.0,)), (2, (29.0,)))
    bench.run1(model)  # 156 / 30 = 5
    validation = bench.run2(model)
    assert bench.lines()[2:] == (
        "DS Run 2: 5 streams | FPS/stream=20.0 | total=100.0 img/s | Real-time: NO",
        f"[Step 7 Run 2] completed in {validation.run.figures.seconds:.2f}s",
        "Run 2 not real-time — retrying at 2 streams",
        "Retry: 2 streams | FPS/stream=29.0 | Real-time: NO",
    )
    assert bench.logs() == ["ds_s2_run2.log", "ds_s5_run2_first.log", "ds_s6_run1.log"]
    shown = bench.log.snapshot()
    assert any("models/net/benchmarks/ds/ds_s5_run2_first.log" in note for note in shown.notes)
    logs = [fact.value for fact in shown.facts if fact.name.endswith(": log")]
    assert [path.rpartition("/")[2] for path in logs] == ["ds_s6_run1.log", "ds_s5_run2_first.log", "ds_s2_run2.log"]
    assert "ds_s5_run2_first.log" in [text.title for text in shown.texts]
    assert "ds_s5_run2.log" not in [text.title for text in shown.texts]
    assert validation.benchmark.confirmed_streams == 0
    block = summary.run(model, bench.log).lines
    assert "DS Run 2 (RT):   2 streams | 29.0 fps/s | RT: NO | eff 28.4%" in block  # 58 / 204
    assert f"Run2={validation.run.figures.seconds:.2f}s" in block[-3], "the first attempt's time"
    assert block[-1].startswith("Note: run 2 at 5 streams was not real-time; DS Run 2 (RT) shows the retry at 2")
    assert block[-1].endswith("not real-time at 2 streams; fewer were not tried")
    assert any("RT: NO" in warning for warning in bench.log.snapshot().warnings)


def test_the_retry_that_keeps_up_counts(bench: Bench) -> None:
    model = bench.model((6, (26.0,)), (5, (20.0,)), (2, (30.0,)))
    bench.run1(model)
    assert bench.run2(model).benchmark.confirmed_streams == 2
    assert not any("RT: NO" in warning for warning in bench.log.snapshot().warnings)


def test_zero_streams_on_a_slow_processor(bench: Bench) -> None:
    bench.write_throughput(2.0)  # 16 img/s: PEAK 0
    model = bench.model((1, (12.0,)))
    calibration = bench.run1(model)
    assert calibration.rt_streams == 0
    assert bench.lines()[0] == "DS Run 1: 1 streams | FPS/stream=12.0 | total=12.0 img/s | RT_STREAMS=0"
    validation = bench.run2(model)
    assert bench.lines()[4] == "Run 2 not real-time — retrying at 1 streams"
    assert bench.logs() == ["ds_s1_run1.log", "ds_s1_run2.log", "ds_s1_run2_first.log"]
    assert validation.benchmark.confirmed_streams == 0
    block = summary.run(model, bench.log).lines
    assert "DS Run 1 (PEAK): 0 streams | 12.0 fps/s | eff 75.0%" in block
    assert block[-1].endswith("not real-time at any stream count")


def test_peak_above_max_bs_is_capped_and_said(bench: Bench) -> None:
    bench.write_throughput(100.0)  # 800 img/s: PEAK 26
    model = bench.model((8, (60.0,)))
    calibration = bench.run1(model)
    assert (calibration.run.figures.streams, calibration.rt_streams) == (8, 8), "RT_STREAMS <= MAX_BS"
    bench.run2(model)
    block = summary.run(model, bench.log).lines
    assert "DS Run 1 (PEAK): 26 streams | 60.0 fps/s | eff 60.0%" in block
    assert block[-1] == "Note: DS Run 1 was made with 8 streams (MAX_BS=8)"


@pytest.mark.parametrize(("wanted", "fails"), [("4", False), ("5", True)])
def test_min_streams(bench: Bench, wanted: str, fails: bool) -> None:
    model = bench.model((6, (21.0,)), (4, (31.0,) * 12), min_streams=wanted)
    bench.run1(model)
    validation = bench.run2(model)
    if not fails:
        run2_validation.require_streams(model, validation)
        return
    with pytest.raises(DsbenchError) as caught:
        run2_validation.require_streams(model, validation)
    assert caught.value.code == Code.TOO_FEW_STREAMS
    assert "4 real-time streams confirmed" in caught.value.what


def test_min_streams_needs_every_stream_and_enough_windows(bench: Bench) -> None:
    slow = ((31.0, 31.0, 31.0, 29.0),) * 12
    for script, said in (((31.0,) * 3, "UNSURE\n  too-few-windows: 2 steady windows"), (slow, "every stream: NO")):
        model = bench.model((6, (21.0,)), (4, script), min_streams="4")
        bench.run1(model)
        validation = bench.run2(model)
        assert validation.benchmark.confirmed_streams == 4, "by stream 0, as specified"
        benchmark_run.require_valid(model, validation.final)
        with pytest.raises(DsbenchError) as caught:
            run2_validation.require_streams(model, validation)
        assert caught.value.code == Code.TOO_FEW_STREAMS
        assert "0 real-time streams confirmed" in caught.value.what
        assert "stream 0 keeps up at 4 streams" in caught.value.what
        assert said in caught.value.what
        told = {fact.name: (fact.value, fact.origin) for fact in bench.log.snapshot().facts}
        every = validation.final.measurement.real_time
        assert told["Real-time streams confirmed"] == (
            "by stream 0: 4; by every stream: 0",
            f"RT: YES; every stream: {every}",
        )
        assert caught.value.fix.startswith("measure again") == ("UNSURE" in said)


def test_min_streams_after_a_disturbed_run_asks_for_a_quiet_machine(bench: Bench) -> None:
    cut = "out('**PERF:  29.00 (1.00)\\tWARN (app:1): late')"
    slow = (*[29.0] * 12, *[cut] * 20)
    model = bench.model((6, (26.0,)), (5, slow), (2, slow), min_streams="1")
    bench.run1(model)
    validation = bench.run2(model)
    assert validation.final.measurement.real_time is RealTime.UNSURE
    with pytest.raises(DsbenchError) as caught:
        run2_validation.require_streams(model, validation)
    assert caught.value.fix.startswith("close other programs and measure again")
    assert "stream 0 does not keep up; every stream: UNSURE\n  rows-lost: other output cut" in caught.value.what


def test_what_a_run_says_of_all_streams_is_printed_and_recorded(bench: Bench) -> None:
    model = bench.model((6, ((21.0,) * 5 + (20.0,),) * 13), (4, (31.0,) * 13))
    bench.run1(model)
    bench.run2(model)
    # 12 windows of 1 s after the first: one frame more or less is 1/12 FPS, of six streams 6/12
    assert bench.measured()[0].startswith(
        "Run 1, all streams: slowest stream 5: 20.00 FPS (19.92 to 20.08) | all: 125.00 FPS (124.50 to 125.50) "
        "| 12 windows after "
    )
    assert "every stream real-time: YES | slowest stream 0: 31.00 FPS" in bench.measured()[1]
    recorder = recording.recorder(bench.layout, model.options, model.selected)
    recording.refresh(model, recorder)
    kept = recorder.record.measurements
    assert [(run.name, run.measurement.state, run.measurement.windows) for run in kept] == [
        ("Run 1", "valid", 12),
        ("Run 2", "valid", 12),
    ]
    assert recorder.record.figures.every_stream == "YES"


def test_a_run_whose_figures_are_known_ends_early_and_says_so(bench: Bench) -> None:
    script = (31.0,) * 13
    model = bench.model((6, script), perf_seconds="30", perf_precision="2")
    bench.run1(model)
    validation = bench.run2(model)
    early = validation.final.measurement.ended_early_s
    assert early is not None
    assert early < 20
    assert validation.final.perf.due_s == early
    assert "ended early, at" in bench.measured()[1]
    assert validation.confirmed_streams == 6
    assert not bench.log.snapshot().warnings
    model = bench.model((6, script), perf_seconds="3")
    assert bench.run1(model).run.measurement.ended_early_s is None


@pytest.mark.parametrize("odd", ["nan", "inf"])
def test_rows_without_figures_are_left_out_and_the_run_goes_on(bench: Bench, odd: str) -> None:
    one, all_of_it = (
        f"out('**PERF:  ' + {text!r})" for text in (f"31.00 (1.00)\t{odd} (1.00)\t", f"{odd} (nan)\t" * 6)
    )
    script = (*[31.0] * 5, one + "; out('31.00 (1.00)\t' * 4)", *[31.0] * 8, all_of_it)
    model = bench.model((6, script), perf_seconds="3", perf_precision="2")
    found = bench.run1(model).run
    assert found.figures.fps == 31.0
    assert found.perf.windows.broken >= 1
    assert found.perf.not_asked == ""
    assert any("or have inf or nan" in warning for warning in bench.log.snapshot().warnings)


def test_each_reason_is_told_with_what_it_makes_of_the_run(bench: Bench) -> None:
    falling = tuple((*[60.0 - n] * 5, 60.0 - n if n < 10 else 0.0) for n in range(20))
    model = bench.model((6, falling), perf_seconds="2")
    bench.run1(model)
    told = [warning for warning in bench.log.snapshot().warnings if "INVALID" in warning or "INCONCLUSIVE" in warning]
    assert told[0].startswith("Run 1: INVALID, stalled-stream: ")
    assert len(told) > 1
    assert all(warning.startswith("Run 1: INCONCLUSIVE, ") for warning in told[1:])


def test_too_few_streams_for_max_bs_says_so(bench: Bench) -> None:
    model = bench.model((6, (55.0,)), (8, (31.0,)), min_streams="10")  # 330 / 30 = 11, MAX_BS 8
    bench.run1(model)
    with pytest.raises(DsbenchError) as caught:
        run2_validation.require_streams(model, bench.run2(model))
    assert "no more than MAX_BS=8 streams are run" in caught.value.fix


def test_rt_no_never_satisfies_min_streams(bench: Bench) -> None:
    model = bench.model((6, (26.0,)), (5, (29.9,)), (2, (29.9,)), min_streams="1")
    bench.run1(model)
    validation = bench.run2(model)
    with pytest.raises(DsbenchError, match="0 real-time streams confirmed"):
        run2_validation.require_streams(model, validation)


def test_another_target_replaces_30_everywhere(bench: Bench) -> None:
    model = bench.model((8, (21.0,)), target_fps="15")  # PEAK: 204 / 15 = 13, MAX_BS 8
    calibration = bench.run1(model)
    assert calibration.rt_streams == 8  # 168 / 15 = 11
    assert bench.run2(model).run.figures.confirmed == "YES"


@pytest.mark.parametrize("script", [(), (0.0, 0.0)])
def test_no_fps_stops_with_the_specifications_words(bench: Bench, script: tuple[Row, ...]) -> None:
    model = bench.model((6, script))
    with pytest.raises(DsbenchError) as caught:
        bench.run1(model)
    assert caught.value.code == Code.FPS_PARSE
    said = "ERROR: FPS parsing failed for Run 1 — check models/net/benchmarks/ds/ds_s6_run1.log"
    assert said in caught.value.what
    assert "6 streams had not started after 1 s" in caught.value.fix
    assert bench.lines() == ()
    assert bench.log.snapshot().commands, "how it was run is kept"


def test_rows_that_stop_are_a_stall_although_the_app_listens(bench: Bench) -> None:
    model = bench.model((6, tuple([31.0] * 12)), perf_seconds="7", perf_precision="0")
    with pytest.raises(DsbenchError, match="it stalled") as caught:
        bench.run1(model)
    assert caught.value.code == Code.APP_TIMEOUT


def test_rows_that_a_warning_cuts_are_no_stall(bench: Bench) -> None:
    cut = "out('**PERF:  31.00 (1.00)\\tWARN (app:1): late'); time.sleep(0.5)"
    model = bench.model((6, (*[31.0] * 12, *[cut] * 12)), perf_seconds="7", perf_precision="0")
    found = bench.run1(model).run
    assert found.perf.windows.broken >= 10
    assert [reason.code for reason in found.measurement.reasons if reason.code != "clock"] == ["rows-lost"]


def test_the_retry_is_checked_alike(bench: Bench) -> None:
    model = bench.model((6, (26.0,)), (5, (20.0,)), (2, ()))
    bench.run1(model)
    with pytest.raises(DsbenchError, match="FPS parsing failed for Retry"):
        bench.run2(model)


def test_an_app_that_dies_leaves_its_rows_as_evidence(bench: Bench) -> None:
    model = bench.model((6, (26.0, 27.0, "os.kill(os.getpid(), signal.SIGSEGV)")))
    with pytest.raises(DsbenchError) as caught:
        bench.run1(model)
    assert caught.value.code == Code.APP_CRASHED
    assert "SIGSEGV" in caught.value.what
    table = bench.log.snapshot().tables[0]
    assert [row[1] for row in table.rows] == ["26.0", "27.0"]
    assert not any("INCONCLUSIVE" in warning for warning in bench.log.snapshot().warnings), "it is of no run"


def test_every_stream_standing_still_is_a_hang(bench: Bench) -> None:
    model = bench.model((6, (26.0, 26.0, 0.0, 0.0, 0.0, 0.0, 0.0)))
    with pytest.raises(DsbenchError) as caught:
        bench.run1(model)
    assert caught.value.code == Code.APP_TIMEOUT


@pytest.mark.parametrize("ends", [True, False])
def test_rows_that_stop_are_told_and_a_hang_if_sigint_is_not_heard(
    bench: Bench, ends: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "_GRACE_S", 0.3)
    deaf = () if ends else ("signal.signal(signal.SIGINT, signal.SIG_IGN)",)
    model = bench.model((6, (26.0, *deaf)), perf_seconds="3")
    if ends:
        bench.run1(model)
    else:
        with pytest.raises(DsbenchError, match="no PERF row came in the last 3 s") as caught:
            bench.run1(model)
        assert caught.value.code == Code.APP_TIMEOUT
    assert any("no PERF row came" in warning for warning in bench.log.snapshot().warnings)


def test_older_runs_move_aside_before_anything_is_read(bench: Bench) -> None:
    model = bench.model((6, (21.0,)), (4, (31.0,)))
    for name in ("ds_s6_run1.log", "ds_s2_run2.log", "ds_s9_run2_first.log"):
        (bench.layout.ds_dir / name).write_text("**PERF:  99.00 (99.00)\t\n")
    bench.run1(model)
    bench.run2(model)
    assert bench.logs() == ["ds_s4_run2.log", "ds_s6_run1.log"]
    previous = bench.layout.ds_dir / "previous"
    assert sorted(path.name for path in previous.iterdir()) == [
        "ds_s2_run2.log",
        "ds_s6_run1.log",
        "ds_s9_run2_first.log",
    ]


def test_the_app_config_is_kept(bench: Bench, clip: Path) -> None:
    model = bench.model((6, (21.0,)), (4, (31.0,)))
    bench.run1(model)
    text = (bench.layout.ds_dir / "deepstream_app_s6_run1.txt").read_text()
    for line in (
        "enable-perf-measurement=1",
        "perf-measurement-interval-sec=1",
        "num-sources=6",
        f"uri=file://{clip}",
        "batched-push-timeout=-1",
        "file-loop=1",
        f"config-file={bench.layout.ds_nvinfer_config}",
    ):
        assert line in text.splitlines() or line.startswith("uri="), line
    assert text.count("batch-size=6") == 2, "batch-size == num_streams"
    assert "[osd]\nenable=0" in text
    assert "[tiled-display]\nenable=0" in text
    assert "kitti" not in text


def test_without_a_throughput_step_7_stops(bench: Bench) -> None:
    facts = preflight.run(bench.layout, bench.model().preflight_request())
    import dataclasses

    with pytest.raises(DsbenchError) as caught:
        benchmark_config.require_throughput(
            PreparedEngine(dataclasses.replace(facts, throughput=None), "--prepare never")
        )
    assert caught.value.code == Code.TRTEXEC_LOG_MISSING
    assert "--prepare auto" in caught.value.fix
    failure = DsbenchError(Code.ENGINE_PREPARATION, "measuring failed")
    with pytest.raises(DsbenchError, match="measuring failed"):
        benchmark_config.require_throughput(PreparedEngine(facts, "it failed", failure=failure))


def test_a_run_shorter_than_two_windows_is_refused(bench: Bench) -> None:
    model = bench.model(perf_seconds="3", perf_interval="2")
    with pytest.raises(DsbenchError, match="too short for two PERF windows"):
        benchmark_config.require_two_windows(model.option(PERF_SECONDS), model.option(PERF_INTERVAL))


def test_what_was_sampled_beside_each_run_is_kept(bench: Bench) -> None:
    model = bench.model((0, (31.0, 31.0, 31.0)))
    bench.run1(model)
    bench.run2(model)
    kept = model.get(Telemetry)
    assert [(run.name, run.streams) for run in kept.runs] == [("Run 1", 6), ("Run 2", 6)]
    for run in kept.runs:
        assert len(run.series.rows) >= 2
        assert "app_cpu_pct" in run.series.columns
        assert run.window is not None
        assert run.window[1] <= 1.5
    recorder = recording.recorder(bench.layout, model.options, model.selected)
    recording.refresh(model, recorder)
    assert recorder.record.telemetry == kept.runs


def test_a_run_that_fails_keeps_what_was_sampled(bench: Bench) -> None:
    model = bench.model((0, (31.0, "os._exit(3)")))
    with pytest.raises(DsbenchError):
        bench.run1(model)
    assert [run.name for run in model.get(Telemetry).runs] == ["Run 1"]
