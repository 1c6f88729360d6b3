"""What the server of `tests.warm` imports before its first fork: pytest, its plugins, what a run of dsbench uses."""

from __future__ import annotations

import contextlib
import importlib
import io
import os
import pkgutil
import sys

PATH = tuple(part for part in sys.path if part)
"""Where an installed Python finds its modules."""


def _import_everything() -> None:
    import pytest

    with contextlib.redirect_stdout(io.StringIO()):  # loads the plugins as pytest does
        pytest.main(["--markers", "-c", os.devnull, "-p", "no:cacheprovider"])
    import dsbench.steps

    for name in ("numpy", "onnx", "av", "PIL.Image", "jinja2", "yaml"):
        importlib.import_module(name)
    for module in pkgutil.iter_modules(dsbench.steps.__path__):
        importlib.import_module(f"dsbench.steps.{module.name}")


_import_everything()
