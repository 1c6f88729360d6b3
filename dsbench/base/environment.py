"""The environment that child programs get."""

from __future__ import annotations

import os


def snapshot(**changes: str) -> dict[str, str]:
    """A copy of ``os.environ`` with ``changes``.

    A variable that another thread removes meanwhile is left out: pytest sets and removes one at every step, and copying
    the mapping as a whole fails then.
    """
    found = {name: value for name in list(os.environ) if (value := os.environ.get(name)) is not None}
    return {**found, **changes}
