"""Which mistake explains a KITTI dump that does not have the model's boxes.

The reference's boxes are changed by each known mistake of boxes, classes and frames, post-processed under the config's
rules, and compared with the dump. What a parser does to raw columns is step 6d's matter.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

from dsbench.base.boxes import Boxes
from dsbench.families.base import Network
from dsbench.judge.imports import matching, postprocess
from dsbench.judge.imports.diagnosis import earlier_frames, fits
from dsbench.judge.imports.diagnosis.geometry import BOX_MISTAKES
from dsbench.judge.imports.dump_boxes import ClassNames
from dsbench.judge.imports.matching import Match
from dsbench.judge.imports.parity import ParityJob

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

WINS, GAIN, TIE = 0.9, 0.1, 0.03
"""F1 at IoU 0.9 that a mistake must give, by how much more than without it, and what counts as equal."""
ONE_CLASS = 0.95
"""Fraction of a class's boxes that must have one other label."""
_FEW_FRAMES = 5
_SHORTLIST = 4

Frames = tuple[Boxes, ...]
Explain = Callable[[ParityJob, Sequence[Boxes], Network], Iterator["DumpMistake"]]


@dataclass(frozen=True, slots=True)
class DumpMistake:
    """A mistake with what it makes of the reference: the objects of all frames for a job and a network."""

    id: str
    text: str
    fix: str
    objects: Callable[[ParityJob, Network], Frames]


@dataclass(frozen=True, slots=True)
class DumpCause:
    """A mistake that explains a dump. ``f1``: of the dump against the reference with this mistake, at IoU 0.9."""

    id: str
    text: str
    fix: str
    f1: float
    counted: bool = False
    """The text has the figures that prove it; ``f1`` is that of the dump as it is."""


def explain(job: ParityJob, dump: Sequence[Boxes], network: Network) -> tuple[DumpCause, ...]:
    """The mistakes that explain the dump equally well; empty if none does."""
    if not any(map(len, dump)):
        return ()
    before = _match(job, dump, _asked(job)).f1_close
    earlier = earlier_frames.of_dump(job, dump)
    if earlier is not None:
        return (DumpCause("earlier-frames", earlier.text, earlier_frames.FIX, before, counted=True),)
    places = [place for place, boxes in enumerate(dump) if len(boxes)]
    places = places[:: max(1, len(places) // _FEW_FRAMES)]
    few = replace(job, reference=job.reference.only([job.reference.frames[place] for place in places]))
    some = [dump[place] for place in places]
    made = [*_of_boxes(network), *_of_classes(job, dump), *_fitted(job, dump), *_of_frames(job, dump)]
    ranked = sorted(made, key=lambda one: -_f1(few, some, one, network))
    tried = [DumpCause(one.id, one.text, one.fix, _f1(job, dump, one, network)) for one in ranked[:_SHORTLIST]]
    best = max((one.f1 for one in tried), default=0.0)
    if best < WINS or best < before + GAIN:
        return ()
    return tuple(one for one in tried if one.f1 >= best - TIE)


def _f1(job: ParityJob, dump: Sequence[Boxes], one: DumpMistake, network: Network) -> float:
    objects = one.objects(job, network)
    return _match(job, dump, objects).f1_close if len(objects) == len(dump) else 0.0


def _match(job: ParityJob, dump: Sequence[Boxes], objects: Sequence[Boxes]) -> Match:
    rules = job.configured
    return matching.match(
        job.reference.frames,
        objects,
        dump,
        lambda class_id: rules.attrs_for(class_id).pre_cluster_threshold,
        job.margin,
    )


def _candidate(job: ParityJob) -> int:
    """The reference's candidate that is fed as the config says."""
    return len(job.preprocessing) and 1


def _asked(job: ParityJob) -> Frames:
    """The objects that the config asks for."""
    return job.objects(job.configured, _candidate(job))


def _changed(job: ParityJob, change: Callable[[Boxes], Boxes]) -> Frames:
    """The objects of decoded boxes that are changed before nvinfer gets them."""
    at = _candidate(job)
    place = job.reference.placements[at]
    found = (postprocess.apply(change(boxes), job.configured, place) for boxes in job.reference.decoded[at])
    return tuple(map(job.names.merged, found))


def _corners(boxes: Boxes) -> Floats:
    import numpy as np

    table = boxes.table().astype(np.float64)
    return np.stack((table[:, 1], table[:, 2], table[:, 1] + table[:, 3], table[:, 2] + table[:, 4]), axis=1)


def _boxes(corners: Floats, boxes: Boxes) -> Boxes:
    """``boxes`` in other places; those without an area are dropped, as DeepStream does."""
    import numpy as np

    sizes = corners[:, 2:] - corners[:, :2]
    block = np.concatenate((corners[:, :2], sizes, boxes.confidence[:, None]), axis=1).T.astype(np.float32)
    return Boxes.from_block(boxes.class_id, block).take(np.flatnonzero((sizes > 0).all(axis=1)))


def _of_boxes(network: Network) -> Iterator[DumpMistake]:
    """The mistakes of finished boxes, before nvinfer clusters them."""
    import numpy as np

    some = np.array([[1.0, 2.0, 8.0, 16.0]])
    for mistake in BOX_MISTAKES:
        finished = mistake.finished
        if finished is None:
            continue
        for variant in range(len(finished(some, network))):

            def objects(job: ParityJob, network: Network, at: int = variant, of: object = finished) -> Frames:
                assert callable(of)
                return _changed(job, lambda boxes: _boxes(of(_corners(boxes), network)[at], boxes))

            yield DumpMistake(mistake.id, mistake.text, mistake.fix, objects)


def _of_classes(job: ParityJob, dump: Sequence[Boxes]) -> Iterator[DumpMistake]:
    """Every class has one other label."""
    import numpy as np

    match = _match(job, dump, _asked(job))
    seen: dict[int, Counter[int]] = {}
    for frame in match.frames:
        for pair in (*frame.same, *frame.other):
            wanted, found = int(frame.reference.class_id[pair.reference]), int(frame.found.class_id[pair.found])
            seen.setdefault(wanted, Counter())[found] += 1
    named = {wanted: counts.most_common(1)[0] for wanted, counts in seen.items()}
    clear = all(count >= ONE_CLASS * seen[wanted].total() for wanted, (_, count) in named.items())
    mapped = {wanted: found for wanted, (found, _) in named.items()}
    if not clear or all(wanted == found for wanted, found in mapped.items()):
        return

    def objects(job: ParityJob, network: Network) -> Frames:
        def relabelled(boxes: Boxes) -> Boxes:
            ids = np.array([mapped.get(label, label) for label in boxes.class_id.tolist()], np.int32)
            return replace(boxes, class_id=ids)

        return tuple(map(relabelled, _asked(job)))

    yield DumpMistake("labels-moved", class_text(mapped, job.names), _CLASS_FIX, objects)


_CLASS_FIX = "compare the class ids that the parser pushes, and the lines of labels.txt, with the model's classes"


def class_text(mapped: dict[int, int], names: ClassNames) -> str:
    """What a map of class ids is: shifted, sorted by name, else pair by pair."""
    moved = {found - wanted for wanted, found in mapped.items()}
    shown = ", ".join(f"{names.name(wanted)} is {names.name(found)}" for wanted, found in sorted(mapped.items())[:4])
    if len(moved) == 1:
        return f"labels are shifted by {moved.pop():+d}: {shown}"
    for by in (1, -1):
        last = len(names.lines) - 1
        kept = {wanted: min(max(wanted + by, 0), last) for wanted in mapped}
        if mapped == kept and len(moved) == 2 and moved == {0, by}:
            end = names.name(0 if by < 0 else last)
            return f"labels are shifted by {by:+d}, but never beyond {end}: {shown}"
    if set(mapped.values()) <= {0} and len(mapped) > 1:
        return f"every box is labelled {names.name(0)}"
    order = sorted(range(len(names.lines)), key=lambda number: names.lines[number].strip())
    known = all(0 <= wanted < len(order) for wanted in mapped)
    if known and all(found in (order[wanted], order.index(wanted)) for wanted, found in mapped.items()):
        return f"labels are sorted by name: {shown}"
    return f"labels are exchanged: {shown}"


def _fitted(job: ParityJob, dump: Sequence[Boxes]) -> Iterator[DumpMistake]:
    """Scale, shift and other linear mistakes between objects and dump, in pixels of the surface."""
    import numpy as np

    right, found = [np.zeros((0, 4))], [np.zeros((0, 4))]
    for wanted, boxes in zip(_asked(job), dump, strict=True):
        same = wanted.class_id[:, None] == boxes.class_id[None]
        close = same & (np.abs(wanted.confidence[:, None] - boxes.confidence[None]) < 1e-3)
        rows, columns = np.nonzero(close & (close.sum(axis=1) == 1)[:, None] & (close.sum(axis=0) == 1)[None])
        right.append(_corners(wanted)[rows])
        found.append(_corners(boxes)[columns])
    place = job.reference.placements[_candidate(job)]
    surface = Network(place.surface_width, place.surface_height)
    for mistake in fits.fitted(np.concatenate(right), np.concatenate(found), surface):
        finished = mistake.finished
        assert finished is not None

        def objects(job: ParityJob, network: Network, of: object = finished) -> Frames:
            assert callable(of)
            return tuple(_boxes(of(_corners(boxes), surface)[0], boxes) for boxes in _asked(job))

        yield DumpMistake(mistake.id, f"in pixels of the frame: {mistake.text}", mistake.fix, objects)


def _of_frames(job: ParityJob, dump: Sequence[Boxes]) -> Iterator[DumpMistake]:
    """The dump's frames are numbered one off, or all show the same boxes."""
    numbers, made = job.reference.frames, _asked(job)
    known = dict(zip(numbers, made, strict=True))
    whole = all(after - before == 1 for before, after in pairwise(numbers))
    for by in (1, -1) if whole else ():

        def objects(job: ParityJob, network: Network, by: int = by) -> Frames:
            return tuple(known.get(number + by, known[number]) for number in job.reference.frames)

        text = f"the boxes of a frame stand in the file of the frame {'before' if by > 0 else 'after'} it"
        yield DumpMistake("frame-number", text, "compare the frame numbers of the KITTI files with the video", objects)
    if len({boxes.table().tobytes() for boxes in dump}) == 1 and len(dump) > 2:
        fix = "check that the source plays on, and that the engine takes each frame of a batch"

        def frozen(job: ParityJob, network: Network) -> Frames:
            return (dump[0],) * len(job.reference.frames)

        yield DumpMistake("frozen", "every frame has the same boxes", fix, frozen)
