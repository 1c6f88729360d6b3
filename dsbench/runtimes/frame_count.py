"""Counts the frames of a video in a separate program, so that a broken file cannot end pytest."""

from __future__ import annotations

import sys
from pathlib import Path

from dsbench.base.ask import ask
from dsbench.base.errors import Code, DsbenchError
from dsbench.base.python_child import python_command
from dsbench.base.text import last_line

_DEADLINE_S = 600.0


def count(video: Path, *, decode: bool = False) -> int:
    """Frames of the first video stream according to its container; with ``decode``, frames that FFmpeg decodes.

    Frames hidden by an edit list are left out (DeepStream may show them). Raises VIDEO_UNREADABLE.
    """
    command = python_command("dsbench.runtimes.frame_count", *(["--decode"] if decode else []), str(video))
    reply = ask(command, _DEADLINE_S)
    if reply.failure:
        raise _uncountable(video, f"the counting program {reply.failure}")
    if reply.returncode != 0 or not reply.stdout.strip().isdecimal():
        raise _uncountable(video, last_line(reply.stderr, f"the counting program ended with {reply.returncode}"))
    return int(reply.stdout)


def _uncountable(video: Path, why: str) -> DsbenchError:
    return DsbenchError(
        Code.VIDEO_UNREADABLE,
        f"the frames of {video.name} cannot be counted: {why}",
        where=str(video),
        fix="play the video with another program",
    )


def shown(video: str, decode: bool) -> int:
    """The count in this process. Raises FFmpeg's errors, IndexError without a video stream."""
    import av

    with av.open(f"file:{video}") as container:
        stream = container.streams.video[0]
        if decode:
            stream.thread_type = "AUTO"
            return sum(1 for _ in container.decode(stream))
        # in Theora a packet of 0 bytes repeats the previous picture; the very last packet only ends the stream
        repeats = stream.codec_context.name == "theora"
        return sum(
            1
            for packet in container.demux(stream)
            if not packet.is_discard and (packet.size or (repeats and packet.pts is not None))
        )


def main() -> int:
    """``python -m dsbench.runtimes.frame_count [--decode] VIDEO``: prints the number."""
    *flags, video = sys.argv[1:]
    try:
        print(shown(video, "--decode" in flags))
    except Exception as error:  # the caller reads its text
        print(str(error).splitlines()[0] if str(error) else type(error).__name__, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
