"""Pictures of where the time of a frame goes. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dsbench.report import svg

_WIDTH, _LEFT, _RIGHT, _TOP, _ROW, _BAR = 540, 4, 4, 26, 42, 16
NOTE = (
    "Each stage was measured alone. If they ran one after another, the rest would be what neither explains:"
    " preprocessing, parser, drawing, waiting. Stages that run at the same time overlap."
)


@dataclass(frozen=True)
class Stage:
    """A stage and its milliseconds per frame; ``label``: where they come from."""

    name: str
    ms: float
    label: str


def ceilings(title: str, stages: Sequence[Stage]) -> str:
    """SVG: the run (the first stage) split into the stages measured alone and a rest, then a bar for each."""
    if not stages:
        return svg.document(_WIDTH, _TOP, title, [svg.text(_LEFT, 16, title, bold=True)], "No figures.")
    run, alone = stages[0], stages[1:]
    longest = max(stage.ms for stage in stages)
    parts = [svg.text(_LEFT, 16, title, bold=True)]
    for number, stage in enumerate(stages):
        parts.append(svg.text(_LEFT, _TOP + number * _ROW + 12, f"{stage.name}: {_ms(stage.ms)} ms ({stage.label})"))
    one_each = {stage.name.partition(",")[0]: (place, stage) for place, stage in reversed([*enumerate(alone)])}
    fits = sum(stage.ms for _, stage in one_each.values()) <= run.ms
    if fits and one_each:
        parts += _split(run, list(reversed(one_each.values())), longest)
    else:
        parts.append(svg.area(_LEFT, _TOP + 18, _wide(run.ms, longest), _BAR, "mut"))
    for place, stage in enumerate(alone):
        parts.append(svg.area(_LEFT, _TOP + (place + 1) * _ROW + 18, _wide(stage.ms, longest), _BAR, place))
    said = "; ".join(f"{stage.name} {_ms(stage.ms)} ms" for stage in stages)
    return svg.document(_WIDTH, _TOP + len(stages) * _ROW, title, parts, f"Per frame: {said}.")


def _split(run: Stage, alone: Sequence[tuple[int, Stage]], longest: float) -> list[str]:
    """The bar of the run: one part for each stage alone, and the rest."""
    parts, at = [], float(_LEFT)
    for place, stage in alone:
        parts.append(
            svg.area(at, _TOP + 18, _wide(stage.ms, longest), _BAR, place, f"{stage.name}: {_ms(stage.ms)} ms")
        )
        at += _wide(stage.ms, longest)
    rest = run.ms - sum(stage.ms for _, stage in alone)
    return [*parts, svg.area(at, _TOP + 18, _wide(rest, longest), _BAR, "mut", f"the rest: {_ms(rest)} ms")]


def stacked(title: str, stages: Sequence[Stage]) -> str:
    """SVG: one bar, a part for each stage, and their names below."""
    whole = sum(stage.ms for stage in stages) or 1.0
    parts, at = [svg.text(_LEFT, 16, f"{title}: {_ms(whole)} ms", bold=True)], float(_LEFT)
    for number, stage in enumerate(stages):
        wide = _wide(stage.ms, whole)
        parts.append(svg.area(at, _TOP, wide, _BAR, number, f"{stage.name}: {_ms(stage.ms)} ms"))
        parts.append(svg.key(_LEFT, _TOP + _BAR + 18 + number * 16, f"■ {stage.name}: {_ms(stage.ms)} ms", number))
        at += wide
    said = "; ".join(f"{stage.name} {_ms(stage.ms)} ms" for stage in stages)
    return svg.document(_WIDTH, _TOP + _BAR + 24 + 16 * len(stages), title, parts, f"Per frame: {said}.")


def _wide(ms: float, longest: float) -> float:
    return max(0.0, ms) / (longest or 1.0) * (_WIDTH - _LEFT - _RIGHT)


def _ms(value: float) -> str:
    return f"{value:.1f}" if value >= 1 else f"{value:.2f}"
