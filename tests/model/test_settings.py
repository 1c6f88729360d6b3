"""dsbench.toml: what is taken, what is refused and how the refusal helps."""

from __future__ import annotations

from pathlib import Path

import pytest

from dsbench.base.errors import Code, DsbenchError
from dsbench.model import settings


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "dsbench.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_no_file_decides_nothing(tmp_path: Path) -> None:
    assert settings.load(tmp_path / "dsbench.toml") == settings.Settings()


def test_every_key_is_read_with_nvinfers_names(tmp_path: Path) -> None:
    read = settings.load(
        write(
            tmp_path,
            """
            onnx = "net.onnx"
            family = "yolox"
            video = "clips/a b.mp4"
            ground-truth = "truth"
            input-size = [288, 512]
            [gate]
            min-detection-rate = 0.5
            kitti-frames = 0
            [property]
            net-scale-factor = 0.0078125
            offsets = [127, 127, 127]
            model-color-format = 1
            maintain-aspect-ratio = 0
            symmetric-padding = true
            scaling-filter = 1
            cluster-mode = 4
            network-mode = 0
            parse-bbox-func-name = "NvDsInferParseCustomX"
            [class-attrs-all]
            pre-cluster-threshold = 0.3
            nms-iou-threshold = 0.5
            topk = 50
            """,
        )
    )
    assert read.input_size == (288, 512)
    assert read.offsets == (127.0, 127.0, 127.0)
    assert (read.maintain_aspect_ratio, read.symmetric_padding) == (False, True)
    assert (read.net_scale_factor, read.cluster_mode, read.topk) == (0.0078125, 4, 50)
    assert read.options == {
        "video": "clips/a b.mp4",
        "ground-truth": "truth",
        "min-detection-rate": 0.5,
        "kitti-frames": 0,
    }
    assert "net-scale-factor" in read.decided()
    assert "path" not in read.decided()


def test_benchmark_keys(tmp_path: Path) -> None:
    text = "[benchmark]\ntarget-fps = 25\nperf-seconds = 20\nperf-interval = 1\nmin-streams = 4\n"
    text += "perf-precision = 0.5\n"
    read = settings.load(write(tmp_path, text))
    assert read.options == {
        "target-fps": 25.0,
        "perf-seconds": 20,
        "perf-interval": 1,
        "min-streams": 4,
        "perf-precision": 0.5,
    }


def test_an_empty_list_of_offsets_says_that_there_are_none(tmp_path: Path) -> None:
    assert settings.load(write(tmp_path, "[property]\noffsets = []")).offsets == ()


def test_offsets_may_be_written_as_in_nvinfer(tmp_path: Path) -> None:
    assert settings.load(write(tmp_path, '[property]\noffsets = "122.77;116.75;104.09"')).offsets == (
        122.77,
        116.75,
        104.09,
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("net-scale-factor = 1.0", "net-scale-factor in [property]"),
        ("[property]\nmodel-type = 1", "unknown key [property] model-type"),
        ("[infer]\nx = 1", "unknown table [infer]"),
        ("familly = 'yolox'", "write family, or use one of"),
        ("[gates]\nmin-map = 0.5", "write [gate], or use one of"),
        ("[property]\nnet-scale-factor = 0", "above 0"),
        ("[property]\nnet-scale-factor = nan", "finite"),
        ("[property]\nnet-scale-factor = '1/255'", "finite number"),
        ("[property]\ncluster-mode = 7", "between 0 and 4"),
        ("[property]\nparse-bbox-func-name = 'f(); system'", "C++ function name"),
        ("[gate]\nmin-detection-rate = 90", "at least 0 and at most 1 (a fraction: 0.9 for 90 %)"),
        ("[benchmark]\ntarget-fps = 0", "above 0"),
        ("[benchmark]\nperf-seconds = 2.5", "whole number"),
        ("onnx = '../x.onnx'", "without a folder"),
        ("video = ''", "not empty"),
        ("video = 'a\\nb'\nx", "not valid TOML"),
        ("[property]\nmaintain-aspect-ratio = 'yes'", "true, false, 1 or 0"),
    ],
)
def test_bad_settings_are_named(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(DsbenchError) as caught:
        settings.load(write(tmp_path, text))
    assert caught.value.code == Code.SETTINGS_INVALID
    assert said in caught.value.render()


@pytest.mark.parametrize("value", ["24.0", "32", '"24"', "true"])
def test_object_size_is_24_or_28(tmp_path: Path, value: str) -> None:
    path = tmp_path / "dsbench.toml"
    path.write_text("[parser]\nobject-size = 24\n")
    assert settings.load(path).object_size == 24
    path.write_text(f"[parser]\nobject-size = {value}\n")
    with pytest.raises(DsbenchError, match="object-size"):
        settings.load(path)


def test_the_example_in_the_docs_shows_every_key(tmp_path: Path, repository: Path) -> None:
    page = (repository / "docs" / "settings.md").read_text(encoding="utf-8")
    read = settings.load(write(tmp_path, page.partition("```toml\n")[2].partition("```")[0]))
    assert read.decided() == tuple(key for table in settings.TABLES.values() for key in table)
