"""The environment of child programs, and what it says of DeepStream."""

from __future__ import annotations

import os
from collections.abc import Mapping

QUIET = {"ORT_DISABLE_TELEMETRY": "1"}
"""Switches off the telemetry of the libraries that children load."""

COPY_OF, COPY_OF_ROW = "DSBENCH_COPY_OF", "Copy of"
"""Variable that names the model directory which a run on a copy is about, and that row of the record's environment."""


def snapshot(**changes: str) -> dict[str, str]:
    """A copy of ``os.environ`` with ``QUIET`` and ``changes``.

    A variable that another thread removes during the copy is left out (pytest sets and removes one for every test);
    ``dict(os.environ)`` would raise.
    """
    found = {name: value for name in list(os.environ) if (value := os.environ.get(name)) is not None}
    return {**found, **QUIET, **changes}


def new_streammux(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether DeepStream takes the muxer that does not scale and has no width, height, gpu-id and no endless
    batched-push-timeout."""
    return environment.get("USE_NEW_NVSTREAMMUX") == "yes"
