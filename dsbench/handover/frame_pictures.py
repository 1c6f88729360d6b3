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
    """Write the frames with these numbers, counted from 0 in the order of decoding; returns how many there are.

    Raises VIDEO_UNREADABLE, NOT_WRITABLE.
    """
    import av
    import av.error

    last, written = max(frames, default=-1), 0
    try:
        with av.open(str(video)) as container:
            for number, frame in enumerate(container.decode(video=0)):
                if number > last:
                    break
                if number in frames:
                    stream = io.BytesIO()
                    frame.to_image().save(stream, "JPEG", quality=_QUALITY)  # type: ignore[no-untyped-call]
                    replace_file(folder / image_name(number), stream.getvalue())
                    written += 1
    except (av.error.FFmpegError, OSError, IndexError) as error:
        raise DsbenchError(
            Code.VIDEO_UNREADABLE,
            f"the clip of the record cannot be decoded: {error}",
            where=str(video),
            fix="leave --frames out, or put the clip back where the run found it",
        ) from error
    return written
