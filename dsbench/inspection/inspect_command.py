"""``dsbench inspect FILE.onnx``: what the model is and how it wants to be fed, in two seconds."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from dsbench.base.errors import Code, DsbenchError
from dsbench.base.files import replace_file
from dsbench.base.text import printable
from dsbench.inspection import inspection, text
from dsbench.model import video
from dsbench.model.video import VideoFacts


def run(arguments: argparse.Namespace) -> int:
    """0: nothing keeps nvinfer from running the model; 1: there is an error finding.

    Raises ONNX_INVALID for a file that is no ONNX model, VIDEO_MISSING and VIDEO_UNREADABLE, USAGE for --picture
    without a video, NOT_WRITABLE.
    """
    if arguments.picture and arguments.video is None:
        raise DsbenchError(
            Code.USAGE, "--picture needs the frames of a video", where="--picture", fix="add --video FILE"
        )
    inspected = inspection.inspect(
        absolute(arguments.file), read_video(arguments.video), picture=bool(arguments.picture)
    )
    found = inspected.inspection
    show(text.to_json(found) if arguments.json else text.render(found))
    if arguments.picture:
        print(_write_picture(arguments.picture, inspected.picture), file=sys.stderr)
    return int(bool(found.errors))


def _write_picture(given: str, picture: bytes | None) -> str:
    """Write the possible preprocessings side by side; what was done."""
    if picture is None:
        return f"{printable(given)} is not written: there are no possibilities to compare"
    replace_file(absolute(given), picture)
    return f"{printable(given)}: the possible preprocessings side by side"


def show(answer: str) -> None:
    """Print the answer."""
    print(answer)


def absolute(path: str) -> Path:
    """The path from the root; links are not followed. Raises OSError if the current directory is gone."""
    return Path(os.path.abspath(os.path.expanduser(path)))


def read_video(given: str | None) -> VideoFacts | None:
    """The facts of the clip that was given. Raises VIDEO_MISSING and VIDEO_UNREADABLE."""
    if given is None:
        return None
    path = absolute(given.removeprefix("file://"))
    if not os.path.isfile(path):
        raise DsbenchError(
            Code.VIDEO_MISSING,
            f"ERROR: Video file not found: {path}",
            where="--video",
            fix="correct --video: relative paths start in the current directory",
        )
    return video.inspect(path)
