"""What the fleet's commands say beside their output."""

from __future__ import annotations

import sys

from dsbench.base.text import printable


def say(text: str) -> None:
    """A note on standard error, shown at once."""
    print(f"dsbench fleet: {printable(text)}", file=sys.stderr, flush=True)
