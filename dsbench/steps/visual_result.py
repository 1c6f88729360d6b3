"""What 6f came to, on either runtime."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from dsbench.base.process import Finished
from dsbench.runtimes.visual import Sample

EMBEDDED = "embedded-vp9"
NVENC = "nvenc-primary"
THEORA = "theoraenc-fallback"
SKIPPED = "skipped"

CAPTURE_MODES = {
    NVENC: "nvv4l2h264enc MP4",
    THEORA: "theoraenc OGV (NVENC unavailable)",
    SKIPPED: "skipped (no encoder available)",
}
"""Visual Capture Mode of the Step 8 report, for the modes of DeepStream."""


@dataclass(frozen=True)
class FrameCounts:
    """Frames of the clip and of the video made from it."""

    source: int
    output: int


@dataclass(frozen=True)
class VisualValidationResult:
    """``reason`` says why it was skipped; ``finished`` is the run that made the video.

    ``counts`` are the objects drawn on each frame (embedded runtime only). ``attempts``: every pipeline that was run on
    DeepStream, in order; ``frames``: its frame counts.
    """

    mode: str
    reason: str = ""
    output: Path | None = None
    shown_output: str = ""
    finished: Finished | None = None
    counts: tuple[int, ...] = ()
    samples: tuple[Sample, ...] = ()
    attempts: tuple[Finished, ...] = ()
    frames: FrameCounts | None = None
    notes: tuple[str, ...] = ()

    @property
    def lines(self) -> tuple[str, ...]:
        """What the specification's helper prints."""
        mode = f"DS_SINGLE_STREAM_MODE={self.mode}"
        return (mode, f"DS_SINGLE_STREAM_OUTPUT={self.shown_output}") if self.output else (mode,)
