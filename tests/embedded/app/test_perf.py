"""PERF lines: DeepStream's arithmetic and its exact text."""

from __future__ import annotations

import subprocess

from benchmarks import consoles
from dsbench.embedded.app.perf import HeaderCounter, PerfReporter
from dsbench.embedded.app.shared_state import SharedState
from tests.embedded.app_support import World


class Clockless(SharedState):
    """A state whose counts are set by hand."""

    @classmethod
    def of(cls, frames: list[int], first: list[float]) -> Clockless:
        state = cls.create(len(frames))
        for pad, (count, when) in enumerate(zip(frames, first, strict=True)):
            state._ints[2 + 2 * pad] = count
            state._floats[3 + 2 * pad] = when
        return state


def rows(reporter: PerfReporter, *times: float) -> list[str]:
    """What a reporter prints."""
    said: list[str] = []
    for now in times:
        reporter.report(now, said.append)
    return said


def test_header_and_row() -> None:
    state = Clockless.of([101, 0], [10.0, 0.0])
    reporter = PerfReporter(state, (0, 1), 2, HeaderCounter())
    assert rows(reporter, 14.0) == [
        "\n**PERF:  FPS 0 (Avg)\tFPS 1 (Avg)\t",
        "**PERF:  50.00 (25.00)\t0.00 (0.00)\t",
    ]


def test_fps_divides_by_the_configured_interval_and_starts_anew() -> None:
    state = Clockless.of([8], [0.0])
    reporter = PerfReporter(state, (0,), 2, HeaderCounter())
    assert rows(reporter, 7.0, 14.0)[1:] == ["**PERF:  3.50 (1.00)\t", "**PERF:  0.00 (0.50)\t"]


def test_a_header_every_twenty_rows_shared_by_instances() -> None:
    state, header = Clockless.of([1, 1], [0.0, 0.0]), HeaderCounter()
    first = PerfReporter(state, (0,), 1, header, instance=0)
    second = PerfReporter(state, (1,), 1, header, instance=1)
    said = [line for i in range(15) for line in rows((first, second)[i % 2], 1.0, 1.0)]
    assert [i for i, line in enumerate(said) if "FPS" in line] == [0, 21]
    assert said[1].startswith("PERF(0): ")
    assert said[3].startswith("PERF(1): ")


def test_no_interval_is_infinite_not_an_error() -> None:
    state = Clockless.of([5, 0], [1.0, 0.0])
    assert rows(PerfReporter(state, (0, 1), 0, HeaderCounter()), 2.0)[1] == "**PERF:  inf (4.00)\t0.00 (0.00)\t"


def test_counting_starts_with_the_second_frame() -> None:
    state = SharedState.create(1)
    assert (state.frames(0), state.first_time(0)) == (0, 0.0)
    state.count(0)
    first = state.first_time(0)
    state.count(0)
    assert state.frames(0) == 2
    assert state.first_time(0) == first > 0


def test_stop_ends_a_pause() -> None:
    state = SharedState.create(1)
    assert not state.stopped()
    state.set_paused(True)
    state.request_stop()
    assert state.stopped()


def test_a_measured_run(world: World) -> None:
    sources = 3
    app = world.app(
        sources=sources,
        application="enable-perf-measurement=1\nperf-measurement-interval-sec=1",
        tests="file-loop=1",
    )
    done = subprocess.run(
        ["timeout", "-s", "INT", "3.5", *world.command("-c", app)],
        check=False,
        cwd=world.root,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        timeout=30,
    )
    found = list(consoles.rows(done.stdout.decode().splitlines()))
    assert len(found) >= 2
    assert {len(row.fps) for row in found} == {sources}
    assert all(fps > 20 for fps in found[-1].fps)
    assert max(found[-1].fps) < 2 * min(found[-1].fps)
