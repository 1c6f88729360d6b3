"""Ground truth as people have it: what is read, and what is refused with its reason."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from dsbench.base.errors import Code, DsbenchError
from dsbench.formats.ground_truth import reader
from dsbench.formats.ground_truth.truth import TruthFormat, TruthFrame, TruthObject

KITTI = "car 0.00 0 0.00 10.00 20.00 30.00 60.00 0 0 0 0 0 0 0\n"


def coco(**changes: Any) -> dict[str, Any]:
    return {
        "images": [{"id": 7, "file_name": "clip/frame_000003.jpg", "width": 640, "height": 480}, image(9, "b_4.png")],
        "annotations": [box(7, 2, [10, 20, 30, 40])],
        "categories": [{"id": 2, "name": "traffic light"}, {"id": 5, "name": "car"}],
    } | changes


def image(number: Any, name: Any) -> dict[str, Any]:
    return {"id": number, "file_name": name}


def box(image_id: Any, category: Any, bbox: Any, **more: Any) -> dict[str, Any]:
    return {"id": 1, "image_id": image_id, "category_id": category, "bbox": bbox, **more}


def write(folder: Path, **files: str) -> Path:
    """Files by name; ``__`` is a dot, ``___`` a slash."""
    for name, text in files.items():
        path = folder / name.replace("___", "/").replace("__", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def test_kitti(tmp_path: Path) -> None:
    lines = KITTI + "DontCare -1 -1 -10 0 0 5 5 -1 -1 -1 -1000 -1000 -1000 -10\n"
    lines += "traffic light 0 0 0 1 2 3 4 0 0 0 0 0 0 0 0.75\n"  # a label with a blank, a score at the end
    found = reader.read(write(tmp_path, f000012__txt=lines, f000013__txt=""))
    assert found.format is TruthFormat.KITTI
    assert found.names == ("car", "traffic light")
    assert [(frame.number, len(frame.objects)) for frame in found.frames] == [(12, 3), (13, 0)]
    assert found.frames[0].objects[0] == TruthObject("car", 10, 20, 30, 60)
    assert found.frames[0].objects[1].crowd
    assert found.objects == 2
    assert not found.pictures


def test_yolo_with_names_above_and_an_outline(tmp_path: Path) -> None:
    write(tmp_path, data__yaml="names: {0: car, 1: person}\n", labels___a_1__txt="1 0.5 0.5 0.2 0.4\n")
    write(tmp_path, labels___a_2__txt="0 0.1 0.2 0.3 0.2 0.3 0.6 0.1 0.6\n", labels___classes__txt="")
    (tmp_path / "labels" / "classes.txt").unlink()
    found = reader.read(tmp_path)
    assert (found.format, found.names) == (TruthFormat.YOLO, ("car", "person"))
    one, outline = (frame.in_pixels(100, 50).objects[0] for frame in found.frames)
    assert (one.left, one.top, one.right, one.bottom) == pytest.approx((40, 15, 60, 35))
    assert (outline.left, outline.top, outline.right, outline.bottom) == pytest.approx((10, 10, 30, 30))


def test_coco(tmp_path: Path) -> None:
    data = coco(annotations=[box(7, 2, [10, 20, 30, 40]), box(9, 5, [1, 1, 2, 2], iscrowd=1), box(9, 5, [1, 1, 0, 2])])
    found = reader.read(write(tmp_path, instances__json=json.dumps(data)))
    assert found.format is TruthFormat.COCO
    assert found.names == ("traffic light", "car")
    assert [(frame.key, frame.number, frame.size) for frame in found.frames] == [
        ("frame_000003.jpg", 3, (640, 480)),
        ("b_4.png", 4, None),
    ]
    assert found.frames[0].objects == (TruthObject("traffic light", 10, 20, 40, 60),)
    assert found.frames[1].objects[0].crowd
    assert found.notes == ("1 annotations without area are left out",)


def test_pictures_are_found_where_exports_have_them(tmp_path: Path) -> None:
    write(tmp_path, train___labels___a__txt=KITTI, train___images___a__jpg="x")
    assert reader.read(tmp_path / "train").frames[0].image == tmp_path / "train" / "images" / "a.jpg"
    write(tmp_path, labels___val___a__txt=KITTI, images___val___a__png="x")
    assert reader.read(tmp_path / "labels" / "val").pictures
    write(tmp_path, annotations___instances_val2017__json=json.dumps(coco(images=[image(7, "a.jpg")])))
    write(tmp_path, val2017___a__jpg="x")
    assert reader.read(tmp_path / "annotations" / "instances_val2017.json").pictures
    write(tmp_path, train___labels___b__txt=KITTI)
    with pytest.raises(DsbenchError, match=r"1 of 2 frames have no picture, the first is b\.txt"):
        reader.read(tmp_path / "train")


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("000012", 12),
        ("frame_0", 0),
        ("00_000_000005", 5),
        ("x_0007_jpg.rf.0a1b2c", 7),
        ("clip", None),
        ("9" * 20, None),
        ("a١", None),
    ],
)
def test_the_number_in_a_name(name: str, number: int | None) -> None:
    assert TruthFrame(name, name, ()).number == number


def test_boxes_are_cut_at_the_edges_of_the_frame() -> None:
    objects = (TruthObject("a", -5, -5, 10, 10), TruthObject("a", 90, 40, 120, 80), TruthObject("a", 200, 0, 210, 9))
    cut = TruthFrame("k", "k", objects).in_pixels(100, 50).objects
    assert [(one.left, one.top, one.right, one.bottom) for one in cut] == [(0, 0, 10, 10), (90, 40, 100, 50)]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("car 1 2 3\n", "in no known format"),
        (KITTI + "car 0 0 0 30 20 10 60 0 0 0 0 0 0 0\n", r"right is left of left.*\n.*a_1\.txt:2"),
        (KITTI + "car 0 0 0 nan 20 10 60 0 0 0 0 0 0 0\n", "not a KITTI line"),
        (KITTI + "1 0.5 0.5 0.1 0.1\n", "not a KITTI line"),
        ("0 0.5 0.5 0.1\n", "in no known format"),
        ("0 100 50 20 20\n", "not within 0 to 1"),
        ("7 0.5 0.5 0.1 0.1\n", "class 7, but 2 names are listed"),
        ("0 0.5 0.5 0.1 0.1 0.9\n", "six numbers"),
        ("0 0.5 0.5 0.1 0.1\n0 0.5 x 0.1 0.1\n", "not a YOLO line"),
        ("0 0.5 0.5 0.1 0.1 0.9 0.8 0.2\n", "an outline of 7 numbers"),
        ("\n\n", "label files are empty"),
        ("\x00\xff", "in no known format"),
    ],
)
def test_faulty_label_files(tmp_path: Path, text: str, problem: str) -> None:
    write(tmp_path, a_1__txt=text, classes__txt="car\nperson\n")
    with pytest.raises(DsbenchError, match=problem) as caught:
        reader.read(tmp_path)
    assert caught.value.code == Code.GROUND_TRUTH_INVALID
    assert caught.value.fix


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        ("{", "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        ("[]", "no object at the top"),
        ('[{"image_id": 1, "score": 0.5}]', "detections with scores"),
        (coco(images=None), "images is missing"),
        (coco(annotations=[1]), "annotations is missing or not a list of objects"),
        (coco(images=[image(7, "a.jpg"), image(7, "b.jpg")]), "id 7 is listed twice"),
        (coco(images=[image(True, "a.jpg")]), "id is True"),
        (coco(images=[image(7, None)]), "file_name is None"),
        (coco(annotations=[box(8, 2, [1, 2, 3, 4])]), "image_id 8, which is not listed"),
        (coco(annotations=[box(7, 3, [1, 2, 3, 4])]), "category_id 3, which is not listed"),
        (coco(annotations=[box(7, 2, [1, 2, 3])]), "bbox is"),
        (coco(annotations=[box(7, 2, [30, 40, -20, 4])]), "not as two corners"),
        (coco(annotations=[box(7, 2, [1, 2, float("nan"), 4])]), "bbox is"),
        (coco(annotations=[]), "no object in 2 frames"),
    ],
)
def test_faulty_json(tmp_path: Path, data: Any, problem: str) -> None:
    path = tmp_path / "a.json"
    path.write_text(data if isinstance(data, str) else json.dumps(data))
    with pytest.raises(DsbenchError, match=problem) as caught:
        reader.read(path)
    assert caught.value.code == Code.GROUND_TRUTH_INVALID


def test_what_is_no_ground_truth(tmp_path: Path) -> None:
    with pytest.raises(DsbenchError, match="no such file or folder"):
        reader.read(tmp_path / "none")
    with pytest.raises(DsbenchError, match="no label file"):
        reader.read(tmp_path)
    write(tmp_path, a__xml="<annotation/>")
    with pytest.raises(DsbenchError, match="neither a folder nor COCO's JSON"):
        reader.read(tmp_path / "a.xml")
    write(tmp_path, labels___a_1__txt="0 0.5 0.5 0.1 0.1\n")
    with pytest.raises(DsbenchError, match="nothing beside them lists the names"):
        reader.read(tmp_path)
    (tmp_path / "labels" / "a_1.txt").unlink()
    write(tmp_path, a__json=json.dumps(coco()), b__json=json.dumps(coco()), c__json="{}")
    with pytest.raises(DsbenchError, match=r"2 COCO files: a\.json, b\.json"):
        reader.read(tmp_path)
