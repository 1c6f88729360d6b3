"""App configs as the specification's helper scripts write them."""

from __future__ import annotations

from pathlib import Path

import pytest

from dsbench.base.errors import Code, DsbenchError
from dsbench.build import app_config
from dsbench.build.app_config import AppPlan
from dsbench.formats.app import config as app_format

KITTI = """\
[application]
enable-perf-measurement=0
gie-kitti-output-dir=/m/samples/kitti_output

[tiled-display]
enable=0

[source0]
enable=1
type=3
uri=file:///v/clip.mp4
num-sources=1
gpu-id=0

[sink0]
enable=1
type=1
sync=0

[osd]
enable=0

[streammux]
live-source=0
batch-size=1
batched-push-timeout=-1
width=1280
height=720

[primary-gie]
enable=1
batch-size=1
gie-unique-id=1
config-file=/m/config/nv.txt

[tests]
file-loop=0
"""


def test_kitti_dump() -> None:
    plan = AppPlan(Path("/m/config/nv.txt"), Path("/v/clip.mp4"), kitti_dir=Path("/m/samples/kitti_output"))
    assert app_config.render_app(plan) == KITTI


def test_perf_run_has_one_batch_size_everywhere() -> None:
    plan = AppPlan(Path("/nv.txt"), Path("/v.mp4"), streams=12, perf_interval_sec=2, file_loop=True)
    text = app_config.render_app(plan)
    assert text.count("batch-size=12") == 2
    assert "num-sources=12" in text
    assert "enable-perf-measurement=1\nperf-measurement-interval-sec=2\n" in text
    assert "gie-kitti-output-dir" not in text
    assert "file-loop=1" in text


def test_gpu_id_reaches_every_group_that_has_one() -> None:
    text = app_config.render_app(AppPlan(Path("/nv.txt"), Path("/v.mp4"), gpu_id=3))
    assert text.count("gpu-id=3") == 4
    assert "gpu-id=0" not in text


def test_the_runtime_reads_what_is_written(tmp_path: Path) -> None:
    path = tmp_path / "app.txt"
    app_config.write_app(path, AppPlan(Path("/nv.txt"), Path("/v.mp4"), streams=3, perf_interval_sec=2))
    read = app_format.load(path)
    assert len(read.sources) == 3
    assert not read.warnings


def test_a_users_file_of_that_name_is_not_run_by_mistake(tmp_path: Path) -> None:
    path = tmp_path / "app.txt"
    path.write_text("mine")
    with pytest.raises(DsbenchError) as caught:
        app_config.write_app(path, AppPlan(Path("/nv.txt"), Path("/v.mp4")))
    assert caught.value.code == Code.APP_CONFIG_FOREIGN
    assert path.read_text() == "mine"


@pytest.mark.parametrize(
    ("name", "uri", "plain"),
    [
        ("a b.mp4", True, True),
        ("100%.mp4", True, False),
        ("100%.txt", False, True),
        ("a#b.mp4", True, False),
        ("back\\slash.txt", False, False),
        ("new\nline", False, False),
        ("blank ", False, False),
    ],
)
def test_paths_that_an_ini_cannot_carry_go_through_a_link(tmp_path: Path, name: str, uri: bool, plain: bool) -> None:
    path, links = tmp_path / name, tmp_path / "links"
    path.write_text("content")
    links.mkdir()
    safe = app_config.safe_path(path, links, uri=uri)
    assert (safe == path) is plain
    assert safe.read_text() == "content"
    assert app_config.safe_path(path, links, uri=uri) == safe
