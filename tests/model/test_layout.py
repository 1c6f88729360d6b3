"""Names and paths of a model directory."""

from __future__ import annotations

from pathlib import Path

import pytest

from dsbench.model.layout import ModelLayout, name_safe, parser_func_suffix


@pytest.mark.parametrize(
    ("name", "suffix", "safe"),
    [
        ("yolov8n", "Yolov8n", "yolov8n"),
        ("rtdetr-l", "RtdetrL", "rtdetr_l"),
        ("grounding-dino-base", "GroundingDinoBase", "grounding_dino_base"),
        ("YOLOX Nano", "YoloxNano", "YOLOX_Nano"),
        ("模型", "Model", "__"),
        ("$(rm -rf x)", "RmRfX", "__rm__rf_x_"),
        ("-n", "N", "_n"),
        ("2fast", "2fast", "2fast"),
    ],
)
def test_names_for_cpp(name: str, suffix: str, safe: str) -> None:
    assert parser_func_suffix(name) == suffix
    assert name_safe(name) == safe


def test_paths_are_those_of_the_specification(tmp_path: Path) -> None:
    layout = ModelLayout.at("models/rtdetr-l/", tmp_path)
    assert layout.given == "models/rtdetr-l"
    root = tmp_path / "models" / "rtdetr-l"
    assert layout.parser_source == root / "parser/nvdsinfer_custombboxparser_rtdetr_l.cpp"
    assert layout.parser_library == root / "parser/libnvdsinfer_rtdetr_l_parser.so"
    assert layout.parser_function == "NvDsInferParseCustomRtdetrL"
    assert layout.nvinfer_config == root / "config/config_infer_primary_rtdetr-l.txt"
    assert layout.kitti_app_config == root / "config/deepstream_app_kitti_rtdetr-l.txt"
    assert layout.engine("net", 16) == root / "benchmarks/engines/net_dynamic_b16.engine"
    assert layout.trtexec_log(16) == root / "benchmarks/b16/trtexec_b16.log"
    assert layout.ds_nvinfer_config == root / "benchmarks/ds/config_infer_ds_rtdetr-l.txt"
    assert layout.given_path(layout.trtexec_log(1)) == "models/rtdetr-l/benchmarks/b1/trtexec_b1.log"


def test_two_directories_of_one_name_have_different_keys(tmp_path: Path) -> None:
    assert ModelLayout.at("a/net", tmp_path).key != ModelLayout.at("b/net", tmp_path).key


def test_links_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "alias").symlink_to("real")
    assert ModelLayout.at("alias", tmp_path).name == "alias"
