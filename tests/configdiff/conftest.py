"""The small model, clip and parser of the embedded runtime's tests."""

from __future__ import annotations

from tests.embedded.conftest import means_parser, world

__all__ = ["means_parser", "world"]
