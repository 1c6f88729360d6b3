"""KITTI lines, names and directories, including what real dumps contain beside ordinary detections."""

from __future__ import annotations

import gzip
import math
from pathlib import Path

import pytest

from dsbench.base.errors import Code, DsbenchError
from dsbench.formats import kitti
from dsbench.formats.kitti import FrameName, KittiObject

TAIL = "0.0 0.0 0.0 0.0 0.0 0.0 0.0"
BOX = "228.565674 327.506958 263.432404 407.062866"


def line(label: str = "person", box: str = BOX, confidence: str = "0.332886") -> str:
    return f"{label} 0.0 0 0.0 {box} {TAIL} {confidence}"


@pytest.mark.parametrize(
    "label", ["person", "a person here", "", "traffic  light", "person\r", "<script>", "模型", "5 0.0"]
)
def test_a_label_is_everything_before_the_last_fifteen_fields(label: str) -> None:
    (obj,) = kitti.parse(line(label) + "\n")
    assert obj.label == label
    assert (obj.left, obj.bottom, obj.confidence) == (228.565674, 407.062866, 0.332886)
    assert kitti.format_line(obj) == line(label)


@pytest.mark.parametrize(
    "box",
    ["nan -nan inf -inf", "1.000000 2.000000 0.500000 1.500000", "-0.000000 0.000000 99999.000000 -5.250000"],
)
def test_odd_numbers_survive_a_round_trip(box: str) -> None:
    text = line(box=box, confidence="1.500000")
    (obj,) = kitti.parse(text)
    assert kitti.format_line(obj) == text


@pytest.mark.parametrize(
    "text",
    [
        "person",
        line()[:-30],
        line().replace("0.332886", "x"),
        "person " + TAIL,
        line(confidence="1_0"),
        TAIL + " " + TAIL,
    ],
)
def test_other_lines_are_refused(text: str) -> None:
    with pytest.raises(DsbenchError, match="not a KITTI line") as caught:
        kitti.parse(text)
    assert caught.value.code is Code.KITTI_INVALID


def test_right_and_bottom_are_float32_sums() -> None:
    # in double the sum is 1181.5999999: float32 holds 1181.599976
    obj = kitti.from_box("a", 1181.2, 0.1, 0.4, 0.2, 0.9)
    assert kitti.format_line(obj).split()[4:8] == ["1181.199951", "0.100000", "1181.599976", "0.300000"]


def test_a_label_is_cut_at_127_bytes() -> None:
    assert kitti.from_box("x" * 200, 0, 0, 1, 1, 0.5).label == "x" * 127
    assert len(kitti.from_box("é" * 100, 0, 0, 1, 1, 0.5).label.encode("utf-8", "surrogateescape")) == 127


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("00_000_000000.txt", FrameName(0, 0, 0)),
        ("01_012_000345.txt", FrameName(1, 12, 345)),
        ("00_000_1000000.txt", FrameName(0, 0, 1_000_000)),
        ("100_1000_000001.txt", FrameName(100, 1000, 1)),
        ("00_000_0000001.txt", None),  # one zero too many: not what %06lu prints
        ("0_000_000000.txt", None),
        ("00_000_000000.txt.bak", None),
        ("notes.txt", None),
        ("00_000_٠٠٠٠٠٠.txt", None),
    ],
)
def test_file_names(name: str, expected: FrameName | None) -> None:
    assert kitti.parse_name(name) == expected
    if expected is not None:
        assert kitti.file_name(expected.instance, expected.stream, expected.frame) == name


def test_frames_are_listed_by_number_not_by_name(tmp_path: Path) -> None:
    for name in ("00_000_1000000.txt", "00_000_999999.txt", "00_001_000000.txt", "00_000_000002.txt", "other.txt"):
        (tmp_path / name).touch()
    frames = kitti.list_frames(tmp_path)
    assert [(frame.name.stream, frame.name.frame) for frame in frames] == [(0, 2), (0, 999999), (0, 1000000), (1, 0)]
    assert frames[0].path == tmp_path / "00_000_000002.txt"
    assert kitti.list_frames(tmp_path / "missing") == ()


def test_scan(tmp_path: Path) -> None:
    files = {
        0: line("traffic light", confidence="0.250000") + "\n" + line("person", confidence="0.750000") + "\n",
        1: "",
        2: line("person", "10.000000 20.000000 10.000000 30.000000", "0.500000"),  # no newline, no width
        3: line("", "nan 0.000000 1.000000 1.000000", "nan") + "\n",
        4: "garbage\n",
        5: "\n",
    }
    for frame, text in files.items():
        (tmp_path / kitti.file_name(0, 0, frame)).write_text(text)
    (tmp_path / "readme.txt").write_text("x")
    found = kitti.scan(tmp_path)
    assert (found.files, found.with_objects, found.objects) == (6, 4, 4)  # `grep -rl .` counts the garbage file too
    assert found.detection_rate == 4 / 6
    assert found.classes == {"person": 2, "": 1, "traffic light": 1}
    assert found.median_confidence == 0.5
    assert list(found.per_frame) == [2, 0, 1, 1, 0, 0]
    assert found.zero_area == 1
    assert found.bounds == (10.0, 20.0, 263.432404, 407.062866)
    assert [(bad.file, bad.line, bad.text) for bad in found.invalid] == [("00_000_000004.txt", 1, "garbage")]
    assert found.foreign == ("readme.txt",)


def test_both_ways_through_a_file_agree(tmp_path: Path) -> None:
    lines = [
        line("a b", "1.000000 2.000000 1.000000 4.000000"),
        line(),
        line("c", "-1.500000 0.000000 9.000000 9.000000"),
    ]
    (tmp_path / "fast").mkdir()
    (tmp_path / "slow").mkdir()
    (tmp_path / "fast" / "00_000_000000.txt").write_text("".join(f"{text}\n" for text in lines))
    (tmp_path / "slow" / "00_000_000000.txt").write_text("\n\n".join(lines))  # not as DeepStream writes it
    assert kitti.scan(tmp_path / "fast") == kitti.scan(tmp_path / "slow")


def test_a_label_in_latin_1_comes_out_as_it_went_in(tmp_path: Path) -> None:
    path = tmp_path / "00_000_000000.txt"
    path.write_bytes(line("caf").encode().replace(b"caf", b"caf\xe9") + b"\n")
    (obj,) = kitti.parse_file(path)
    assert kitti.format_line(obj).encode("utf-8", "surrogateescape") == path.read_bytes().rstrip()


def test_a_broken_file_is_named_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "00_000_000000.txt"
    path.write_text(f"{line()}\nperson 0.0 0\n")
    with pytest.raises(DsbenchError) as caught:
        kitti.parse_file(path)
    assert caught.value.where == f"{path}:2"


def test_an_empty_dump() -> None:
    assert kitti.Scan().detection_rate == 0
    assert kitti.Scan().median_confidence is None


def test_sizes() -> None:
    obj = KittiObject("a", 1, 2, 4, 6, 0.5)
    assert (obj.width, obj.height) == (3, 4)


def test_every_recorded_line_round_trips(shared: Path) -> None:
    count = 0
    for recording in sorted(shared.glob("gold/*/*/kitti.gz")):
        for text in gzip.decompress(recording.read_bytes()).decode().split("\n"):
            if text.startswith("@@ ") or not text:
                continue
            (obj,) = kitti.parse(text)
            assert kitti.format_line(obj) == text
            assert not math.isinf(obj.confidence)
            count += 1
    assert count > 1000
