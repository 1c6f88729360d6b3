"""Whether column 4 of a YOLO head is an objectness. Pure functions of arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dsbench.families.base import Hints

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SURE = 0.3


@dataclass(frozen=True, slots=True)
class View:
    """One reading of the output: rows (n, columns) of all samples, and the evidence for it."""

    rows: NDArray[np.float32]
    samples: Sequence[NDArray[np.float32]]
    transposed: bool
    per_cell: int
    strides: tuple[int, ...]


def decide(view: View, counts: Sequence[int], hints: Hints) -> tuple[bool, str, tuple[str, ...]]:
    """Whether column 4 is an objectness, why, and a warning where values and names disagree."""
    import numpy as np

    columns = view.rows.shape[1]
    if hints.objectness is not None:
        return hints.objectness, "dsbench.toml", ()
    if columns == 5:
        return False, "one column beside the box", ()
    values_say = by_values(view.rows)
    built = _by_shape(view)
    for count in counts:
        if count in (columns - 4, columns - 5):
            named = count == columns - 5
            clash = values_say is not None and values_say != named and len(counts) == 1
            if clash and built == values_say:
                continue  # a label too many or too few, which is said where labels are compared with classes
            clash = clash and built is None  # names and layout agree: classes that come together, or a wrong feeding
            seen = "an objectness" if values_say else "a class"
            warning = f"{count} labels fit, but column 4 looks like {seen}: check labels.txt, or set [head] objectness"
            return named, f"{count} names, {columns} columns", (warning,) if clash else ()
    if view.per_cell == 3:
        return True, "three anchors for each cell, as in YOLOv5 and v7", ()
    if built is False:
        together = ("column 4 may be objectness: set [head] objectness",) if values_say else ()
        return False, "transposed, as YOLOv8 and later write it", together
    if values_say is not None:
        sure = view.rows[:, 4] >= SURE
        share = float(np.mean(view.rows[sure, 5:].max(axis=1) >= SURE)) if sure.any() else 0.0
        return values_say, f"column 4 and a class are high together in {share:.0%} of its rows", ()
    if view.transposed:
        return False, "transposed, as YOLOv8 and later write it", ()
    return (
        False,
        "nothing speaks for an objectness",
        ("column 4 may be objectness: set [head] objectness",),
    )


def _by_shape(view: View) -> bool | None:
    """What the layout alone says: three anchors a cell have one, transposed ones none."""
    if view.per_cell == 3:
        return True
    return False if view.transposed and view.per_cell == 1 else None


def by_values(rows: NDArray[np.float32]) -> bool | None:
    """Objectness is high together with a class, whichever; a class excludes the others. None: nothing was seen."""
    import numpy as np

    first, best = rows[:, 4], rows[:, 5:].max(axis=1)
    if float(np.ptp(first)) < 1e-6 and first[0] >= SURE:
        return True  # a constant 1, as YOLOv6 writes it
    sure = first >= SURE
    if not sure.any():
        if not (best >= SURE).any():
            return None
        return bool(np.mean(best >= SURE) > 0.05)
    return bool(np.mean(best[sure] >= SURE) > 0.5)
