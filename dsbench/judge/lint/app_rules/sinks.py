"""Rules about [sinkN], [tiled-display], and what is drawn."""

from __future__ import annotations

from collections.abc import Iterator

from dsbench.formats.app import sinks
from dsbench.formats.app.sinks import FILE
from dsbench.judge.lint import colors
from dsbench.judge.lint.app_subject import TILER, AppSubject
from dsbench.judge.lint.finding import ERROR, NOTE, WARNING
from dsbench.judge.lint.rule import Hit, LintRule, hit


def _value(subject: AppSubject) -> Iterator[Hit]:
    for sink in subject.config.sinks:
        wrong = sinks.unknown_value(sink)
        if wrong:
            yield hit(sink.group, wrong, key=wrong.partition("=")[0], group=sink.group)


def _none(subject: AppSubject) -> Iterator[Hit]:
    if subject.config.sources and not subject.config.sinks:
        yield hit()


def _sync(subject: AppSubject) -> Iterator[Hit]:
    perf = subject.config.application.enable_perf_measurement
    for sink in subject.config.sinks:
        if sink.sync and perf and subject.live is not True:
            yield hit(sink.group, key="sync", group=sink.group)


def _qos(subject: AppSubject) -> Iterator[Hit]:
    for sink in subject.config.sinks:
        if sink.qos:
            yield hit(sink.group, key="qos", group=sink.group)


def _source(subject: AppSubject) -> Iterator[Hit]:
    streams = len(subject.config.sources)
    for sink in subject.config.sinks:
        if streams and sink.source_id >= streams and not subject.config.tiled_display.enable:
            yield hit(sink.group, sink.source_id, streams - 1, key="source-id", group=sink.group)


def _unseen(subject: AppSubject) -> Iterator[Hit]:
    streams = len(subject.config.sources)
    seen = {sink.source_id for sink in subject.config.sinks}
    if streams > 1 and subject.config.sinks and not subject.config.tiled_display.enable and len(seen) < streams:
        yield hit(streams - len(seen & set(range(streams))), streams, key="enable", group=TILER)


def _tiles(subject: AppSubject) -> Iterator[Hit]:
    tiler, streams = subject.config.tiled_display, len(subject.config.sources)
    if tiler.enable and streams > tiler.rows * tiler.columns > 0:
        yield hit(tiler.rows, tiler.columns, streams, key="rows", group=TILER)


def _output_file(subject: AppSubject) -> Iterator[Hit]:
    for sink in subject.config.sinks:
        if sink.type == FILE and not sink.output_file:
            yield hit(sink.group, key="type", group=sink.group)


def _endless(subject: AppSubject) -> Iterator[Hit]:
    for sink in subject.config.sinks:
        if sink.type == FILE and subject.config.tests.file_loop:
            yield hit(sink.group, key="type", group=sink.group)


def _color(subject: AppSubject) -> Iterator[Hit]:
    yield from colors.wrong(subject.file)


ROWS = (
    LintRule("no-sink", WARNING, "[sinkN]", _none, "no sink is enabled", "set enable=1 and type=1 in a [sinkN]"),
    LintRule(
        "sink-value",
        ERROR,
        "[sinkN] type, codec, container",
        _value,
        "[{0}] {1}",
        "give one of these: deepstream-app ends with create_sink_bin failed",
    ),
    LintRule(
        "sink-sync",
        NOTE,
        "[sinkN] sync",
        _sync,
        "[{0}] sync=1: frames are shown at the video's rate, so FPS says nothing about the speed",
        "set sync=0 to measure",
    ),
    LintRule(
        "sink-qos",
        NOTE,
        "[sinkN] qos",
        _qos,
        "[{0}] qos=1: late frames are dropped",
        "set qos=0 to see every frame",
    ),
    LintRule(
        "sink-source",
        WARNING,
        "[sinkN] source-id",
        _source,
        "[{0}] source-id={1}, the sources are 0 to {2}: the sink gets nothing",
        "give the number of an enabled source, counted from 0",
    ),
    LintRule(
        "streams-without-sink",
        NOTE,
        "[sinkN] source-id, [tiled-display] enable",
        _unseen,
        "without [tiled-display] {0} of {1} streams reach no sink: they are inferred, counted and discarded",
        "enable [tiled-display], or add one [sinkN] with source-id for each stream",
    ),
    LintRule(
        "tiles",
        WARNING,
        "[tiled-display] rows, columns",
        _tiles,
        "[tiled-display] has {0} x {1} tiles for {2} streams: deepstream-app changes rows and columns with a warning",
        "set rows and columns so that their product is at least {2}",
        alone=NOTE,
    ),
    LintRule(
        "sink-file",
        WARNING,
        "[sinkN] output-file",
        _output_file,
        "[{0}] writes a file, but output-file is not given",
        "add output-file=out.mp4",
    ),
    LintRule(
        "endless-file",
        WARNING,
        "[sinkN] type, [tests] file-loop",
        _endless,
        "[{0}] writes a file while file-loop=1: the run never ends and the file grows until the disk is full",
        "set file-loop=0",
    ),
    LintRule("app-color", WARNING, colors.APP_KEYS, _color, colors.TEXT, colors.FIX),
)
