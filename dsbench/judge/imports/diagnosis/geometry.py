"""What a parser can get wrong about boxes: each mistake as the corners that follow from it.

Mistakes on finished boxes act on the decoded corners, and on clipped ones; mistakes in the decoding act on the raw
columns (``raw_geometry``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dsbench.families.base import Network
from dsbench.judge.imports.diagnosis import raw_columns, raw_geometry
from dsbench.judge.imports.diagnosis.row_parts import DecodedRows, centred, clipped

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Finished = Callable[[Floats, Network], tuple[Floats, ...]]
    """Corners (n, 4) to left, top, right, bottom as pushed, in one or more variants."""
    Decode = Callable[[DecodedRows, Network], tuple[Floats, ...]]
    """The same from the rows; empty where the mistake cannot be made."""


@dataclass(frozen=True, slots=True)
class BoxMistake:
    """One mistake: a stable id, what the parser does, what to do. One of ``finished`` and ``decode`` is given.

    ``harmless``: it moves no box by a pixel. ``parameters``: numbers that were fitted to the parser's boxes.
    """

    id: str
    text: str
    fix: str
    finished: Finished | None = None
    decode: Decode | None = None
    harmless: bool = False
    parameters: int = 0

    def predict(self, rows: DecodedRows, network: Network) -> tuple[Floats, ...]:
        """Left, top, right, bottom (n, 4), in one or more variants."""
        import numpy as np

        with np.errstate(all="ignore"):
            if self.decode is not None:
                return self.decode(rows, network)
            assert self.finished is not None
            found = self.finished(rows.corners, network)
            inner = clipped(rows.corners, network.width, network.height)
            if np.array_equal(inner, rows.corners):
                return found
            return (*found, *self.finished(inner, network))


def _right(corners: Floats, network: Network) -> tuple[Floats, ...]:
    return (corners,)


def _parts(corners: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """Centre x, centre y, width, height."""
    x1, y1, x2, y2 = corners.T
    return (x1 + x2) / 2, (y1 + y2) / 2, x2 - x1, y2 - y1


def _sized(left: Floats, top: Floats, width: Floats, height: Floats) -> Floats:
    import numpy as np

    return np.stack((left, top, left + width, top + height), axis=1)


def _corner_is_centre(corners: Floats, network: Network) -> tuple[Floats, ...]:
    return (_sized(*_parts(corners)),)


def _subtracted_twice(corners: Floats, network: Network) -> tuple[Floats, ...]:
    _, _, w, h = _parts(corners)
    return (_sized(corners[:, 0] - w / 2, corners[:, 1] - h / 2, w, h),)


def _axes_swapped(corners: Floats, network: Network) -> tuple[Floats, ...]:
    """In pixels, and as fractions of the sides of the network."""
    import numpy as np

    swapped = corners[:, [1, 0, 3, 2]]
    return swapped, swapped * np.array([network.width / network.height, network.height / network.width] * 2)


def _places_swapped(corners: Floats, network: Network) -> tuple[Floats, ...]:
    cx, cy, w, h = _parts(corners)
    return centred(cy, cx, w, h), _sized(corners[:, 1], corners[:, 0], w, h)


def _sizes_swapped(corners: Floats, network: Network) -> tuple[Floats, ...]:
    cx, cy, w, h = _parts(corners)
    return centred(cx, cy, h, w), _sized(corners[:, 0], corners[:, 1], h, w)


def _edges_as_sizes(corners: Floats, network: Network) -> tuple[Floats, ...]:
    return (_sized(*corners.T),)


def _corners_as_centres(corners: Floats, network: Network) -> tuple[Floats, ...]:
    return (centred(*corners.T),)


def _centres_as_corners(corners: Floats, network: Network) -> tuple[Floats, ...]:
    import numpy as np

    return (np.stack(_parts(corners), axis=1),)


def _lower_right(corners: Floats, network: Network) -> tuple[Floats, ...]:
    _, _, w, h = _parts(corners)
    return (_sized(corners[:, 2], corners[:, 3], w, h),)


def _size_not_cut(corners: Floats, network: Network) -> tuple[Floats, ...]:
    """Left and top clipped, the whole size kept."""
    import numpy as np

    _, _, w, h = _parts(corners)
    return (_sized(np.maximum(corners[:, 0], 0), np.maximum(corners[:, 1], 0), w, h),)


def _half(corners: Floats, network: Network) -> tuple[Floats, ...]:
    cx, cy, w, h = _parts(corners)
    return centred(cx, cy, w / 2, h / 2), _sized(corners[:, 0], corners[:, 1], w / 2, h / 2)


def _double(corners: Floats, network: Network) -> tuple[Floats, ...]:
    cx, cy, w, h = _parts(corners)
    return centred(cx, cy, w * 2, h * 2), _sized(corners[:, 0], corners[:, 1], w * 2, h * 2)


def _upside_down(corners: Floats, network: Network) -> tuple[Floats, ...]:
    import numpy as np

    x1, y1, x2, y2 = corners.T
    return (np.stack((x1, network.height - y2, x2, network.height - y1), axis=1),)


def _mirrored(corners: Floats, network: Network) -> tuple[Floats, ...]:
    import numpy as np

    x1, y1, x2, y2 = corners.T
    return (np.stack((network.width - x2, y1, network.width - x1, y2), axis=1),)


def _whole(corners: Floats, network: Network) -> tuple[Floats, ...]:
    import numpy as np

    found: list[Floats] = []
    for whole in (np.trunc, np.rint):
        _, _, w, h = _parts(corners)
        found += [whole(corners), _sized(whole(corners[:, 0]), whole(corners[:, 1]), whole(w), whole(h))]
        cx, cy, w, h = (whole(part) for part in _parts(corners))
        found += [centred(cx, cy, w, h), _sized(whole(cx - w / 2), whole(cy - h / 2), w, h)]
    return tuple(found)


def _other_side(corners: Floats, network: Network) -> tuple[Floats, ...]:
    """x clipped to the height, y to the width."""
    import numpy as np

    if network.width == network.height:
        return ()
    x, y = network.height - 1.0, network.width - 1.0
    limits = ([x, y], [x, network.height - 1.0], [network.width - 1.0, y])
    return tuple(np.clip(corners, 0, np.array(limit * 2)) for limit in limits)


def _multiples(corners: Floats, network: Network) -> tuple[Floats, ...]:
    """Places, or places and sizes, cut to multiples of some pixels."""
    import numpy as np

    found = []
    for step in (2.0, 4.0, 8.0, 16.0, 32.0):
        _, _, w, h = _parts(corners)
        cut = np.floor(corners / step) * step
        whole_w, whole_h = np.floor(w / step) * step, np.floor(h / step) * step
        found += [_sized(cut[:, 0], cut[:, 1], w, h), _sized(cut[:, 0], cut[:, 1], whole_w, whole_h)]
    return tuple(found)


RIGHT = BoxMistake("", "", "", _right)
"""No mistake."""

_CORNER = "left = cx - width / 2, top = cy - height / 2"

BOX_MISTAKES: tuple[BoxMistake, ...] = (
    BoxMistake("corner-is-centre", "left and top hold the centre of the box", _CORNER, _corner_is_centre),
    BoxMistake("half-size-twice", "left and top lie half a box too far to the upper left",
               f"subtract half of the size once, and from the centre: {_CORNER}", _subtracted_twice),
    BoxMistake("axes-swapped", "x and y are swapped",
               "swap the columns: the order is x, y, x, y (or x, y, width, height)", _axes_swapped),
    BoxMistake("places-swapped", "left and top are swapped", "left comes from x, top from y", _places_swapped),
    BoxMistake("sizes-swapped", "width and height are swapped", "swap the columns of width and height",
               _sizes_swapped),
    BoxMistake("edges-as-sizes", "width and height hold the right and the lower edge",
               "width = x2 - x1, height = y2 - y1", _edges_as_sizes),
    BoxMistake("corners-as-centres", "corners x1, y1, x2, y2 are read as centre and size",
               "left = x1, top = y1, width = x2 - x1, height = y2 - y1", _corners_as_centres),
    BoxMistake("centres-as-corners", "centre and size are read as corners x1, y1, x2, y2",
               f"{_CORNER}; width and height as they are", _centres_as_corners),
    BoxMistake("lower-right-corner", "left and top hold the lower right corner", "left = x1, top = y1", _lower_right),
    BoxMistake("size-halved", "width and height are half of what they should be", "push the whole size", _half),
    BoxMistake("size-doubled", "width and height are twice what they should be", "do not double the size", _double),
    BoxMistake("size-not-cut", "left and top are clipped to the network, width and height are not",
               "clip both corners, then width = right - left, height = bottom - top", _size_not_cut),
    BoxMistake("upside-down", "y is measured from the lower edge", "measure y from the upper edge", _upside_down),
    BoxMistake("mirrored", "x is measured from the right edge", "measure x from the left edge", _mirrored),
    BoxMistake("whole-pixels", "coordinates are cut to whole pixels", "keep float coordinates", _whole, harmless=True),
    BoxMistake("multiples", "coordinates are cut to multiples of several pixels, as of 8 or 16",
               "keep float coordinates", _multiples),
    BoxMistake("clipped-to-other-side", "x is clipped to the network's height, or y to its width",
               "clip x to networkInfo.width - 1, y to networkInfo.height - 1", _other_side),
    *(BoxMistake(id, text, fix, decode=decode)
      for id, text, fix, decode in (*raw_geometry.MISTAKES, *raw_columns.MISTAKES)),
)  # fmt: skip
