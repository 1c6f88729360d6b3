"""The app against recordings of the real deepstream-app: KITTI files, network inputs, exit statuses, messages.

By default a representative subset runs on the first frames of each clip; DSBENCH_GOLD_ALL=1 runs every case to its end,
and so does naming a folder by DSBENCH_GOLD. The project's own small set (own_gold.py) needs no recordings.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from tests.embedded import gold, own_gold

GOLD = gold.folder()
WHOLE = os.environ.get("DSBENCH_GOLD_ALL") == "1" or gold.named()
SHORT = 6
"""Frames of each clip in the default run."""
SUBSET = (
    "kitti/walk120_b8eng_n2",
    "kitti/walk120_labels_crlf",
    "kitti/walk120_mar1sym1",
    "kitti/walk120_interval2",
    "kitti/walk120_synth_crop1",
    "kitti/walk120_kittidir_missing",
    "pre/n320x180_mar1_bilin",
    "pre/n320x180_synth_mar1sym1",
    "pre/n416_untag_gray_err",
    "pre/n640x480_synth_mar1",
    "err/app_badint",
    "err/app_cfg_suffix",
    "err/app_nogiecfg",
    "err/app_unknown_src_key",
    "err/cfg_missing",
    "err/cluster7",
    "err/labels_missing",
    "err/nms_2",
    "err/numcls0",
    "err/offsets2",
    "err/parser_func_wrong",
    "err/parser_lib_notelf",
    "err/thr_bad",
    "err/uri_none",
    "err/video_empty",
    "err/video_missing",
    "err2/inferdims_bad",
    "err2/onnx_missing_engine_missing",
    "err2/onnx_text",
)
# what these say is about DeepStream itself, or about a crash that we do not repeat
OTHER_WORDS = ("err/help", "err/version")


def cases() -> list[str]:
    """Names of recorded cases to run."""
    return [name for name in gold.cases(GOLD) if WHOLE or name in SUBSET] if GOLD is not None else []


def tensors() -> list[str]:
    """Names of recorded network inputs."""
    found = sorted((GOLD / "tensors").glob("*.npz")) if GOLD is not None else []
    return [f"pre/{path.stem}" for path in (found if WHOLE else found[::3])]


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> gold.Stage:
    """The recordings' folder layout, with their parser compiled against our headers."""
    assert GOLD is not None
    return gold.Stage.build(GOLD, tmp_path_factory.mktemp("gold") / "stage", 0 if WHOLE else SHORT)


@pytest.fixture(scope="module")
def own_stage(tmp_path_factory: pytest.TempPathFactory) -> gold.Stage:
    """The same for the project's own set."""
    root = tmp_path_factory.mktemp("own")
    return gold.Stage.build(own_gold.record(root), root / "stage")


@pytest.mark.parametrize("name", cases())
def test_case(name: str, stage: gold.Stage) -> None:
    compare(name, stage)


@pytest.mark.parametrize("name", tensors())
def test_network_input_is_bit_exact(name: str, stage: gold.Stage, tmp_path: Path) -> None:
    compare_tensor(name, stage, tmp_path)


@pytest.mark.parametrize("name", own_gold.CASES)
def test_case_of_our_own(name: str, own_stage: gold.Stage) -> None:
    compare(name, own_stage)


def test_network_input_of_our_own(own_stage: gold.Stage, tmp_path: Path) -> None:
    compare_tensor(own_gold.TENSOR, own_stage, tmp_path)


def compare(name: str, stage: gold.Stage) -> None:
    """Exit status, KITTI files and what was said."""
    ran = stage.run(name)
    recorded = stage.status(name)
    if gold.crashed(recorded):
        assert ran.status == 255, ran.console
        assert "crash" in ran.console
    else:
        assert ran.status == recorded, ran.console
    compare_kitti(name, stage, ran)
    if not gold.crashed(recorded) and name not in OTHER_WORDS:
        console = stage.fill((stage.gold / name / "console.log").read_text(errors="replace"), ran.case)
        said = gold.distinctive(ran.console)
        assert [line for line in gold.distinctive(console) if line not in said] == []


def compare_kitti(name: str, stage: gold.Stage, ran: gold.Ran) -> None:
    """Same files, and in each the same objects in the same order."""
    recording = stage.gold / name / "kitti.gz"
    if not recording.is_file():
        assert not (ran.case / "kitti").exists()
        return
    expected, found = gold.recorded_kitti(recording, stage.frames), gold.written_kitti(ran.case / "kitti", stage.frames)
    assert sorted(found) == sorted(expected)
    differences = {frame: gold.compare_frame(lines, found[frame]) for frame, lines in expected.items()}
    assert {frame: text for frame, text in differences.items() if text} == {}


def compare_tensor(name: str, stage: gold.Stage, folder: Path) -> None:
    """Every value of the first frame's network input."""
    stage.run(name, "--dump-input-tensor", str(folder))
    found = np.load(folder / "00_000_000000.npy")
    with np.load(stage.gold / "tensors" / f"{name.partition('/')[2]}.npz") as file:
        expected = file["tensor"].astype(np.float32)
    assert np.array_equal(found, expected.reshape(found.shape))


def test_line_ends_inside_labels_survive(tmp_path: Path) -> None:
    line = "person\r 0.0 0 0.0 1.000000 2.000000 3.000000 4.000000" + " 0.0" * 7 + " 0.500000"
    (tmp_path / "00_000_000000.txt").write_bytes((line + "\n").encode())
    assert gold.written_kitti(tmp_path) == {"00_000_000000.txt": [line]}
    assert gold.compare_frame([line], [line.replace("0.500000", "0.505000")]) == ""
    assert "recorded" in gold.compare_frame([line], [line.replace("0.500000", "0.600000")])
    assert "label" in gold.compare_frame([line], [line.replace("\r", "")])
    assert gold.compare_frame([line, line], [line]) == "1 lines, recorded 2"


@pytest.mark.parametrize(
    ("printed", "said"),
    [
        ("** ERROR: <main:691>: no", "** ERROR: <main>: no"),
        (
            "0:00:00.2 \x1b[32m 1\x1b[00m 0x5 ERROR nvinfer x.cpp:7:gst_nvinfer_logger:<primary_gie> "
            "NvDsInferContext[UID 1]: Error in NvDsInferContextImpl::f() <x.cpp:2> [UID = 1]: words",
            "words",
        ),
        ("Debug info: ../plugins/gstfilesrc.c(553): f (): /x:", "Debug info: gstfilesrc.c: f (): /x:"),
    ],
)
def test_what_is_compared_of_a_line(printed: str, said: str) -> None:
    assert gold.distinctive(printed + "\n") == [said]
