"""The clip that a run would use."""

from __future__ import annotations

import os
from pathlib import Path

from dsbench.base import option_levels
from dsbench.base.option import COMMAND_LINE, ENVIRONMENT, SPECIFICATION
from dsbench.base.options import VIDEO
from dsbench.doctor.inventory import Video
from dsbench.doctor.probe import ClipAnswer
from dsbench.doctor.survey.ask import probe


async def video(named: str | None, cwd: Path) -> Video:
    """``named``: --video. One frame is decoded, by a child program."""
    value = option_levels.read({VIDEO.name: named}).resolve(VIDEO)
    origin = {COMMAND_LINE: "--video", ENVIRONMENT: "DS_VIDEO", SPECIFICATION: "DeepStream's sample"}[value.origin]
    path = os.path.abspath(cwd / os.path.expanduser(value.value.removeprefix("file://")))
    chosen = value.origin != SPECIFICATION
    try:
        there = os.path.isfile(path)
    except ValueError:  # a null byte
        there = False
    if not there:
        return Video(path, origin, chosen, trouble="there is no such file")
    asked = await probe(ClipAnswer, "video", path)
    found = asked.answer or ClipAnswer(trouble=asked.trouble)
    if found.trouble:
        return Video(path, origin, chosen, trouble=found.trouble)
    return Video(path, origin, chosen, found.codec, found.width, found.height, found.fps)
