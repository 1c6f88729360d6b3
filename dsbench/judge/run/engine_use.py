"""Was the engine loaded, or built at start-up: a build that comes with every start is found in the console.

nvinfer builds an engine where it cannot use the one that model-engine-file names, saves it beside the ONNX file under a
name of its own, and never looks that file up: the next start builds again (gst-nvinfer, nvdsinfer_context_impl.cpp).
"""

from __future__ import annotations

from dsbench.formats.app.console import Console

FIX = (
    "Engine rebuilds every run: model-engine-file path wrong — verify relative path from config/; or the engine is of "
    "another TensorRT version or GPU, or too small (dsbench prepare --rebuild builds it on this machine)"
)
_MISSING, _UNREADABLE, _SMALL = "open error", "Deserialize engine failed from file", "maxBatchSize"
_TAG, _DIMS = "Version tag", "can not support dims"


def why_built(console: Console) -> str:
    """Why an engine was built, in one clause, from nvinfer's own words."""
    text = "; ".join(console.reasons)
    if _TAG in text:
        why = "the engine is of another TensorRT version"
    elif _SMALL in text:
        why = "the engine's largest batch is too small"
    elif _DIMS in text:
        why = "the engine does not take this input size or batch"
    elif _MISSING in text:
        why = "the engine that model-engine-file names is not there"
    elif _UNREADABLE in text:
        why = "TensorRT cannot read the engine"
    else:
        return "an engine was built instead of loaded" + (f" ({text})" if text else "; the config names none")
    return f"an engine was built instead of loaded: {why} ({text})"


def remark(console: Console, build_s: float | None = None) -> str:
    """What a reader must know of a build: why, how long, and that it comes again; "" where an engine was loaded.

    ``build_s``: seconds as seen from outside, where the log's own clock does not say.
    """
    if not console.build_began:
        return ""
    seconds = console.build_s if console.build_s is not None else build_s
    took = f"it took {seconds:.1f} s" if seconds is not None and console.build_ended else "it did not end"
    where = f"nvinfer saved it as {console.saved_as}, which no config names" if console.saved_as else ""
    where = f"nvinfer could not save it as {console.not_saved}" if console.not_saved else where
    return f"{why_built(console)}; {took}" + (f"; {where}: every start builds again" if where else "")
