"""Lanes or ONNX Runtime's own threads: what is tried, what is chosen, and that the run uses it."""

from __future__ import annotations

import gc
import random
import time
import weakref
from collections.abc import Callable
from dataclasses import replace
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from dsbench.base.errors import Code, DsbenchError
from dsbench.embedded.app import main_loop, play, worker, workers
from dsbench.embedded.app.main_loop import MainLoop
from dsbench.embedded.app.plan import Instance, worker_jobs
from dsbench.embedded.app.shared_state import SharedState
from dsbench.embedded.app.workers import divide
from dsbench.embedded.bench import autotune, thread_config
from dsbench.embedded.bench.autotune import ConfigCandidate, Limits, Sample, measure
from dsbench.embedded.bench.thread_config import ConfigChoice, Rate, ThreadConfig, candidates, choose, frames_per_second
from dsbench.embedded.nvinfer import start as nvinfer_start
from dsbench.embedded.nvinfer.infer import OnnxModel
from dsbench.embedded.protocol import DetectorSetup, Go, Loaded, MuxSize, PadJob, WorkerJob
from dsbench.embedded.video.decode import Dropping, VideoSource, open_source
from dsbench.formats import nvinfer
from dsbench.formats.app import config as app_config
from tests.embedded.app_support import World

PERF = "enable-perf-measurement=1\nperf-measurement-interval-sec=1"
DEFAULT = ThreadConfig(4, 1)


def rates(*fps: float, plan: ThreadConfig = DEFAULT) -> tuple[Rate, ...]:
    return tuple(Rate(config, (value,)) for config, value in zip(candidates(plan), fps, strict=True))


@pytest.mark.parametrize(
    ("plan", "expected"),
    [
        (ThreadConfig(1, 1), []),
        (ThreadConfig(1, 4), []),
        (ThreadConfig(2, 1), [(1, 2)]),
        (ThreadConfig(3, 1), [(1, 3)]),
        (ThreadConfig(4, 1), [(2, 2), (1, 4)]),
        (ThreadConfig(9, 1), [(3, 3), (1, 9)]),
        (ThreadConfig(16, 1), [(8, 2), (1, 16)]),
        (ThreadConfig(16, 4), [(8, 8), (1, 64)]),
    ],
)
def test_candidates(plan: ThreadConfig, expected: list[tuple[int, int]]) -> None:
    assert candidates(plan) == (plan, *(ThreadConfig(*numbers) for numbers in expected))


@pytest.mark.parametrize("sources", [1, 2, 3, 8, 12])
def test_every_way_keeps_all_processors_of_a_share_busy(sources: int) -> None:
    for cpus in range(1, 100):
        share = divide(sources, cpus, whole_batches=False)
        found = candidates(ThreadConfig(share.lanes, share.threads))
        assert {config.processors for config in found} == {share.lanes * share.threads}
        assert len(set(found)) == len(found) <= 3
        assert (len(found) > 1) == (share.lanes > 1)


@pytest.mark.parametrize(
    ("fps", "config"),
    [
        pytest.param((100, 90, 104.9), DEFAULT, id="4.9 % faster is not enough"),
        pytest.param((100, 90, 105.1), ThreadConfig(1, 4), id="5.1 % faster"),
        pytest.param((100, 130, 120), ThreadConfig(2, 2), id="the fastest of two"),
    ],
)
def test_another_way_than_the_plan_has_to_be_clearly_faster(fps: tuple[float, ...], config: ThreadConfig) -> None:
    choice = choose([rates(*fps)])
    assert choice is not None
    assert choice.config == config


def test_it_has_to_be_faster_in_every_round() -> None:
    plan, other = ThreadConfig(2, 1), ThreadConfig(1, 2)
    one_good_round = (Rate(plan, (70.0, 71.0, 66.0)), Rate(other, (69.0, 96.0, 67.0)))
    all_good = (Rate(plan, (70.0, 91.0, 66.0)), Rate(other, (71.0, 96.0, 67.0)))
    assert choose([one_good_round]).config == plan  # type: ignore[union-attr]
    assert choose([all_good]).config == other  # type: ignore[union-attr]


def test_workers_with_unequal_rounds_are_summed_where_both_measured() -> None:
    short = (Rate(ThreadConfig(2, 1), (10.0,)), Rate(ThreadConfig(1, 2), (11.0,)))
    longer = (Rate(ThreadConfig(2, 1), (10.0, 50.0)), Rate(ThreadConfig(1, 2), (11.0, 12.0)))
    choice = choose([short, longer])
    assert choice is not None
    assert choice.config == ThreadConfig(1, 2)
    assert [rate.rounds for rate in choice.rates] == [(20.0,), (22.0,)]


def test_workers_choose_together() -> None:
    choice = choose([rates(100, 90, 120), rates(100, 90, 70)])
    assert choice is not None
    assert choice.config == DEFAULT
    assert [rate.fps for rate in choice.rates] == [200, 180, 190]


@pytest.mark.parametrize(
    "measured",
    [
        pytest.param([rates(100, 90, 200), ()], id="one worker measured nothing"),
        pytest.param([()], id="the only worker measured nothing"),
        pytest.param([], id="no worker"),
        pytest.param([rates(1, 2, 3), rates(1, 2, plan=ThreadConfig(2, 1))], id="workers of other sizes"),
    ],
)
def test_a_worker_that_measured_nothing_keeps_all_to_the_plan(measured: list[tuple[Rate, ...]]) -> None:
    assert choose(measured) is None


@pytest.mark.parametrize("seed", range(50))
def test_the_choice_is_never_slower_than_the_plan_and_does_not_depend_on_order(seed: int) -> None:
    dice = random.Random(seed)
    measured = [rates(*(dice.uniform(1, 200) for _ in range(3))) for _ in range(dice.randint(1, 5))]
    choice = choose(measured)
    assert choice is not None
    fps = {rate.config: rate.fps for rate in choice.rates}
    assert fps[choice.config] >= fps[DEFAULT]
    assert choice.config == DEFAULT or fps[choice.config] == max(fps.values()) >= 1.05 * fps[DEFAULT]
    shuffled = choose(dice.sample(measured, len(measured)))
    assert shuffled is not None
    assert shuffled.config == choice.config
    doubled = choose([tuple(Rate(rate.config, (2 * rate.fps,)) for rate in each) for each in measured])
    assert doubled is not None
    assert doubled.config == choice.config


def test_work_beside_the_network_weighs_on_a_single_lane() -> None:
    assert frames_per_second(ThreadConfig(4, 1), 100, 0) == pytest.approx(100)
    assert frames_per_second(ThreadConfig(4, 1), 100, 0.01) == pytest.approx(80)
    assert frames_per_second(ThreadConfig(1, 4), 120, 0.01) == pytest.approx(120 / 2.2)


def test_what_is_said() -> None:
    one, three = choose([rates(104.24, 90, 61)]), choose([rates(10, 11, 25)] * 3)
    assert one is not None
    assert three is not None
    assert one.line() == (
        "the network runs in 4 lanes of 1 thread "
        "(104.2 frames/s in a short trial; 2 lanes of 2 threads 90.0, 1 lane of 4 threads 61.0)"
    )
    assert three.line().startswith("the network runs in 1 lane of 4 threads in each of 3 processes (75.0 frames/s")


def test_the_variable() -> None:
    assert thread_config.asked({}) == "auto"
    assert thread_config.unknown_value({}) == ""
    for value in ("auto", "parallel", "intra"):
        assert thread_config.asked({"DSBENCH_LANES": value}) == value
        assert thread_config.unknown_value({"DSBENCH_LANES": value}) == ""
    assert thread_config.asked({"DSBENCH_LANES": "7"}) == "auto"
    assert "DSBENCH_LANES=7 is ignored" in thread_config.unknown_value({"DSBENCH_LANES": "7"})


class SleepingModel:
    """A network whose calls last as long as ``call_s`` says for its threads."""

    path = Path("network.onnx")

    def __init__(self, threads: int, call_s: Callable[[int], float], load_s: float = 0.0) -> None:
        self.load_s = load_s
        self.calls = 0
        self._call_s = call_s(threads)

    def bind(self, feed: Any) -> SleepingModel:
        self.run()
        return self

    def run(self) -> list[Any]:
        self.calls += 1
        time.sleep(self._call_s)
        return []


SAMPLE = Sample(np.zeros((1, 3, 2, 2), np.float32), 0.0)


def tried(
    call_s: Callable[[int], float], limits: Limits, load_s: float = 0.0
) -> tuple[autotune.ConfigTrial, list[int]]:
    """The trial, and threads of the sessions that were loaded for it."""
    loaded: list[int] = []

    def load(path: Path, threads: int) -> Any:
        loaded.append(threads)
        return SleepingModel(threads, call_s)

    plan: Any = SleepingModel(1, call_s, load_s)
    return measure(ConfigCandidate(DEFAULT, plan), SAMPLE, limits, load), loaded


def test_where_own_threads_scale_better_they_win() -> None:
    trial, loaded = tried(lambda threads: 0.04 / threads**2, Limits(slices_s=0.3, cap_s=30))
    assert loaded == [2, 4]
    assert [candidate.config for candidate in trial.candidates] == [
        ThreadConfig(4, 1),
        ThreadConfig(2, 2),
        ThreadConfig(1, 4),
    ]
    fps = [rate.fps for rate in trial.rates]
    assert fps == sorted(fps)
    choice = choose([trial.rates])
    assert choice is not None
    assert choice.config == ThreadConfig(1, 4)


def test_where_they_do_not_scale_lanes_stay() -> None:
    trial, _ = tried(lambda threads: 0.005, Limits(slices_s=0.3, cap_s=30))
    choice = choose([trial.rates])
    assert choice is not None
    assert choice.config == DEFAULT


def test_a_network_that_is_too_slow_is_not_tried() -> None:
    trial, loaded = tried(lambda threads: 0.1, Limits(cap_s=0.3))
    assert (trial, loaded) == (autotune.ConfigTrial(), [])


def test_a_network_that_loads_too_slowly_is_not_tried() -> None:
    trial, loaded = tried(lambda threads: 0.001, Limits(), load_s=2.0)
    assert (trial, loaded) == (autotune.ConfigTrial(), [])


def test_own_threads_that_make_it_much_slower_do_not_hold_the_start_up() -> None:
    begun = time.monotonic()
    trial, loaded = tried(lambda threads: 0.01 if threads == 1 else 0.3, Limits(cap_s=0.4))
    assert loaded == [2]
    assert trial == autotune.ConfigTrial()
    assert time.monotonic() - begun < 0.8


def test_long_calls_are_timed_once() -> None:
    plan: Any = SleepingModel(1, lambda threads: 0.05)
    trial = measure(
        ConfigCandidate(ThreadConfig(2, 1), plan),
        SAMPLE,
        Limits(slices_s=0.03, cap_s=30),
        lambda *_: SleepingModel(2, lambda _: 0.05),  # type: ignore[arg-type,return-value]
    )
    assert len(trial.rates) == 2
    assert plan.calls == 4  # each of two lanes: once to begin with, once timed


class Started:
    """A worker's job of several lanes with its detector, and what was said."""

    def __init__(self, world: World, lanes: int = 4, **changes: object) -> None:
        setup = DetectorSetup(nvinfer.load(world.nvinfer(**changes)), MuxSize(64, 48), whole_batches=False)
        self.detector = nvinfer_start.start(setup, quiet=True).detector
        self.job = WorkerJob(
            instance=0,
            pads=(PadJob(0, 0, f"file://{world.clip}"),),
            file_loop=False,
            lanes=lanes,
            batch_size=1,
            detector=setup,
            kitti_dir=None,
            tensor_dir=None,
            video=None,
            real_time=False,
            counted_only=True,
            state_descriptor=0,
            state_pads=1,
            quiet=True,
        )
        self.said: list[str] = []

    def own(self, text: str) -> None:
        self.said.append(text)

    def context(self, level: str, func: str, text: str) -> None:
        raise AssertionError(text)

    def prepare(self) -> tuple[WorkerJob, autotune.ConfigTrial]:
        return autotune.prepare(self.job, self.detector, self)


@pytest.fixture(autouse=True)
def _automatic(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DSBENCH_LANES", raising=False)


def test_the_chosen_session_runs_and_the_others_go(world: World) -> None:
    started = Started(world)
    job, trial = started.prepare()
    assert job is started.job
    assert [rate.config for rate in trial.rates] == [ThreadConfig(4, 1), ThreadConfig(2, 2), ThreadConfig(1, 4)]
    assert all(rate.fps > 0 for rate in trial.rates)
    models = [weakref.ref(candidate.model) for candidate in trial.candidates]
    settled = autotune.settle(job, started.detector, trial, ThreadConfig(2, 2))
    assert settled.lanes == 2
    assert started.detector.engine is started.detector.model is trial.candidates[1].model
    del trial
    gc.collect()
    assert [model() is not None for model in models] == [False, True, False]


@pytest.mark.parametrize("config", [None, ThreadConfig(4, 1)])
def test_the_default_needs_no_other_session(world: World, config: ThreadConfig | None) -> None:
    started = Started(world)
    before = started.detector.model
    job, trial = started.prepare()
    assert autotune.settle(job, started.detector, trial, config) is started.job
    assert started.detector.model is before


@pytest.mark.parametrize(("value", "lanes"), [("parallel", 4), ("intra", 1)])
def test_a_way_that_is_asked_for_is_not_tried(
    world: World, monkeypatch: pytest.MonkeyPatch, value: str, lanes: int
) -> None:
    monkeypatch.setenv("DSBENCH_LANES", value)
    started = Started(world)
    before = started.detector.model
    job, trial = started.prepare()
    assert (job.lanes, trial.rates) == (lanes, ())
    assert (started.detector.model is before) is (lanes == 4)
    assert bool(started.said) is (lanes == 1)


def test_nothing_is_tried_where_there_is_nothing_to_choose(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(autotune, "measure", lambda *_: pytest.fail("tried"))
    assert Started(world, lanes=1).prepare()[1] == autotune.ConfigTrial()
    fast = Started(world)
    fast.detector.engine = OnnxModel(world.network)  # another engine than the model
    assert fast.prepare() == (fast.job, autotune.ConfigTrial())
    assert fast.said == []
    monkeypatch.setenv("DSBENCH_LANES", "intra")
    assert fast.prepare() == (fast.job, autotune.ConfigTrial())
    assert "DSBENCH_LANES=intra is ignored" in fast.said[0]
    monkeypatch.delenv("DSBENCH_LANES")
    world.clip.write_bytes(b"no video")
    assert Started(world).prepare()[1] == autotune.ConfigTrial()


def test_a_network_that_cannot_be_run_is_left_to_the_run(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise DsbenchError(Code.ONNX_RUN_FAILED, "no")

    monkeypatch.setattr(autotune, "measure", fail)
    assert Started(world).prepare()[1] == autotune.ConfigTrial()


@pytest.mark.parametrize("value", ["auto", "parallel", "intra", "sideways"])
def test_a_run_that_counts_frames(world: World, value: str) -> None:
    ran = world.run("-c", world.app(application=PERF), DSBENCH_LANES=value)
    assert ran.status == 0
    assert ("DSBENCH_LANES=sideways is ignored" in ran.err) is (value == "sideways")
    assert ran.out.rstrip().endswith("App run successful")
    assert "lane" not in ran.out


def test_results_that_are_looked_at_are_not_shared_out_otherwise(world: World) -> None:
    ran = world.run("-c", world.app(), DSBENCH_LANES="intra")
    assert ran.status == 0
    assert "lane" not in ran.err
    assert len(world.kitti()) == 12


@pytest.mark.parametrize(
    ("sources", "cpus", "value", "said"),
    [
        (1, 4, "auto", ["the network runs in "]),
        (2, 8, "auto", [" in each of 2 processes ("]),
        (2, 8, "intra", ["1 lane of 4 threads, as DSBENCH_LANES=intra asks for"]),
        (2, 8, "parallel", []),
        (4, 4, "auto", []),
    ],
)
def test_all_frames_are_counted_whatever_is_chosen(
    world: World,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    sources: int,
    cpus: int,
    value: str,
    said: list[str],
) -> None:
    """As on a machine of ``cpus`` processors."""
    monkeypatch.setenv("DSBENCH_LANES", value)
    config = app_config.load(world.app(sources=sources, application=PERF), console=print)
    instance = Instance(0, config, nvinfer.load(world.nvinfer()), 0)
    state = SharedState.create(sources)
    jobs = worker_jobs(instance, state, cpus, None)
    assert MainLoop(jobs, state, [], tiler=False).run().ok
    assert [state.frames(pad) for pad in range(sources)] == [12] * sources
    lines = [line for line in capfd.readouterr().err.splitlines() if "lane" in line]
    assert len(lines) == len(said)
    for line, words in zip(lines, said, strict=True):
        assert line.startswith("dsbench-app: the network runs in ")
        assert words in line


def test_what_the_app_has_chosen_reaches_every_worker(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[ThreadConfig | None] = []

    class Noted(workers.Worker):
        def go(self, config: ThreadConfig | None) -> None:
            told.append(config)
            super().go(config)

    monkeypatch.setattr(main_loop, "Worker", Noted)
    monkeypatch.setattr(
        main_loop, "choose", lambda measured: ConfigChoice(ThreadConfig(2, 2), measured[0], len(measured))
    )
    config = app_config.load(world.app(sources=2, application=PERF), console=print)
    state = SharedState.create(2)
    jobs = worker_jobs(Instance(0, config, nvinfer.load(world.nvinfer()), 0), state, 8, None)
    assert MainLoop(jobs, state, [], tiler=False).run().ok
    assert told == [ThreadConfig(2, 2)] * 2


def test_a_worker_does_as_it_is_told(world: World) -> None:
    started = Started(world)

    class App:
        """The app's end of the connection."""

        def send(self, report: Loaded) -> None:
            assert [rate.config for rate in report.rates] == [
                ThreadConfig(4, 1),
                ThreadConfig(2, 2),
                ThreadConfig(1, 4),
            ]

        def recv(self) -> Go:
            return Go(ThreadConfig(1, 4))

    nvinfer_of_worker: Any = SimpleNamespace(detector=started.detector)
    app: Any = App()
    assert worker._wait_for_go(started.job, nvinfer_of_worker, app).lanes == 1


def test_rounds_of_the_clip_are_decoded_at_once_and_closed_with_it(
    world: World, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    started, state = Started(world), SharedState.create(1)
    job = replace(started.job, file_loop=True, quiet=False)
    monkeypatch.setattr(SharedState, "stopped", lambda shared: shared.frames(0) > 100)
    source = worker._open(job.pads[0], job, 1)
    nvinfer_of_worker: Any = SimpleNamespace(detector=started.detector)
    decode = VideoSource.__next__
    monkeypatch.setattr(VideoSource, "__next__", lambda one: time.sleep(0.003) or decode(one))
    play.play(job, nvinfer_of_worker, state, [(job.pads[0], source)])
    assert state.frames(0) > 100, "of a clip of 12"
    assert 1 <= len(source._others) <= 3
    assert sum(one.index for one in (source, *source._others)) == state.frames(0)
    assert capfd.readouterr().err.startswith("dsbench-app: up to 4 rounds of a stream's clip are decoded at once: ")
    another = source.another()
    assert [next(another).index for _ in range(3)] == [0, 1, 2]
    source.close()
    assert next(another, None) is None


def test_another_round_is_decoded_as_the_first(world: World, tmp_path: Path) -> None:
    said: list[str] = []
    source = open_source(world.clip, file_loop=True, warn=said.append, dropping=Dropping(drop_frame_interval=5))
    another = source.another()
    assert [next(another).index for _ in range(4)] == [0, 1, 2, 3]
    assert another._decoded_frames == 16, "every fifth of 16"
    another._warn_once("once")
    source._warn_once("once")
    another._warn_once("once")
    assert said == ["once"]
    source.close()


def test_the_line_names_the_instance_where_there_are_several(world: World, capfd: pytest.CaptureFixture[str]) -> None:
    config = app_config.load(world.app(application=PERF), console=print)
    state = SharedState.create(2)
    both = [Instance(number, config, nvinfer.load(world.nvinfer()), number) for number in (0, 1)]
    jobs = tuple(job for one in both for job in worker_jobs(one, state, 4, None))
    assert MainLoop(jobs, state, [], tiler=False).run().ok
    said = [line for line in capfd.readouterr().err.splitlines() if "lane" in line]
    assert ["of instance 0 runs" in line for line in said] == [True, False]
    assert "the network of instance 1 runs in " in said[1]


def test_a_network_with_a_frozen_batch_is_not_tried(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    started = Started(world)
    monkeypatch.setattr(autotune, "measure", lambda *_: pytest.fail("tried"))
    monkeypatch.setattr(type(started.detector), "frames_per_call", property(lambda _: 2))
    assert started.prepare() == (started.job, autotune.ConfigTrial())


def test_frames_that_are_not_inferred_cost_decoding_too(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every second frame inferred, every third delivered: six are decoded for one call, and one is scaled."""
    times = iter(float(number) for number in range(1000))
    monkeypatch.setattr(autotune, "time", SimpleNamespace(perf_counter=lambda: next(times)))
    started = Started(world, interval=1)
    pad = replace(started.job.pads[0], drop_frame_interval=3)
    sample = autotune._sample(pad, started.detector)
    assert sample is not None
    assert sample.other_work_s == 6 * 1.0 + 1.0  # each look at the clock is a second later, one frame is timed


def test_the_trial_ends_when_its_time_is_over_whatever_is_missing() -> None:
    trial, _ = tried(lambda threads: 0.06, Limits(slices_s=10.0, cap_s=0.9))
    assert 1 <= len(trial.rates[0].rounds) < Limits().rounds


def test_every_second_round_goes_backwards() -> None:
    order: list[int] = []
    looks = count()  # a clock by which time passes with each look: a busy machine cuts no round

    class Noting(SleepingModel):
        def __init__(self, threads: int) -> None:
            super().__init__(threads, lambda _: 0.0)
            self._threads = threads

        def run(self) -> list[Any]:
            if not order or order[-1] != self._threads:
                order.append(self._threads)
            return super().run()

    plan: Any = Noting(1)
    measure(
        ConfigCandidate(ThreadConfig(2, 1), plan),
        SAMPLE,
        Limits(slices_s=0.6, cap_s=30),
        lambda _, threads: Noting(threads),  # type: ignore[arg-type,return-value]
        clock=lambda: next(looks) / 1000,
    )
    assert order == [1, 2, 1, 2, 1, 2]  # first calls 1 2, rounds 1 2, 2 1, 1 2
