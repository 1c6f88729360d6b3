"""The KITTI dump compared with the reference: 6g's hints and the step ``import_parity`` rest on it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from dsbench.base.errors import DsbenchError
from dsbench.families.base import Network
from dsbench.formats import kitti
from dsbench.judge.imports import dump_boxes, parity
from dsbench.judge.imports.diagnosis import dump as dump_diagnosis
from dsbench.judge.imports.diagnosis.dump import DumpCause
from dsbench.judge.imports.dump_boxes import ClassNames
from dsbench.judge.imports.parity import DumpParity, ParityJob, ParityOutcome
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
    causes: tuple[DumpCause, ...] = ()
    """What explains boxes that are not the model's; several explain them equally well."""


def compare(model: ModelRun, directory: Path) -> DumpComparison:
    """Compare the files of stream 0 in ``directory`` with the reference on the frames that both have; keeps the result.

    Waits for the reference.
    """
    facts = model.get(PreflightFacts)
    names = dump_boxes.names_of(facts.labels.lines)
    made = reference.wait(model)
    if made is None or made.reference is None:
        missing = made.missing if made else "no reference was computed"
        return model.keep(DumpComparison(None, names, not_run=missing))
    margin = EXACT_MARGIN if model.runtime.name == "embedded" else MARGIN
    return model.keep(compare_with(made, directory, names, margin, Network(facts.width, facts.height)))


def compare_with(
    made: ReferenceResult, directory: Path, names: ClassNames, margin: float, network: Network | None = None
) -> DumpComparison:
    """``compare`` with a given reference. ``network``: its size, to look for the cause of other boxes."""
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
    judged = parity.compare(job, dump)
    wrong = network is not None and judged.outcome in (ParityOutcome.DIFFERENT, ParityOutcome.MOVED)
    causes = dump_diagnosis.explain(job, dump, network) if network is not None and wrong else ()
    return DumpComparison(judged, names, len(files), both.seconds, spoilt, causes=causes)
