"""6g's own checks: the expected number of frames, and a dump that ended early."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from dsbench.base.errors import Code, DsbenchError
from dsbench.base.option import Value
from dsbench.base.process import Finished
from dsbench.formats import kitti
from dsbench.formats.app.console import Console
from dsbench.judge import gate
from dsbench.model import video
from dsbench.runtimes.kitti_dump import KittiDump
from dsbench.steps import kitti_gate
from dsbench.steps.kitti_gate import KittiGateResult
from tests.material import write_clip

LINE = kitti.format_line(kitti.from_box("car", 10, 10, 20, 20, 0.9)) + "\n"


def result(tmp_path: Path, written: int, expected: int) -> KittiGateResult:
    """A dump of ``written`` frames, an object on each."""
    for number in range(written):
        (tmp_path / kitti.file_name(0, 0, number)).write_text(LINE)
    log = tmp_path / "kitti.log"
    log.write_text("App run successful\n")
    finished = Finished(("deepstream-app", "-c", "a.txt"), log, 0, 1.0, stopped=False, timed_out=False)
    scan = kitti.scan(tmp_path)
    dump = KittiDump(finished, tmp_path, Console())
    return KittiGateResult(dump, scan, gate.evaluate(scan, 0.9), Value(expected, "test"), Value(0.9, "test"), expected)


def test_a_dump_that_ended_early_fails(tmp_path: Path) -> None:
    early = result(tmp_path, 5, 30)
    assert early.verdict.passed
    assert early.lost == 25
    with pytest.raises(DsbenchError, match="wrote 5 of 30 frames") as caught:
        kitti_gate.require_detections(early)
    assert caught.value.code == Code.APP_FAILED
    assert "App run successful" in caught.value.what


def test_a_few_lost_frames_are_accepted(tmp_path: Path) -> None:
    kitti_gate.require_detections(result(tmp_path, 28, 30))


@pytest.mark.parametrize(("wanted", "written", "expected"), [(5, 5, 5), (30, 12, 12), (0, 12, 12), (10, 3, 10)])
def test_expected_frames(tmp_path: Path, wanted: int, written: int, expected: int) -> None:
    clip = write_clip(tmp_path / "clip.mp4", frames=12)
    facts = cast(Any, SimpleNamespace(video=Value(video.inspect(clip), "test")))
    assert kitti_gate._expected(facts, wanted, written) == expected
