"""Why gst-launch-1.0 failed, from its console; and the one failure that leads to the fallback."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dsbench.formats.failures import gst as gst_failures

S_FMT = (
    "ERROR: from element /GstPipeline:pipeline0/nvv4l2h264enc:nvv4l2h264enc0: Device '/dev/v4l2-nvenc' failed during"
    " initialization"
)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (S_FMT, True),
        ("0:00:01.1 1 0x1 \x1b[31;01mERROR\x1b[00m v4l2 : Could not open device '/dev/v4l2-nvenc'", True),
        ("streaming stopped: nvv4l2h264enc0 reason not-negotiated (-4)", True),
        ("Device '/dev/v4l2-nvdec' failed during initialization", False),
        ("ERROR: nvv4l2decoder0: not-negotiated", False),
        ('WARNING: erroneous pipeline: no element "nvv4l2h264enc"', False),
        ("not-negotiated by nvv4l2h264enc0", False),
        ("", False),
    ],
)
def test_nvenc_absent_is_known_by_three_patterns_only(line: str, expected: bool) -> None:
    assert gst_failures.nvenc_init_failed(["first", line, *["later"] * 5000]) is expected


@pytest.mark.parametrize(
    ("console", "what", "fix"),
    [
        ('WARNING: erroneous pipeline: no element "jpegenc"', "no element jpegenc", "gstreamer1.0-plugins-good"),
        ('WARNING: erroneous pipeline: no element "h265parse"', "no element h265parse", "gstreamer1.0-plugins-bad"),
        ('WARNING: erroneous pipeline: no element "oggmux"', "no element oggmux", "gstreamer1.0-plugins-base"),
        ('WARNING: erroneous pipeline: no element "nvinfer"', "no element nvinfer", "install DeepStream again"),
        ('WARNING: erroneous pipeline: no element "xyz"', "no element xyz", "apt-file"),
        ('no property "width" in element "nvstreammux"', "nvstreammux has no property width", "USE_NEW_NVSTREAMMUX"),
        ("WARNING: erroneous pipeline: could not link a0 to b0", "a0 and b0 do not fit", "gst-inspect"),
        ("WARNING: erroneous pipeline: syntax error", "cannot read the pipeline: syntax error", "report"),
        ('No such file "/v/x.mp4"', "no file /v/x.mp4", "path"),
        ('Could not open file "/a/b.ogv" for writing.', "/a/b.ogv cannot be written", "samples/"),
        ("Cuda failure: status=2", "too little free memory", "nvidia-smi"),
        ("gst_nvstreammux: not enough memory", "too little free memory", "nvidia-smi"),
        ("streaming stopped, reason not-negotiated (-4)", "agree on no format", "NVDEC"),
        ("Failed to load config file: No such file or directory", "its config: No such file", "6e"),
        ("ERROR: from element /x/GstFoo:foo0: Strange.", "/x/GstFoo:foo0 reported: Strange.", "read the log"),
        ("Error while writing: No space left on device", "disk is full", "df"),
    ],
)
def test_known_causes_are_named_with_a_fix(console: str, what: str, fix: str) -> None:
    cause = gst_failures.find(["Setting pipeline to PAUSED ...", f"\x1b[31m{console}\x1b[00m", "Freeing pipeline ..."])
    assert cause is not None
    assert what in cause.cause
    assert fix in cause.fix


def test_the_most_telling_line_wins_wherever_it_stands() -> None:
    telling = 'No such file "/v.mp4"'
    general = ["ERROR: from element /a: Resource not found.", "ERROR: from element /b: x"]
    for lines in ([telling, *general], [*general, telling], [general[0], telling, general[1]]):
        cause = gst_failures.find(lines)
        assert cause is not None
        assert cause.cause == "there is no file /v.mp4"
    assert gst_failures.find(["all is well", "layers num: 0", ""]) is None


def test_a_caught_signal_is_seen() -> None:
    assert gst_failures.crash(["x", "Caught SIGSEGV", "Spinning.  Please run 'gdb gst-launch-1.0 1'"]) == "SIGSEGV"
    assert gst_failures.crash(["handling SIGSEGV", "x Caught SIGSEGV"]) is None


RECORDED = {
    "theora/labels_missing": "labels file @MODEL@/nope.txt",
    "theora/parser_missing": "parser library @MODEL@/libnope.so",
    "theora/config_garbage": "its config: Key file contains line",
    "theora/wrong_config": "its config: No such file or directory",
    "theora/script_wrong_config": "its config: No such file or directory",
    "theora/outdir_missing": "@DS@/nodir/out.ogv cannot be written",
    "theora/missing_ogg": "no element oggmux",
    "theora/script_missing_infer": "no element nvinfer",
    "theora/script_missing_multistream": "no element nvstreammux",
    "theora/script_theora_only_verbatim_newmux": "no property width",
    "theora/no_convert": "nvdsosd0 and theoraenc0 do not fit",
    "theora/video_mkv": "GStreamer cannot play the video: This file is invalid",
    "theora/script_video_text": "GStreamer cannot play the video: This file is invalid",
    "theora/video_empty": "GStreamer cannot play the video: This file contains no playable streams",
    "extract/jpeg_from_mp4_as_ogv": "GStreamer cannot play the video: Could not demultiplex",
    "extract/jpeg_leaky": "GStreamer cannot play the video: Could not demultiplex",
    "extract/jpeg_missing_file": "no file @DS@/nope.ogv",
    "extract/png_script_missing": "no file @DS@/nope.ogv",
    "extract/jpeg_missing_jpegenc": "no element jpegenc",
}
FALLBACK = ("decode_encode", "launch_doc_primary", "script_wrapped", "script_wrapped_notheora", "script_outdir_missing")


def test_recorded_consoles(shared: Path) -> None:
    """All recordings: each failure has a cause, no success has one, NVENC's absence is where it was recorded."""
    seen = set()
    for console in sorted((shared / "gold/gst").glob("*/*/console.log")):
        name = f"{console.parent.parent.name}/{console.parent.name}"
        meta = json.loads((console.parent / "meta.json").read_text())
        lines = console.read_text(errors="replace").splitlines()
        if "gst-inspect" in meta["command"] or "deepstream-app" in meta["command"]:
            continue
        assert gst_failures.crash(lines) is None
        absent = gst_failures.nvenc_init_failed(lines)
        wants_nvenc = any("nvenc" in line for line in lines)
        assert absent == wants_nvenc, name
        if absent:
            seen.add(console.parent.name)
            continue
        cause = gst_failures.find(lines)
        if meta["rc"] in (0, 124):
            assert cause is None, (name, cause)
        else:
            assert cause is not None, name
            assert RECORDED[name] in cause.cause, name
    assert seen >= set(FALLBACK)
