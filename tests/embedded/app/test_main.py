"""dsbench-app as users run it: a command with a config, a console, files and an exit status."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest

import dsbench
from dsbench.base.errors import DsbenchError
from dsbench.embedded import messages
from dsbench.embedded.nvinfer import start as nvinfer_start
from dsbench.embedded.nvinfer.start_errors import NvinferStartError
from dsbench.embedded.protocol import DetectorSetup
from dsbench.formats import kitti, nvinfer
from tests.embedded.app_support import World, write_clip, write_network

EXPECTED_ORDER = (
    "Load new model:",
    "Runtime commands:",
    "Pipeline ready",
    "Pipeline running",
    "Received EOS. Exiting ...",
    "Quitting",
    "App run successful",
)


def wait_for(path: Path, seconds: float = 20) -> None:
    """Until a file is there."""
    end = time.monotonic() + seconds
    while not path.exists():
        assert time.monotonic() < end, f"{path} never came"
        time.sleep(0.01)


def children(pid: int) -> list[int]:
    """Child processes."""
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def alive(pid: int) -> bool:
    """Neither gone nor a zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_run_from_start_to_end(world: World) -> None:
    ran = world.run("-c", world.app())
    assert ran.status == 0, ran.err
    text = ran.err + ran.out
    places = [text.index(words) for words in EXPECTED_ORDER]
    assert places == sorted(places)
    assert "\nRuntime commands:\n\th: Print this help\n\tq: Quit\n\n\tp: Pause\n\tr: Resume\n\n" in ran.out
    assert "** INFO: <bus_callback:642>: Pipeline ready\n\n" in ran.out
    assert "model.onnx is run by ONNX Runtime on the CPU" in ran.err
    # stdin is at its end: deepstream-app would print empty lines from here on
    assert "\n\n\n\n" not in ran.out
    _check_kitti_files(world)


def _check_kitti_files(world: World) -> None:
    files = world.kitti()
    assert list(files) == [f"00_000_{i:06d}.txt" for i in range(12)]
    objects = [obj for text in files.values() for obj in kitti.parse(text)]
    assert len(objects) == len(files)
    assert {obj.label for obj in objects} == {"thing"}
    assert {(obj.left, obj.top, obj.right, obj.bottom) for obj in objects} == {(16.0, 12.0, 48.0, 36.0)}
    greys = [20 + 15 * i for i in range(12)]
    found = [obj.confidence * 255 for obj in objects]
    assert found == pytest.approx(greys, abs=6)


def test_sources_of_one_clip_write_equal_files(world: World) -> None:
    assert world.run("-c", world.app(sources=3)).status == 0
    files = world.kitti()
    assert len(files) == 36
    for name, text in files.items():
        assert text == files["00_000" + name[6:]]


def test_different_clips_in_one_batch_equal_their_own_runs(world: World) -> None:
    other = write_clip(world.root / "other.mp4", frames=7, size=(96, 64))
    expected: dict[str, str] = {}
    for stream, clip in enumerate((world.clip, other)):
        world.run("-c", world.app(source0=f"enable=1\ntype=2\nuri=file://{clip}"))
        expected |= {f"00_{stream:03d}{name[6:]}": text for name, text in world.kitti().items()}
        for name in world.kitti():
            (world.root / "kitti" / name).unlink()
    app = world.app(
        sources=2, source0=f"enable=1\ntype=2\nuri=file://{world.clip}", source1=f"enable=1\ntype=2\nuri=file://{other}"
    )
    assert world.run("-c", app).status == 0
    assert world.kitti() == expected


def test_interval_leaves_empty_files(world: World) -> None:
    world.nvinfer(interval=2)
    assert world.run("-c", world.app()).status == 0
    assert [bool(text) for text in world.kitti().values()] == [True, False, False] * 4


def test_interval_counts_batches_not_frames(world: World) -> None:
    world.nvinfer(interval=1)
    app = world.app(sources=2, streammux="batch-size=1\nwidth=64\nheight=48")
    assert world.run("-c", app).status == 0
    with_objects = {name[3:6] for name, text in world.kitti().items() if text}
    assert with_objects == {"000"}  # every second batch of one frame: always the same stream


def test_a_missing_kitti_directory_is_silent(world: World) -> None:
    app = world.app(application=f"gie-kitti-output-dir={world.root}/nowhere")
    ran = world.run("-c", app)
    assert ran.status == 0
    assert not (world.root / "nowhere").exists()
    assert "nowhere" not in ran.err + ran.out


def test_the_legacy_muxer_scales_and_the_new_one_does_not(world: World) -> None:
    app = world.app(streammux="batch-size=1\nwidth=640\nheight=480")
    world.run("-c", app)
    (obj,) = kitti.parse(world.kitti()["00_000_000000.txt"])
    assert obj.right == 480
    world.run("-c", app, USE_NEW_NVSTREAMMUX="yes")
    (obj,) = kitti.parse(world.kitti()["00_000_000000.txt"])
    assert obj.right == 48


def test_dumped_tensors_are_the_network_input(world: World) -> None:
    world.nvinfer(net_scale_factor=0.5, offsets="10;20;30")
    ran = world.run("-c", world.app(), "--dump-input-tensor", world.root / "tensors")
    assert ran.status == 0
    tensor = np.load(world.root / "tensors" / "00_000_000000.npy")
    assert tensor.shape == (3, 32, 32)
    assert tensor.dtype == np.float32
    assert tensor[:, 16, 16] == pytest.approx([5, 0, -5], abs=3)
    assert len(list((world.root / "tensors").iterdir())) == 12


@pytest.mark.parametrize(
    ("network", "said"),
    [
        ({"batch": 1}, "frozen at 1"),
        ({"batch": 4}, ""),
        ({"dtype": "float16"}, "float16"),
        ({"dtype": "uint8"}, "uint8"),
    ],
)
def test_networks_of_every_kind(world: World, network: dict[str, object], said: str) -> None:
    write_network(world.network, **network)  # type: ignore[arg-type]
    ran = world.run("-c", world.app(sources=3))
    assert ran.status == 0, ran.err
    assert said in ran.err
    files = world.kitti()
    assert len(files) == 36
    for name, text in files.items():
        (found,) = kitti.parse(text)
        assert found.confidence * 255 == pytest.approx(20 + 15 * int(name[-10:-4]), abs=6)


def test_a_muxer_without_end_is_refused(world: World) -> None:
    ran = world.run("-c", world.app(streammux="batch-size=1\nwidth=1000000000\nheight=48"))
    assert ran.status != 0
    assert "[streammux] 1000000000x48: a side has more than 16384 pixels" in ran.err


def test_channels_last(world: World) -> None:
    write_network(world.network, nhwc=True)
    world.nvinfer(network_input_order=1)
    assert world.run("-c", world.app()).status == 0
    assert all(world.kitti().values())


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"custom_lib_path": "/nowhere/libx.so"}, "Could not open lib: "),
        ({"parse_bbox_func_name": "ParseNothing"}, "dlsym failed to get func ParseNothing pointer"),
        ({"onnx_file": "nowhere.onnx"}, "Cannot access ONNX file '"),
        ({"onnx_file": None}, "there is no model file matched"),
        ({"labelfile_path": "nowhere.txt"}, "Could not open labels file:"),
        ({"gie_unique_id": None}, "Unique ID not set"),
        ({"offsets": "1;2"}, "Preprocessor set scale and offsets failed."),
        ({"model_color_format": 2}, "GRAY input format specified but network input channels is not 1."),
        ({"infer_dims": "3;64;64"}, "request dims:1x3x64x64 is out of range"),
        ({"num_detected_classes": None}, "num-detected-classes=0"),
        ({"num_detected_classes": 10**9}, "num-detected-classes=1000000000: more than 65536"),
        ({"custom_lib_path": None}, "Could not find output coverage layer for parsing objects"),
        ({"network_type": 3}, " cluster mode 2 not supported with instance segmentation"),
        ({"network_type": 3, "cluster_mode": 4}, "Custom parse function not found for InstanceSegment-postprocessor"),
        ({"cluster_mode": 7}, "Error. Invalid value for 'cluster-mode':'7'"),
    ],
)
def test_nvinfer_start_failures(
    world: World, changes: dict[str, object], text: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """What nvinfer itself says and returns; the app around it is the next test's."""
    path = world.nvinfer(**changes)
    with pytest.raises((NvinferStartError, DsbenchError)):
        nvinfer_start.start(DetectorSetup(nvinfer.load(path, console=messages.err), None))
    assert text in capfd.readouterr().err


def test_a_start_failure_ends_the_app(world: World) -> None:
    world.nvinfer(onnx_file="nowhere.onnx")
    ran = world.run("-c", world.app())
    assert ran.status == 255
    assert "Cannot access ONNX file '" in ran.err
    assert ran.out.endswith("** ERROR: <main:808>: Failed to set pipeline to PAUSED\nQuitting\nApp run failed\n")
    assert "ERROR from primary_gie: " in ran.err
    assert "Traceback" not in ran.err
    assert not world.kitti()


@pytest.mark.parametrize("content", [b"", b"not a network", b"version https://git-lfs.github.com/spec/v1\n"])
def test_an_unreadable_network(world: World, content: bytes, capfd: pytest.CaptureFixture[str]) -> None:
    world.network.write_bytes(content)
    with pytest.raises(NvinferStartError):
        nvinfer_start.start(DetectorSetup(nvinfer.load(world.nvinfer()), None))
    assert "ERROR: Failed to parse onnx file" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("uri", "text"),
    [
        ("file:///nowhere.mp4", 'No such file "/nowhere.mp4"'),
        ("clip.mp4", 'Invalid URI "clip.mp4".'),
        ("rtsp://camera/1", "reads files only"),
    ],
)
def test_sources_that_cannot_be_read(world: World, uri: str, text: str) -> None:
    ran = world.run("-c", world.app(source0=f"enable=1\ntype=2\nuri={uri}"))
    assert ran.status == 255
    assert text in ran.err
    assert ran.out.endswith("Quitting\nApp run failed\n")


def test_an_empty_video(world: World) -> None:
    world.clip.write_bytes(b"")
    assert "ERROR from typefind: Stream contains no data." in world.run("-c", world.app()).err


def test_a_truncated_mkv_is_played_to_its_end(world: World) -> None:
    world.clip = write_clip(world.root / "clip.mkv", frames=40)
    whole = world.clip.read_bytes()
    world.clip.write_bytes(whole[: len(whole) * 2 // 3])
    ran = world.run("-c", world.app())
    assert ran.status == 0
    assert 0 < len(world.kitti()) < 40


def test_a_truncated_mp4_has_lost_its_index(world: World) -> None:
    whole = world.clip.read_bytes()
    world.clip.write_bytes(whole[: len(whole) // 2])
    assert world.run("-c", world.app()).status == 255


def test_a_refusing_parser_is_a_failure_that_says_so(world: World) -> None:
    world.nvinfer(parse_bbox_func_name="ParseFalse")
    ran = world.run("-c", world.app())
    assert ran.status == 255
    assert ran.err.count("Failed to parse bboxes using custom parse function") == 12
    assert "the parser returned false on 12 frames" in ran.err
    assert set(world.kitti().values()) == {""}


def test_a_throwing_parser(world: World) -> None:
    world.nvinfer(parse_bbox_func_name="ParseThrow")
    ran = world.run("-c", world.app())
    assert ran.status == 255
    assert "boom" in ran.err


def test_a_crashing_parser_is_the_apps_crash(world: World) -> None:
    world.nvinfer(parse_bbox_func_name="ParseCrash")
    ran = world.run("-c", world.app(sources=2))
    assert ran.status == -signal.SIGABRT
    assert re.search(r"dsbench-app: the worker of stream .* was ended by SIGABRT; the parser .*libparser.so", ran.err)


def test_interrupt_ends_with_success_and_whole_files(world: World) -> None:
    process = world.start("-c", world.app(tests="file-loop=1"))
    (world.root / "kitti").mkdir()
    wait_for(world.root / "kitti" / "00_000_000030.txt")
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=20)
    assert process.returncode == 0
    assert out.decode().endswith("** ERROR: <_intr_handler:136>: User Interrupted.. \n\nQuitting\nApp run successful\n")
    assert all(text.endswith("\n") for text in world.kitti().values())


def test_an_interrupt_does_not_turn_a_failure_into_success(world: World) -> None:
    world.nvinfer(parse_bbox_func_name="ParseFalse")
    process = world.start("-c", world.app(tests="file-loop=1"))
    (world.root / "kitti").mkdir()
    wait_for(world.root / "kitti" / "00_000_000005.txt")
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=20)
    assert process.returncode == 255
    assert b"the parser returned false on " in out


def test_an_interrupt_while_loading(world: World) -> None:
    process = world.start("-c", world.app(tests="file-loop=1"))
    end = time.monotonic() + 10
    while not children(process.pid):
        assert time.monotonic() < end
        time.sleep(0.005)
    time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=20)
    assert process.returncode == 0
    assert out.endswith(b"Quitting\nApp run successful\n")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_workers_never_outlive_the_app(world: World, number: signal.Signals) -> None:
    (world.root / "kitti").mkdir()
    process = world.start("-c", world.app(tests="file-loop=1"))
    wait_for(world.root / "kitti" / "00_000_000000.txt")
    workers = children(process.pid)
    assert workers
    os.kill(process.pid, number)
    assert process.wait(10) == -number
    end = time.monotonic() + 5
    while any(alive(pid) for pid in workers):
        assert time.monotonic() < end
        time.sleep(0.02)


def test_q_on_stdin_quits(world: World) -> None:
    (world.root / "kitti").mkdir()
    process = world.start("-c", world.app(tests="file-loop=1"), stdin=subprocess.PIPE)
    wait_for(world.root / "kitti" / "00_000_000000.txt")
    assert process.stdin is not None
    process.stdin.write(b"xq and what follows is left for others")
    process.stdin.flush()
    out, _ = process.communicate(timeout=20)
    assert process.returncode == 0
    assert out.endswith(b"Quitting\nApp run successful\n")


def test_a_missing_config(world: World) -> None:
    ran = world.run("-c", "nowhere.txt")
    assert ran.status == 255
    assert ran.out == (
        "** ERROR: <parse_config_file:851>: parse_config_file failed\n"
        "** ERROR: <main:691>: Failed to parse config file 'nowhere.txt'\nQuitting\nApp run failed\n"
    )


def test_a_config_of_another_suffix_is_not_read(world: World) -> None:
    world.app(name="app.cfg")
    ran = world.run("-c", "app.cfg")
    assert ran.status == 255
    assert "ERROR from src_bin_muxer: Batch size not set" in ran.err


def test_no_config(world: World) -> None:
    ran = world.run()
    assert (ran.status, ran.out.splitlines()[1:]) == (255, ["Quitting", "App run failed"])
    assert "Specify config file with -c option" in ran.out


def test_an_unknown_option(world: World) -> None:
    ran = world.run("--foo")
    assert ran.status == 255
    assert re.fullmatch(r"\*\* ERROR: <main:\d+>: Unknown option --foo\n", ran.out)


def test_version_is_honest(world: World) -> None:
    ran = world.run("--version")
    assert ran.out == f"dsbench-app version {dsbench.__version__} (embedded runtime, not DeepStream)\n"


def test_input_uri_fills_in_for_a_config_without_one(world: World) -> None:
    app = world.app(source0="enable=1\ntype=3\nnum-sources=1")
    assert world.run("-c", app).status == 255
    assert world.run("-c", app, "-i", f"file://{world.clip}").status == 0
    assert len(world.kitti()) == 12


def test_two_configs_are_two_instances(world: World) -> None:
    first = world.app(name="one.txt")
    second = world.app(name="two.txt", source0="", source1=f"enable=1\ntype=2\nuri=file://{world.clip}")
    assert world.run("-c", first, "-c", second).status == 0
    assert {name[:2] for name in world.kitti()} == {"00", "01"}


def test_two_configs_with_the_same_source_are_an_error(world: World) -> None:
    first = world.app(name="one.txt")
    ran = world.run("-c", first, "-c", first)
    assert ran.status == 255
    assert "Another source group with source-id 0 already exists" in ran.out


def test_what_is_not_supported_is_named_once(world: World) -> None:
    world.nvinfer(gpu_id=0)
    app = world.app(tracker="enable=1", tiled_display="enable=1\nrows=1\ncolumns=1\nwidth=64\nheight=48")
    ran = world.run("-c", app)
    assert ran.status == 0
    line = next(line for line in ran.err.splitlines() if "not supported" in line)
    assert "[tracker]" in line
    assert "[tiled-display]" in line
    assert "gpu-id" not in line


def test_bt2020_fails_as_in_deepstream(world: World) -> None:
    world.clip = write_clip(world.root / "hdr.mp4", codec="libx264", colorspace=9)
    ran = world.run("-c", world.app())
    assert ran.status == 255
    assert "NvBufSurfTransform failed with error -1 while converting buffer" in ran.err
