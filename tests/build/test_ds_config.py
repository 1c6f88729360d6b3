"""7b from a user's own 6e config."""

from __future__ import annotations

from pathlib import Path

from dsbench.build.ds_config import moved_config

OWN = """\
# mine
[property]
onnx-file=../model/x.onnx
 custom-lib-path = ../parser/my\\slib.so
labelfile-path=/abs/labels.txt
batch-size=1
net-scale-factor=0.017  # kept
[class-attrs-all]
onnx-file=../not/a/path
topk=7
"""


def moved(text: str) -> str:
    fixed = (("batch-size", "16"), ("model-engine-file", "../engines/x_dynamic_b16.engine"))
    return moved_config(text, Path("/m/config"), Path("/m/benchmarks/ds"), fixed)


def test_paths_move_values_stay() -> None:
    assert (
        moved(OWN)
        == """\
# mine
[property]
model-engine-file=../engines/x_dynamic_b16.engine
onnx-file=../../model/x.onnx
custom-lib-path=../../parser/my lib.so
labelfile-path=/abs/labels.txt
batch-size=16
net-scale-factor=0.017  # kept
[class-attrs-all]
onnx-file=../not/a/path
topk=7
"""
    )


def test_an_engine_that_is_given_is_replaced() -> None:
    text = moved("[property]\nmodel-engine-file=../e.engine\nbatch-size=2\n#batch-size=3\n")
    assert text == "[property]\nmodel-engine-file=../engines/x_dynamic_b16.engine\nbatch-size=16\n#batch-size=3\n"


def test_windows_line_ends_stay_behind_a_moved_path() -> None:
    text = "[property]\r\nonnx-file=../model/a.onnx\r\nbatch-size=1\r\n"
    moved = moved_config(text, Path("/m/config"), Path("/m/benchmarks/ds"), (("batch-size", "8"),))
    assert moved == "[property]\r\nonnx-file=../../model/a.onnx\r\nbatch-size=8\r\n"
