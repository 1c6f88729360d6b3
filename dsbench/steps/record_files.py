"""The files of a run for its record: path, size and SHA-256 of everything that it used or made."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from dsbench.base import reading
from dsbench.base.reading import FileKind
from dsbench.model.facts import PreflightFacts
from dsbench.model.layout import ModelLayout
from dsbench.record.raw import FileRecord
from dsbench.steps.app_run import AppRuns
from dsbench.steps.benchmark_config import BenchmarkConfigResult
from dsbench.steps.kitti_gate import KittiGateResult
from dsbench.steps.model_run import ModelRun
from dsbench.steps.nvinfer_config import NvinferConfigResult
from dsbench.steps.parser_build import ParserBuildResult
from dsbench.steps.parser_makefile import ParserMakefileResult
from dsbench.steps.parser_source import ParserSourceResult
from dsbench.steps.preflight_engine import PreparedEngine
from dsbench.steps.visual_result import VisualValidationResult

VIDEO = "video"


def files(model: ModelRun) -> tuple[FileRecord, ...]:
    """Every file that the run has used or made so far; those that cannot be read are left out."""
    found = (_file(role, path, model.layout) for role, path in dict.fromkeys(_paths(model)))
    return tuple(file for file in found if file is not None)


def shown(path: Path, layout: ModelLayout) -> str:
    """Relative to the model directory, absolute outside it."""
    text = os.path.relpath(path, layout.root)
    return os.path.abspath(path) if text.startswith("..") else text


def dump_digest(directory: Path, names: list[str]) -> str:
    """SHA-256 of names and contents of a dump's files, in the given order."""
    digest = hashlib.sha256()
    for name in names:
        content = reading.read_bytes(directory / name, FileKind.KITTI_FRAME)
        digest.update(f"{name}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()


def _paths(model: ModelRun) -> Iterator[tuple[str, Path]]:
    prepared, facts = model.find(PreparedEngine), model.find(PreflightFacts)
    if facts is None:
        return
    yield from _given(model.layout, prepared.facts if prepared else facts)
    yield from _import(model)
    if (runs := model.find(AppRuns)) is not None:
        if (config := model.find(BenchmarkConfigResult)) is not None:
            yield "benchmark_nvinfer_config", config.written.path
        for run in runs.runs:
            log = model.layout.root / run.log
            yield "run_log", log
            yield "run_app_config", log.with_name(f"deepstream_app_{log.stem.removeprefix('ds_')}.txt")


def _given(layout: ModelLayout, facts: PreflightFacts) -> Iterator[tuple[str, Path]]:
    yield "onnx", facts.onnx.path
    yield from (("onnx_weights", path) for path in facts.onnx.external_data)
    if facts.engine is not None:
        yield "engine", facts.engine.path
        yield "trtexec_log", layout.trtexec_log(1)
        yield "trtexec_log", layout.trtexec_log(facts.max_bs)
    yield "labels", layout.labels
    yield "settings", layout.settings_file
    yield VIDEO, facts.video.value.path


def _import(model: ModelRun) -> Iterator[tuple[str, Path]]:
    layout = model.layout
    source, makefile = model.find(ParserSourceResult), model.find(ParserMakefileResult)
    built, config = model.find(ParserBuildResult), model.find(NvinferConfigResult)
    visual = model.find(VisualValidationResult)
    if source is not None and not source.built_in:
        yield "parser_source", source.path
    if makefile is not None and makefile.written is not None:
        yield "parser_makefile", makefile.written.path
    if built is not None:
        yield "parser_library", built.library.path
    if config is not None:
        yield "nvinfer_config", config.written.path
    if visual is not None and visual.output is not None:
        yield "visual_output", visual.output
    if model.find(KittiGateResult) is not None:
        yield "kitti_app_config", layout.kitti_app_config
        yield "kitti_log", layout.kitti_log


def _file(role: str, path: Path, layout: ModelLayout) -> FileRecord | None:
    try:
        found = path.stat()
        return FileRecord(role, shown(path, layout), found.st_size, _sha256(path, found.st_size, found.st_mtime_ns))
    except OSError:
        return None


@lru_cache(maxsize=256)
def _sha256(path: Path, _size: int, _mtime_ns: int) -> str:
    """Read again only after a change: the record is written after each step."""
    return reading.sha256(path)
