"""A deepstream-app config with the nvinfer config of its primary detector: the subject of the app rules."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from dsbench.base.errors import DsbenchError
from dsbench.formats import keyfile
from dsbench.formats.app.config import AppConfig, Source
from dsbench.formats.keyfile import Group
from dsbench.formats.nvinfer import NvinferConfig
from dsbench.judge.lint.rule import ConfigText

CAMERA, URI, MULTI_URI, RTSP, CSI = 1, 2, 3, 4, 5
"""Source types."""
LIVE = (CAMERA, RTSP, CSI)
PRIMARY, MUX, APPLICATION, TILER = "primary-gie", "streammux", "application", "tiled-display"


@dataclass(frozen=True, slots=True)
class AppSubject:
    """One app config. ``nvinfer``: the primary detector's config, None if it cannot be read. ``new_streammux``: the
    muxer that USE_NEW_NVSTREAMMUX=yes chooses."""

    config: AppConfig
    file: ConfigText
    nvinfer: NvinferConfig | None = None
    nvinfer_file: ConfigText | None = None
    new_streammux: bool = False

    def enabled(self, start: str) -> Iterator[Group]:
        """Groups whose name begins with ``start`` and whose ``enable`` is a whole number other than 0."""
        for group in self.file.keys.groups:
            if group.name.startswith(start) and whole(group.get("enable")):
                yield group

    def has(self, start: str) -> bool:
        """A group of that name is enabled."""
        return any(True for _ in self.enabled(start))

    def given(self, key: str, group: str) -> bool:
        """The file sets the key."""
        return self.file.raw(key, group) is not None

    @property
    def live(self) -> bool | None:
        """Whether the sources are cameras or RTSP; None if they are mixed or there is none."""
        kinds = {source_is_live(source) for source in self.config.sources}
        return kinds.pop() if len(kinds) == 1 else None

    @property
    def interval(self) -> int:
        """What [primary-gie] or its nvinfer config sets."""
        gie = self.config.primary_gie
        if gie and gie.interval is not None:
            return gie.interval
        return self.nvinfer.interval if self.nvinfer else 0


def source_is_live(source: Source) -> bool:
    """A camera or an RTSP stream."""
    return source.type in LIVE or (source.uri or "").startswith(("rtsp://", "v4l2://"))


def whole(value: str | None) -> int:
    """The whole number of a raw value; 0 if it is none."""
    try:
        return keyfile.as_int(value) if value is not None else 0
    except DsbenchError:
        return 0
