"""The config with low thresholds: read back by nvinfer's reader, everything else as the user wrote it."""

from __future__ import annotations

from pathlib import Path

import pytest

from dsbench.build import accuracy_config
from dsbench.formats import nvinfer

HEAD = "[property]\nonnx-file=../model/net.onnx\nnum-detected-classes=3\ncluster-mode=2\nbatch-size=8\n"
ALL = "[class-attrs-all]\npre-cluster-threshold=0.9\nnms-iou-threshold=0.6\ntopk=1\ndetected-min-w=5\n"
ONE = "[class-attrs-1]\nthreshold=0.99\npost-cluster-threshold=0.5\n# mine\ntopk=2\n"


@pytest.mark.parametrize("text", [HEAD, HEAD + ALL, ALL + HEAD + ONE, HEAD + ONE, HEAD + ALL + ONE + ALL])
def test_thresholds_are_low_and_the_rest_unchanged(tmp_path: Path, text: str) -> None:
    path = tmp_path / "config" / "a.txt"
    path.parent.mkdir()
    path.write_text(text)
    folder = tmp_path / "samples" / "accuracy"
    folder.mkdir(parents=True)
    own = nvinfer.load(path)
    (folder / "low.txt").write_text(accuracy_config.render(own, folder))
    low = nvinfer.load(folder / "low.txt")
    for number in range(3):
        before, after = own.attrs_for(number), low.attrs_for(number)
        assert after.pre_cluster_threshold == pytest.approx(0.01)
        assert (after.topk, after.post_cluster_threshold) == (300, 0)
        assert (after.nms_iou_threshold, after.detected_min_w) == (before.nms_iou_threshold, before.detected_min_w)
    assert low.onnx_file is not None
    assert own.onnx_file is not None
    assert low.onnx_file.resolve() == own.onnx_file.resolve()
    assert (low.cluster_mode, low.batch_size) == (own.cluster_mode, 1)


def test_a_threshold_that_is_low_already(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text(HEAD + "[class-attrs-all]\npre-cluster-threshold=0.02\n")
    assert accuracy_config.low_threshold(nvinfer.load(path)) == pytest.approx(0.002)
