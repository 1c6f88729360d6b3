"""The table: what each signal says on each model, with thresholds taken from the other models only."""

from __future__ import annotations

import json
import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.preprocessing.collect import Model, candidates, fixed_input, models
from dsbench.base.boxes import Boxes
from dsbench.embedded.probes.stem import gain_of
from dsbench.families.base import Preprocessing
from dsbench.judge.imports import frame_evidence
from dsbench.judge.imports.frame_evidence import Findings, PixelRange, Views, fed_range

FLOOR = 0.25
MARGIN = 1.4
"""A threshold lies this factor above the highest value of a wrong range."""


@dataclass(frozen=True)
class Pair:
    """One model on one clip: what each candidate finds, and the strength of its colour twin in the mirrored frame."""

    model: Model
    clip: str
    found: Mapping[Preprocessing, Findings]

    @property
    def wrong_range(self) -> float:
        """The most that a candidate of the wrong range finds again although its boxes hold together."""
        wrong = [item for value, item in self.found.items() if fed_range(value) is not fed_range(self.model.truth)]
        steady = [item.again for item in wrong if item.again >= frame_evidence.MIN_AGAIN * item.strength]
        return max(steady, default=0.0)


def pairs(found: Sequence[Model], cache: Path) -> Iterator[Pair]:
    """Everything in ``cache``."""
    for model in found:
        tried = candidates(model)
        for path in sorted(cache.glob(f"{model.name}@*.json")):
            views: dict[tuple[int, int], dict[str, Boxes]] = defaultdict(dict)
            for row in json.loads(path.read_text()):
                boxes = Boxes.from_table(np.array(row["boxes"], np.float32).reshape(-1, 6))
                views[row["candidate"], row["frame"]][row["view"]] = boxes
            frames: dict[int, list[Views]] = defaultdict(list)
            for (candidate, _), parts in views.items():
                if {"plain", "mirror", "zoom"} <= parts.keys():
                    frames[candidate].append(Views(parts["plain"], parts["mirror"], parts["zoom"]))
            measured = {tried[index]: frame_evidence.findings(parts, FLOOR) for index, parts in frames.items()}
            yield Pair(model, path.stem.split("@")[1].replace("+", ":"), measured)


def judged(answer: PixelRange, truth: Preprocessing) -> str:
    if answer is PixelRange.UNKNOWN:
        return "unknown"
    return "right" if answer is fed_range(truth) else "WRONG"


def by_gain(gain: float | None, others: Mapping[Model, float | None]) -> PixelRange:
    """The range by gain; the band without an answer is the middle third (in logarithms) between the other models."""
    if gain is None:
        return PixelRange.UNKNOWN
    of_range: dict[PixelRange, list[float]] = defaultdict(list)
    for model, value in others.items():
        if value is not None:
            of_range[fed_range(model.truth)].append(math.log(value))
    low, high = max(of_range[PixelRange.BYTE]), min(of_range[PixelRange.UNIT])
    if math.log(gain) <= low + (high - low) / 3:
        return PixelRange.BYTE
    return PixelRange.UNIT if math.log(gain) >= high - (high - low) / 3 else PixelRange.UNKNOWN


def by_boxes(pair: Pair, others: Sequence[Pair]) -> PixelRange:
    """The range by boxes found again; the least strength comes from the other models."""
    least = MARGIN * max((item.wrong_range for item in others), default=0.0)
    evidence = frame_evidence.of_findings(pair.found)
    best = max((item.again for value, item in pair.found.items() if fed_range(value) is evidence.range), default=0.0)
    return evidence.range if best >= least else PixelRange.UNKNOWN


def table(models_dir: Path, cache: Path) -> None:
    """Print a row for each model and the sums."""
    known = models(models_dir)
    everything = list(pairs(known, cache))
    gains = {model: _gain(model) for model in known}
    sums: dict[str, Counter[str]] = defaultdict(Counter)
    titles = (
        "model",
        "gain",
        "range by gain",
        "clips",
        "range by boxes",
        "scale by boxes",
        "most strength",
        "most again",
    )
    print(f"| {' | '.join(titles)} |")
    print("|---" * len(titles) + "|")
    for model in known:
        mine = [pair for pair in everything if pair.model == model]
        rest = [pair for pair in everything if pair.model != model]
        others = {other: value for other, value in gains.items() if other != model}
        columns = {
            "gain": Counter([judged(by_gain(gains[model], others), model.truth)]),
            "boxes": Counter(judged(by_boxes(pair, rest), model.truth) for pair in mine),
            "strength": Counter(_most(pair, "strength") for pair in mine),
            "again": Counter(_most(pair, "again") for pair in mine),
        }
        for name, counts in columns.items():
            sums[name] += counts
        gain = f"{gains[model]:.2g}" if gains[model] is not None else "none"
        texts = [_text(columns[name]) for name in ("boxes", "strength", "again")]
        print(f"| {model.name} | {gain} | {_text(columns['gain'])} | {len(mine)} | {' | '.join(texts)} |")
    cells = " | ".join(_text(sums[name]) for name in ("boxes", "strength", "again"))
    print(f"| all | | {_text(sums['gain'])} | {len(everything)} | {cells} |")


def _most(pair: Pair, what: str) -> str:
    """Whether the candidate that finds most (or most again) is fed rightly: scale and offsets."""
    best = max(pair.found.values(), key=lambda item: getattr(item, what))
    if getattr(best, what) == 0:
        return "unknown"
    value = next(value for value, item in pair.found.items() if item is best)
    return "right" if value == pair.model.truth else "WRONG"


def _text(counts: Counter[str]) -> str:
    return ", ".join(f"{counts[name]} {name.lower()}" for name in ("right", "unknown", "WRONG") if counts[name])


def _gain(model: Model) -> float | None:
    network = model.network
    return gain_of(fixed_input(model), (3, network.height, network.width), False)
