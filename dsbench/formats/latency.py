"""DeepStream's latency lines on the console (``NVDS_ENABLE_LATENCY_MEASUREMENT=1``), read as a stream.

    ************BATCH-NUM = 244**************
    Comp name = nvv4l2decoder0 in_system_timestamp = ... out_system_timestamp = ...    component latency= 253.370117
    Comp name = nvstreammux-src_bin_muxer source_id = 0 pad_index = 0 frame_num = 244 ... component_latency = 8.914062
    Source id = 0 Frame_num = 244 Frame latency = 463.717041 (ms)

Component lines come only with ``NVDS_ENABLE_COMPONENT_LATENCY_MEASUREMENT=1``, primary_gie's only for the first batch.
With one sink deepstream-app reports source 0 alone. Other threads write in between: a line that is cut is counted, not
guessed.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from dsbench.base import logs
from dsbench.base.errors import Code, DsbenchError
from dsbench.formats.perf.rows import RowReader

_FRAME = re.compile(r"Source id = ([0-9]{1,6}) Frame_num = ([0-9]{1,19}) Frame latency = ([0-9]+(?:\.[0-9]+)?) \(ms\)")
_COMPONENT = re.compile(r"Comp name = (\S+) .*?component[ _]latency ?= ([0-9]+(?:\.[0-9]+)?)(?![0-9.])")

_MAX_ROWS = 200_000
"""PERF rows after which the start-up is no longer expected to end."""


@dataclass
class LatencyLog:
    """Milliseconds of each frame, by source, and of each component, by name, in the order of the log.

    ``start_up``: frames before the first ``**PERF:`` row in which every stream had frames; they are in none of the
    lists. ``broken``: lines about a frame's latency that other output cut.
    """

    frames: dict[int, array[float]] = field(default_factory=dict)
    components: dict[str, array[float]] = field(default_factory=dict)
    start_up: int = 0
    broken: int = 0

    @property
    def count(self) -> int:
        """Frames of all sources."""
        return sum(map(len, self.frames.values()))


def read(lines: Iterable[str], *, streams: int = 0) -> LatencyLog:
    """The latencies of a console.

    What comes before the first PERF row in which every stream had frames is left out: loading, first allocations, and
    frames that waited for them. ``streams``: how many values a whole row has; 0: as many as the log's headers have. A
    row that other output cut does not end the start-up.
    """
    log = LatencyLog()
    started, tried = False, 0
    rows = RowReader(streams)
    for line in lines:
        if not started and tried < _MAX_ROWS:
            tried += "PERF" in line
            started = any(row.complete and min(row.fps) > 0 for row in rows.feed(line))
        if "atency" not in line:
            continue
        found = _FRAME.findall(line)
        log.broken += line.count("Frame latency") - len(found)
        if not started:
            log.start_up += len(found)
            continue
        for source, _, milliseconds in found:
            log.frames.setdefault(int(source), array("d")).append(float(milliseconds))
        for name, milliseconds in _COMPONENT.findall(line):
            log.components.setdefault(name, array("d")).append(float(milliseconds))
    return log


def load(path: Path, streams: int = 0) -> LatencyLog:
    """``read`` of a log file, line by line. Raises LATENCY_PARSE if it cannot be read."""
    try:
        return read(logs.lines(path, logs.FIGURES), streams=streams)
    except OSError as error:
        raise DsbenchError(Code.LATENCY_PARSE, f"{error.strerror}: {path}", where=str(path), fix="run again") from error


def batch_line(number: int) -> str:
    """The head of a batch; an empty line comes before it."""
    return f"\n************BATCH-NUM = {number}**************"


def frame_line(source: int, frame: int, milliseconds: float) -> str:
    """A frame's line, with the blank at its end."""
    return f"Source id = {source} Frame_num = {frame} Frame latency = {milliseconds:.6f} (ms) "
