"""The COCO export: boxes in frame pixels, ids that pycocotools resolves, only the record's own dump."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from dsbench.base.errors import Code, DsbenchError
from dsbench.formats import kitti
from dsbench.formats.kitti import KittiObject
from dsbench.handover import coco
from dsbench.record.schema import Record
from tests import finished_records as records

CAR = KittiObject("car", 100.0, 50.0, 300.0, 150.0, 0.875)
SIGN = KittiObject("road sign", 0.0, 0.0, 1280.0, 720.0, 0.5)


def dump(folder: Path, *frames: tuple[KittiObject, ...]) -> Path:
    folder.mkdir()
    for number, every in enumerate(frames):
        text = "".join(f"{kitti.format_line(one)}\n" for one in every)
        (folder / kitti.file_name(0, 0, number)).write_text(text, encoding="utf-8", errors="surrogateescape")
    return folder


def record_of(frames: int, objects: int) -> Record:
    record = records.deepstream()
    assert record.handover.detections is not None
    found = replace(record.handover.detections, frames=frames, objects=objects)
    return replace(record, handover=replace(record.handover, detections=found))


def test_boxes_are_scaled_to_the_clip_and_ids_are_lines_of_labels_txt(tmp_path: Path) -> None:
    exported = coco.export(record_of(3, 3), dump(tmp_path / "dump", (CAR,), (), (SIGN, CAR)))
    assert exported.results[0] == {
        "image_id": 0,
        "category_id": 1,
        "bbox": [150.0, 75.0, 300.0, 150.0],  # 1280x720 to 1920x1080
        "score": 0.875,
    }
    assert [(one["image_id"], one["category_id"]) for one in exported.results] == [(0, 1), (2, 2), (2, 1)]
    assert exported.results[1]["bbox"] == [0.0, 0.0, 1920.0, 1080.0]
    assert [one["name"] for one in exported.dataset["categories"]] == ["car", "road sign"]
    assert exported.dataset["images"][1] == {"id": 1, "file_name": "frame_000001.jpg", "width": 1920, "height": 1080}
    assert [one["area"] for one in exported.dataset["annotations"]] == [45000.0, 2073600.0, 45000.0]


def test_pycocotools_opens_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from pycocotools.coco import COCO

    exported = coco.export(record_of(2, 2), dump(tmp_path / "dump", (CAR,), (SIGN,)))
    (tmp_path / "images.json").write_text(json.dumps(exported.dataset))
    (tmp_path / "results.json").write_text(json.dumps(exported.results))
    loaded = COCO(str(tmp_path / "images.json")).loadRes(str(tmp_path / "results.json"))
    assert len(loaded.getAnnIds()) == 2
    assert loaded.loadCats([2])[0]["name"] == "road sign"


def test_a_label_that_labels_txt_does_not_have_gets_an_id_of_its_own(tmp_path: Path) -> None:
    odd = replace(CAR, label="b\udcffs")
    exported = coco.export(record_of(1, 2), dump(tmp_path / "dump", (odd, CAR)))
    assert [one["category_id"] for one in exported.results] == [3, 1]
    assert exported.dataset["categories"][2]["name"] == "b\N{REPLACEMENT CHARACTER}s"
    json.dumps(exported.dataset, ensure_ascii=False).encode("utf-8")


def test_boxes_that_are_not_finite_are_left_out_and_counted(tmp_path: Path) -> None:
    folder = dump(tmp_path / "dump", (CAR,))
    (folder / kitti.file_name(0, 0, 1)).write_text("car 0.0 0 0.0 nan 1.0 2.0 3.0" + " 0.0" * 7 + " 0.5\n")
    exported = coco.export(record_of(2, 2), folder)
    assert (len(exported.results), exported.skipped) == (1, 1)


@pytest.mark.parametrize("objects", [0, 2])
def test_the_dump_of_another_run_is_refused(tmp_path: Path, objects: int) -> None:
    with pytest.raises(DsbenchError, match="not that of the record") as error:
        coco.export(record_of(1, objects), dump(tmp_path / "dump", (CAR,)))
    assert error.value.code is Code.RECORD_INVALID


def test_a_record_without_detections_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DsbenchError, match="no detections"):
        coco.export(records.blank(records.deepstream()), tmp_path)
