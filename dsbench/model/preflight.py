"""Pre-flight's checks: they find the variables of the specification, and report everything that is missing at once."""

from __future__ import annotations

import glob
import math
import os
import re
import shlex
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from dsbench.base import places, spec
from dsbench.base.errors import Code, DsbenchError
from dsbench.base.option import Value
from dsbench.base.option_levels import Options
from dsbench.base.options import TARGET_FPS, VIDEO
from dsbench.base.os_errors import require_reachable, system_errors
from dsbench.formats import labels as labels_format
from dsbench.formats.labels import Labels
from dsbench.formats.trtexec import log as trtexec_log
from dsbench.formats.versions import UNKNOWN_MACHINE, EngineMachine
from dsbench.model import engine_checks, stand_in, video
from dsbench.model import settings as settings_file
from dsbench.model.engine_checks import Origin
from dsbench.model.facts import EngineFile, PreflightFacts, Throughput
from dsbench.model.layout import ModelLayout
from dsbench.model.onnx import graph as onnx_model
from dsbench.model.onnx.graph import OnnxFacts
from dsbench.model.settings import Settings

_STEPS_1_3 = "run Steps 1-3 first (references/model-acquire.md)"
_STEPS_4_5 = "run Steps 4-5 first (references/engine-build.md)"

T = TypeVar("T")


@dataclass(frozen=True)
class Request:
    """What the session decides about pre-flight: ``runtime`` is ``deepstream`` or ``embedded``; ``start`` where
    pytest was started (relative video paths begin there)."""

    runtime: str
    options: Options
    start: Path
    replace_results: bool = False
    recorded_runtime: str | None = None
    """The runtime of the record in the directory; None without one."""
    local: Path = Path("/usr/local")
    machine: EngineMachine = UNKNOWN_MACHINE
    """What would run the engine, as far as it is known."""

    @property
    def needs_engine(self) -> bool:
        return self.runtime == "deepstream"


def run(layout: ModelLayout, request: Request) -> PreflightFacts:
    """All facts of a model directory, or one DsbenchError that lists everything that is missing or wrong."""
    require_directory(layout)
    settings = settings_file.load(layout.settings_file)
    target = request.options.resolve(TARGET_FPS, settings.options)
    checks = _Checks()
    checks.run(lambda: require_own_directories(layout))
    found = checks.run(lambda: find_onnx(layout, settings))
    onnx = checks.run(lambda: onnx_model.inspect(found[0], input_size=settings.input_size)) if found else None
    engine = checks.run(lambda: find_engine(layout, found[0] if found else None, request))
    # without an engine there is no MAX_BS that would say which log to read: one cause, one line
    throughput = checks.run(lambda: read_throughput(layout, engine, request, target.value)) if engine else None
    origin = checks.run(lambda: engine_origin(layout, settings, request, onnx, engine, throughput))
    checks.run(lambda: refuse_other_results(layout, request))
    labels = checks.run(lambda: read_labels(layout))
    clip = checks.run(lambda: read_video(layout, settings, request))
    checks.raise_failed(layout)
    assert found and onnx and labels and clip  # noqa: PT018 - each is None only together with an error, raised above
    assert onnx.height
    assert onnx.width
    return PreflightFacts(
        layout=layout,
        settings=settings,
        onnx=onnx,
        onnx_others=found[1],
        engine=engine,
        throughput=throughput,
        max_bs=engine.max_bs if engine else (onnx.batch or 1),
        height=onnx.height,
        width=onnx.width,
        cuda_ver=newest_cuda(request.local),
        labels=labels,
        video=clip,
        target_fps=target,
        origin=origin,
    )


def reread_engine(facts: PreflightFacts, request: Request) -> PreflightFacts:
    """The facts once engine and trtexec log have been prepared."""
    engine = find_engine(facts.layout, facts.onnx.path, request)
    throughput = read_throughput(facts.layout, engine, request, facts.target_fps.value) if engine else None
    max_bs = engine.max_bs if engine else facts.max_bs
    return replace(facts, engine=engine, throughput=throughput, max_bs=max_bs)


class _Checks:
    """Runs the checks one by one and keeps their errors, so that one failure lists everything that is missing."""

    def __init__(self) -> None:
        self.errors: list[DsbenchError] = []

    def run(self, check: Callable[[], T]) -> T | None:
        try:
            with system_errors():
                return check()
        except DsbenchError as error:
            self.errors.append(error)
            return None

    def raise_failed(self, layout: ModelLayout) -> None:
        if len(self.errors) == 1:
            raise self.errors[0]
        if self.errors:
            raise DsbenchError(
                Code.PREFLIGHT,
                f"{len(self.errors)} things are missing or wrong:\n" + "\n".join(e.render() for e in self.errors),
                where=layout.given,
            )


def require_directory(layout: ModelLayout) -> None:
    """MODEL_DIR_MISSING unless the model directory is a directory that can be read and holds something."""
    fix = "give the directory that holds model/, config/ and the rest, such as models/<model_name>"
    try:
        if not any(layout.root.iterdir()):
            raise DsbenchError(Code.MODEL_DIR_MISSING, "the model directory is empty", where=layout.given, fix=fix)
    except FileNotFoundError:
        what = "the model directory does not exist"
        if glob.has_magic(layout.given):
            what += ": no directory matches this pattern"
        raise DsbenchError(Code.MODEL_DIR_MISSING, what, where=layout.given, fix=fix) from None
    except OSError as error:  # not a directory, a loop of links, no permission, a name too long
        raise DsbenchError(
            Code.MODEL_DIR_MISSING,
            f"the model directory cannot be read: {error.strerror}",
            where=layout.given,
            fix=fix,
        ) from error


def require_own_directories(layout: ModelLayout) -> None:
    """NOT_WRITABLE if a directory that the steps write into is a link that leaves the model directory."""
    for folder in layout.written_directories:
        places.require_inside(folder)


def find_onnx(layout: ModelLayout, settings: Settings) -> tuple[Path, tuple[Path, ...]]:
    """The ONNX file and the others: first by name, ``_dynamic`` names left out, ``onnx =`` of dsbench.toml chooses."""
    require_reachable(layout.onnx_dir)
    files = sorted(_files(layout.onnx_dir, ".onnx"), key=lambda path: path.name)
    if settings.onnx is not None:
        chosen = layout.onnx_dir / settings.onnx
        if chosen not in files:
            raise DsbenchError(
                Code.ONNX_MISSING,
                f"ERROR: No ONNX file found in {layout.given}/model/ with the name that dsbench.toml gives: "
                f"{settings.onnx}",
                where=str(settings.path),
                fix=f"files there: {', '.join(path.name for path in files) or 'none'}",
            )
        return chosen, tuple(path for path in files if path != chosen)
    candidates = [path for path in files if "_dynamic" not in path.name]
    if not candidates:
        left_out = f"; only _dynamic files are there: {', '.join(path.name for path in files)}" if files else ""
        raise DsbenchError(
            Code.ONNX_MISSING,
            f"ERROR: No ONNX file found in {layout.given}/model/ — {_STEPS_1_3}{left_out}",
            where=str(layout.onnx_dir),
            fix=f"put the exported detector at {layout.given}/model/<name>.onnx",
        )
    return candidates[0], tuple(path for path in files if path != candidates[0])


def find_engine(layout: ModelLayout, onnx_file: Path | None, request: Request) -> EngineFile | None:
    """The engine with the largest batch by number, MAX_BS from its name; None if the runtime needs none.

    Raises ENGINE_MISSING with the specification's text, ENGINE_MISMATCH if its stem is not the ONNX file's.
    A stand-in of the embedded runtime is no engine for DeepStream; on the embedded runtime TensorRT's engine comes
    first, and a stand-in for another ONNX file is none.
    """
    engines: list[tuple[int, Path, bool]] = []
    for path in _files(layout.engines, ".engine"):
        match = re.search(r"(.*)_dynamic_b(\d+)\.engine$", path.name)
        if match and int(match[2]) > 0:
            made_here = stand_in.is_stand_in(path)
            useless = request.needs_engine or (onnx_file is not None and match[1] != onnx_file.stem)
            if not (made_here and useless):
                engines.append((int(match[2]), path, made_here))
    if not all(made_here for _, _, made_here in engines):
        engines = [engine for engine in engines if not engine[2]]
    if not engines:
        if not request.needs_engine:
            return None
        raise DsbenchError(
            Code.ENGINE_MISSING,
            f"ERROR: No engine found in {layout.given}/benchmarks/engines/ — {_STEPS_4_5}",
            where=str(layout.engines),
            fix=f"run {_prepare(layout)}, or build <onnx stem>_dynamic_b<MAX_BS>.engine with trtexec",
        )
    engines.sort(key=lambda item: (-item[0], item[1].name))
    max_bs, path, made_here = engines[0]
    stem = path.name[: path.name.rindex("_dynamic_b")]
    if onnx_file is not None and stem != onnx_file.stem:
        raise DsbenchError(
            Code.ENGINE_MISMATCH,
            f"the engine {path.name} was not built from the ONNX file {onnx_file.name}: "
            f"{onnx_file.stem}_dynamic_b{max_bs}.engine is expected",
            where=str(path),
            fix="build an engine from this ONNX file, remove the old one, or choose with `onnx =` in dsbench.toml",
        )
    return EngineFile(path=path, max_bs=max_bs, others=tuple(item[1] for item in engines[1:]), stand_in=made_here)


def read_throughput(layout: ModelLayout, engine: EngineFile, request: Request, target_fps: float) -> Throughput | None:
    """QPS_BS_MAX, IMGS_PER_SEC and PEAK_GPU_STREAMS from the trtexec log of MAX_BS; None where the embedded runtime
    has none of its own yet.

    Raises TRTEXEC_LOG_MISSING with the specification's text; an empty or failed log raises what the format says.
    """
    log = layout.trtexec_log(engine.max_bs)
    made_here = stand_in.is_stand_in(log)
    if not log.is_file() or made_here == request.needs_engine:
        if not request.needs_engine:
            return None
        raise DsbenchError(
            Code.TRTEXEC_LOG_MISSING,
            f"ERROR: trtexec log not found at {layout.given_path(log)} — {_STEPS_4_5}",
            where=str(log),
            fix=f"run {_prepare(layout)}, or measure the engine at batch {engine.max_bs} with trtexec and keep its "
            "output there",
        )
    try:
        parsed = trtexec_log.parse(log)
    except DsbenchError:
        if made_here:
            return None  # made again
        raise
    images = parsed.throughput_qps * engine.max_bs
    return Throughput(
        log=log,
        qps=parsed.throughput_qps,
        imgs_per_sec=round(images, 2),
        peak_gpu_streams=math.floor(images / target_fps),
        stand_in=made_here,
        setup=parsed.setup,
        remarks=parsed.remarks,
    )


def engine_origin(
    layout: ModelLayout,
    settings: Settings,
    request: Request,
    onnx: OnnxFacts | None,
    engine: EngineFile | None,
    throughput: Throughput | None,
) -> Origin | None:
    """Where the engine comes from; None on a runtime that does not use it. Raises ENGINE_MISMATCH, and
    TRTEXEC_LOG_INVALID for a log of another batch or size."""
    if not request.needs_engine or onnx is None or engine is None:
        return None
    mode = spec.NETWORK_MODE if settings.network_mode is None else settings.network_mode
    use = engine_checks.Use(onnx, (onnx.height, onnx.width), mode, request.machine)
    if throughput is not None:
        engine_checks.require_log_of(throughput.setup, use, engine.max_bs, layout.given_path(throughput.log))
    return engine_checks.origin(layout, engine.path.name, throughput.setup if throughput else None, use)


def _prepare(layout: ModelLayout) -> str:
    return f"`dsbench prepare {shlex.quote(layout.given)}`"


def refuse_other_results(layout: ModelLayout, request: Request) -> None:
    """OTHER_RUNTIME_RESULTS if the directory holds the other runtime's record, or TensorRT's figures and the run is on
    the embedded runtime."""
    if request.replace_results:
        return
    logs = stand_in.tensorrt_logs(layout) if request.runtime == "embedded" else ()
    if request.recorded_runtime not in (None, request.runtime):
        kind, where = f"the record of a run on {request.recorded_runtime}", layout.record
    elif logs:
        kind, where = "a trtexec log of TensorRT", logs[0]
    else:
        return
    other = "deepstream" if request.runtime == "embedded" else "embedded"
    raise DsbenchError(
        Code.OTHER_RUNTIME_RESULTS,
        f"this directory holds results of the other runtime ({kind}), and the run is on the {request.runtime} runtime",
        where=str(where),
        fix=f"use --runtime {other}, a copy of the directory, or --replace-results "
        "(the older results are kept under another name)",
    )


def read_labels(layout: ModelLayout) -> Labels:
    """The label file; LABELS_MISSING with the specification's text, LABELS_INVALID for one without any label."""
    require_reachable(layout.labels)
    if not layout.labels.is_file():
        raise DsbenchError(
            Code.LABELS_MISSING,
            f"ERROR: labels.txt not found — {_STEPS_1_3}",
            where=layout.given_path(layout.labels),
            fix="write one class name per line, in the order of the network's classes",
        )
    labels = labels_format.read(layout.labels)
    if not labels.names:
        raise DsbenchError(
            Code.LABELS_INVALID,
            "labels.txt holds no label: no class would be detected",
            where=layout.given_path(layout.labels),
            fix="write one class name per line, in the order of the network's classes",
        )
    return labels


def read_video(layout: ModelLayout, settings: Settings, request: Request) -> Value[video.VideoFacts]:
    """The chosen video and what its container says, with the level that chose it."""
    chosen = video.choose(request.options.resolve(VIDEO, settings.options), layout.root, request.start)
    return Value(video.inspect(chosen.value), chosen.origin)


def newest_cuda(local: Path) -> str:
    """CUDA_VER: the newest ``cuda-X.Y`` of /usr/local by version, else 12.8."""
    versions = []
    for entry in _listing(local):
        match = re.fullmatch(r"cuda-(\d+)\.(\d+)", entry)
        if match:
            versions.append((int(match[1]), int(match[2])))
    return "{}.{}".format(*max(versions)) if versions else spec.CUDA_VERSION


def _listing(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []


def _files(folder: Path, suffix: str) -> list[Path]:
    return [folder / name for name in _listing(folder) if name.endswith(suffix) and (folder / name).is_file()]
