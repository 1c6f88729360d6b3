"""The clip's frames as JPEG files, named as the COCO export names its images."""

from __future__ import annotations

import io
from collections.abc import Collection
from pathlib import Path

from dsbench.base.errors import Code, DsbenchError
from dsbench.base.files import replace_file
from dsbench.handover.coco import image_name

_QUALITY = 92


def write(video: Path, frames: Collection[int], folder: Path) -> int:
    """Write the frames with these numbers, counted from 0 as DeepStream counts; returns how many there are.

    Raises VIDEO_UNREADABLE, NOT_WRITABLE.
    """
    import av.error

    from dsbench.embedded.video.decode import open_source

    last, written = max(frames, default=-1), 0
    try:
        for number, frame in enumerate(open_source(video).video_frames()):
            if number > last:
                break
            if number in frames:
                stream = io.BytesIO()
                frame.to_image().save(stream, "JPEG", quality=_QUALITY)  # type: ignore[no-untyped-call]
                replace_file(folder / image_name(number), stream.getvalue())
                written += 1
    except (av.error.FFmpegError, OSError, DsbenchError) as error:
        raise DsbenchError(
            Code.VIDEO_UNREADABLE,
            f"the clip of the record cannot be decoded: {error}",
            where=str(video),
            fix="leave --frames out, or put the clip back where the run found it",
        ) from error
    return written
