"""Runs a command and shows what dsbench's telemetry says of GPU and CPU meanwhile: to check the sampler on a real GPU.

    python benchmarks/verify_telemetry.py --seconds 20 -- python benchmarks/nvdec_load.py --streams 8 --seconds 60

The command is stopped after ``--seconds`` (SIGINT, as dsbench stops deepstream-app). Prints what the machine has, each
sample, the summary from ``--skip`` seconds on, and the last lines of what the command printed. ``--json FILE`` keeps
the series in the record's form. Compare the table with ``nvidia-smi dmon -s pucvmet`` in another terminal.

Needs psutil, and nvidia-ml-py for the GPU. Exit status: 0 if the command ran and samples came, else 1.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from dsbench.base import jsonable, process
from dsbench.base.errors import DsbenchError
from dsbench.formats.telemetry import COLUMNS, Series
from dsbench.judge.run import telemetry as judge
from dsbench.machine.telemetry import sampler as telemetry
from dsbench.machine.versions import gpu_versions, machine_versions


def show(series: Series, skip: float) -> None:
    """The samples, then the summary."""
    print("\n" + " ".join(f"{name[:12]:>12}" for name in series.columns))
    for row in series.rows:
        print(" ".join(f"{'' if value is None else value:>12}" for value in row))
    end = series.rows[-1][0] or 0.0
    summary = judge.summarise(series, (skip, end))
    print(f"\nfrom {skip:.1f} to {end:.1f} s, {summary.samples} samples; {'; '.join(series.devices)}")
    print(f"{'':60} {'mean':>10} {'p95':>10} {'smallest':>10} {'largest':>10} {'before':>10}")
    for one in summary.columns:
        label = f"{COLUMNS[one.column].label} [{COLUMNS[one.column].unit}]"
        before = summary.before_run(one.column)
        values = (one.mean, one.p95, one.smallest, one.largest)
        print(
            f"{label:60} " + " ".join(f"{value:10.1f}" for value in values), "" if before is None else f"{before:10.1f}"
        )
    throttled = summary.throttled
    print("throttle reasons:", "not known" if throttled is None else throttled or "none")
    print("other processes on the GPU:", *(series.processes or ("none",)), sep="\n  ")
    print("notes:", *(series.notes or ("none",)), sep="\n  ")
    print(f"a sample took {series.sample_ms} ms on average")


def main() -> int:
    """Parse the command line, run the command, show what was sampled."""
    assert __doc__ is not None
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--skip", type=float, default=5.0, help="seconds of start-up that the summary leaves out")
    parser.add_argument("--every", type=float, default=telemetry.EVERY_S, help="seconds between samples")
    parser.add_argument("--gpu-id", type=int, default=0, help="CUDA's number of the GPU")
    parser.add_argument("--json", type=Path, help="keep the series here")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    given = parser.parse_args()
    command = given.command[1:] if given.command[:1] == ["--"] else given.command
    if not command:
        parser.error("a command is needed after --")
    for version in (*gpu_versions(given.gpu_id), *machine_versions()):
        print(f"{version.component:24} {version.version}")
    log = Path(tempfile.mkdtemp(prefix="dsbench-telemetry-")) / "command.log"
    ends = time.monotonic() + given.seconds
    try:
        with telemetry.sampler("deepstream", given.gpu_id, given.every) as sampler:
            ends = time.monotonic() + given.seconds
            finished = process.run(command, log, deadline_s=given.seconds + 30, until=lambda: time.monotonic() >= ends)
    except DsbenchError as error:
        print(error, file=sys.stderr)
        return 1
    series = sampler.series()
    show(series, given.skip)
    print(f"\nthe command ended with {finished.returncode} after {finished.seconds:.1f} s and printed ({log}):")
    print(*finished.tail(8), sep="\n")
    if given.json:
        given.json.write_text(jsonable.dumps(series) + "\n", encoding="ascii")
    failed = not finished.stopped and finished.returncode != 0
    return 1 if failed or len(series.rows) < 3 else 0


if __name__ == "__main__":
    sys.exit(main())
