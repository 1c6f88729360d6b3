"""The edit list of an MP4 file as GStreamer's qtdemux plays it.

An edit is a part of the media: qtdemux starts at the key frame before it, and the decoder keeps every frame of which
any part lies inside. Rates and empty edits do not change which frames come. Source: GStreamer, gst/isomp4/qtdemux.c
(qtdemux_parse_segments, gst_qtdemux_activate_segment), gst-libs/gst/video/gstvideodecoder.c (clip_and_push_buf).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from dsbench.base import reading

_SECOND = 1_000_000_000
_MOST_BYTES = 64 << 20
"""Of a moov box that is read."""
_MOST_SAMPLES = 4_000_000
Ticks = npt.NDArray[np.int64]
_EMPTY = {0: 0xFFFFFFFF, 1: 0xFFFFFFFFFFFFFFFF}
"""media_time of an empty edit by the box's version."""
_CONTAINERS = (b"moov", b"trak", b"edts", b"mdia", b"minf", b"stbl")


@dataclass(frozen=True, slots=True)
class Edit:
    """A part of the media in nanoseconds of media time; None: to the end of the media."""

    start: int
    stop: int | None
    read_until: int | None
    """Packets that are decoded later are not read: the edit's own stop, where ``stop`` is also the end of the film."""

    def holds(self, start: int, duration: int) -> bool:
        """True if a frame from ``start`` on, in nanoseconds, is not outside (gst_segment_clip)."""
        end = start + duration
        if self.stop is not None and (start > self.stop or (start == self.stop and self.start != self.stop)):
            return False
        return not (end < self.start or (end == self.start and start != end))


@dataclass(frozen=True, slots=True)
class EditList:
    """The edits of one track, and its samples in the order of the file (none for a fragmented file)."""

    edits: tuple[Edit, ...]
    timescale: int
    decode_times: Ticks
    """In units of the timescale, not decreasing."""
    times: Ticks
    """Presentation times in units of the timescale."""
    shift: int
    """What libavformat subtracts from decode times, so that no sample is shown before it is decoded."""

    def seek_time(self, sample: int) -> int:
        """Decode time of a sample as libavformat counts it."""
        return int(self.decode_times[sample]) - self.shift

    def position(self, time: int | None) -> int:
        """Number of the sample with this presentation time; that behind the last if there is none."""
        found = np.flatnonzero(self.times == time)
        return int(found[0]) if len(found) else len(self.times)

    def nanoseconds(self, ticks: int) -> int:
        """Truncated, as GStreamer converts."""
        return ticks * _SECOND // self.timescale

    def sample(self, edit: Edit) -> int:
        """The sample that an edit begins with: the last that is decoded by its start and shown by then."""
        if len(self.times) == 0:
            return 0
        start = -(-edit.start * self.timescale // _SECOND)
        index = max(0, int(np.searchsorted(self.decode_times, start, side="right")) - 1)
        while index > 0 and self.times[index] > start:
            index -= 1
        return index


def read(path: Path, track: int) -> EditList | None:
    """The edits of the track with this id; None if the file is no MP4, or has no such track or no readable sizes."""
    try:
        with reading.open_regular(path) as file:
            movie = _movie(file)
    except OSError:
        return None
    if movie is None:
        return None
    try:
        return _of_track(movie, track)
    except (struct.error, IndexError, OverflowError, ValueError):
        return None


@dataclass(frozen=True, slots=True)
class _Box:
    """A box without its header. ``inside`` are the boxes of a container."""

    kind: bytes
    data: bytes
    inside: tuple[_Box, ...] = ()

    def all(self, *kinds: bytes) -> list[_Box]:
        """Boxes at a path below this one."""
        found = [self]
        for kind in kinds:
            found = [box for parent in found for box in parent.inside if box.kind == kind]
        return found

    def first(self, *kinds: bytes) -> _Box | None:
        return next(iter(self.all(*kinds)), None)


def _movie(file: BinaryIO) -> _Box | None:
    """The moov box; only headers of other boxes are read."""
    while len(header := file.read(16)) >= 8:
        size, kind = struct.unpack(">I4s", header[:8])
        used = 8
        if size == 1 and len(header) == 16:
            size, used = struct.unpack(">Q", header[8:])[0], 16
        if kind == b"moov":
            file.seek(used - len(header), 1)
            data = file.read(min(size - used, _MOST_BYTES + 1) if size else _MOST_BYTES + 1)
            return _Box(kind, b"", tuple(_boxes(data))) if len(data) <= _MOST_BYTES else None
        if size < used:
            return None
        file.seek(size - len(header), 1)
    return None


def _boxes(data: bytes) -> Iterator[_Box]:
    at = 0
    while at + 8 <= len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        used = 8
        if size == 1 and at + 16 <= len(data):
            size, used = struct.unpack_from(">Q", data, at + 8)[0], 16
        end = at + size if size else len(data)
        if end < at + used or end > len(data):
            return
        body = data[at + used : end]
        yield _Box(kind, body, tuple(_boxes(body)) if kind in _CONTAINERS else ())
        at = end


def _of_track(movie: _Box, track: int) -> EditList | None:
    header = movie.first(b"mvhd")
    for trak in movie.all(b"trak"):
        number, media = trak.first(b"tkhd"), trak.first(b"mdia", b"mdhd")
        if header and number and media and _number(number.data, 12, 20) == track:
            (scale, length), (timescale, media_length) = _clock(header.data), _clock(media.data)
            if not scale or not timescale:
                return None
            decode, times = _samples(trak)
            shift = int(np.max(decode - times, initial=0))
            whole = _edit(0, media_length * _SECOND // timescale or None)
            film = length * _SECOND // scale or None
            edits = _edits(trak, scale, timescale)
            if edits:
                film = _extended(film, [edit.end for edit in edits])
            else:
                edits = [_InFilm(0, whole.stop, whole)]
            return EditList(tuple(_within(edits, film)), timescale, decode, times, shift)
    return None


def _number(data: bytes, at: int, at_long: int) -> int:
    """A 32-bit field behind two times, which have 64 bits in version 1."""
    return int(struct.unpack_from(">I", data, at_long if data[0] == 1 else at)[0])


def _clock(data: bytes) -> tuple[int, int]:
    """Timescale and duration of mvhd or mdhd; an unknown duration is 0."""
    scale, length = struct.unpack_from(">IQ" if data[0] == 1 else ">II", data, 20 if data[0] == 1 else 12)
    return scale, 0 if length == _EMPTY[int(data[0] == 1)] else length


@dataclass(frozen=True, slots=True)
class _InFilm:
    """Where an edit begins and ends in the film, in nanoseconds, and its part of the media; None for an empty edit."""

    begin: int
    end: int | None
    edit: Edit | None


def _edit(start: int, stop: int | None) -> Edit:
    return Edit(start, stop, stop)


def _edits(trak: _Box, scale: int, timescale: int) -> list[_InFilm]:
    """The edits up to the first that has no end; none if there is no readable list."""
    box = trak.first(b"edts", b"elst")
    if box is None:
        return []
    long = box.data[0] == 1
    layout, count = struct.Struct(">QQ4x" if long else ">II4x"), struct.unpack_from(">I", box.data, 4)[0]
    if count > 100_000 or len(box.data) < 8 + count * layout.size:
        return []
    found: list[_InFilm] = []
    ticks = 0
    for number in range(count):
        length, media = layout.unpack_from(box.data, 8 + number * layout.size)
        empty, begin = media == _EMPTY[int(long)], ticks * _SECOND // scale
        ticks += length
        end = ticks * _SECOND // scale if length or empty else None
        start = media * _SECOND // timescale
        edit = None if empty else _edit(start, None if end is None else start + end - begin)
        found.append(_InFilm(begin, end, edit))
        if end is None:
            break
    return found


def _extended(film: int | None, ends: Sequence[int | None]) -> int | None:
    """The end of a film that its edits extend; None if it or one of them has no end."""
    known = [end for end in ends if end is not None]
    return None if film is None or len(known) < len(ends) else max(film, *known)


def _within(edits: Sequence[_InFilm], film: int | None) -> Iterator[Edit]:
    """The parts of the media, cut at the end of the film."""
    for placed in edits:
        edit = placed.edit
        if edit is None or film is None:
            yield from filter(None, (edit,))
        elif placed.begin <= film:
            last = edit.start + film - placed.begin
            stop = last if edit.stop is None else min(edit.stop, last)
            yield Edit(min(edit.start, last), stop, edit.read_until)


def _samples(trak: _Box) -> tuple[Ticks, Ticks]:
    """Decode times and presentation times of every sample; nothing if the tables are missing."""
    durations, offsets = (_expanded(trak.first(b"mdia", b"minf", b"stbl", kind)) for kind in (b"stts", b"ctts"))
    decode = np.concatenate(([0], np.cumsum(durations[:-1]))) if len(durations) else durations
    times = decode.copy()
    known = min(len(times), len(offsets))
    times[:known] += offsets[:known] - (offsets[:known] >> 31 << 32)  # they are signed
    return decode, times


def _expanded(box: _Box | None) -> Ticks:
    """A value for each sample of stts or ctts. Raises OverflowError for more samples than a film has."""
    if box is None:
        return np.empty(0, np.int64)
    (count,) = struct.unpack_from(">I", box.data, 4)
    pairs = np.frombuffer(box.data, ">u4", min(count, (len(box.data) - 8) // 8) * 2, 8).reshape(-1, 2).astype(np.int64)
    if pairs[:, 0].sum() > _MOST_SAMPLES:
        raise OverflowError
    return np.repeat(pairs[:, 1], pairs[:, 0])
