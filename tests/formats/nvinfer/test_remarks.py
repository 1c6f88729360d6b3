"""What nvinfer accepts in silence is said aloud."""

from __future__ import annotations

from pathlib import Path

import pytest

from dsbench.formats import nvinfer
from dsbench.formats.nvinfer.remarks import remarks

SOUND = "num-detected-classes=2\ncluster-mode=2\n"


def remarks_on(folder: Path, text: str) -> tuple[str, ...]:
    path = folder / "nvinfer.txt"
    path.write_text(f"[property]\n{text}")
    return remarks(nvinfer.load(path))


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("batch-size=4 # four\n", "line 4: `#` begins a comment only at the start of a line; batch-size"),
        ("onnx-file=m.onnx # model\n", "line 4: `#` begins a comment only at the start of a line; here it belongs"),
        ("labelfile-path=l.txt \n", "the blanks after the value belong to labelfile-path"),
        ("onnx-file=~/m.onnx\n", "taken literally"),
        ("onnx-file=$HOME/m.onnx\n", "taken literally"),
        ("onnx-file=file:///m.onnx\n", "taken literally"),
        ("onnx-file=\n", "is empty"),
        ("nms-iou-threshold=0.4\n", "belongs into [class-attrs-all]"),
        ("gpu-id=0\ngpu-id=1\n", "gpu-id is given more than once: the last one, line 5, counts"),
        ("net-scale-factor=0\n", "ignores the offsets"),
        ("net-scale-factor=nan\n", "useless"),
        ("offsets=1;inf;1\n", "not a finite number"),
        ("parse-bbox-func-name=f\n", "built-in decoder"),
        ("symmetric-padding=1\n", "no effect without maintain-aspect-ratio"),
        ("[class-attrs-all]\ntopk=0\n", "removes every object"),
        ("[class-attrs-0]\nnms-iou-threshold=nan\n", "neither keeps nor drops"),
        ("[class-attrs-all]\ncluster-mode=4\n", "it belongs into [property]"),
    ],
)
def test_one_remark(tmp_path: Path, text: str, word: str) -> None:
    (remark,) = remarks_on(tmp_path, SOUND + text)
    assert word in remark


def test_a_sound_config_has_none(tmp_path: Path) -> None:
    assert remarks_on(tmp_path, SOUND) == ()


def test_what_is_missing(tmp_path: Path) -> None:
    classes, cluster = remarks_on(tmp_path, "")
    assert classes.startswith("num-detected-classes is 0 or missing")
    assert cluster.startswith("cluster-mode is 0 or missing")
