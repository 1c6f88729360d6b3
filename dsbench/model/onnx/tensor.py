"""A graph input or output of an ONNX file."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TensorFacts:
    """Name, element type, and shape (None: the file does not say).

    A dimension is an int, or a symbol's name; an unnamed open dimension is ``"?"``.
    """

    name: str
    dtype: str
    shape: tuple[int | str, ...] | None
