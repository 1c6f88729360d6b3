"""The bus messages with which DeepStream and GStreamer report a failure (semantics i)."""

from __future__ import annotations

from pathlib import Path

from dsbench.base.errors import Code, DsbenchError
from dsbench.embedded.messages import BusMessage

_URI_DECODE = "/GstPipeline:pipeline/GstBin:multi_src_bin/GstBin:src_sub_bin{pad}/GstURIDecodeBin:src_elem"
_PRIMARY = "/GstPipeline:pipeline/GstBin:primary_gie_bin/GstNvInfer:primary_gie:"
_MUXER = "/GstPipeline:pipeline/GstBin:multi_src_bin/GstNvStreamMux:src_bin_muxer"


def _nvinfer_debug(line: int, func: str, text: str) -> str:
    return f"gstnvinfer.cpp({line}): {func} (): {_PRIMARY}\n{text}"


def config_not_parsed(config_file: Path) -> BusMessage:
    """nvinfer could not read its configuration."""
    detail = _nvinfer_debug(1029, "gst_nvinfer_start", f"Config file path: {config_file}")
    return BusMessage("primary_gie", "Configuration file parsing failed", detail)


def context_not_created(config_file: Path, status: str) -> BusMessage:
    """nvinfer could not start."""
    text = f"Config file path: {config_file}, NvDsInfer Error: {status}"
    return BusMessage(
        "primary_gie",
        "Failed to create NvDsInferContext instance",
        _nvinfer_debug(1100, "gst_nvinfer_start", text),
    )


def inference_failed() -> BusMessage:
    """The network could not be run on a batch."""
    return BusMessage(
        "primary_gie",
        "Failed to queue input batch for inferencing",
        _nvinfer_debug(1490, "gst_nvinfer_input_queue_loop", ""),
    )


def muxer(text: str) -> BusMessage:
    """The muxer rejects its settings."""
    debug = f"gstnvstreammux.cpp(1530): gst_nvstreammux_change_state (): {_MUXER}"
    return BusMessage("src_bin_muxer", text, debug)


def invalid_uri(uri: str, pad: int) -> BusMessage:
    """A URI without a scheme."""
    element = _URI_DECODE.format(pad=pad)
    debug = f"gsturidecodebin.c(1435): gen_source_element (): {element}"
    return BusMessage("src_elem", f'Invalid URI "{uri}".', debug)


def source_failed(error: DsbenchError, pad: int) -> tuple[BusMessage, ...]:
    """The messages of GStreamer's elements about a source that cannot be read or decoded."""
    element = _URI_DECODE.format(pad=pad)
    if error.code is Code.VIDEO_MISSING:
        source = f"{element}/GstFileSrc:source:"
        missing = f"gstfilesrc.c(553): gst_file_src_start (): {source}\n{error.what}"
        return (
            BusMessage("source", "Resource not found.", missing),
            BusMessage(
                "source",
                "GStreamer error: state change failed and some element failed to post a proper error message "
                "with the reason for the failure.",
                f"gstbasesrc.c(3561): gst_base_src_start (): {source}\nFailed to start",
            ),
        )
    if error.code is Code.SOURCE_COLOR:
        return (BusMessage("primary_gie", error.what, _nvinfer_debug(1421, "get_converted_buffer", error.where or "")),)
    typefind = f"{element}/GstDecodeBin:decodebin0/GstTypeFindElement:typefind:"
    if error.code is Code.VIDEO_UNREADABLE:
        empty = f"gsttypefindelement.c(1154): gst_type_find_element_loop (): {typefind}\n"
        return (
            BusMessage("typefind", error.what, empty + "Can't typefind empty stream"),
            BusMessage(
                "typefind",
                "Internal data stream error.",
                f"gsttypefindelement.c(1257): gst_type_find_element_loop (): {typefind}\n"
                "streaming stopped, reason error (-5)",
            ),
        )
    return (BusMessage("decodebin0", error.what, f"{element}/GstDecodeBin:decodebin0:\n{error.where}"),)
