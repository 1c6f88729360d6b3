"""The sampler: what it sees, what it survives, that it always ends."""

from __future__ import annotations

import math
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from dsbench.base import process
from dsbench.base.cpus import quota_folders
from dsbench.formats.telemetry import OtherProcess, Series
from dsbench.machine.app_processes import AppProcesses
from dsbench.machine.telemetry import gpu
from dsbench.machine.telemetry import sampler as telemetry
from dsbench.machine.telemetry.cpu import CpuSource, quota_counters
from dsbench.machine.telemetry.gpu import GpuSource, SourceGone
from dsbench.machine.telemetry.sampler import Sampler
from tests.machine.fake_nvml import FakeNvml, NVMLError

EVERY_S = 0.02


@pytest.fixture(autouse=True)
def one_visible_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)


def wait_for(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    """For what another thread or process is about to do."""
    ends = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < ends, "it never came"
        time.sleep(0.01)


def sampled(nvml: FakeNvml, rows: int = 4, during: Callable[[], None] = lambda: None) -> Series:
    """The series of a run in which ``nvml`` answers."""
    sampler = Sampler([GpuSource(0, AppProcesses(), nvml)], EVERY_S)
    with sampler:
        during()
        wait_for(lambda: len(sampler._rows) >= rows)
    return sampler.series()


def test_a_gpu_s_columns() -> None:
    nvml = FakeNvml(throttle=0x4)
    series = sampled(nvml)
    assert series.devices == ("NVIDIA H100 80GB HBM3 (GPU-0a2b3c4d-0000-0000-0000-000000000000, PCI 00000000:01:00.0)",)
    assert series.columns == ("seconds", *GpuSource.columns)
    assert series.rows[0] == (0.0, 20, 10, 98, 0, 1980, 2619, 1545, 150.0, 48, 4, 500)
    assert [row[0] for row in series.rows] == sorted(row[0] for row in series.rows if row[0] is not None)
    assert series.notes == ()
    assert series.sample_ms is not None
    assert nvml.opened == 0, "NVML is given back"


def test_the_thread_ends_with_the_run() -> None:
    sampled(FakeNvml())
    assert "dsbench-telemetry" not in {thread.name for thread in threading.enumerate()}


def test_the_thread_ends_with_a_run_that_is_interrupted() -> None:
    sampler = Sampler([GpuSource(0, AppProcesses(), FakeNvml())], EVERY_S)
    with pytest.raises(KeyboardInterrupt), sampler:
        raise KeyboardInterrupt
    assert not sampler._thread.is_alive()
    assert sampler.series().rows


def test_what_the_gpu_does_not_support_is_left_out() -> None:
    series = sampled(FakeNvml(encoder=NVMLError(3), power_mw=NVMLError(3), temperature=NVMLError(999)))
    assert not {"nvenc_pct", "gpu_power_w", "gpu_temperature_c"} & set(series.columns)
    assert series.of("nvdec_pct")[-1] == 98
    assert series.of("nvenc_pct") == ()


def test_a_gpu_that_vanishes_ends_the_series_not_the_run() -> None:
    nvml = FakeNvml(lost_after=3)
    series = sampled(nvml, rows=6)
    assert series.of("nvdec_pct")[:3] == (98, 98, 98)
    assert series.of("nvdec_pct")[3:] == (None,) * (len(series.rows) - 3)
    assert len(series.notes) == 1
    assert series.notes[0].startswith("NVML lost the GPU: GPU is lost (after ")


@pytest.mark.parametrize("odd", [None, "x", float("nan"), float("inf"), -1, 2**64 - 1, 10**400, [1]], ids=repr)
def test_answers_that_are_no_measurement(odd: object) -> None:
    source = GpuSource(0, AppProcesses(), FakeNvml(odd, odd, odd, odd, odd, odd, odd, odd))
    source.open()
    values = source.read(before_run=False)
    assert len(values) == len(source.columns)
    assert all(value is None or math.isfinite(value) for value in values)


def test_no_nvml() -> None:
    series = sampled(FakeNvml(starts=False), rows=2)
    assert series.columns == ("seconds",)
    assert series.notes == ("no GPU telemetry: NVML does not start: error 12",)


def test_no_pynvml(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", None)
    source = GpuSource(0, AppProcesses())
    with pytest.raises(SourceGone, match=r"nvidia-ml-py is not installed \(pip install 'dsbench\[gpu\]'\)"):
        source.open()


def test_a_driver_that_hangs_does_not_hold_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telemetry, "_STOP_WITHIN_S", 0.1)
    released, hanging = threading.Event(), threading.Event()

    class Hangs(FakeNvml):
        def nvmlDeviceGetPowerUsage(self, handle: int) -> int:
            if self.lost_after is not None:
                hanging.set()
                released.wait(30)
            return 0

    nvml = Hangs()
    sampler = Sampler([GpuSource(0, AppProcesses(), nvml)], EVERY_S)
    try:
        with sampler:
            nvml.lost_after = 1000
            assert hanging.wait(20)
        series = sampler.series()
        assert series.notes == ("telemetry hangs in the driver: its last samples are missing",)
        assert series.rows
    finally:
        released.set()
        sampler._thread.join(20)


def test_a_driver_that_does_not_even_start_does_not_hold_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telemetry, "_OPEN_WITHIN_S", 0.1)
    released = threading.Event()

    class Slow(FakeNvml):
        def nvmlInit(self) -> None:
            released.wait(30)
            super().nvmlInit()

    sampler = Sampler([GpuSource(0, AppProcesses(), Slow(processes=[(1, 5)]))], EVERY_S)
    with sampler:
        released.set()
        wait_for(lambda: len(sampler._rows) >= 2)
    series = sampler.series()
    assert "had not started after 0 s" in series.notes[0]
    assert not any(other.before for other in series.processes), "what came first may be the app's own"


def test_a_mistake_of_a_source_is_a_note(monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(library: object, handle: object) -> tuple[float | None, ...]:
        raise ZeroDivisionError("of a source")

    monkeypatch.setattr(gpu, "_QUESTIONS", (gpu._Question(wrong, 11),))
    assert sampled(FakeNvml(), rows=2).notes == ("GpuSource: ZeroDivisionError: of a source",)


def test_hours_of_samples_are_thinned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telemetry, "_MAX_ROWS", 8)
    sampler = Sampler([GpuSource(0, AppProcesses(), FakeNvml())], 0.001)
    with sampler:
        wait_for(lambda: sampler._every_s >= 0.004)
    rows = sampler.series().rows
    assert len(rows) < 8
    assert rows[0][0] == 0.0, "the row before the run stays"


class TestOtherProcesses:
    @pytest.fixture
    def stranger(self) -> subprocess.Popen[bytes]:
        child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
        yield child  # type: ignore[misc]
        child.kill()
        child.communicate()

    def test_outside_a_container(
        self, stranger: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.setattr(gpu, "_PROCESSES_EVERY", 1)
        monkeypatch.setattr(gpu, "_pids_are_ours_to_read", lambda: True)
        nvml = FakeNvml(processes=[(stranger.pid, 700), (os.getpid(), 1)])
        app = AppProcesses()
        sampler = Sampler([GpuSource(0, app, nvml), CpuSource(app)], EVERY_S)

        def looked() -> bool:
            if app.ever:
                nvml.processes = [(stranger.pid, 800), *((pid, 300) for pid in app.ever), (1, None)]
            return len(sampler._rows) > 20 and bool(app.ever)

        with sampler:
            process.run(("sleep", "30"), tmp_path / "log", deadline_s=30, until=looked)
        series = sampler.series()
        name = Path(f"/proc/{stranger.pid}/comm").read_text().strip()
        assert series.processes[0] == OtherProcess(stranger.pid, name, 800.0, before=True)
        assert [(other.pid, other.gpu_mib, other.before) for other in series.processes[1:]] == [(1, None, False)]

    def test_in_a_container_the_app_is_not_accused(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(gpu, "_PROCESSES_EVERY", 1)
        monkeypatch.setattr(gpu, "_pids_are_ours_to_read", lambda: False)
        nvml = FakeNvml(processes=[(4_100_001, 700)])

        def starts() -> None:
            nvml.processes = [(4_100_001, 700), (4_100_002, 300), (1, 300)]

        series = sampled(nvml, rows=6, during=starts)
        assert series.processes == (OtherProcess(4_100_001, "", 700.0, before=True),)
        assert series.notes == (
            "NVML shows 2 processes that came after the app's start under a number not known here (a container has its "
            "own): taken for the app",
        )


class TestCpu:
    def test_a_busy_app(self, tmp_path: Path) -> None:
        """A child that forks a busy grandchild and ends leaves it in its session: it is still the app."""
        busy = "import os, time\nif os.fork(): os._exit(0)\nends = time.time() + 30\nwhile time.time() < ends: pass"
        code = f"import subprocess, sys, time\nsubprocess.run([sys.executable, '-c', {busy!r}])\ntime.sleep(30)"
        app = AppProcesses()
        sampler = Sampler([CpuSource(app)], 0.1)

        def seen() -> bool:
            return any((row[3] or 0) > 1 for row in sampler._rows) and len(app.ever) >= 2 and len(sampler._rows) > 5

        with sampler:
            process.run((sys.executable, "-c", code), tmp_path / "log", deadline_s=60, until=seen)
        series = sampler.series()
        assert series.rows[0][1] is None, "no share of time before the first interval"
        assert max(value or 0 for value in series.of("app_cpu_pct")) > 1
        assert max(value or 0 for value in series.of("app_rss_mib")) > 1
        if Path("/proc/self/schedstat").exists():
            assert all(value is not None and value >= 0 for value in series.of("app_wait_pct")[-2:])
        assert all((value or 0) > 0 for value in series.of("memory_available_mib"))
        assert series.notes == ()

    def test_children_of_before_are_not_the_app(self) -> None:
        with subprocess.Popen(["sleep", "30"], start_new_session=True) as child:
            try:
                app = AppProcesses()
                app.look()
                assert app.ever == set()
            finally:
                child.kill()

    def test_a_quota_of_version_2_may_be_set_above(self, tmp_path: Path) -> None:
        inner = tmp_path / "a" / "b"
        inner.mkdir(parents=True)
        (inner / "cpu.max").write_text("max 100000\n")
        (tmp_path / "a" / "cpu.max").write_text("150000 100000\n")
        (tmp_path / "a" / "cpu.stat").write_text("usage_usec 5\nnr_periods 40\nnr_throttled 10\nthrottled_usec 9\n")
        membership = tmp_path / "membership"
        membership.write_text("0::/a/b\n")
        folders = quota_folders(tmp_path, membership)
        assert folders == (tmp_path / "a",)
        assert quota_counters(folders) == (40, 10)

    def test_a_quota_of_version_1(self, tmp_path: Path) -> None:
        (tmp_path / "cpu").mkdir()
        (tmp_path / "cpu" / "cpu.cfs_period_us").write_text("100000\n")
        (tmp_path / "cpu" / "cpu.cfs_quota_us").write_text("-1\n")
        assert quota_folders(tmp_path, tmp_path / "none") == ()
        (tmp_path / "cpu" / "cpu.cfs_quota_us").write_text("50000\n")
        assert quota_folders(tmp_path, tmp_path / "none") == (tmp_path / "cpu",)
        assert quota_counters((tmp_path / "cpu",)) == (0, 0), "no counters, no throttling known"


@pytest.mark.parametrize(("runtime", "sources"), [("deepstream", 2), ("embedded", 1)])
def test_the_gpu_is_sampled_where_it_is_used(runtime: str, sources: int) -> None:
    assert len(telemetry.sampler(runtime, 0)._sources) == sources
