"""Healthy model directories of several families, made from the demo model."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from dsbench.base.errors import Code, DsbenchError
from dsbench.base.files import replace_file
from dsbench.model.layout import ModelLayout
from dsbench.selftest import street_heads
from dsbench.selftest.street_heads import STREET

YOLOX, YOLOV8, YOLOV10 = "yolox", "yolov8", "yolov10"
VIDEO = STREET / "street.mp4"
GROUND_TRUTH = f'ground-truth = "{STREET / "ground_truth"}"\n\n[gate]\nmin-map = 0.65\n'


def _yolox(path: Path) -> None:
    """The demo model itself: undecoded rows, nothing about it in the file."""
    shutil.copyfile(STREET / "model" / "street.onnx", path)


def _yolov8(path: Path) -> None:
    """Decoded columns, with the metadata of Ultralytics' exporter."""
    street_heads.yolov8(path, task="detect")


def _yolov10(path: Path) -> None:
    """Rows of finished detections at a square size, with metadata: the picture needs its padding."""
    street_heads.yolov10(path, side=512, task="detect")


_MAKERS: dict[str, Callable[[Path], None]] = {YOLOX: _yolox, YOLOV8: _yolov8, YOLOV10: _yolov10}
FAMILIES = tuple(_MAKERS)
_SETTINGS = {YOLOX: 'family = "yolox"\n'}
"""dsbench.toml of the healthy directory."""


def make(family: str, folder: Path) -> ModelLayout:
    """A model directory below ``folder`` as a user lays it out. Raises MODEL_DIR_MISSING without the demo model."""
    if not VIDEO.is_file():
        raise DsbenchError(
            Code.MODEL_DIR_MISSING,
            "the demo model, from which selftest makes its models, is not there",
            where=str(STREET),
            fix="run dsbench selftest in a checkout of dsbench",
        )
    layout = ModelLayout.at(str(folder / f"street_{family}"), folder)
    layout.onnx_dir.mkdir(parents=True)
    _MAKERS[family](layout.onnx_dir / f"street_{family}.onnx")
    layout.config_dir.mkdir()
    shutil.copyfile(STREET / "config" / "labels.txt", layout.labels)
    settings(layout, family, truth=False)
    return layout


def settings(layout: ModelLayout, family: str, *, truth: bool) -> None:
    """Write dsbench.toml, with the demo's ground truth and its gate if ``truth``."""
    text = _SETTINGS.get(family, "") + (GROUND_TRUTH if truth else "")
    replace_file(layout.settings_file, text.encode())


def copy(healthy: ModelLayout, folder: Path) -> ModelLayout:
    """A copy of a directory below ``folder``, without the dump of an older run."""
    root = folder / healthy.name
    shutil.copytree(healthy.root, root, ignore=shutil.ignore_patterns("samples", "reports"))
    return ModelLayout.at(str(root), folder)


def restore(layout: ModelLayout, healthy: ModelLayout) -> None:
    """Make parser and config those of the healthy directory again; the dump goes."""
    for folder in (layout.parser_dir, layout.config_dir, layout.samples):
        shutil.rmtree(folder, ignore_errors=True)
    for folder in (healthy.parser_dir, healthy.config_dir):
        shutil.copytree(folder, layout.root / folder.name)
