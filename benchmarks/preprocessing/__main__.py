"""The command: collect what is missing, then print the table."""

from __future__ import annotations

from benchmarks.preprocessing import command_line
from benchmarks.preprocessing.calibrate import table
from benchmarks.preprocessing.collect import collect


def main() -> None:
    options = command_line.read("benchmarks.preprocessing", __doc__)
    if not options.table:
        collect(options.models, options.videos, options.cache)
    table(options.models, options.cache)


if __name__ == "__main__":
    main()
