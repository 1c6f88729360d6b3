"""Who states a preprocessing key: user, exporter's files, ground truth, graph, family's convention, or nobody.

The order is that of trust. Every level's own value is kept, so that a report can show what the others would have said.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from enum import StrEnum

from dsbench.base.text import float32_text
from dsbench.families.base import Preprocessing
from dsbench.judge.imports.frame_evidence import PixelRange, RangeEvidence, fed_range

KEYS = ("net-scale-factor", "offsets", "model-color-format", "maintain-aspect-ratio", "symmetric-padding")
_SCALE, _OFFSETS, _COLOR, _ASPECT, _PADDING = range(len(KEYS))
EITHER = "the picture and the network have the same shape: both do the same"


class StatedBy(StrEnum):
    """Who states a value, the strongest first."""

    USER = "user"
    EXPORTER = "exporter"
    GROUND_TRUTH = "ground truth"
    GRAPH = "graph"
    CONVENTION = "convention"
    EITHER = "either"
    """Every value does the same."""
    UNKNOWN = "unknown"


HABIT = "habit"
"""Level of a convention that is not firm: shown, never decisive."""
MEASURED = "measured"
"""Level of the first layer's and the frames' evidence."""


@dataclass(frozen=True, slots=True)
class Fixed:
    """Preprocessing keys that somebody states; None: not stated."""

    net_scale_factor: float | None = None
    offsets: tuple[float, ...] | None = None
    model_color_format: int | None = None
    maintain_aspect_ratio: int | None = None
    symmetric_padding: int | None = None


@dataclass(frozen=True, slots=True)
class Stated:
    """What each level states about a model, None or "" where it says nothing. ``fixed``: the user's keys;
    ``exporter_sources``: where each of `KEYS` stands. ``graph``: what the graph shows, one entry for each period of the
    project that made it. ``firm``: the family's convention holds for every model with this head. ``aspect``:
    maintain-aspect-ratio in the family's training. ``truth``: what ground truth decides; ``truth_against``: what it
    says against stronger levels. ``same_shape``: picture and network have the same sides' ratio."""

    fixed: Fixed = Fixed()
    exporter: Fixed = Fixed()
    exporter_sources: tuple[str, ...] = ("",) * len(KEYS)
    truth: Fixed = Fixed()
    truth_source: str = ""
    truth_against: str = ""
    graph: tuple[Fixed, ...] = ()
    graph_source: str = ""
    convention: Preprocessing | None = None
    convention_origin: str = ""
    firm: bool = True
    aspect: int = 1
    channels: int = 3
    user_origin: str = "dsbench.toml"
    same_shape: bool = False


@dataclass(frozen=True, slots=True)
class Claim:
    """What one level says about one key: its value as text, and where it says so."""

    level: str
    value: str
    source: str


@dataclass(frozen=True, slots=True)
class KeyChoice:
    """One of nvinfer's keys: its value, who states it and where, and what every level says about it."""

    key: str
    level: StatedBy
    source: str
    value: str = ""
    claims: tuple[Claim, ...] = ()

    @property
    def others(self) -> tuple[str, ...]:
        """What weaker levels state instead."""
        weaker = (claim for claim in self.claims if claim.level not in (self.level, MEASURED, HABIT))
        habit = (claim for claim in self.claims if claim.level == HABIT and self.level is not StatedBy.UNKNOWN)
        return tuple(f"{claim.level}: {claim.value}" for claim in (*weaker, *habit) if claim.value != self.value)


def apply(base: Preprocessing, fixed: Fixed) -> Preprocessing:
    """``base`` with the stated keys; if they change the scale, offsets of ``base`` are dropped unless stated."""
    scale, offsets = base.net_scale_factor, base.offsets
    if fixed.net_scale_factor is not None:
        offsets = () if fixed.net_scale_factor != scale else offsets
        scale = fixed.net_scale_factor
    return Preprocessing(
        scale,
        fixed.offsets if fixed.offsets is not None else offsets,
        base.model_color_format if fixed.model_color_format is None else fixed.model_color_format,
        base.maintain_aspect_ratio if fixed.maintain_aspect_ratio is None else fixed.maintain_aspect_ratio,
        base.symmetric_padding if fixed.symmetric_padding is None else fixed.symmetric_padding,
    )


def fit(value: Preprocessing, channels: int) -> Preprocessing:
    """The preprocessing for a network of this many channels: one channel means GRAY and one offset."""
    return value if channels == 3 else replace(value, model_color_format=2, offsets=value.offsets[:1])


def settle(base: Preprocessing, stated: Stated, graph: Fixed) -> Preprocessing:
    """``base`` with the graph's keys, then with those of ground truth, the exporter and the user."""
    known = apply(apply(apply(base, graph), stated.truth), stated.exporter)
    return apply(fit(known, stated.channels), stated.fixed)


def contradicts(value: Preprocessing, evidence: RangeEvidence) -> bool:
    """Whether a preprocessing feeds another range of pixels than the network expects."""
    fed = fed_range(value)
    return PixelRange.UNKNOWN not in (fed, evidence.range) and fed is not evidence.range


def of_graph(stated: Stated, evidence: RangeEvidence) -> Fixed:
    """What the graph shows, in the period that the evidence leaves; nothing if it refutes all of them."""
    return common([item for item in stated.graph if not _refuted(item, evidence)])


def possible(stated: Stated) -> tuple[Fixed, ...]:
    """Every answer that `of_graph` can give."""
    return tuple(dict.fromkeys((common(stated.graph), *stated.graph, Fixed())))


def common(alternatives: Sequence[Fixed]) -> Fixed:
    """The keys on which all alternatives agree."""
    if not alternatives:
        return Fixed()
    first = alternatives[0]
    differ = {
        item.name: None
        for item in fields(Fixed)
        if len({getattr(alternative, item.name) for alternative in alternatives}) > 1
    }
    found = replace(first, **differ)
    return replace(found, offsets=None) if found.net_scale_factor is None else found


def _refuted(item: Fixed, evidence: RangeEvidence) -> bool:
    return item.net_scale_factor is not None and contradicts(Preprocessing(item.net_scale_factor), evidence)


def refutation(stated: Stated, evidence: RangeEvidence) -> str:
    """A sentence if the evidence refutes all that the graph's names say; empty otherwise."""
    if not stated.graph or not all(_refuted(item, evidence) for item in stated.graph):
        return ""
    scales = " or ".join(f"net-scale-factor={text(item.net_scale_factor)}" for item in stated.graph)
    return f"The graph looks like one that is fed {scales} ({stated.graph_source}), which its first layer refutes."


def key_choices(
    chosen: Preprocessing, stated: Stated, graph: Fixed, base: tuple[StatedBy, str], evidence: RangeEvidence
) -> tuple[KeyChoice, ...]:
    """Who states each key of ``chosen``. ``base``: the level and the source of what nobody above the family states."""
    keys = [_key(index, chosen, stated, graph, base) for index in range(len(KEYS))]
    if evidence.reason:
        claim = Claim(MEASURED, str(evidence.range), evidence.reason)
        keys[_SCALE] = replace(keys[_SCALE], claims=(*keys[_SCALE].claims, claim))
    if not chosen.maintain_aspect_ratio and keys[_PADDING].level is StatedBy.UNKNOWN:
        keys[_PADDING] = replace(keys[_PADDING], level=keys[_ASPECT].level, source="a stretched picture has no padding")
    if stated.same_shape:
        for index in (_ASPECT, _PADDING):
            if keys[index].level is StatedBy.UNKNOWN:
                keys[index] = replace(keys[index], level=StatedBy.EITHER, source=EITHER)
    return tuple(keys)


def _key(index: int, chosen: Preprocessing, stated: Stated, graph: Fixed, base: tuple[StatedBy, str]) -> KeyChoice:
    name, value, claims = KEYS[index], text(values(chosen)[index]), tuple(_claims(index, stated, graph))
    user = values(stated.fixed)[index] is not None
    if index == _OFFSETS and stated.fixed.net_scale_factor is not None:
        user = True  # a scale of the user's own brings no offsets
    if user:
        return KeyChoice(name, StatedBy.USER, stated.user_origin, value, claims)
    if index == _COLOR and stated.channels != 3:
        return KeyChoice(name, StatedBy.EXPORTER, "the input has one channel", value, claims)
    if values(stated.exporter)[index] is not None:
        return KeyChoice(name, StatedBy.EXPORTER, stated.exporter_sources[index], value, claims)
    if values(stated.truth)[index] is not None:
        return KeyChoice(name, StatedBy.GROUND_TRUTH, stated.truth_source, value, claims)
    if values(graph)[index] is not None:
        return KeyChoice(name, StatedBy.GRAPH, stated.graph_source, value, claims)
    return KeyChoice(name, *base, value, claims)


def _claims(index: int, stated: Stated, graph: Fixed) -> list[Claim]:
    """What every level says about one key, the strongest first."""
    convention = fit(stated.convention, stated.channels) if stated.convention else None
    origin = stated.convention_origin or "family convention"
    every = (
        (StatedBy.USER, stated.fixed, stated.user_origin),
        (StatedBy.EXPORTER, stated.exporter, stated.exporter_sources[index]),
        (StatedBy.GROUND_TRUTH, stated.truth, stated.truth_source),
        (StatedBy.GRAPH, graph, stated.graph_source),
        (StatedBy.CONVENTION if stated.firm else HABIT, convention, origin),
    )
    claimed = ((level, values(item)[index] if item else None, source) for level, item, source in every)
    return [Claim(level, text(value), source) for level, value, source in claimed if value is not None]


def values(value: Fixed | Preprocessing) -> tuple[float | tuple[float, ...] | None, ...]:
    """Values in the order of `KEYS`."""
    return (
        value.net_scale_factor,
        value.offsets,
        value.model_color_format,
        value.maintain_aspect_ratio,
        value.symmetric_padding,
    )


def text(value: object) -> str:
    """A value as nvinfer reads it; ``none`` for no offsets."""
    if isinstance(value, tuple):
        return ";".join(f"{part:g}" for part in value) or "none"
    return float32_text(value) if isinstance(value, float) else repr(value)
