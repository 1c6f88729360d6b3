"""The options that the benchmarks of this folder share."""

from __future__ import annotations

import argparse
from pathlib import Path


def read(module: str, description: str | None) -> argparse.Namespace:
    """The command line of ``python -m module``: ``models``, ``videos``, ``cache``, ``table``."""
    parser = argparse.ArgumentParser(prog=f"python -m {module}", description=description)
    parser.add_argument("--models", type=Path, required=True, help="folder of ONNX files, named as in models.toml")
    parser.add_argument("--videos", type=Path, required=True, help="folder of the clips")
    parser.add_argument("--cache", type=Path, required=True, help="folder outside the repository for what was found")
    parser.add_argument("--table", action="store_true", help="only print the table of what is in the cache")
    return parser.parse_args()
