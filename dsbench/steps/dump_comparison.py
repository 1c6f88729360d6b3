"""The KITTI dump compared with the reference: 6g's hints and the step ``import_parity`` rest on it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from dsbench.base.errors import DsbenchError
from dsbench.formats import kitti
from dsbench.judge.imports import dump_boxes, parity
from dsbench.judge.imports.dump_boxes import ClassNames
from dsbench.judge.imports.parity import DumpParity, ParityJob
from dsbench.model.facts import PreflightFacts
from dsbench.steps import reference
from dsbench.steps.model_run import ModelRun
from dsbench.steps.reference import ReferenceResult

EXACT_MARGIN, MARGIN = 0.01, 0.05
"""Distance from the threshold within which a score may fall on either side: on the embedded runtime, on a GPU."""


@dataclass(frozen=True)
class DumpComparison:
    """The comparison, or why there is none."""

    parity: DumpParity | None
    names: ClassNames
    frames: int = 0
    """Frames of the dump."""
    seconds: float = 0.0
    """Decoding and inference of the reference."""
    spoilt: tuple[str, ...] = ()
    """Labels of the dump with invisible characters."""
    not_run: str = ""
    """Why nothing was compared; empty if it was."""


def compare(model: ModelRun, directory: Path) -> DumpComparison:
    """Compare the files of stream 0 in ``directory`` with the reference on the frames that both have; keeps the result.

    Waits for the reference.
    """
    names = dump_boxes.names_of(model.get(PreflightFacts).labels.lines)
    made = reference.wait(model)
    if made is None or made.reference is None:
        missing = made.missing if made else "no reference was computed"
        return model.keep(DumpComparison(None, names, not_run=missing))
    margin = EXACT_MARGIN if model.runtime.name == "embedded" else MARGIN
    return model.keep(compare_with(made, directory, names, margin))


def compare_with(made: ReferenceResult, directory: Path, names: ClassNames, margin: float) -> DumpComparison:
    """``compare`` with a given reference."""
    files = {file.name.frame: file.path for file in kitti.list_frames(directory) if file.name.stream == 0}
    both = made.reference.only(files) if made.reference else None
    if both is None or not both.frames:
        return DumpComparison(None, names, len(files), not_run=made.missing or "the dump has no frame")
    try:
        objects = [kitti.parse_file(files[number]) for number in both.frames]
    except DsbenchError as error:
        return DumpComparison(None, names, len(files), not_run=error.what)
    dump = [dump_boxes.boxes_of(frame, names) for frame in objects]
    spoilt = names.spoilt({item.label for frame in objects for item in frame})
    job = ParityJob(both, made.usual, made.configured, names, margin, made.preprocessing)
    return DumpComparison(parity.compare(job, dump), names, len(files), both.seconds, spoilt)
