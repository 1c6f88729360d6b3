"""What GStreamer says it has, with stand-ins for gst-inspect-1.0 and gst-launch-1.0, and with the real ones."""

from __future__ import annotations

import asyncio
import os
import shutil
from pathlib import Path

import pytest

from dsbench.doctor.ask import ProgramOutput
from dsbench.doctor.inventory import ELEMENTS, GStreamer, Program, Video
from dsbench.doctor.survey import gstreamer
from tests.material import write_clip

LISTING = """1394:  dv1394src: Firewire (1394) DV video source
isomp4:  qtdemux: QuickTime demuxer
nvdsgst_infer:  nvinfer: NvInfer plugin
video4linux2:  v4l2deviceprovider (GstDeviceProviderFactory)
typefindfunctions: video/x-theora: no extensions
x265:  x265enc: x265enc

Total count: 247 plugins (1 blacklist entry not shown), 1504 features
"""
NVENC_ABSENT = "ERROR: from element /GstPipeline:pipeline0/nvv4l2h264enc:nvv4l2h264enc0: "
NVENC_ABSENT += "Device '/dev/v4l2-nvenc' failed during initialization\n"


@pytest.fixture
def bin_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder of stand-ins; the system's own tools come after it."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return folder


def program(folder: Path, name: str, body: str) -> None:
    (folder / name).write_text(f"#!/bin/sh\n{body}\n")
    (folder / name).chmod(0o755)


def inspect(folder: Path, listing: str, version: str = "echo GStreamer 1.24.2") -> None:
    program(
        folder,
        "gst-inspect-1.0",
        f'case "$1" in --version) {version};; -b) printf "  libnv.so\\n";; *) {listing};; esac',
    )


def look() -> GStreamer:
    return asyncio.run(gstreamer.look())


def ready(folder: Path, *elements: str) -> GStreamer:
    return GStreamer(
        Program("gst-launch-1.0", str(folder / "gst-launch-1.0")),
        Program("gst-inspect-1.0", "/x"),
        None,
        frozenset(elements),
    )


def test_only_elements_are_taken_from_the_list() -> None:
    assert gstreamer.listed(LISTING) == {"dv1394src", "qtdemux", "nvinfer", "x265enc"}


def test_blacklisted_files_and_what_they_miss() -> None:
    said = "Blacklisted files:\n  libgstnv.so\n  libnvdsgst_infer.so\n\nTotal count: 2 blacklisted files\n"
    assert gstreamer.blacklisted(said) == ("libgstnv.so", "libnvdsgst_infer.so")
    assert gstreamer.blacklisted("Blacklisted files:\n\nTotal count: 0 blacklisted files\n") == ()
    ldd = "\tlibnvinfer.so.10 => not found\n\tlibc.so.6 => /lib/libc.so.6 (0x1)\n\tlibnvinfer.so.10 => not found\n"
    assert gstreamer.missing_libraries(ldd) == ("libnvinfer.so.10",)


def test_a_refused_plugin_is_named(bin_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "libnv.so").write_bytes(b"")
    monkeypatch.setenv("GST_PLUGIN_PATH", str(tmp_path))
    inspect(bin_dir, "echo 'isomp4:  qtdemux: QuickTime demuxer'")
    program(bin_dir, "ldd", "echo '  libnvinfer.so.10 => not found'")
    found = look()
    assert found.elements == {"qtdemux"}
    assert found.blacklisted == (("libnv.so", "libnvinfer.so.10"),)


@pytest.mark.parametrize(
    ("listing", "version", "trouble"),
    [
        ("sleep 600", "echo GStreamer 1.24.2", "no end within 1 s"),
        ("kill -SEGV $$", "echo GStreamer 1.24.2", "killed by SIGSEGV"),
        ("head -c 3000 /dev/urandom", "echo GStreamer 1.24.2", ""),
        ("echo", "sleep 600", "no end within 1 s"),
    ],
    ids=["hangs", "crashes", "rubbish", "version-hangs"],
)
def test_elements_are_unknown_where_gst_inspect_is_broken(
    bin_dir: Path, monkeypatch: pytest.MonkeyPatch, listing: str, version: str, trouble: str
) -> None:
    monkeypatch.setattr(gstreamer, "LISTING_S", 1.0)
    monkeypatch.setattr(gstreamer, "QUESTION_S", 1.0)
    inspect(bin_dir, listing, version)
    found = look()
    assert found.elements is None
    assert found.listing is not None
    assert found.listing.trouble == trouble


def test_without_gst_inspect_nothing_is_asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    found = look()
    assert (found.inspect.path, found.launch.path, found.elements, found.listing) == (None, None, None, None)


@pytest.mark.parametrize(("gpu_id", "card"), [(0, ""), (2, " gpu-id=2")])
def test_nvenc_is_really_run(bin_dir: Path, gpu_id: int, card: str) -> None:
    program(bin_dir, "gst-launch-1.0", 'echo "$@"')
    gst = ready(bin_dir, "nvvideoconvert", "nvv4l2h264enc")
    trial = asyncio.run(gstreamer.try_nvenc(gst, gpu_id))
    assert trial.said is not None
    assert trial.said.text.strip() == (
        f"videotestsrc num-buffers=10 ! nvvideoconvert{card} ! video/x-raw(memory:NVMM),format=NV12 "
        f"! nvv4l2h264enc{card} ! fakesink"
    )


def test_a_codec_engine_is_not_tried_without_its_elements(bin_dir: Path, tmp_path: Path) -> None:
    program(bin_dir, "gst-launch-1.0", "touch started")
    clip = Video("/clips/a.mp4", "--video", True, "h264", 1280, 720, 30.0)
    gst = ready(bin_dir, "qtdemux", "h264parse")
    assert asyncio.run(gstreamer.try_nvenc(gst, 0)).not_tried == "nvvideoconvert, nvv4l2h264enc missing"
    assert asyncio.run(gstreamer.try_nvdec(gst, clip, 0, tmp_path)).not_tried == "nvv4l2decoder missing"
    vp9 = Video("/clips/a.webm", "--video", True, "vp9", 1280, 720, 30.0)
    assert "H.264 or H.265" in asyncio.run(gstreamer.try_nvdec(gst, vp9, 0, tmp_path)).not_tried
    absent = Video("/clips/a.mp4", "--video", True, trouble="there is no such file")
    assert "no clip" in asyncio.run(gstreamer.try_nvdec(gst, absent, 0, tmp_path)).not_tried
    assert not (tmp_path / "started").exists()


@pytest.mark.parametrize(
    ("suffix", "codec", "chain"),
    [(".mp4", "h264", "qtdemux ! h264parse"), (".MKV", "hevc", "matroskademux ! h265parse")],
)
def test_nvdec_reads_the_clip_through_a_link_of_plain_name(
    bin_dir: Path, tmp_path: Path, suffix: str, codec: str, chain: str
) -> None:
    program(bin_dir, "gst-launch-1.0", 'echo "$@"')
    odd = tmp_path / f"a \"b' ! c{suffix}"
    odd.write_bytes(b"x")
    gst = ready(bin_dir, *ELEMENTS)
    trial = asyncio.run(gstreamer.try_nvdec(gst, Video(str(odd), "--video", True, codec), 0, tmp_path))
    link = tmp_path / f"clip{suffix.lower()}"
    assert trial.said is not None
    assert trial.said.text.strip() == f"filesrc location={link} ! {chain} ! nvv4l2decoder ! fakesink num-buffers=10"
    assert os.path.samefile(link, odd)


def test_an_absent_encoder_is_the_trials_outcome(bin_dir: Path) -> None:
    (bin_dir / "log").write_text(NVENC_ABSENT)
    program(bin_dir, "gst-launch-1.0", f"cat {bin_dir}/log; exit 1")
    said = asyncio.run(gstreamer.try_nvenc(ready(bin_dir, *ELEMENTS), 0)).said
    assert isinstance(said, ProgramOutput)
    assert said.trouble == "exit status 1"
    assert "failed during initialization" in said.text


def real() -> None:
    if shutil.which("gst-inspect-1.0") is None or shutil.which("gst-launch-1.0") is None:
        if os.environ.get("CI") == "true":
            pytest.fail("GStreamer is not installed on this CI machine")
        pytest.skip("GStreamer is not installed")


def test_the_real_gstreamer_lists_its_elements() -> None:
    real()
    found = look()
    assert found.elements is not None
    assert {"qtdemux", "h264parse", "theoraenc", "oggmux", "jpegenc", "multifilesink"} <= found.elements
    assert "no-such-element" not in found.elements


def test_the_real_gst_launch_ends_the_trials_pipelines(tmp_path: Path, bin_dir: Path) -> None:
    """The pipelines are well formed: with stock elements in the places of NVIDIA's they run to their end."""
    real()
    launch = shutil.which("gst-launch-1.0")
    swap = "s/nvv4l2decoder/avdec_mpeg4/;s/h264parse/mpeg4videoparse/;s/nvvideoconvert/videoconvert/"
    swap += ";s/nvv4l2h264enc/theoraenc/;s/(memory:NVMM),format=NV12/,format=I420/"
    translator = f'n=$#; for word; do set -- "$@" "$(echo "$word" | sed "{swap}")"; done; shift $n; exec {launch} "$@"'
    program(bin_dir, "gst-launch-1.0", translator)
    gst = ready(bin_dir, *ELEMENTS)
    encoded = asyncio.run(gstreamer.try_nvenc(gst, 0)).said
    assert encoded is not None
    assert encoded.ok, encoded.text
    clip = write_clip(tmp_path / "a clip.mp4", frames=30)
    decoded = asyncio.run(gstreamer.try_nvdec(gst, Video(str(clip), "--video", True, "h264"), 0, tmp_path)).said
    assert decoded is not None
    assert decoded.ok, decoded.text
    assert "Got EOS" in decoded.text
