"""Objects of a dump that cannot be detections: each kind is counted, a dump that is mostly such fails."""

from __future__ import annotations

from pathlib import Path

import pytest

from dsbench.formats import kitti
from dsbench.formats.odd_objects import OddKind, Ordinary
from dsbench.judge import kitti_content

ORDINARY = Ordinary(1280, 720, frozenset({"car", "traffic light"}))


def _line(label: str = "car", box: str = "10.0 20.0 30.0 40.0", score: str = "0.5") -> str:
    return f"{label} 0.0 0 0.0 {box} 0.0 0.0 0.0 0.0 0.0 0.0 0.0 {score}\n"


def _scan(folder: Path, *lines: str, ordinary: Ordinary = ORDINARY) -> kitti.Scan:
    (folder / "00_000_000000.txt").write_text("".join(lines))
    return kitti.scan(folder, ordinary)


GOOD = {
    "plain": _line(),
    "a label of two words": _line("traffic light"),
    "over the frame's edges": _line(box="-5.0 -5.0 1285.0 725.0"),
    "no confidence from clustering": _line(score="-0.1"),
    "rounded": _line(score="1.0000001"),
}
ODD = {
    "empty label": (_line(""), OddKind.UNLABELLED),
    "label of no class": (_line("zebra"), OddKind.UNKNOWN),
    "part of a label": (_line("traffic"), OddKind.UNKNOWN),
    "NaN corner": (_line(box="nan 20.0 30.0 40.0"), OddKind.NOT_FINITE),
    "Inf corner": (_line(box="10.0 20.0 inf 40.0"), OddKind.NOT_FINITE),
    "NaN confidence": (_line(score="-nan"), OddKind.NOT_FINITE),
    "right of left": (_line(box="30.0 20.0 10.0 40.0"), OddKind.SWAPPED),
    "bottom above top": (_line(box="10.0 40.0 30.0 20.0"), OddKind.SWAPPED),
    "no width": (_line(box="10.0 20.0 10.0 40.0"), OddKind.NO_AREA),
    "left of the frame": (_line(box="-30.0 20.0 -10.0 40.0"), OddKind.OUTSIDE),
    "below the frame": (_line(box="10.0 720.0 30.0 740.0"), OddKind.OUTSIDE),
    "a percentage": (_line(score="17.5"), OddKind.CONFIDENCE),
    "negative": (_line(score="-3.0"), OddKind.CONFIDENCE),
}


@pytest.mark.parametrize("case", GOOD)
def test_what_detectors_write_is_ordinary(tmp_path: Path, case: str) -> None:
    scan = _scan(tmp_path, GOOD[case])
    assert (scan.odd.objects, list(kitti_content.findings(scan)), kitti_content.mostly_odd(scan)) == (0, [], "")


@pytest.mark.parametrize("case", ODD)
def test_each_kind_is_counted_and_a_few_fail_nothing(tmp_path: Path, case: str) -> None:
    line, kind = ODD[case]
    scan = _scan(tmp_path, line, *[_line()] * 9)
    assert scan.odd.counts == {kind: 1}
    assert next(kitti_content.findings(scan)).startswith(f"1 of 10 objects {kind}")
    assert kitti_content.mostly_odd(scan) == ""


@pytest.mark.parametrize("case", ODD)
def test_a_dump_that_is_half_odd_fails(tmp_path: Path, case: str) -> None:
    line, kind = ODD[case]
    scan = _scan(tmp_path, line, _line())
    assert f"1 of 2 objects in the KITTI dump cannot be detections: 1 of 2 objects {kind}" in kitti_content.mostly_odd(
        scan
    )
    assert len(kitti_content.fixes(scan)) == 1


def test_lines_that_are_no_kitti_count_as_well(tmp_path: Path) -> None:
    scan = _scan(tmp_path, "hello\n", _line())
    assert "1 lines are not in KITTI format" in kitti_content.mostly_odd(scan)


def test_a_config_without_a_label_file_writes_no_labels(tmp_path: Path) -> None:
    scan = _scan(tmp_path, _line(""), ordinary=Ordinary(1280, 720))
    assert list(kitti_content.findings(scan)) == ["1 of 1 objects have no label"]
    assert kitti_content.mostly_odd(scan) == ""


def test_the_kinds_of_an_object_are_all_counted_and_the_object_once(tmp_path: Path) -> None:
    scan = _scan(tmp_path, _line("", "5.0 5.0 5.0 5.0", "9.0"))
    assert (scan.odd.objects, set(scan.odd.counts)) == (1, {OddKind.UNLABELLED, OddKind.NO_AREA, OddKind.CONFIDENCE})


def test_labels_are_compared_as_the_dump_has_them(tmp_path: Path) -> None:
    names = frozenset(kitti.cut_label(name) for name in ("ö" * 100, "caf\udce9", "car\r"))
    lines = [_line(kitti.cut_label("ö" * 100)), _line("caf\udce9"), _line("car\r")]
    (tmp_path / "00_000_000000.txt").write_bytes("".join(lines).encode("utf-8", "surrogateescape"))
    assert kitti.scan(tmp_path, Ordinary(1280, 720, names)).odd.objects == 0
