"""6f's pipelines: the specification's elements and caps, what follows the file, and what can never be in them."""

from __future__ import annotations

import itertools
import os
import subprocess
from pathlib import Path

import pytest

from dsbench.base.environment import new_streammux
from dsbench.base.errors import Code, DsbenchError
from dsbench.build import gst_pipeline
from dsbench.build.gst_pipeline import ClipReader, GstPlan, argument_path

MP4 = GstPlan(
    video=Path("/v/sample_720p.mp4"),
    reader=gst_pipeline.reader_of("mov,mp4,m4a,3gp,3g2,mj2", "h264"),
    nvinfer_config=Path("/m/config/config_infer_primary_net.txt"),
    output=Path("/m/samples/net_output.mp4"),
)
HEAD = (
    "env GST_DEBUG=1 GST_DEBUG_NO_COLOR=1 gst-launch-1.0 filesrc location=/v/sample_720p.mp4 ! qtdemux ! queue !"
    " h264parse ! queue ! nvv4l2decoder ! queue ! m.sink_0 nvstreammux name=m batch-size=1 width=1280 height=720"
    " batched-push-timeout=-1 ! queue ! nvinfer config-file-path=/m/config/config_infer_primary_net.txt ! queue ! "
)
CONTAINERS = ("mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm", "mpegts", "avi", "flv", "mpeg", "h264", "hevc")
CODECS = ("h264", "hevc", "av1", "vp8", "vp9", "mpeg4", "mpeg2video", "mjpeg")


def test_the_nvenc_pipeline_word_by_word() -> None:
    assert " ".join(gst_pipeline.nvenc(MP4)) == HEAD + (
        "nvvideoconvert ! video/x-raw(memory:NVMM),format=RGBA ! queue ! nvdsosd ! queue ! nvvideoconvert !"
        " video/x-raw(memory:NVMM),format=NV12 ! queue ! nvv4l2h264enc ! queue ! h264parse ! queue ! mp4mux !"
        " filesink location=/m/samples/net_output.mp4 sync=0"
    )


def test_the_theora_pipeline_word_by_word() -> None:
    words = gst_pipeline.theora(MP4)
    assert "video/x-raw, format=I420" in words, "caps are one argument"
    assert " ".join(words) == HEAD + (
        "nvvideoconvert ! queue ! nvdsosd ! queue ! nvvideoconvert ! video/x-raw, format=I420 ! queue !"
        " theoraenc quality=48 speed-level=2 ! queue ! oggmux ! filesink location=/m/samples/net_output.mp4 sync=0"
    )


def test_frame_extraction_word_by_word() -> None:
    pictures = Path("/m/samples/frame_%04d.jpg")
    tail = (
        "videoconvert ! video/x-raw,format=RGB ! jpegenc quality=95 ! multifilesink location=/m/samples/frame_%04d.jpg"
    )
    start = "env GST_DEBUG=1 GST_DEBUG_NO_COLOR=1 gst-launch-1.0 filesrc location="
    assert " ".join(gst_pipeline.mp4_frames(Path("/o.mp4"), pictures)) == (
        f"{start}/o.mp4 ! qtdemux ! h264parse ! nvv4l2decoder ! nvvideoconvert ! {tail} max-files=3"
    )
    assert " ".join(gst_pipeline.ogv_frames(Path("/o.ogv"), pictures)) == (
        f"{start}/o.ogv ! oggdemux ! theoradec ! {tail} max-files=3"
    )


def test_another_gpu_reaches_every_element_that_runs_on_one() -> None:
    words = " ".join(gst_pipeline.nvenc(GstPlan(MP4.video, MP4.reader, MP4.nvinfer_config, MP4.output, gpu_id=3)))
    for element in ("nvv4l2decoder", "nvinfer", "nvvideoconvert", "nvdsosd", "nvv4l2h264enc"):
        assert words.count(f"{element} gpu-id=3") == words.count(f"! {element}"), element
    assert "batched-push-timeout=-1 gpu-id=3 !" in words
    assert "gpu-id" not in " ".join(gst_pipeline.nvenc(MP4))
    extraction = " ".join(gst_pipeline.mp4_frames(Path("/o.mp4"), Path("/f"), 3))
    assert "nvv4l2decoder gpu-id=3 ! nvvideoconvert gpu-id=3 ! videoconvert" in extraction


def test_the_muxer_that_does_not_scale_has_neither_size_nor_gpu() -> None:
    assert new_streammux({"USE_NEW_NVSTREAMMUX": "yes"})
    assert not any(map(new_streammux, ({}, {"USE_NEW_NVSTREAMMUX": "no"}, {"USE_NEW_NVSTREAMMUX": "1"})))
    plan = GstPlan(MP4.video, MP4.reader, MP4.nvinfer_config, MP4.output, gpu_id=1, new_streammux=True)
    assert "nvstreammux name=m batch-size=1 ! queue" in " ".join(gst_pipeline.nvenc(plan))


@pytest.mark.parametrize(
    ("container", "codec", "expected"),
    [
        ("mov,mp4,m4a,3gp,3g2,mj2", "h264", ClipReader("qtdemux", "h264parse")),
        ("mov,mp4,m4a,3gp,3g2,mj2", "hevc", ClipReader("qtdemux", "h265parse")),
        ("matroska,webm", "h264", ClipReader("matroskademux", "h264parse")),
        ("matroska,webm", "vp8", ClipReader("matroskademux", None)),
        ("matroska,webm", "av1", ClipReader("matroskademux", "av1parse")),
        ("mpegts", "hevc", ClipReader("tsdemux", "h265parse")),
        ("avi", "mjpeg", ClipReader("avidemux", "jpegparse")),
        ("h264", "h264", ClipReader(None, "h264parse")),
        ("hevc", "hevc", ClipReader(None, "h265parse")),
    ],
)
def test_demuxer_and_parser_follow_the_content(container: str, codec: str, expected: ClipReader) -> None:
    assert gst_pipeline.reader_of(container, codec) == expected


@pytest.mark.parametrize(
    ("container", "codec", "said"), [("mov,mp4", "prores", "no prores"), ("nut", "h264", "type nut")]
)
def test_what_cannot_be_played_is_a_clear_error(container: str, codec: str, said: str) -> None:
    with pytest.raises(DsbenchError, match=said) as caught:
        gst_pipeline.reader_of(container, codec)
    assert caught.value.code == Code.SOURCE_UNSUPPORTED


def test_a_pixel_format_that_nvdec_refuses_is_a_doubt() -> None:
    assert "yuv420p10le" in (gst_pipeline.decoder_doubt("h264", "yuv420p10le") or "")
    assert gst_pipeline.decoder_doubt("h264", "yuvj420p") is None
    assert gst_pipeline.decoder_doubt("hevc", "yuv420p10le") is None


def every_pipeline() -> list[tuple[str, ...]]:
    """All builders over all containers, codecs, GPUs and muxers."""
    made = []
    for container, codec, gpu, new in itertools.product(CONTAINERS, CODECS, (0, 2), (False, True)):
        try:
            reader = gst_pipeline.reader_of(container, codec)
        except DsbenchError:
            continue
        plan = GstPlan(MP4.video, reader, MP4.nvinfer_config, MP4.output, gpu, new)
        made += [
            gst_pipeline.nvenc(plan),
            gst_pipeline.theora(plan),
            gst_pipeline.mp4_frames(plan.video, plan.output, gpu),
        ]
    return [*made, gst_pipeline.ogv_frames(MP4.video, MP4.output)]


def elements(pipeline: tuple[str, ...]) -> list[str]:
    """The element of each stage; caps left out."""
    stages = " ".join(pipeline[4:]).split(" ! ")
    names = (stage.removeprefix("m.sink_0 ").split()[0] for stage in stages)
    return [name for name in names if not name.startswith("video/")]


def test_no_pipeline_has_an_encoder_beyond_the_approved_ones() -> None:
    found = {name for pipeline in every_pipeline() for name in elements(pipeline)}
    assert {name for name in found if "enc" in name} == {"nvv4l2h264enc", "theoraenc", "jpegenc"}
    assert not {"x264enc", "openh264enc"} & found


def test_no_pipeline_can_lose_frames_in_a_queue() -> None:
    for pipeline in every_pipeline():
        assert "leaky" not in " ".join(pipeline)


def test_a_queue_stands_between_all_stages() -> None:
    direct = {("filesrc", "qtdemux"), ("mp4mux", "filesink"), ("oggmux", "filesink")}
    for make in (gst_pipeline.nvenc, gst_pipeline.theora):
        names = elements(make(MP4))
        touching = {pair for pair in itertools.pairwise(names) if "queue" not in pair}
        assert touching <= direct


def test_prohibited_encoders_are_named_nowhere_in_the_package(repository: Path) -> None:
    prohibited = ("x264" + "enc", "openh264" + "enc")
    for folder in ("dsbench", "templates", "tests_pipeline"):
        for path in (repository / folder).rglob("*"):
            if path.is_file() and path.suffix != ".pyc":
                text = path.read_bytes().decode("utf-8", "replace").lower()
                assert not any(name in text for name in prohibited), path


HOSTILE = (
    *(
        "a b",
        " two  blanks ",
        "it's",
        "'q'",
        'say "x y"',
        "wow!",
        "! fakesink !",
        "100%04d",
        "模型é",
        "back\\slash",
        "end\\",
    ),
    *("-dash", "a=b", "(p)", "name.pad", "m.sink_0 t", "tab\tx", "line\nbreak", "#h", "$HOME`id`", "--gst-version"),
)


@pytest.mark.parametrize("name", HOSTILE)
def test_every_path_arrives_in_gst_launch(gstreamer: str, tmp_path: Path, name: str) -> None:
    folder = tmp_path / name
    folder.mkdir()
    (folder / "in.bin").write_text("hello")
    source, sink = (argument_path(folder / file, tmp_path / "links") for file in ("in.bin", "out.bin"))
    command = [gstreamer, "filesrc", f"location={source}", "!", "queue", "!", "filesink", f"location={sink}", "sync=0"]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert (folder / "out.bin").read_text() == "hello"
    pattern = argument_path(folder, tmp_path / "links", pattern=True) / "f_%04d.bin"
    command = [gstreamer, "filesrc", f"location={source}", "!", "multifilesink", f"location={pattern}", "max-files=3"]
    subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=True)
    assert (folder / "f_0000.bin").read_text() == "hello"


def test_only_what_gst_launch_mangles_is_linked(tmp_path: Path) -> None:
    for name in ("a b", "it's", "wow!", "模型", "100%"):
        assert argument_path(tmp_path / name, tmp_path / "links") == tmp_path / name
    assert argument_path(tmp_path / "100%", tmp_path / "links", pattern=True).parent == tmp_path / "links"
    linked = argument_path(tmp_path / 'x"y.mp4', tmp_path / "links")
    assert (linked.suffix, os.readlink(linked)) == (".mp4", str(tmp_path / 'x"y.mp4'))
    with pytest.raises(DsbenchError, match=r"gst-launch-1\.0 cannot hold"):
        argument_path(tmp_path / 'x"y.mp4', tmp_path / 'li"nks')
