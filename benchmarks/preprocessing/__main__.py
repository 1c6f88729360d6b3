"""The command: collect what is missing, then print the table."""

from __future__ import annotations

import argparse
from pathlib import Path

from benchmarks.preprocessing.calibrate import table
from benchmarks.preprocessing.collect import collect


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.preprocessing", description=__doc__)
    parser.add_argument("--models", type=Path, required=True, help="folder of ONNX files, named as in models.toml")
    parser.add_argument("--videos", type=Path, required=True, help="folder of the clips")
    parser.add_argument("--cache", type=Path, required=True, help="folder outside the repository for what was found")
    parser.add_argument("--table", action="store_true", help="only print the table of what is in the cache")
    options = parser.parse_args()
    if not options.table:
        collect(options.models, options.videos, options.cache)
    table(options.models, options.cache)


if __name__ == "__main__":
    main()
