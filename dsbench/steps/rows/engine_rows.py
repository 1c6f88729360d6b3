"""What became of the engine in a run of the app, as facts and a warning."""

from __future__ import annotations

from dsbench.formats.app.console import DECODED_AT_ONCE, OTHER_ENGINE, Console
from dsbench.judge.run import engine_use
from dsbench.record.evidence import EvidenceLog

_VARIABLE = "DSBENCH_"


def engine(log: EvidenceLog, name: str, console: Console, *, build_s: float | None = None) -> None:
    """The engine that was loaded, or the build: reported, and kept out of the measured time."""
    if remark := engine_use.remark(console, build_s):
        log.warn(f"{name}: {remark}. {engine_use.FIX}")
        if build_s:
            log.fact(f"{name}: engine build", f"{build_s:.1f} s", "added to the run, not part of what is measured")
    elif console.engine_loaded:
        log.fact(f"{name}: engine", console.engine_loaded, "loaded, as nvinfer says")
    for text in console.remarks:
        if text.startswith(_VARIABLE):  # what was asked for by one is not what the run did
            log.warn(f"{name}: {text}")
        else:
            what = "decoding" if DECODED_AT_ONCE in text else "inference"
            log.fact(f"{name}: {what}", text, "as dsbench-app says")
        if text.startswith(OTHER_ENGINE):  # the runtime's label names ONNX Runtime
            log.print(f"{name}: {text}")
