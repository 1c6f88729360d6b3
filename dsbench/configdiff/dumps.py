"""The KITTI dumps of two nvinfer configs on the same frames, by the embedded app, in a temporary directory."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from dsbench.base import reading
from dsbench.base.errors import Code, DsbenchError
from dsbench.base.files import replace_file
from dsbench.base.reading import FileKind
from dsbench.build import app_config, ds_config
from dsbench.build.app_config import AppPlan
from dsbench.formats import kitti, nvinfer
from dsbench.formats.nvinfer import NvinferConfig
from dsbench.judge.config_diff import Dump
from dsbench.model.layout import ModelLayout
from dsbench.runtimes import kitti_dump
from dsbench.runtimes.embedded import EmbeddedRuntime


@dataclass(frozen=True)
class GivenConfig:
    """A config that is compared. ``path``: the file that is run, a moved copy where the given one is elsewhere."""

    given: str
    path: Path
    text: str
    note: str = ""


def find(given: str, start: Path, home: Path | None, scratch: Path) -> GivenConfig:
    """The config that ``given`` names: a file, or a model directory's own.

    ``home``: folder of the model directory's config; relative paths that lead nowhere from the config's own folder are
    read from there. Raises USAGE, KEYFILE_INVALID, CONFIG_VALUE_INVALID.
    """
    path = start / os.path.expanduser(given)
    if path.is_dir():
        path = ModelLayout.at(given, start).nvinfer_config
    if not path.is_file():
        fix = "name an nvinfer config, or a model directory in which `pytest --model-dir` wrote one"
        raise DsbenchError(Code.USAGE, f"{path.name} is not a file", where=str(path), fix=fix)
    config = nvinfer.load(path)
    text = reading.read_bytes(path, FileKind.CONFIG).decode("utf-8", "surrogateescape")
    missing = _missing(config)
    if not missing:
        return GivenConfig(given, path, text)
    if home and path.suffix not in (".yml", ".yaml"):
        moved = scratch / f"moved-{len(list(scratch.iterdir()))}" / path.name
        from_dir, to_dir = Path(os.path.realpath(home)), Path(os.path.realpath(scratch)) / moved.parent.name
        content = ds_config.moved_config(text, from_dir, to_dir, ())
        replace_file(moved, content.encode("utf-8", "surrogateescape"))
        if not _missing(nvinfer.load(moved)):
            return GivenConfig(given, moved, text, f"paths of {given} are read from {home}")
    key, file = missing
    library = " (build it: pytest --model-dir MODEL_DIR -k parser_build)" if key == "custom-lib-path" else ""
    raise DsbenchError(
        Code.CONFIG_LINT,
        f"{key} names a file that does not exist: {file}",
        where=str(path),
        fix=f"correct the path, or give --model-dir, whose config folder paths are then read from{library}",
    )


def _missing(config: NvinferConfig) -> tuple[str, Path] | None:
    """Key and file of the first file that the app cannot do without."""
    files = (("onnx-file", config.onnx_file), ("custom-lib-path", config.custom_lib_path))
    return next(((key, path) for key, path in files if path is not None and not path.exists()), None)


def dump(config: GivenConfig, video: Path, frames: int, folder: Path) -> Dump:
    """Run the app; the objects of each frame. ``frames`` 0: the whole video. Raises what a run of the app raises."""
    directory = folder / "kitti"
    plan = AppPlan(
        nvinfer_config=app_config.safe_path(config.path, folder),
        video=app_config.safe_path(video, folder, uri=True),
        kitti_dir=directory,
    )
    written = folder / "deepstream_app.txt"
    app_config.write_app(written, plan)
    what = f"the dump of {config.given}"
    kitti_dump.dump(EmbeddedRuntime(), written, directory, frames, folder / "app.log", what=what)
    return {
        file.name.frame: kitti.parse_file(file.path) for file in kitti.list_frames(directory) if file.name.stream == 0
    }
