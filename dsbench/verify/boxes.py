"""The boxes of a run's KITTI dump derived again on the CPU: a GPU's record can be checked without a GPU.

The steps up to 6g run on a copy of the model directory, on the embedded runtime, with the run's own config. Its dump is
compared with that of the run. TensorRT computes in FP16 or INT8, so scores move a little: boxes near their threshold
may be in one dump only.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from dsbench.base import option_levels, options, reading
from dsbench.base.reading import FileKind
from dsbench.formats import kitti, nvinfer
from dsbench.formats.nvinfer import NvinferConfig
from dsbench.judge.imports import dump_boxes, matching, parity
from dsbench.judge.imports.dump_boxes import ClassNames
from dsbench.judge.imports.match_tally import MatchTally
from dsbench.model.layout import ModelLayout
from dsbench.record import run_clip
from dsbench.record.schema import Record
from dsbench.repair import trial, workcopy
from dsbench.steps.dump_comparison import EXACT_MARGIN, MARGIN
from dsbench.steps.nvinfer_config import NvinferConfigResult
from dsbench.verify.mismatch import FoundBy, RecordMismatch

_ASSUMED = frozenset({"import_parity", "accuracy", "parser_check"})
"""Steps of the trial that are not needed."""


@dataclass(frozen=True)
class Derived:
    """The run's dump against the one that was made now; ``why_not``: why there is none."""

    tally: MatchTally | None
    why_not: str = ""

    @property
    def text(self) -> str:
        """For people."""
        if self.tally is None:
            return f"the boxes were not derived again: {self.why_not}"
        found = self.tally
        return (
            f"boxes derived again on the CPU: {found.paired} of {found.found} boxes of the dump, F1 {found.f1:.3f},"
            f" median IoU {found.median_iou:.3f}, {len(found.frames)} frames"
        )

    @property
    def mismatches(self) -> tuple[RecordMismatch, ...]:
        """One where the dump is not what model, config and parser give."""
        if self.tally is None or (parity.agrees(self.tally) and parity.exact(self.tally)):
            return ()
        what = "the dump has other boxes than model, config and parser give"
        return (RecordMismatch("raw.gate.dump_sha256", what, "", FoundBy.FILES, self.text),)


def derive(record: Record, layout: ModelLayout, start: Path, scratch: Path) -> Derived:
    """Make the dump again in ``scratch`` and compare. Raises nothing for a step that fails."""
    data, video = record.raw.gate, record.video
    if data is None or video is None:
        return Derived(None, "the run has no KITTI dump")
    clip = run_clip.find(record, layout.root)
    if clip is None:
        return Derived(None, f"the video is not here: {video.path}")
    given = option_levels.read(
        {
            options.VIDEO.name: os.fspath(clip),
            options.KITTI_FRAMES.name: data.frames_asked,
            options.REPLACE_RESULTS.name: True,
            options.PREPARE.name: "never",
        }
    )
    copy = workcopy.make(layout, scratch / "copy", {})
    made = trial.run(copy, given, start, scratch / "run", assumed=_ASSUMED)
    frames, config = _frames(copy.kitti_dir), made.model.find(NvinferConfigResult)
    if not frames or config is None:
        failed = next((f"{one.step} failed: {one.what}" for one in made.problems if not one.undecided), "no frame")
        return Derived(None, failed.splitlines()[0])
    if layout.nvinfer_config.is_file() and _keys(nvinfer.load(layout.nvinfer_config)) != _keys(config.config):
        return Derived(None, "this dsbench writes another nvinfer config than the run had")
    names = dump_boxes.names_of(
        reading.read_text(layout.labels, FileKind.LABELS, errors="surrogateescape").splitlines()
    )
    margin = EXACT_MARGIN if record.runtime == "embedded" else MARGIN
    thresholds = config.config.attrs_for
    tally = _compare(
        frames, _frames(layout.kitti_dir), names, lambda one: thresholds(one).pre_cluster_threshold, margin
    )
    return Derived(tally)


def _keys(config: NvinferConfig) -> tuple[object, ...]:
    """The keys that decide what boxes there are."""
    return (
        *(config.net_scale_factor, config.offsets, config.model_color_format, config.maintain_aspect_ratio),
        *(config.symmetric_padding, config.scaling_filter, config.cluster_mode, config.filter_out_class_ids),
        *(config.class_attrs_all, config.class_attrs, config.num_detected_classes),
    )


def _compare(
    own: Mapping[int, Path], stated: Mapping[int, Path], names: ClassNames, threshold: matching.Threshold, margin: float
) -> MatchTally:
    """The run's boxes (found) against those that were made now (reference)."""
    both = sorted(own.keys() & stated.keys())
    made, dumped = (
        [dump_boxes.boxes_of(kitti.parse_file(files[number]), names) for number in both] for files in (own, stated)
    )
    return matching.match(both, made, dumped, threshold, margin).tally


def _frames(directory: Path) -> dict[int, Path]:
    return {file.name.frame: file.path for file in kitti.list_frames(directory) if file.name.stream == 0}
