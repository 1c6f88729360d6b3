"""Boxes and their names drawn on RGB frames; pictures side by side on a sheet; JPEG.

A label is pixels here, whatever it says: control characters are replaced and long names are cut.
"""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dsbench.base.boxes import Boxes
from dsbench.base.text import printable

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw
    from PIL.ImageFont import FreeTypeFont, ImageFont

    Rgb = NDArray[np.uint8]

_COLORS = ("#ff3b30", "#34c759", "#0a84ff", "#ff9f0a", "#bf5af2", "#00c7be", "#ffd60a", "#ff2d92")
"""Of the boxes, by class id."""
_MARK, _PLAIN = "#ff453a", "#c8c8c8"
"""Of boxes that stand out, and of all others."""
_MAX_DRAWN = 60
"""Boxes drawn, the best: more hide the frame."""
_MAX_NAME = 20
_TEXT, _HEADING = 12, 15
_MARGIN, _GAP, _LINE = 12, 8, 20


@dataclass(frozen=True)
class SheetColumn:
    """Pictures of one size, one below the other, each with a caption, under lines of text."""

    heading: tuple[str, ...]
    pictures: tuple[Image, ...]
    captions: tuple[str, ...]


def with_boxes(frame: Rgb, boxes: Boxes, names: Sequence[str], scale: float) -> Image:
    """The frame (h, w, 3) with the best boxes, the best on top; ``scale``: pixels of the frame per pixel of a box."""
    from PIL import Image, ImageDraw

    image = Image.fromarray(frame)
    draw = ImageDraw.Draw(image)
    order = (-boxes.confidence).argsort(kind="stable")[:_MAX_DRAWN][::-1]
    shown = [row for row in boxes.take(order).table().tolist() if all(map(math.isfinite, row))]
    for number, left, top, width, height, _ in shown:
        sides = [_inside(side * scale, image) for side in (left, top, left + width, top + height)]
        if sides[2] > sides[0] and sides[3] > sides[1]:
            draw.rectangle(sides, outline=_color(number), width=2)
    for number, left, top, _, _, score in shown:
        text = f"{_name(names, int(number))} {score:.2f}"
        _label(draw, image, (left * scale, top * scale), text, _color(number))
    return image


def with_marked(frame: Rgb, boxes: Boxes, names: Sequence[str], scale: float, marked: Sequence[int]) -> Image:
    """The frame with every box in grey, and those at the places ``marked`` in colour with class and score."""
    from PIL import Image, ImageDraw

    image = Image.fromarray(frame)
    draw = ImageDraw.Draw(image)
    chosen = set(marked)
    rows = [(place in chosen, row) for place, row in enumerate(boxes.table().tolist()) if all(map(math.isfinite, row))]
    for bright, (_, left, top, width, height, _) in sorted(rows, key=lambda item: item[0]):
        sides = [_inside(side * scale, image) for side in (left, top, left + width, top + height)]
        if sides[2] > sides[0] and sides[3] > sides[1]:
            draw.rectangle(sides, outline=_MARK if bright else _PLAIN, width=2 if bright else 1)
    for number, left, top, _, _, score in [row for bright, row in rows if bright][:_MAX_DRAWN]:
        _label(draw, image, (left * scale, top * scale), f"{_name(names, int(number))} {score:.2f}", _MARK)
    return image


def sheet(columns: Sequence[SheetColumn]) -> Image:
    """The columns side by side on white."""
    from PIL import Image, ImageDraw

    width, height = columns[0].pictures[0].size
    head = _MARGIN + _LINE * max(len(column.heading) for column in columns)
    rows = max(len(column.pictures) for column in columns)
    step = height + _LINE + _GAP
    page = Image.new("RGB", (_MARGIN + len(columns) * (width + _MARGIN), head + rows * step), "white")
    draw = ImageDraw.Draw(page)
    for number, column in enumerate(columns):
        left = _MARGIN + number * (width + _MARGIN)
        for line, text in enumerate(column.heading):
            draw.text((left, _GAP + line * _LINE), printable(text), fill="black", font=_font(_HEADING))
        for row, (picture, caption) in enumerate(zip(column.pictures, column.captions, strict=True)):
            top = head + row * step
            page.paste(picture, (left, top))
            draw.text((left, top + height + 2), printable(caption), fill="#444444", font=_font(_TEXT))
    return page


def jpeg(image: Image, quality: int) -> bytes:
    """The picture as a JPEG file."""
    data = io.BytesIO()
    image.save(data, "JPEG", quality=quality)
    return data.getvalue()


def _label(draw: ImageDraw, image: Image, corner: tuple[float, float], text: str, color: str) -> None:
    """Text on its colour above the box's top left corner, moved inside the picture."""
    font = _font(_TEXT)
    _, _, width, height = draw.textbbox((0, 0), text, font=font)
    left = max(0, min(corner[0], image.width - width - 4))
    top = max(0, min(corner[1] - height - 2, image.height - height - 2))
    draw.rectangle((left, top, left + width + 3, top + height + 1), fill=color)
    draw.text((left + 2, top), text, fill="black", font=font)


def _inside(side: float, image: Image) -> float:
    """A coordinate that PIL can draw: far outside is as good as outside."""
    return max(-4.0, min(side, max(image.size) + 4.0))


def _color(class_id: float) -> str:
    return _COLORS[int(class_id) % len(_COLORS)]


def _name(names: Sequence[str], class_id: int) -> str:
    name = names[class_id].strip() if 0 <= class_id < len(names) else ""
    name = name or f"class {class_id}"
    return printable(name if len(name) <= _MAX_NAME else f"{name[: _MAX_NAME - 1]}…")


def _font(size: int) -> FreeTypeFont | ImageFont:
    from PIL import ImageFont

    return ImageFont.load_default(size=size)
