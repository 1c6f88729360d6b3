"""Sinks that deepstream-app cannot create: its messages, and which sinks it does not even try."""

from __future__ import annotations

from pathlib import Path

import pytest

from dsbench.embedded.app import sink_failures
from dsbench.formats.app import config as app_config

JETSON = "** ERROR: <create_render_bin:73>: nvdrmvideosink is only supported for Jetson"
FILE = "** ERROR: <create_encode_file_bin:520>: create_encode_file_bin failed"
REST = [
    "** ERROR: <create_sink_bin:901>: create_sink_bin failed",
    "** ERROR: <create_processing_instance:1709>: create_processing_instance failed",
    "** ERROR: <create_pipeline:2474>: create_pipeline failed",
]


@pytest.mark.parametrize(
    ("sinks", "first", "said"),
    [
        (["type=0"], None, "[sink0] type=0 does not exist"),
        (["type=7"], None, "[sink0] type=7 does not exist"),
        (["sync=0"], None, "[sink0] type=0 does not exist"),
        (["type=5"], JETSON, "[sink0] type=5 (DRM) exists on Jetson only"),
        (["type=3\noutput-file=a.mp4\ncodec=4"], FILE, "[sink0] codec=4 does not exist"),
        (["type=3\noutput-file=a.mp4\ncontainer=3"], FILE, "[sink0] container=3 does not exist"),
        (["type=1", "type=9"], None, "[sink1] type=9 does not exist"),
    ],
)
def test_what_is_printed(
    sinks: list[str], first: str | None, said: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert sink_failures.report(loaded(sinks, tmp_path))
    printed = capfd.readouterr()
    assert printed.out.splitlines() == ([first] if first else []) + REST
    assert said in printed.err


@pytest.mark.parametrize(
    "sinks",
    [
        [],
        ["type=1", "type=2", "type=3\ncodec=3\ncontainer=2", "type=4", "type=6"],
        ["type=9\nsource-id=1"],
        ["type=9\nlink-to-demux=1"],
    ],
)
def test_sinks_that_are_created_or_not_tried(
    sinks: list[str], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert not sink_failures.report(loaded(sinks, tmp_path))
    assert capfd.readouterr().out == ""


def loaded(sinks: list[str], folder: Path) -> app_config.AppConfig:
    """A config with one source and these sinks."""
    groups = ["[source0]\nenable=1\ntype=2\nuri=file:///a.mp4"]
    groups += [f"[sink{i}]\nenable=1\n{keys}" for i, keys in enumerate(sinks)]
    path = folder / "app.txt"
    path.write_text("\n".join(groups) + "\n")
    return app_config.load(path)
