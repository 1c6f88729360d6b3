"""The environment of child programs."""

from __future__ import annotations

import os


def snapshot(**changes: str) -> dict[str, str]:
    """A copy of ``os.environ`` with ``changes``.

    A variable that another thread removes during the copy is left out (pytest sets and removes one for every test);
    ``dict(os.environ)`` would raise.
    """
    found = {name: value for name in list(os.environ) if (value := os.environ.get(name)) is not None}
    return {**found, **changes}
