"""deepstream-app configs as YAML: groups, sources from a CSV file, DeepStream's words and aborts."""

from __future__ import annotations

from pathlib import Path

import pytest

from dsbench.base.errors import Code, DsbenchError
from dsbench.formats.app import config as app_config
from dsbench.formats.app.config import AppConfig, Source

APP = """\
application:
  enable-perf-measurement: 1
  perf-measurement-interval-sec: 2
  gie-kitti-output-dir: kitti
source:
  csv-file-path: sources.csv
sink0:
  enable: 1
  type: 1
  sync: 0
osd:
  enable: 0
  text-color: 1;1;0.9;1
streammux:
  batch-size: 2
  width: 1280
  height: 720
primary-gie:
  enable: 1
  batch-size: 2
  config-file: nvinfer.yml
tracker:
  enable: 1
tests:
  file-loop: 1
"""
CSV = "# sources\n\nenable,type,uri,num-sources,gpu-id\n1,2,file://a.mp4,1,0\n0,2,file:///off.mp4,1,0\n1,3,file:///b%d.mp4,2,0\n"


def read(folder: Path, text: str, csv: str = CSV) -> tuple[AppConfig, list[str]]:
    (folder / "sources.csv").write_text(csv)
    console: list[str] = []
    (folder / "app.yml").write_text(text)
    return app_config.load(folder / "app.yml", console=console.append), console


def refused(folder: Path, text: str, csv: str = CSV) -> tuple[DsbenchError, list[str]]:
    (folder / "sources.csv").write_text(csv)
    console: list[str] = []
    (folder / "app.yml").write_text(text)
    with pytest.raises(DsbenchError) as caught:
        app_config.load(folder / "app.yml", console=console.append)
    return caught.value, console


def test_a_whole_file(tmp_path: Path) -> None:
    config, console = read(tmp_path, APP)
    assert console == []
    assert config.application.perf_measurement_interval_sec == 2
    assert config.application.gie_kitti_output_dir == tmp_path / "kitti"
    assert [source.uri for source in config.sources] == [
        f"file://{tmp_path}/a.mp4",
        "file:///b0.mp4",
        "file:///b1.mp4",
    ]
    assert [source.index for source in config.sources] == [0, 1, 2]
    assert {source.type for source in config.sources} == {2}
    assert (config.streammux.width, config.streammux.batch_size) == (1280, 2)
    assert config.primary_gie is not None
    assert config.primary_gie.config_file == tmp_path / "nvinfer.yml"
    assert config.primary_gie.batch_size == 2
    assert config.osd.text_color == (1.0, 1.0, 0.0, 1.0)
    assert config.tests.file_loop == 1
    assert len(config.sinks) == 1
    assert config.unsupported == ("[tracker]",)


def test_unknown_keys_have_each_group_s_words(tmp_path: Path) -> None:
    text = (
        "application:\n  a: 1\ntests:\n  pipeline-recreate-sec: 1\nosd:\n  c: 1\nsink0:\n  enable: 1\n  d: 1\n"
        "primary-gie:\n  config-file: x.txt\n  verbose: 1\nsource:\n  csv-file-path: sources.csv\nsource0:\n  e: 1\n"
    )
    _, console = read(tmp_path, text, "enable,leaky\n1,0\n")
    assert console == [
        "Unknown key a for group application",
        "Unknown key pipeline-recreate-sec for group tests",
        "[WARNING] Unknown param found in osd: c",
        "[WARNING] Unknown param found in sink: d",
        "[WARNING] Unknown param found in gie: verbose",
        "[WARNING] Unknown param found in source : leaky",
    ]


def test_an_unknown_key_of_streammux_ends_the_reading(tmp_path: Path) -> None:
    error, console = refused(tmp_path, "streammux:\n  sync-inputs-ntp: 1\n")
    assert console == [
        "[WARNING] Unknown param found in streammux: sync-inputs-ntp",
        "parse_streammux_yaml failed",
        "failed parsing",
        "parse_config_file_yaml failed",
    ]
    assert error.where is not None
    assert error.where.startswith("parse_streammux_yaml: ")


def test_a_model_without_config_file(tmp_path: Path) -> None:
    _, console = refused(tmp_path, "primary-gie:\n  enable: 1\n")
    assert console == [
        "Config file not provided for group primary-gie",
        "parse_gie_yaml failed",
        "failed parsing",
        "parse_config_file_yaml failed",
    ]


def test_groups_switched_off_are_not_read_and_groups_without_enable_are_not_used(tmp_path: Path) -> None:
    config, _ = read(tmp_path, "primary-gie:\n  enable: 0\nsink0:\n  enable: 0\n  type: x\nsink1:\n  type: 1\n")
    assert config.primary_gie is None
    assert config.sinks == ()
    config, _ = read(tmp_path, "primary-gie:\n  config-file: x.txt\n")
    assert config.primary_gie is None


def test_model_ids_must_differ(tmp_path: Path) -> None:
    gie = "  enable: 1\n  gie-unique-id: 1\n  config-file: x.txt\n"
    _, console = refused(tmp_path, f"primary-gie:\n{gie}secondary-gie0:\n{gie}")
    assert console == [
        "** ERROR: <parse_config_file_yaml:409>: Non unique gie ids found",
        "parse_config_file_yaml failed",
    ]


def test_no_csv_file_is_an_error_and_a_missing_one_is_not(tmp_path: Path) -> None:
    _, console = refused(tmp_path, "source:\n  uri: file:///v.mp4\n")
    assert console == [
        "** ERROR: <parse_config_file_yaml:227>: CSV file not specified\n",
        "parse_config_file_yaml failed",
    ]
    config, console = read(tmp_path, "source:\n  csv-file-path: nowhere.csv\n")
    assert console == [f"Couldn't open CSV file {tmp_path}/nowhere.csv"]
    assert config.sources == ()


def test_sources_of_the_ini_kind_are_not_read(tmp_path: Path) -> None:
    config, console = read(
        tmp_path, "source0:\n  enable: 1\n  type: 2\n  uri: file:///v.mp4\nsource-list:\n  list: a\n"
    )
    assert config.sources == ()
    assert console == []


@pytest.mark.parametrize(
    ("csv", "kind"),
    [
        ("enable,type\n1,two\n", "'std::invalid_argument'\n  what():  stoi"),
        ("enable,type\nyes,2\n", "'std::invalid_argument'\n  what():  stoul"),
        ("enable,type\n1,2\n\n", "has 1 fields, its header has 2"),
    ],
)
def test_sources_that_are_refused(tmp_path: Path, csv: str, kind: str) -> None:
    error, _ = refused(tmp_path, "source:\n  csv-file-path: sources.csv\n", csv)
    assert kind in error.what


def test_a_csv_file_from_windows(tmp_path: Path) -> None:
    config, console = read(
        tmp_path, "source:\n  csv-file-path: sources.csv\n", "enable,type,uri\r\n1,2,file:///v.mp4\r\n"
    )
    assert console == ["[WARNING] Unknown param found in source : uri\r"]
    assert config.sources == (Source(0, "source", type=2),)


@pytest.mark.parametrize(
    "text",
    [
        "application:\n  enable-perf-measurement: true\n",
        "streammux:\n  width: wide\n",
        "sink0:\n  enable: yes\n",
        "tracker:\n  enable: on\n",
        "streammux:\n  frame-duration: -1\n",
        "source: file\n",
        "plain",
    ],
)
def test_what_ends_deepstream_by_an_exception(tmp_path: Path, text: str) -> None:
    error, console = refused(tmp_path, text)
    assert error.code is Code.CONFIG_ABORTED
    assert error.what.startswith("terminate called after throwing an instance of 'YAML::")
    assert console == []


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(DsbenchError, match=f"bad file: {tmp_path}/nowhere.yaml"):
        app_config.load(tmp_path / "nowhere.yaml")
