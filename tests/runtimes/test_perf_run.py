"""7c's run with stand-in apps: PERF rows, early end, engine builds, and each kind of end."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from dsbench.base import follow, process
from dsbench.base.errors import Code, DsbenchError
from dsbench.formats.perf.stream0 import stream0_values
from dsbench.formats.perf.windows import Windows
from dsbench.runtimes import perf_run
from dsbench.runtimes.perf_run import PerfPlan, PerfRun
from tests.stand_in_app import Row, StandInRuntime


def play(
    folder: Path,
    *rows: Row,
    streams: int = 2,
    seconds: int = 1,
    pause: float = 0.01,
    deaf: bool = False,
    at_stop: str = "",
    at_exit: str = "",
    enough: Callable[[Windows], bool] | None = None,
) -> PerfRun:
    config = folder / "app.txt"
    config.write_text(f"[source0]\nnum-sources={streams}\n")
    runtime = StandInRuntime(((0, rows),), pause=pause, ignore_sigint=deaf, at_stop=at_stop, at_exit=at_exit)
    return perf_run.run_app(runtime, PerfPlan(config, streams, seconds, 2, folder / "ds" / "run.log", enough))


def error_of(perf: PerfRun) -> DsbenchError:
    with pytest.raises(DsbenchError) as caught:
        perf_run.require_success(perf, "DS Run 1")
    return caught.value


def test_rows_of_all_streams_with_the_time_they_were_seen(tmp_path: Path) -> None:
    perf = play(tmp_path, (10.0, 20.0), (30.5, 40.0), pause=0.4)
    assert perf.windows.fps == ((10.0, 20.0), (30.5, 40.0))
    assert perf.stream0 == (10.0, 30.5)
    first, second = perf.windows.at_s
    assert 0.2 < second - first < 0.7
    assert perf.finished.stopped
    assert perf.finished.returncode == 0
    assert 0.9 < perf.finished.seconds < 3
    perf_run.require_success(perf, "DS Run 1")


def test_a_stale_log_is_never_read(tmp_path: Path) -> None:
    log = tmp_path / "ds" / "run.log"
    log.parent.mkdir()
    log.write_text("**PERF:  99.00 (99.00)\t99.00 (99.00)\t\n")
    assert play(tmp_path).stream0 == ()


def test_noise_between_and_inside_rows(tmp_path: Path) -> None:
    noise = "out('(app): WARNING'); sys.stderr.write('**PERF:  7.00 (1.00)\\t3.(gst:1): cut\\n')"
    perf = play(tmp_path, (10.0, 20.0), noise, "out('\\x1b[31mred\\x1b[0m')", (12.0, 22.0))
    assert perf.windows.fps == ((10.0, 20.0), (12.0, 22.0))
    assert perf.windows.broken == 1
    assert sorted(perf.stream0) == [7.0, 10.0, 12.0], "the specification's grep takes the cut row as well"


LATE_ROW = "time.sleep(0.4); out('**PERF:  3.00 (1.00)\\t4.00 (1.00)\\t')"


@pytest.mark.parametrize("seconds", [1, 60])
def test_rows_after_our_stop_count_nowhere(tmp_path: Path, seconds: int) -> None:
    enough = (lambda windows: len(windows.fps) == 2) if seconds == 60 else None
    perf = play(tmp_path, (10.0, 20.0), (30.0, 40.0), seconds=seconds, at_stop=LATE_ROW, enough=enough)
    perf_run.require_success(perf, "DS Run 1")
    assert perf.windows.fps == ((10.0, 20.0), (30.0, 40.0))
    assert perf.stream0 == (10.0, 30.0)
    assert perf.windows.begun_s[-1] <= perf.lasted_s
    assert perf.windows.broken == 0
    assert perf.console.closing == "successful", "the rest of the console is read"
    log = perf.plan.log.read_bytes()
    assert b"3.00" in log[perf.log_bytes :]
    assert list(stream0_values(perf.plan.log)) == [10.0, 30.0, 3.0]
    assert not perf.end_warning


def test_a_row_that_our_stop_cuts_is_neither_whole_nor_broken(tmp_path: Path) -> None:
    begun = "sys.stdout.write('**PERF:  5.00 (1.00)\\t'); sys.stdout.flush()"
    perf = play(tmp_path, (10.0, 20.0), begun, at_stop="out('6.00 (1.00)\\t')")
    assert perf.windows.fps == ((10.0, 20.0),)
    assert perf.windows.broken == 0
    assert perf.stream0 == (10.0,)


@pytest.mark.parametrize("crash", ["os.abort()", "os.kill(os.getpid(), signal.SIGSEGV)", "os._exit(134)"])
def test_an_abnormal_end_after_success_is_a_warning(tmp_path: Path, crash: str) -> None:
    perf = play(tmp_path, (10.0, 20.0), at_exit=crash)
    perf_run.require_success(perf, "DS Run 1")
    name = "SIGSEGV" if "SEGV" in crash else "SIGABRT"
    assert name in perf.end_warning
    assert "App run successful" in perf.end_warning
    assert perf.windows.fps == ((10.0, 20.0),)


@pytest.mark.parametrize(
    ("rows", "at_stop"),
    [(((10.0, 20.0), "out('Quitting'); os.abort()"), ""), (((10.0, 20.0),), "os.abort()")],
)
def test_an_abnormal_end_before_success_is_a_crash(tmp_path: Path, rows: tuple[Row, ...], at_stop: str) -> None:
    perf = play(tmp_path, *rows, at_stop=at_stop)
    assert error_of(perf).code == Code.APP_CRASHED
    assert not perf.end_warning


def test_an_app_that_ends_by_itself_after_success_and_aborts_is_no_measurement(tmp_path: Path) -> None:
    perf = play(tmp_path, (10.0, 20.0), "out('App run successful'); os.abort()", seconds=30)
    assert error_of(perf).code == Code.APP_FAILED
    assert not perf.end_warning


@pytest.mark.parametrize(
    ("last", "code", "said"),
    [
        ("os.kill(os.getpid(), signal.SIGSEGV)", Code.APP_CRASHED, "SIGSEGV"),
        ("out('App run failed'); os._exit(255)", Code.APP_FAILED, "App run failed"),
        ("sys.exit(0)", Code.APP_FAILED, "ended by itself"),
    ],
)
def test_an_app_that_dies_half_way_keeps_its_rows(tmp_path: Path, last: str, code: Code, said: str) -> None:
    perf = play(tmp_path, (10.0, 20.0), last, seconds=30)
    assert perf.windows.fps == ((10.0, 20.0),)
    error = error_of(perf)
    assert error.code == code
    assert said in error.what


def test_an_app_that_hangs_is_stopped_long_before_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(perf_run, "SHORTEST_STALL_S", 0.3)
    monkeypatch.setattr(perf_run, "STALL_INTERVALS", 0)
    started = time.monotonic()
    perf = play(tmp_path, (10.0, 20.0), seconds=60)
    assert time.monotonic() - started < 10
    error = error_of(perf)
    assert error.code == Code.APP_TIMEOUT
    assert "no progress" in error.what
    assert perf.windows.fps == ((10.0, 20.0),)


def test_an_app_that_ignores_sigint_is_killed_and_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "_GRACE_S", 0.2)
    perf = play(tmp_path, (10.0, 20.0), deaf=True)
    assert perf.killed_at_end
    assert perf.windows.fps == ((10.0, 20.0),)
    perf_run.require_success(perf, "DS Run 1")


def test_an_app_that_hangs_from_the_start_and_ignores_sigint_is_a_hang(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "_GRACE_S", 0.2)
    perf = play(tmp_path, "time.sleep(0)", deaf=True)
    error = error_of(perf)
    assert error.code == Code.APP_TIMEOUT
    assert "no PERF row" in error.what


def test_a_run_that_is_over_before_the_app_has_started(tmp_path: Path) -> None:
    perf = play(tmp_path, "time.sleep(30)")
    assert perf.stream0 == ()
    assert perf.windows.fps == ()
    perf_run.require_success(perf, "DS Run 1")  # no rows: said by the figures, in the specification's words


def test_a_run_ends_early_once_its_windows_are_enough(tmp_path: Path) -> None:
    asked: list[int] = []

    def enough(windows: Windows) -> bool:
        asked.append(len(windows.fps))
        return len(windows.fps) >= 3

    perf = play(tmp_path, *[(10.0, 20.0)] * 4, seconds=60, pause=0.3, enough=enough)
    perf_run.require_success(perf, "DS Run 1")
    assert perf.ended_early_s is not None
    assert 0.5 < perf.ended_early_s < 20
    assert perf.due_s == perf.ended_early_s
    assert len(perf.windows.fps) >= 3
    assert asked == sorted(set(asked)), "once for each new row"


def test_a_run_whose_windows_are_never_enough_takes_its_whole_time(tmp_path: Path) -> None:
    perf = play(tmp_path, *[(10.0, 20.0)] * 4, enough=lambda windows: False)
    assert perf.ended_early_s is None
    assert perf.due_s == 1


def test_an_error_in_enough_is_reported_and_does_not_end_the_run(tmp_path: Path) -> None:
    asked: list[int] = []

    def enough(windows: Windows) -> bool:
        asked.append(len(windows.fps))
        raise ZeroDivisionError("of nothing")

    perf = play(tmp_path, *[(10.0, 20.0)] * 4, pause=0.1, seconds=2, enough=enough)
    perf_run.require_success(perf, "DS Run 1")
    assert len(perf.windows.fps) == 4
    assert perf.due_s == 2
    assert perf.not_asked == "ZeroDivisionError: of nothing"
    assert len(asked) == 1


BUILD = "out('0:00:01.000000000 7 0x1 INFO nvinfer x [UID = 1]: Trying to create engine from model files')"
SAVED = "out('0:00:03.500000000 7 0x1 INFO nvinfer x: serialize cuda engine to file: /m/x_b2.engine successfully')"


def test_an_engine_build_is_added_to_the_run_and_not_a_hang(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(perf_run, "SHORTEST_STALL_S", 0.3)
    monkeypatch.setattr(perf_run, "STALL_INTERVALS", 0)
    # without the build's own patience, the run's deadline (1 s + 0.3 s) would end this one
    perf = play(tmp_path, BUILD, "time.sleep(2)", SAVED, *[(10.0, 20.0)] * 20, seconds=1, pause=0.1)
    perf_run.require_success(perf, "DS Run 1")
    assert perf.console.build_s == 2.5
    assert 1.7 < perf.build_s < 2.6
    assert perf.finished.seconds > 2.8
    assert len(perf.windows.fps) >= 5
    assert perf.windows.at_s[0] > 1.8, "no row of the build's time is measured"
    assert perf.due_s == pytest.approx(1 + perf.build_s)
    ((began, ended),) = perf.builds
    assert ended - began == pytest.approx(perf.build_s)
    assert began < 1.5


def test_an_app_that_floods_its_log_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "LOG_LIMIT", 5 << 20)
    flood = "[out('nothing new ' * 100) for _ in range(10**9)]"
    perf = play(tmp_path, (10.0, 20.0), flood, seconds=60)
    error = error_of(perf)
    assert error.code == Code.APP_FAILED
    assert "flooded its log" in error.what
    assert perf.windows.fps == ((10.0, 20.0),), "what came before is kept"
    assert (tmp_path / "ds" / "run.log").stat().st_size > 5 << 20


def test_a_flood_of_empty_lines_hides_no_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # each flood is longer than one look at the log may read
    monkeypatch.setattr(follow, "_ONCE", 1 << 12)
    monkeypatch.setattr(follow, "_MAX", 1 << 16)
    flood = "sys.stdout.write('\\n' * 200_000)"  # standard input at its end, in DeepStream
    perf = play(tmp_path, flood, (10.0, 20.0), flood, (11.0, 21.0))
    assert perf.windows.fps == ((10.0, 20.0), (11.0, 21.0))
    perf_run.require_success(perf, "DS Run 1")


def test_a_known_text_becomes_cause_and_fix(tmp_path: Path) -> None:
    last = "out('ERROR: Could not open labels file:/m/l.txt'); out('App run failed'); os._exit(255)"
    error = error_of(play(tmp_path, last, seconds=30))
    assert "nvinfer cannot read the labels file /m/l.txt" in error.what
    assert "labelfile-path" in error.fix
