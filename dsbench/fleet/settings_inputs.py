"""The video and the ground truth of dsbench.toml, as inputs of a job."""

from __future__ import annotations

import filecmp
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace

from dsbench.base.errors import DsbenchError
from dsbench.base.options import GROUND_TRUTH, VIDEO
from dsbench.fleet.job import JobOption
from dsbench.fleet.option_inputs import Input, OptionInput, truth_files
from dsbench.fleet.outside import NamedPath, cannot_travel
from dsbench.model import settings
from dsbench.model.layout import ModelLayout


@dataclass(frozen=True, slots=True)
class SettingsInputs:
    """``inside``: paths relative to the model directory; ``beside``: inputs beside it. ``options``: what has no place
    by its path is given as an option instead, paths by name; ``placed``: an option for what has one."""

    inside: tuple[str, ...] = ()
    beside: tuple[Input, ...] = ()
    options: Mapping[str, str] = field(default_factory=dict)
    placed: tuple[OptionInput, ...] = ()
    has_video: bool = False
    """dsbench.toml names a video that is there."""


def of_settings(layout: ModelLayout, given: Mapping[str, str]) -> SettingsInputs:
    """``given``: paths of options, which come before those of dsbench.toml. Raises USAGE, OSError.

    A dsbench.toml that cannot be read, or names what is not there, has none: the run says so.
    """
    named = _named(layout)
    video, truth = named.get(VIDEO.name), named.get(GROUND_TRUTH.name)
    parts = [*([video] if video else []), *(_truth_parts(layout, truth) if truth else [])]
    near = [one for one in parts if one.place]
    found = SettingsInputs(
        inside=tuple(path for one in near if (path := one.inside(layout)) is not None),
        beside=tuple(file for one in near if one.inside(layout) is None for file in one.inputs),
        has_video=video is not None,
    )
    video_is_far = video is not None and not video.place
    if video is not None and video_is_far and VIDEO.name not in given:
        found = replace(found, options={VIDEO.name: video.source})
    if truth is None or GROUND_TRUTH.name in given:
        return found
    return _with_truth(found, layout, truth, video_is_far, _plays_another(video, given))


def _with_truth(
    found: SettingsInputs, layout: ModelLayout, truth: NamedPath, video_is_far: bool, other_video: bool
) -> SettingsInputs:
    """A run takes the ground truth of dsbench.toml only for the video of dsbench.toml, which it compares: where that
    has no place in the job, the ground truth is given as an option."""
    is_far = not all(one.place for one in _truth_parts(layout, truth))
    if is_far and other_video:
        raise cannot_travel(layout.settings_file, f"ground-truth is {truth.source}", truth.source)
    if is_far:
        return replace(found, options={**found.options, GROUND_TRUTH.name: truth.source})
    if video_is_far and not other_video:
        option = OptionInput(JobOption(GROUND_TRUTH.name, place=truth.place), truth.source, ())
        return replace(found, placed=(option,))
    return found


def _named(layout: ModelLayout) -> dict[str, NamedPath]:
    """What dsbench.toml names and is there."""
    found: dict[str, NamedPath] = {}
    with suppress(DsbenchError):
        values = settings.load(layout.settings_file).options
        for name in (VIDEO.name, GROUND_TRUTH.name):
            if name in values:
                text = os.path.expanduser(str(values[name]).removeprefix("file://"))
                named = NamedPath.of(layout, "", text)
                if os.path.exists(named.source):
                    found[name] = named
    return found


def _truth_parts(layout: ModelLayout, truth: NamedPath) -> list[NamedPath]:
    """The ground truth, and what belongs to it and lies elsewhere: pictures, lists of classes."""
    if not truth.place:
        return [truth]
    near = [one for one in truth_files(truth.source) if not f"{one}/".startswith(f"{truth.source}/")]
    return [truth, *(NamedPath.of(layout, "", os.path.relpath(one, layout.root)) for one in near)]


def _plays_another(video: NamedPath | None, given: Mapping[str, str]) -> bool:
    """Whether an option gives another video than dsbench.toml, to which its ground truth belongs."""
    played = given.get(VIDEO.name)
    if video is None or played is None or not os.path.isfile(played):
        return False
    return not (os.path.samefile(played, video.source) or filecmp.cmp(played, video.source, shallow=False))
