"""A program in gst-launch-1.0's place: swaps NVIDIA's elements for stock ones, then runs the real one.

What remains real: the argument vector and its quoting, demuxing, parsing, decoding, Theora, Ogg, MP4, JPEG,
negotiation, missing elements, exit codes. NVENC is absent as on a GPU without it (console and empty file as recorded
on an H100), or, with NVENC=stock, JPEG pictures stand in for H.264.
"""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
DECODERS = {
    "h264parse": ("avdec_h264", "output-corrupt=false"),  # NVDEC leaves out what it cannot decode
    "h265parse": ("avdec_h265",),
    "vp9parse": ("avdec_vp9",),
    "av1parse": ("av1dec",),
    "jpegparse": ("avdec_mjpeg",),
    "mpeg4videoparse": ("avdec_mpeg4",),
    "mpegvideoparse": ("avdec_mpeg2video",),
}
NVENC_FAILURE = """\
Setting pipeline to PAUSED ...
Opening in BLOCKING MODE
Pipeline is PREROLLING ...
Redistribute latency...
ERROR: from element /GstPipeline:pipeline0/nvv4l2h264enc:nvv4l2h264enc0: Device '/dev/v4l2-nvenc' failed during \
initialization
Additional debug info:
gstv4l2object.c(4299): gst_v4l2_object_set_format_full (): /GstPipeline:pipeline0/nvv4l2h264enc:nvv4l2h264enc0:
Call to S_FMT failed for H264 @ 1280x720: Unknown error -1
ERROR: pipeline doesn't want to preroll.
Setting pipeline to NULL ...
Freeing pipeline ...
"""


def install(folder: Path, *, nvenc: str = "absent", lacking: str = "", rename: str = "") -> None:
    """Put gst-launch-1.0 and gst-inspect-1.0 into ``folder``, which is to come first on PATH.

    ``lacking``: elements that gst-inspect-1.0 does not know, with blanks between them. ``rename``: an element that
    gets a name which does not exist.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for program in ("gst-launch-1.0", "gst-inspect-1.0"):
        real = shutil.which(program)
        assert real is not None
        variables = {"REAL": real, "NVENC": nvenc, "LACKING": lacking, "RENAME": rename, "PYTHONPATH": str(REPOSITORY)}
        words = shlex.join(f"{key}={value}" for key, value in variables.items())
        path = folder / program
        path.write_text(
            f'#!/bin/sh\nexec env {words} {shlex.quote(sys.executable)} -m tests.gst_translator {program} "$@"\n'
        )
        path.chmod(0o755)


def value_of(words: list[str], key: str) -> str:
    return next((word.partition("=")[2] for word in words if word.startswith(f"{key}=")), "")


class Refused(Exception):
    """The pipeline ends here: console text and exit status."""

    def __init__(self, status: int, console: str) -> None:
        super().__init__(console)
        self.status = status


def translate(arguments: list[str], nvenc: str, new_mux: bool) -> list[str]:
    """The argument vector with stock elements."""
    stages: list[list[str]] = [[]]
    for word in arguments:
        if word == "!":
            stages.append([])
        else:
            stages[-1].append(word)
    extraction = any(stage[0] == "multifilesink" for stage in stages)
    swap = {"mp4mux": "qtmux"}  # JPEG is in no MP4
    if nvenc == "stock" and extraction:
        swap["h264parse"] = "jpegparse"
    translated: list[list[str]] = []
    parser, encoded = "", False
    for stage in stages:
        name = swap.get(stage[0], stage[0])
        if name.endswith("parse"):
            name = "identity" if encoded else name
            parser = name
        encoded = encoded or name == "nvv4l2h264enc"
        translated += _stage([name, *stage[1:]], parser, new_mux)
    return " ! ".join("\0".join(stage) for stage in translated).replace(" ! ", "\0!\0").split("\0")


def _stage(stage: list[str], parser: str, new_mux: bool) -> list[list[str]]:
    name = stage[0]
    if name == "nvv4l2decoder":
        return [list(DECODERS.get(parser, ("avdec_vp8",)))]
    if name == "m.sink_0":
        return _muxer(stage, new_mux)
    if name == "nvinfer":
        _check_config(value_of(stage, "config-file-path"))
        return [["identity"]]
    if name == "nvvideoconvert":
        return [["videoconvert"], ["videoscale"]]
    if name == "nvdsosd":
        return [["identity"]]
    if name == "nvv4l2h264enc":
        return [["videoconvert"], ["jpegenc"]]
    return [[word.replace("(memory:NVMM)", "") for word in stage]]


def _muxer(stage: list[str], new_mux: bool) -> list[list[str]]:
    width, height = value_of(stage, "width"), value_of(stage, "height")
    if new_mux and width:
        raise Refused(1, 'WARNING: erroneous pipeline: no property "width" in element "nvstreammux"\n')
    if not new_mux and not (width and height):
        raise Refused(
            255, "ERROR: from element /GstPipeline:pipeline0/GstNvStreamMux:m: width and height must be set\n"
        )
    scaled = [["videoscale"], [f"video/x-raw,width={width},height={height}"]] if width else []
    return [["identity"], *scaled]


def _check_config(path: str) -> None:
    try:
        text = Path(path).read_text()
    except OSError as error:
        reason = error.strerror or ""
    else:
        if "[property]" in text:
            return
        reason = "Key file does not start with a group"
    raise Refused(
        255,
        f"Failed to load config file: {reason}\n"
        "** ERROR: <gst_nvinfer_parse_config_file:1447>: failed\nSetting pipeline to PAUSED ...\n"
        "ERROR: from element /GstPipeline:pipeline0/GstNvInfer:nvinfer0: Configuration file parsing failed\n"
        "Additional debug info:\nsrc/gst-plugins/gst-nvinfer/gstnvinfer.cpp(1029): gst_nvinfer_start (): "
        f"/GstPipeline:pipeline0/GstNvInfer:nvinfer0:\nConfig file path: {path}\n"
        "ERROR: pipeline doesn't want to preroll.\nFailed to set pipeline to PAUSED.\n",
    )


def main() -> int:
    program, *arguments = sys.argv[1:]
    real = os.environ["REAL"]
    if program == "gst-inspect-1.0":
        if set(arguments) & set(os.environ["LACKING"].split()):
            print(f"No such element or plugin '{arguments[0]}'")
            return 255
        os.execv(real, [program, *arguments])
    try:
        words = translate(arguments, os.environ["NVENC"], os.environ.get("USE_NEW_NVSTREAMMUX") == "yes")
        if "nvv4l2h264enc" in arguments and os.environ["NVENC"] == "absent":
            Path(value_of(arguments[arguments.index("filesink") :], "location")).write_bytes(b"")
            raise Refused(1, NVENC_FAILURE)
    except Refused as refused:
        print(refused, end="", flush=True)
        return refused.status
    words = ["no_such_element" if word == os.environ["RENAME"] else word for word in words]
    os.execv(real, [program, *words])


if __name__ == "__main__":
    sys.exit(main())
