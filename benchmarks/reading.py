"""How reading grows with what there is to read: KITTI dumps of up to 10^5 files, ``**PERF:`` logs of up to 1 GB.

    python benchmarks/reading.py [--largest-dump FILES] [--largest-log MB] [--folder DIR]

Each size is made in a temporary folder and read in a program of its own by the code that the suite uses; printed are
seconds, milliseconds per file or MB (flat: linear growth) and how much the reader's memory grew (flat: constant
memory). Logs: ``dense`` ones are nothing but rows, of ``mixed`` ones 99 % is other output. Each is read for the table
of its last windows, line by line as during a run, and for stream 0's values.
"""

from __future__ import annotations

import argparse
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

STREAMS = 8
OBJECTS = 5
OTHER = "WARNING from sink_sub_bin_sink1: A lot of buffers are being dropped.\n"
OTHER_LINES = 180
"""Behind each row of a mixed log: 99 % of its bytes."""
LABELS = ("car", "person", "traffic light", "bicycle")
MB = 1 << 20


@dataclass(frozen=True)
class Reading:
    """One size: seconds to read it, by how many MB the reader's memory grew, how much it found."""

    seconds: float
    grown_mb: float
    found: int


def write_dump(folder: Path, files: int) -> None:
    """``files`` KITTI files of four streams with a handful of objects each, as DeepStream writes them."""
    from dsbench.formats import kitti

    rng = random.Random(files)
    folder.mkdir()
    pool = []
    for _ in range(200):
        lines = []
        for _ in range(rng.randrange(2 * OBJECTS)):
            left, top = rng.uniform(0, 1200), rng.uniform(0, 650)
            box = kitti.from_box(rng.choice(LABELS), left, top, rng.uniform(1, 80), rng.uniform(1, 70), rng.random())
            lines.append(kitti.format_line(box) + "\n")
        pool.append("".join(lines))
    for number in range(files):
        (folder / kitti.file_name(0, number % 4, number // 4)).write_text(pool[number % len(pool)], "utf-8")


def write_log(path: Path, megabytes: int, other_lines: int = 0) -> None:
    """A console of a long run: a header every 20 rows, ``STREAMS`` streams, other threads' lines in between, and so
    many more of them behind each row."""
    rng = random.Random(megabytes)
    header = "\n**PERF:  " + "\t".join(f"FPS {stream} (Avg)" for stream in range(STREAMS)) + "\t\n"
    block = []
    for row in range(2000 // (1 + other_lines)):
        if row % 20 == 0:
            block.append(header)
        pairs = "\t".join(f"{rng.gauss(30, 1):.2f} ({rng.gauss(30, 0.1):.2f})" for _ in range(STREAMS))
        block.append(f"**PERF:  {pairs}\t\n")
        block.extend([OTHER] * (other_lines + (row % 50 == 0)))
    data = "".join(block).encode()
    with path.open("wb") as out:
        for _ in range(max(1, round(megabytes * MB / len(data)))):
            out.write(data)


def write_mixed_log(path: Path, megabytes: int) -> None:
    """A log of which 99 % is other output."""
    write_log(path, megabytes, OTHER_LINES)


def read(kind: str, path: Path) -> Reading:
    """Read a dump or a log in this process."""
    from dsbench.formats import kitti
    from dsbench.formats.perf.stream0 import stream0_values

    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    from benchmarks import consoles

    readers: dict[str, Callable[[], int]] = {
        "dump": lambda: kitti.scan(path).objects,
        "windows": lambda: len((table := consoles.windows(consoles.lines(path), STREAMS, 1)).fps) + table.earlier,
        "stream 0": lambda: sum(1 for _ in stream0_values(path)),
    }
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.perf_counter()
    found = readers[kind]()
    seconds = time.perf_counter() - started
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    return Reading(seconds, grown, found)


def read_apart(kind: str, path: Path) -> Reading:
    """``read`` in a program of its own, so that its memory is its own."""
    command = [sys.executable, __file__, "--read", kind, str(path)]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    seconds, grown, found = text.split()
    return Reading(float(seconds), float(grown), int(found))


def table(
    name: str, write: Callable[[Path, int], None], kinds: tuple[str, ...], sizes: list[int], folder: Path
) -> None:
    """Make, read and print each size."""
    unit, found = ("files", "objects") if name == "dump" else ("MB", "rows")
    print(f"\n{name:10} {unit:>10} {'read for':>10} {'seconds':>9} {'ms/' + unit:>10} {'memory +MB':>11} {found:>10}")
    for size in sizes:
        path = folder / "read"
        write(path, size)
        units = size if path.is_dir() else path.stat().st_size / MB
        for kind in kinds:
            got = read_apart(kind, path)
            each = got.seconds / units * 1000
            print(
                f"{'':10} {units:10.0f} {kind:>10} {got.seconds:9.2f} {each:10.3f} {got.grown_mb:11.1f} {got.found:10d}"
            )
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


def sizes_up_to(largest: int, smallest: int) -> list[int]:
    """Powers of ten from ``smallest`` on, the last one ``largest``."""
    sizes = [smallest]
    while sizes[-1] * 10 < largest:
        sizes.append(sizes[-1] * 10)
    return [*sizes, largest] if largest > sizes[-1] else [largest]


def main() -> int:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--largest-dump", type=int, default=100_000)
    parser.add_argument("--largest-log", type=int, default=1000)
    parser.add_argument("--folder", type=Path, help="where to make the files (default: the system's temporary folder)")
    parser.add_argument("--read", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.read:
        got = read(arguments.read[0], Path(arguments.read[1]))
        print(got.seconds, got.grown_mb, got.found)
        return 0
    with tempfile.TemporaryDirectory(dir=arguments.folder, prefix="dsbench-reading-") as folder:
        table("dump", write_dump, ("dump",), sizes_up_to(arguments.largest_dump, 1000), Path(folder))
        for name, write in (("dense log", write_log), ("mixed log", write_mixed_log)):
            table(name, write, ("windows", "stream 0"), sizes_up_to(arguments.largest_log, 10), Path(folder))
    return 0


if __name__ == "__main__":
    sys.exit(main())
