"""The legacy nvstreammux: every frame is brought to one size before inference (semantics h)."""

from __future__ import annotations

from dsbench.embedded.frame import YuvFrame


class MuxScaler:
    """Scales frames to streammux ``width`` x ``height``.

    Without ``enable_padding`` the picture is stretched; with it the aspect ratio is kept, the picture is placed
    top-left and the rest is black.
    """

    def __init__(self, width: int, height: int, enable_padding: bool = False) -> None:
        raise NotImplementedError

    def scale(self, frame: YuvFrame) -> YuvFrame:
        """``frame`` in streammux space; the very same object when it already has that size."""
        raise NotImplementedError
