"""The engine of a run of the app as evidence: loaded from a file, or built by nvinfer."""

from __future__ import annotations

from dsbench.formats.app.console import DECODED_AT_ONCE, OTHER_ENGINE, Console
from dsbench.judge.run import engine_use
from dsbench.record.evidence import EvidenceLog

_VARIABLE = "DSBENCH_"


def engine(log: EvidenceLog, name: str, console: Console, *, build_s: float | None = None) -> None:
    """Record the loaded engine, or a warning for a build, which is not part of the measured time."""
    if remark := engine_use.remark(console, build_s):
        log.warn(f"{name}: {remark}. {engine_use.FIX}")
        if build_s:
            log.fact(f"{name}: engine build", f"{build_s:.1f} s", "added to the run's time, left out of the figures")
    elif console.engine_loaded:
        log.fact(f"{name}: engine", console.engine_loaded, "loaded, reported by nvinfer")
    for text in console.remarks:
        if text.startswith(_VARIABLE):  # a variable was ignored: the run differs from what was requested
            log.warn(f"{name}: {text}")
        else:
            what = "decoding" if DECODED_AT_ONCE in text else "inference"
            log.fact(f"{name}: {what}", text, "reported by dsbench-app")
        if text.startswith(OTHER_ENGINE):  # the runtime's label names ONNX Runtime
            log.print(f"{name}: {text}")
