"""A program in deepstream-app's place: prints PERF rows with known numbers, and ends in every way an app can."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_CODE = """
import os, re, signal, sys, time
def interrupted(*_):
    out("** ERROR: <_intr_handler:136>: User Interrupted.. \\n")
    if not IGNORE_SIGINT:
        exec(AT_STOP)
        out("Quitting")
        out("App run successful")
        exec(AT_EXIT)
        os._exit(0)
config = open(sys.argv[1]).read()
streams = int(re.search(r"num-sources=(\\d+)", config)[1])
infers = "[primary-gie]\\nenable=0" not in config
scripts = {int(key): value for key, value in (SCRIPTS if infers else DECODE).items()}
rows = scripts.get(streams, scripts.get(0, []))
out = lambda text: print(text, flush=True)
signal.signal(signal.SIGINT, interrupted)
out("\\n**PERF:  " + "".join(f"FPS {i} (Avg)\\t" for i in range(streams)))
for row in rows:
    if isinstance(row, str):
        exec(row)
        continue
    values = list(row) if isinstance(row, (list, tuple)) else [row] * streams
    out("**PERF:  " + "".join(f"{value:.2f} (1.00)\\t" for value in values))
    time.sleep(PAUSE)
while True:
    time.sleep(0.05)
"""

Row = float | Sequence[float] | str


@dataclass(frozen=True)
class StandInRuntime:
    """Plays ``scripts``: (streams, rows) pairs, 0 for any number of streams; ``decode`` where ``[primary-gie]`` is off.
    A row is one FPS for all streams, a value for each, or Python code that is run in its place. After SIGINT it runs
    ``at_stop``, says that it quits and was successful, and runs ``at_exit``."""

    scripts: tuple[tuple[int, tuple[Row, ...]], ...]
    pause: float = 0.01
    ignore_sigint: bool = False
    at_stop: str = ""
    at_exit: str = ""
    name: str = "embedded"
    label: str = "stand-in"
    deepstream_dir: Path = Path("/")
    parser_libs: str | None = None
    decode: tuple[tuple[int, tuple[Row, ...]], ...] = ()

    def unavailable(self) -> str | None:
        return None

    def app_command(self, config: Path) -> tuple[str, ...]:
        head = f"SCRIPTS = {dict(self.scripts)!r}\nDECODE = {dict(self.decode)!r}\n"
        head += f"PAUSE = {self.pause}\nIGNORE_SIGINT = {self.ignore_sigint}\n"
        head += f"AT_STOP = {self.at_stop!r}\nAT_EXIT = {self.at_exit!r}\n"
        return (sys.executable, "-c", head + _CODE, str(config))

    def versions(self, gpu_id: int = 0) -> tuple[()]:
        return ()
