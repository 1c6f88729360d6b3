"""ONNX Runtime with its telemetry switched off; no other module imports it."""

from __future__ import annotations

import os
from typing import Any

from dsbench.base.environment import QUIET


def load_onnxruntime() -> Any:
    """The module ``onnxruntime``. With telemetry it writes ``.ses`` into the temporary directory and an identifier of
    the device below ``~/.cache/Microsoft``; it reads the variable when it is loaded."""
    os.environ.update(QUIET)
    import onnxruntime

    return onnxruntime
