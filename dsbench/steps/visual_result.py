"""The result of 6f, on either runtime."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from dsbench.base.option import Value
from dsbench.base.process import Finished
from dsbench.runtimes.visual import SampleFrame

EMBEDDED = "embedded-vp9"
NVENC = "nvenc-primary"
THEORA = "theoraenc-fallback"
SKIPPED = "skipped"

CAPTURE_MODES = {
    NVENC: "nvv4l2h264enc MP4",
    THEORA: "theoraenc OGV (NVENC unavailable)",
    SKIPPED: "skipped (no encoder available)",
}
"""Step 8's text for each mode of DeepStream."""

VIDEO_TYPES = {".webm": "video/webm", ".mp4": "video/mp4", ".ogv": "video/ogg"}
"""MIME types by suffix."""


@dataclass(frozen=True)
class FrameCounts:
    """Frames of the clip and of the video made from it."""

    source: int
    output: int


@dataclass(frozen=True)
class VisualValidationResult:
    """The video, its pictures, and how they were made."""

    mode: str
    """EMBEDDED, NVENC, THEORA or SKIPPED."""
    reason: str = ""
    """Why it was skipped."""
    output: Path | None = None
    """The video; None if skipped."""
    shown_output: str = ""
    """``output`` as shown to the user."""
    finished: Finished | None = None
    """The run that made the video."""
    counts: tuple[int, ...] = ()
    """Objects drawn on each frame; embedded runtime only."""
    samples: tuple[SampleFrame, ...] = ()
    attempts: tuple[Finished, ...] = ()
    """Every pipeline that was run, in order; DeepStream only."""
    frames: FrameCounts | None = None
    """DeepStream only."""
    notes: tuple[str, ...] = ()
    asked: Value[int] | None = None
    """Frames that the video was to have, 0: all of the clip; None if no video was made."""
    clip_frames: int = 0
    """Of the whole clip; 0 if not known."""

    @property
    def cut(self) -> bool:
        """The clip is longer than the video."""
        return self.asked is not None and 0 < self.asked.value < self.clip_frames

    @property
    def lines(self) -> tuple[str, ...]:
        """The lines that the specification's helper prints."""
        mode = f"DS_SINGLE_STREAM_MODE={self.mode}"
        return (mode, f"DS_SINGLE_STREAM_OUTPUT={self.shown_output}") if self.output else (mode,)
