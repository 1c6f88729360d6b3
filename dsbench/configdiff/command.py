"""``dsbench diff CONFIG_A CONFIG_B``: which boxes differ when a config is edited."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from dsbench.base import option_levels, options
from dsbench.base.errors import Code, DsbenchError
from dsbench.base.files import replace_file
from dsbench.base.text import printable
from dsbench.configdiff import dumps, page
from dsbench.configdiff.dumps import GivenConfig
from dsbench.judge import config_diff
from dsbench.judge.config_diff import ConfigDiff
from dsbench.model import preflight, settings
from dsbench.model.layout import ModelLayout
from dsbench.model.preflight import Request
from dsbench.model.video import VideoFacts

_SHOWN = 12
"""Rows of a table on the terminal."""


def run(arguments: argparse.Namespace) -> int:
    """0: the same boxes; 1: they differ; 2: the configs could not be compared."""
    try:
        return _run(arguments, Path.cwd())
    except DsbenchError as error:
        print(error.render(), file=sys.stderr)
        return 2


def _run(arguments: argparse.Namespace, start: Path) -> int:
    home = _home(arguments, start)
    video = _video(arguments, home, start)
    frames = _frames(arguments.frames)
    with tempfile.TemporaryDirectory(prefix="dsbench-") as folder:
        scratch = Path(folder)
        folder_of_configs = home.config_dir if home else None
        a, b = (
            dumps.find(given, start, folder_of_configs, scratch) for given in (arguments.config_a, arguments.config_b)
        )
        found = config_diff.compare(*(_dump(config, video.path, frames, scratch) for config in (a, b)))
    played = f"{len(found.frames)} frames of {video.path.name}, embedded runtime"
    for line in _lines(a, b, found, played):
        print(printable(line))
    if arguments.output:
        target = start / os.path.expanduser(arguments.output)
        text = page.html(a, b, found, played, video.path)
        replace_file(target, text.encode("utf-8", "replace"))
        print(printable(f"page: {arguments.output}"))
    return int(found.differs)


def _dump(config: GivenConfig, video: Path, frames: int, scratch: Path) -> config_diff.Dump:
    folder = Path(tempfile.mkdtemp(prefix="dump-", dir=scratch))
    print(printable(f"... running {config.given}"), file=sys.stderr)
    return dumps.dump(config, video, frames, folder)


def _frames(given: int | None) -> int:
    """Frames to compare, 0 for all. Raises USAGE."""
    if given is None:
        return options.KITTI_FRAMES.default
    try:
        return options.KITTI_FRAMES.kind.check(given)
    except ValueError as error:
        raise DsbenchError(Code.USAGE, f"--frames {given}: {error}", fix="give 0 or more") from None


def _home(arguments: argparse.Namespace, start: Path) -> ModelLayout | None:
    """The model directory: --model-dir, else the first config that is one, else the one that it lies in."""
    if arguments.model_dir:
        layout = ModelLayout.at(arguments.model_dir, start)
        if not layout.root.is_dir():
            raise DsbenchError(
                Code.MODEL_DIR_MISSING, "--model-dir is not a directory", where=str(layout.root), fix="correct the path"
            )
        return layout
    for given in (arguments.config_a, arguments.config_b):
        path = start / os.path.expanduser(given)
        if path.is_dir():
            return ModelLayout.at(given, start)
        if path.parent.name == "config":
            return ModelLayout.at(os.path.relpath(path.parent.parent, start), start)
    return None


def _video(arguments: argparse.Namespace, home: ModelLayout | None, start: Path) -> VideoFacts:
    """--video, else the model directory's, else the default. Raises VIDEO_MISSING, VIDEO_UNREADABLE."""
    given = option_levels.read({options.VIDEO.name: arguments.video})
    layout = home or ModelLayout.at(".", start)
    values = settings.load(layout.settings_file) if home else settings.Settings()
    return preflight.read_video(layout, values, Request("embedded", given, start, replace_results=False)).value


def _lines(a: GivenConfig, b: GivenConfig, found: ConfigDiff, played: str) -> Iterator[str]:
    """The summary for a terminal."""
    yield f"A: {a.given}"
    yield f"B: {b.given}"
    yield f"   {played}"
    yield from (f"   {config.note}" for config in (a, b) if config.note)
    changed = [line for line in page.text_diff(a, b) if not line.startswith(("---", "+++", "@@"))]
    yield from (f"   {line}" for line in changed[:_SHOWN])
    if len(changed) > _SHOWN:
        yield f"   ... {len(changed) - _SHOWN} lines more"
    yield ""
    yield page.answer(found)
    rows = page.rows(found)
    if found.differs and rows:
        yield ""
        yield from page.table([page.COLUMNS, *rows[:_SHOWN]])
        if len(rows) > _SHOWN:
            yield f"... {len(rows) - _SHOWN} classes more"
    worst = found.worst(page.FRAMES)
    if worst:
        counts = [(frame.frame, frame.weight or len(frame.rescored)) for frame in worst]
        shown = ", ".join(f"{number} ({count} box{'es' * (count != 1)})" for number, count in counts)
        yield f"frames that differ most: {shown}"
