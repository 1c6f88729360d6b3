"""A pytest plugin that notes every child program of a run: ``pytest -p child_times``, with benchmarks/ on PYTHONPATH.

CHILD_TIMES names the file that gets a line a child: time.monotonic() at its start and when its end was seen, and its
command.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from pathlib import Path
from typing import Any


class TimedPopen(subprocess.Popen):  # type: ignore[type-arg]
    """Popen that writes down how long the program ran, once."""

    def __init__(self, args: Any, *rest: Any, **more: Any) -> None:
        self._began: float | None = time.monotonic()
        self._command = [str(part) for part in (args if isinstance(args, (list, tuple)) else [args])]
        super().__init__(args, *rest, **more)

    def poll(self) -> int | None:
        return self._noted(super().poll())

    def wait(self, timeout: float | None = None) -> int:
        code = super().wait(timeout)
        self._noted(code)
        return code

    def _noted(self, code: int | None) -> int | None:
        if code is not None and self._began is not None:
            line = json.dumps([self._began, time.monotonic(), self._command])
            self._began = None
            with Path(os.environ["CHILD_TIMES"]).open("a", encoding="utf-8") as out:
                out.write(line + "\n")
        return code


subprocess.Popen = TimedPopen  # type: ignore[misc]
