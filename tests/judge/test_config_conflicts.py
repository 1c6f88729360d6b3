"""What dsbench.toml says otherwise than the user's own nvinfer config."""

from __future__ import annotations

from pathlib import Path

import pytest

from dsbench.formats import nvinfer
from dsbench.formats.nvinfer import NvinferConfig
from dsbench.judge.config_conflicts import conflicts
from dsbench.model.settings import Settings

TEXT = "[property]\nnet-scale-factor=0.0039215\ncluster-mode=2\n[class-attrs-all]\npre-cluster-threshold=0.25\n"


@pytest.fixture
def config(tmp_path: Path) -> NvinferConfig:
    path = tmp_path / "config.txt"
    path.write_text(TEXT)
    return nvinfer.load(path)


def test_equal_values_are_no_conflict(config: NvinferConfig) -> None:
    settings = Settings(
        net_scale_factor=1 / 255, offsets=(0.0, 0.0, 0.0), model_color_format=0, cluster_mode=2,
        pre_cluster_threshold=0.25,
    )  # fmt: skip
    assert conflicts(settings, config) == conflicts(Settings(), config) == ()


def test_both_values_are_said(config: NvinferConfig) -> None:
    settings = Settings(net_scale_factor=1.0, offsets=(104.0, 117.0, 123.0), maintain_aspect_ratio=True)
    assert conflicts(settings, config) == (
        "dsbench.toml says net-scale-factor = 1, your nvinfer config 0.0039215: the config runs; set both alike",
        "dsbench.toml says offsets = 104;117;123, your nvinfer config none: the config runs; set both alike",
        "dsbench.toml says maintain-aspect-ratio = 1, your nvinfer config 0: the config runs; set both alike",
    )
