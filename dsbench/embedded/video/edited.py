"""Plays a clip by its edit list: qtdemux's order of packets, and the decoder's choice of frames."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import TYPE_CHECKING, Protocol

from dsbench.embedded.video.edit_list import Edit, EditList

if TYPE_CHECKING:
    from av.packet import Packet
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

    VideoPacket = Packet[VideoStream]


class PacketReader(Protocol):
    """An open clip and its decoder."""

    def packets(self, at: int | None = None) -> Iterator[VideoPacket]:
        """Packets from here on, or from the key frame before decode time ``at``."""

    def pictures(self, packet: VideoPacket | None) -> list[VideoFrame]:
        """Frames that the decoder has after this packet; None: all that it still holds."""


class Playback:
    """The frames of a clip's edits, one edit after the other. ``clips``: without frames that are wholly outside."""

    def __init__(self, listed: EditList, reader: PacketReader, *, clips: bool) -> None:
        self._listed, self._reader, self._clips = listed, reader, clips
        self._edit = 0
        self._places: dict[int, tuple[int, int]] = {}
        """Edit and duration (nanoseconds) of the packets in the decoder, by presentation time."""

    def frames(self) -> Iterator[VideoFrame]:
        """The frames. As in GStreamer, an edit that goes on where the last one stopped does not go back to a key
        frame, and the decoder is not emptied between edits."""
        packets, position = self._reader.packets(), 0
        for number, edit in enumerate(self._listed.edits):
            target = self._listed.sample(edit)
            if target < position or (number == 0 and target > 0):
                yield from self._shown(self._reader.pictures(None))
                packets = self._reader.packets(self._listed.seek_time(target))
            following: VideoPacket | None = None
            for packet in packets:
                if self._is_behind(packet, edit):
                    following = packet
                    break
                yield from self._shown(self._decoded(packet, number))
            if following is None:
                packets, position = iter(()), len(self._listed.times)
            else:
                packets, position = chain([following], packets), self._listed.position(following.pts)
        yield from self._shown(self._reader.pictures(None))

    def _is_behind(self, packet: VideoPacket, edit: Edit) -> bool:
        if edit.read_until is None or packet.dts is None:
            return False
        return self._listed.nanoseconds(packet.dts + self._listed.shift) >= edit.read_until

    def _decoded(self, packet: VideoPacket, number: int) -> list[VideoFrame]:
        if packet.pts is not None:
            self._places[packet.pts] = number, self._listed.nanoseconds(packet.duration or 0)
        return self._reader.pictures(packet)

    def _shown(self, frames: Iterable[VideoFrame]) -> Iterator[VideoFrame]:
        """The frames that the decoder lets through. An edit begins with the first frame of its packets."""
        for frame in frames:
            if frame.pts is None or not self._clips:
                yield frame
                continue
            number, duration = self._places.pop(frame.pts, (self._edit, 0))
            self._edit = max(self._edit, number)
            if self._listed.edits[self._edit].holds(self._listed.nanoseconds(frame.pts), duration):
                yield frame
