"""Pre-flight: check that everything the run needs exists; prepare a missing engine on the embedded runtime."""

from __future__ import annotations

from dsbench.base.option_levels import require_two_windows
from dsbench.base.options import GPU_ID, PERF_INTERVAL, PERF_SECONDS
from dsbench.machine import directory_lock, hardware
from dsbench.model import preflight
from dsbench.model.engine_checks import Origin
from dsbench.model.facts import PreflightFacts
from dsbench.record.evidence import EvidenceLog
from dsbench.steps import preflight_engine, regression
from dsbench.steps.model_run import ModelRun


def run(model: ModelRun, log: EvidenceLog) -> PreflightFacts:
    """Lock the directory, check it, prepare the engine.

    Raises BASELINE_INVALID, DIRECTORY_BUSY, what pre-flight raises, GPU_MISSING on DeepStream, and USAGE for benchmark
    runs shorter than two PERF windows.
    If the engine cannot be prepared, only Step 7 stops.
    """
    regression.check_given(model)
    directory_lock.take(model.layout.root, model.at_end, shown=model.layout.given)
    request = model.preflight_request()
    checked = preflight.run(model.layout, request)
    seconds, interval = (
        request.options.resolve(row, checked.settings.options) for row in (PERF_SECONDS, PERF_INTERVAL)
    )
    require_two_windows(seconds, interval)
    if model.runtime.name == "deepstream":
        hardware.require_gpu(request.options.resolve(GPU_ID, checked.settings.options).value)
    prepared = model.keep(preflight_engine.prepare(model, checked))
    facts = model.keep(prepared.facts)
    add_evidence(log, facts)
    preflight_engine.add_evidence(log, prepared)
    return facts


def add_evidence(log: EvidenceLog, facts: PreflightFacts) -> None:
    """Every variable of pre-flight with its origin."""
    layout, onnx, clip = facts.layout, facts.onnx, facts.video
    log.print(*facts.lines)
    log.fact("MODEL_DIR", layout.root)
    log.fact("ONNX_FILE", layout.given_path(onnx.path), "dsbench.toml" if facts.settings.onnx else "first by name")
    log.fact("ONNX sha256", onnx.sha256)
    log.fact("ONNX opset, producer", f"{onnx.opset}, {onnx.producer or 'not given'}")
    log.fact("INPUT_NAME", onnx.input_name, f"{onnx.dtype} {onnx.layout}")
    log.fact("H x W", f"{facts.height} x {facts.width}", onnx.size_origin)
    log.fact("ENGINE", layout.given_path(facts.engine.path) if facts.engine else "none")
    log.fact("MAX_BS", facts.max_bs, "engine name" if facts.engine else "no engine")
    if facts.throughput:
        log.fact("QPS_BS_MAX", f"{facts.throughput.qps} qps", layout.given_path(facts.throughput.log))
        log.fact("IMGS_PER_SEC", facts.throughput.imgs_per_sec, "qps x MAX_BS")
        target = f"floor(img/s / {facts.target_fps.value:g})"
        log.fact("PEAK_GPU_STREAMS", facts.throughput.peak_gpu_streams, target)
    if facts.origin is not None:
        _engine_origin(log, facts.origin)
    log.fact("CUDA_VER", facts.cuda_ver)
    log.fact("NUM_LABELS", facts.labels.count, layout.given_path(layout.labels))
    log.fact("PARSER_FUNC_SUFFIX", layout.parser_function.removeprefix("NvDsInferParseCustom"))
    log.fact("MODEL_NAME_SAFE", layout.safe)
    video = clip.value
    log.fact("VIDEO", video.path, clip.origin)
    shape = f"{video.codec} {video.width}x{video.height} {video.pixel_format}, {video.fps:.3g} frames/s"
    log.fact("Video stream", f"{shape}, {video.frames or 'unknown number of'} frames", "container")
    if facts.settings.path:
        log.fact("dsbench.toml", ", ".join(facts.settings.decided()) or "sets no key")
    log.note(*(text for text in facts.notes if text not in facts.warnings))
    log.warn(*facts.warnings)


def _engine_origin(log: EvidenceLog, origin: Origin) -> None:
    """What the TensorRT engine was built from, and on which machine."""
    built = origin.provenance
    if built is None:
        log.fact("Engine built by", "not by dsbench prepare", "it has no provenance file, or was replaced later")
        return
    log.fact("Engine built by", f"dsbench prepare {built.dsbench}, {built.built}", f"{built.build_seconds:.0f} s")
    log.fact("Engine built from", f"{built.onnx}, sha256 {built.onnx_sha256}", "this run's ONNX file")
    log.fact("Engine precision", built.precision.upper(), f"workspace {built.workspace_mib} MiB")
    on = f"{built.gpu or 'GPU not recorded'}, compute capability {built.compute_capability or 'not recorded'}"
    log.fact("Engine built on", on, f"driver {built.driver or 'not recorded'}, CUDA {built.cuda or 'not recorded'}")
    log.fact("Engine's TensorRT", built.tensorrt or "not recorded", "trtexec's log")
    if built.scanned:
        rows = ((batch, f"{images:.1f}") for batch, images in built.scanned)
        log.table("Search for MAX_BS with trtexec", ("MAX_BS", "images per second"), rows)
