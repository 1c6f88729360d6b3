"""Rules about [streammux] and batch sizes."""

from __future__ import annotations

from collections.abc import Iterator

from dsbench.base.text import counted
from dsbench.judge.lint.app_subject import MUX, PRIMARY, AppSubject
from dsbench.judge.lint.finding import NOTE, WARNING
from dsbench.judge.lint.rule import Hit, LintRule, hit

LARGEST_BATCH = 1024
"""Of nvinfer's and nvstreammux's property batch-size."""


def _size(subject: AppSubject) -> Iterator[Hit]:
    mux = subject.config.streammux
    if subject.config.sources and not (mux.width > 0 and mux.height > 0):
        yield hit(key="width", group=MUX)


def _batch(subject: AppSubject) -> Iterator[Hit]:
    streams, batch = len(subject.config.sources), subject.config.streammux.batch_size
    listed = subject.file.keys.group("source-list") is not None
    if not streams or listed or batch == streams or not 0 <= batch <= LARGEST_BATCH:
        return
    if batch == 0:
        yield hit("is not given", "the muxer's own batch size is used", streams, key="batch-size", group=MUX)
    elif batch < streams:
        then = f"{streams} streams go through in batches of {batch}"
        yield hit(f"is {batch}", then, streams, key="batch-size", group=MUX)
    else:
        then = f"only {counted(streams, 'stream')} fill it: each batch waits for batched-push-timeout"
        yield hit(f"is {batch}", then, streams, key="batch-size", group=MUX)


def _detector_batch(subject: AppSubject) -> Iterator[Hit]:
    gie, mux = subject.config.primary_gie, subject.config.streammux.batch_size
    if gie is None or mux < 1:
        return
    batch = gie.batch_size if gie.batch_size is not None else subject.nvinfer.batch_size if subject.nvinfer else None
    if batch and batch < mux:
        yield hit(batch, mux, key="batch-size", group=PRIMARY)


def _batch_range(subject: AppSubject) -> Iterator[Hit]:
    """0 is no batch size for nvinfer; for the muxer deepstream-app leaves it out."""
    gie, mux = subject.config.primary_gie, subject.config.streammux.batch_size
    if gie is not None and gie.batch_size is not None and not 1 <= gie.batch_size <= LARGEST_BATCH:
        then = "the nvinfer config's batch-size stays"
        yield hit(PRIMARY, gie.batch_size, then, key="batch-size", group=PRIMARY)
    if not 0 <= mux <= LARGEST_BATCH:
        yield hit(MUX, mux, "the muxer keeps its own", key="batch-size", group=MUX)


def _not_live(subject: AppSubject) -> Iterator[Hit]:
    if subject.live and not subject.config.streammux.live_source:
        yield hit(key="live-source", group=MUX)


def _live(subject: AppSubject) -> Iterator[Hit]:
    if subject.live is False and subject.config.streammux.live_source:
        yield hit(key="live-source", group=MUX)


def _timeout(subject: AppSubject) -> Iterator[Hit]:
    mux = subject.config.streammux
    if subject.new_streammux:
        return
    if len(subject.config.sources) > 1 and mux.batched_push_timeout < 0 and subject.live is not False:
        yield hit(key="batched-push-timeout", group=MUX)


def _short_timeout(subject: AppSubject) -> Iterator[Hit]:
    timeout = subject.config.streammux.batched_push_timeout
    if 0 <= timeout < 1000 and len(subject.config.sources) > 1 and not subject.new_streammux:
        yield hit(timeout, key="batched-push-timeout", group=MUX)


def _timeout_of_new_muxer(subject: AppSubject) -> Iterator[Hit]:
    timeout = subject.config.streammux.batched_push_timeout
    if subject.new_streammux and timeout < 1 and subject.given("batched-push-timeout", MUX):
        yield hit(timeout, key="batched-push-timeout", group=MUX)


ROWS = (
    LintRule(
        "mux-size",
        WARNING,
        "[streammux] width, height",
        _size,
        "[streammux] needs both width and height: without them the muxer does not start",
        "set width and height to the size of the video, for example 1920 and 1080",
    ),
    LintRule(
        "mux-batch",
        NOTE,
        "[streammux] batch-size",
        _batch,
        "[streammux] batch-size {0}: {1}",
        "set batch-size={2}, the number of streams",
    ),
    LintRule(
        "detector-batch",
        NOTE,
        "[primary-gie] batch-size, [streammux] batch-size",
        _detector_batch,
        "the detector's batch-size is {0}, the muxer sends {1} frames: each batch is inferred in several parts",
        "set [primary-gie] batch-size={1}, with an engine for that batch",
    ),
    LintRule(
        "app-batch-size",
        WARNING,
        "[streammux] batch-size, [primary-gie] batch-size",
        _batch_range,
        "[{0}] batch-size={1} is not within 1 to 1024: GStreamer refuses it as out of range, and {2}",
        "set it to the number of streams",
    ),
    LintRule(
        "not-live",
        WARNING,
        "[streammux] live-source",
        _not_live,
        "the sources are live, but live-source is 0: frames are kept back and arrive late",
        "set live-source=1",
        alone=NOTE,
    ),
    LintRule(
        "live-files",
        NOTE,
        "[streammux] live-source",
        _live,
        "live-source=1 with files: the muxer works at their frame rate, so FPS says nothing about the speed",
        "set live-source=0 to measure",
    ),
    LintRule(
        "push-timeout",
        NOTE,
        "[streammux] batched-push-timeout",
        _timeout,
        "batched-push-timeout is -1: one live source that stops holds back all others",
        "set batched-push-timeout=40000 (microseconds)",
    ),
    LintRule(
        "push-timeout",
        NOTE,
        "[streammux] batched-push-timeout",
        _short_timeout,
        "batched-push-timeout={0} is in microseconds: nearly every batch is sent before it is full",
        "set batched-push-timeout=40000",
    ),
    LintRule(
        "push-timeout",
        NOTE,
        "[streammux] batched-push-timeout",
        _timeout_of_new_muxer,
        "batched-push-timeout={0} is out of range for the new muxer (USE_NEW_NVSTREAMMUX=yes), whose smallest is 1",
        "remove the key: deepstream-app does not pass it to that muxer",
    ),
)
