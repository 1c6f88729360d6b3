"""How a network is to be fed: candidates, and the choice among what the user, the exporter and the family state.

Failure modes 1, 2, 3 and 4 of the specification. Precedence, key by key: the user, the exporter's files, the graph
(`levels`), a firm convention of the family, frames. Frames decide no more than the range of pixels (`frame_evidence`);
what then stays open is unknown, and said so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from dsbench.base import spec
from dsbench.base.boxes import Boxes
from dsbench.base.spec import IMAGENET_ROW
from dsbench.base.text import float32_text
from dsbench.families.base import Preprocessing
from dsbench.judge.imports import frame_evidence
from dsbench.judge.imports.frame_evidence import Findings, PixelRange, RangeEvidence, fed_range
from dsbench.judge.imports.levels import (
    KEYS,
    KeyChoice,
    Stated,
    StatedBy,
    apply,
    contradicts,
    fit,
    key_choices,
    of_graph,
    possible,
    refutation,
    settle,
)
from dsbench.model.exporter.normalisation import Row

CAFFE_ROW: Row = (1.0, (123.0, 117.0, 104.0))
"""0..255 with ImageNet's means, as Caffe's networks and RetinaFace take them."""
SCALES: tuple[Row, ...] = (
    (spec.NET_SCALE_FACTOR, ()),
    (0.0078125, (127.0, 127.0, 127.0)),
    IMAGENET_ROW,
    (1.0, ()),
    CAFFE_ROW,
)
"""The specification's table of 6a (0..255, 0..1, ImageNet), the usual way to -1..1 and the usual means. The likeliest
of a range comes first."""
CONTRASTS = ((spec.NET_SCALE_FACTOR, ()), (1.0, ()))
"""Scale and offsets of the plain feedings of 0..1 and 0..255."""
MAX_STATED = 2
"""With so few feedings left open, everything is stated: by the exporter, or by the graph in one of two ways."""
DEFAULT = Preprocessing(spec.NET_SCALE_FACTOR, (), spec.MODEL_COLOR_FORMAT, spec.MAINTAIN_ASPECT_RATIO)
"""6e's defaults, used without other evidence."""
TIE = 0.97
"""A guess. Candidates of a range whose measure is at least this fraction of the highest count as equal; the likeliest
of them is chosen."""
HABIT_MARGIN = 1.5
"""A guess. Another candidate replaces the family's usual preprocessing if its strength is this many times as high."""
UNKNOWN = "preprocessing-unknown"
"""Id of the warning about values that neither the user, nor the exporter, nor a convention states."""


@dataclass(frozen=True, slots=True)
class Score:
    """One candidate on the real frames: detections and their strength per frame, fraction of frames with detections.
    A detection's strength is how far its score is above the threshold, 0 to 1. A table for the reader: a wrong feeding
    can score higher than the right one."""

    preprocessing: Preprocessing
    detections: float
    strength: float
    frames_with: float
    map: float | None = None
    """mAP@0.5:0.95 against ground truth on these frames, where it is given."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The preprocessing to use and who states each key; all candidates, the chosen one first.

    ``unknown``: the sentence about keys that nobody states, empty if there are none; ``alternatives``: what they may
    be. ``warning``: the evidence against the choice, empty without any; ``refuted``: the network itself
    shows it, and no known network has ever shown it wrongly.
    """

    preprocessing: Preprocessing
    keys: tuple[KeyChoice, ...]
    ranking: tuple[Score, ...]
    evidence: RangeEvidence
    warning: str = ""
    unknown: str = ""
    alternatives: tuple[Preprocessing, ...] = ()
    refuted: bool = False


def table(aspect: int, channels: int = 3) -> tuple[Preprocessing, ...]:
    """The usual scales with one placement. Networks that take 0..255 read BGR, as OpenCV does; the others RGB."""
    rows = []
    for scale, offsets in SCALES:
        bgr = int(scale == 1.0)
        rows.append(fit(Preprocessing(scale, offsets[::-1] if bgr else offsets, bgr, aspect), channels))
    return tuple(dict.fromkeys(rows))


def candidates(bases: Sequence[Preprocessing | None], stated: Stated, channels: int = 3) -> tuple[Preprocessing, ...]:
    """What to try: the conventions and `table` in both placements, with what graph, exporter and user state first.

    If they state everything, the rest is a feeding of the other range of pixels: what is stated may be wrong, and a
    family is recognised by outputs on pixels of the right range.
    """
    plain = [fit(base, channels) for base in bases if base is not None]
    plain += [*table(1, channels), *table(0, channels)]
    settled = tuple(dict.fromkeys(settle(base, stated, graph) for graph in possible(stated) for base in plain))
    if len(settled) <= MAX_STATED:
        rows = [row for row in table(settled[0].maintain_aspect_ratio, channels) if _scale(row) in CONTRASTS]
        plain = [row for row in rows if fed_range(row) is not fed_range(settled[0])]
    return tuple(dict.fromkeys((*settled, *plain)))


def usual(stated: Stated, evidence: RangeEvidence) -> tuple[Preprocessing, ...]:
    """The usual scales that the evidence leaves, with the placement of the family's training; then the family's own if
    it is another."""
    rows = table(stated.aspect, stated.channels)
    own = None if stated.convention is None else fit(stated.convention, stated.channels)
    if own is not None and _scale(own) not in {_scale(row) for row in rows}:
        rows = (*rows, own)
    return tuple(row for row in rows if not contradicts(row, evidence))


def score(
    tried: Sequence[Preprocessing], decoded: Sequence[Sequence[Boxes]], floor: float = spec.PRE_CLUSTER_THRESHOLD
) -> tuple[Score, ...]:
    """Detections of all candidates; ``decoded[i][k]`` are candidate i's boxes on frame k. ``floor`` is the pre-cluster
    threshold of the model."""
    return tuple(_score(item, frames, floor) for item, frames in zip(tried, decoded, strict=True))


def _score(item: Preprocessing, frames: Sequence[Boxes], floor: float) -> Score:
    found = [frame_evidence.kept(boxes, floor) for boxes in frames]
    total = max(len(found), 1)
    strength = sum(float(frame_evidence.strengths(boxes, floor).sum()) for boxes in found)
    counts = [len(boxes) for boxes in found]
    return Score(item, sum(counts) / total, strength / total, sum(count > 0 for count in counts) / total)


def decide(
    scores: Sequence[Score],
    stated: Stated,
    evidence: RangeEvidence | None = None,
    found: Mapping[Preprocessing, Findings] | None = None,
) -> Choice:
    """The choice, with a warning where the evidence is against it and a sentence where nobody states a value.

    ``found``: what the `usual` scales find in several views, where nobody states the scale.
    """
    evidence, found = evidence or RangeEvidence(), found or {}
    strength = {item.preprocessing: item.strength for item in scores if item.detections <= frame_evidence.MAX_BOXES}
    graph = of_graph(stated, evidence)
    base, level, source = _base(stated, evidence, strength, found)
    chosen = settle(base, stated, graph)
    keys = key_choices(chosen, stated, graph, (level, source), evidence)
    open_keys = [item.key for item in keys if item.level is StatedBy.UNKNOWN]
    alternatives = _alternatives(chosen, stated, evidence, open_keys) if open_keys else ()
    doubt = against(chosen, evidence)
    return Choice(
        chosen,
        keys,
        tuple(sorted(scores, key=lambda item: _rank(item, chosen, evidence))),
        evidence,
        doubt or stated.truth_against,
        _unknown(open_keys, chosen, evidence, refutation(stated, evidence)),
        alternatives,
        bool(doubt),
    )


def _base(
    stated: Stated,
    evidence: RangeEvidence,
    strength: Mapping[Preprocessing, float],
    found: Mapping[Preprocessing, Findings],
) -> tuple[Preprocessing, StatedBy, str]:
    """The strongest statement below the exporter's, who made it and where; without one a guess, which is unknown."""
    convention = None if stated.convention is None else fit(stated.convention, stated.channels)
    origin = stated.convention_origin or "family convention"
    if convention is not None and contradicts(apply(convention, of_graph(stated, evidence)), evidence):
        convention = None
    if convention is not None and stated.firm:
        return convention, StatedBy.CONVENTION, origin
    again = {value: item.again for value, item in found.items()}
    measured = again if evidence.range is not PixelRange.UNKNOWN and any(again.values()) else strength
    guess = _guess(stated, evidence, measured)
    behind = measured.get(guess, 0.0) <= HABIT_MARGIN * (0.0 if convention is None else _like(convention, measured))
    if convention is not None and (behind or evidence.range is PixelRange.UNKNOWN):
        return convention, StatedBy.UNKNOWN, f"guess: {origin}"
    if measured.get(guess, 0.0) > 0:
        return guess, StatedBy.UNKNOWN, f"guess: strength {measured[guess]:.2f} per frame"
    without = "nothing is detected" if measured else "the usual one"
    return convention or guess, StatedBy.UNKNOWN, f"guess: {origin if convention else without}"


def _scale(value: Preprocessing) -> tuple[float, tuple[float, ...]]:
    """Scale and offsets, whatever the channel order."""
    return value.net_scale_factor, tuple(sorted(value.offsets))


def _like(value: Preprocessing, measured: Mapping[Preprocessing, float]) -> float:
    """The highest measure of a candidate with this scale."""
    return max((number for item, number in measured.items() if _scale(item) == _scale(value)), default=0.0)


def _guess(stated: Stated, evidence: RangeEvidence, measured: Mapping[Preprocessing, float]) -> Preprocessing:
    """The likeliest of the usual feedings in the range, by measure. If the range is unknown, 6e's default as long as it
    finds anything: between the ranges both measures mislead."""
    default = fit(replace(DEFAULT, maintain_aspect_ratio=stated.aspect), stated.channels)
    if evidence.range is PixelRange.UNKNOWN and measured.get(default, 0.0) > 0:
        return default
    rows = usual(stated, evidence)
    best = max(measured.get(row, 0.0) for row in rows)
    return next(row for row in rows if measured.get(row, 0.0) >= TIE * best)


def _rank(item: Score, chosen: Preprocessing, evidence: RangeEvidence) -> tuple[bool, float, bool, float]:
    """The chosen candidate first, then by mAP where there is ground truth, then those of the range that the network
    expects, strongest first."""
    return item.preprocessing != chosen, -(item.map or 0.0), contradicts(item.preprocessing, evidence), -item.strength


def _alternatives(
    chosen: Preprocessing, stated: Stated, evidence: RangeEvidence, open_keys: Sequence[str]
) -> tuple[Preprocessing, ...]:
    """What the open keys may be, the chosen one first: the usual feedings that the stated keys and the evidence leave,
    then the other colour orders and placements of the chosen one."""
    scale, _, color, aspect, padding = (key in open_keys for key in KEYS)
    rows: list[Preprocessing] = []
    if scale:
        rows = list(table(chosen.maintain_aspect_ratio, stated.channels))
        if stated.convention is not None and not contradicts(stated.convention, evidence):
            rows.insert(0, fit(stated.convention, stated.channels))
    colors = [chosen]
    if color and not scale:
        colors.append(replace(chosen, model_color_format=1 - chosen.model_color_format, offsets=chosen.offsets[::-1]))
    rows += [item for one in colors for item in _placed(one, aspect, padding)]
    graph = of_graph(stated, evidence)
    settled = [settle(row, stated, graph) for row in rows]
    return tuple(dict.fromkeys([chosen, *(row for row in settled if not contradicts(row, evidence))]))


def _placed(value: Preprocessing, aspect: bool, padding: bool) -> list[Preprocessing]:
    """``value`` in the placements that are open."""
    placements = [(value.maintain_aspect_ratio, value.symmetric_padding)]
    if aspect:
        placements += [(1, 1), (1, 0), (0, 0)]
    elif padding:
        placements.append((1, 1 - value.symmetric_padding))
    return [replace(value, maintain_aspect_ratio=keeps, symmetric_padding=split) for keeps, split in placements]


def against(chosen: Preprocessing, evidence: RangeEvidence) -> str:
    """The evidence against the choice; empty without any."""
    if evidence.anomaly and not _fits(chosen, evidence.span):
        return f"{evidence.anomaly}; net-scale-factor={float32_text(chosen.net_scale_factor)} feeds {fed_range(chosen)}"
    if _subtracted_twice(chosen, evidence.own_offsets):
        own = ", ".join(f"{value:g}" for value in evidence.own_offsets)
        given = ";".join(f"{value:g}" for value in chosen.offsets)
        return (
            f"offsets are subtracted twice: offsets={given}, and the graph itself subtracts {own} from what it is fed."
            " Remove the offsets, and feed what the graph expects"
        )
    if not contradicts(chosen, evidence):
        return ""
    row = next(row for row in table(chosen.maintain_aspect_ratio) if fed_range(row) is evidence.range)
    return (
        f"net-scale-factor={float32_text(chosen.net_scale_factor)} feeds {fed_range(chosen)}, but the network expects"
        f" {evidence.range}: {evidence.reason}. Start from net-scale-factor={float32_text(row.net_scale_factor)}"
    )


_APART = 4.0
"""Factor by which a range may differ from the one that a network expects."""


def _fits(chosen: Preprocessing, span: float) -> bool:
    """Whether what is fed is about as wide as what the network expects."""
    return span > 0 and span / _APART <= 255 * chosen.net_scale_factor <= span * _APART


def _subtracted_twice(chosen: Preprocessing, own: Sequence[float]) -> bool:
    """Whether both the keys and the graph move the middle of the pixels to zero."""
    quarter = 255 * chosen.net_scale_factor / 4
    return bool(own) and min(own) > quarter and bool(chosen.offsets) and min(chosen.offsets) > 255 / 4


def _unknown(keys: Sequence[str], chosen: Preprocessing, evidence: RangeEvidence, refuted: str) -> str:
    if not keys:
        return ""
    doubt = f" {refuted}" if refuted else ""
    expects = f" The network expects {evidence.range}: {evidence.reason}." if evidence.reason else ""
    return (
        f"{UNKNOWN}: neither you, nor the exporter, nor the graph states {', '.join(keys)}, models of this kind"
        f" differ, and frames cannot show which is right.{expects}{doubt} Taken: {describe(chosen)}. Read the model's"
        " documentation, compare the drawn frames and set the values in dsbench.toml"
    )


def describe(value: Preprocessing) -> str:
    """The preprocessing in nvinfer's keys, in one line."""
    offsets = f" offsets={';'.join(f'{part:g}' for part in value.offsets)}" if value.offsets else ""
    padding = " symmetric-padding=1" if value.symmetric_padding else ""
    return (
        f"net-scale-factor={float32_text(value.net_scale_factor)}{offsets}"
        f" model-color-format={value.model_color_format} maintain-aspect-ratio={value.maintain_aspect_ratio}{padding}"
    )


def differing(one: Preprocessing, other: Preprocessing) -> tuple[str, str]:
    """The keys in which two differ, with the values of each, in nvinfer's keys."""
    every = [(name, _key(one, name), _key(other, name)) for name in _KEYS]
    keys = [(name, first, second) for name, first, second in every if first != second]
    return " ".join(f"{name}={first}" for name, first, _ in keys), " ".join(f"{name}={last}" for name, _, last in keys)


_KEYS = ("net-scale-factor", "offsets", "model-color-format", "maintain-aspect-ratio", "symmetric-padding")


def _key(value: Preprocessing, name: str) -> str:
    found = getattr(value, name.replace("-", "_"))
    if name == "net-scale-factor":
        return float32_text(found)
    if name == "offsets":
        return ";".join(f"{part:g}" for part in found or (0.0, 0.0, 0.0))
    return str(int(found))


def toml(value: Preprocessing) -> str:
    """The preprocessing as lines of dsbench.toml."""
    offsets = ", ".join(f"{part:g}" for part in value.offsets)
    return "\n".join(
        (
            "[property]",
            f"net-scale-factor = {value.net_scale_factor!r}",
            f"offsets = [{offsets}]",
            f"model-color-format = {value.model_color_format}",
            f"maintain-aspect-ratio = {'true' if value.maintain_aspect_ratio else 'false'}",
            f"symmetric-padding = {'true' if value.symmetric_padding else 'false'}",
        )
    )
