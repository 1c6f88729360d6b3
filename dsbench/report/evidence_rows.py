"""Typed results of the steps as the facts, tables and notes that a reviewer reads."""

from __future__ import annotations

from dsbench.model.preflight import PreflightFacts
from dsbench.record.evidence import EvidenceLog


def preflight(log: EvidenceLog, facts: PreflightFacts) -> None:
    """Every variable of pre-flight with its origin."""
    layout, onnx, clip = facts.layout, facts.onnx, facts.video
    log.fact("MODEL_DIR", layout.root)
    log.fact("ONNX_FILE", layout.given_path(onnx.path), "dsbench.toml" if facts.settings.onnx else "first by name")
    log.fact("ONNX sha256", onnx.sha256)
    log.fact("INPUT_NAME", onnx.input_name)
    log.fact("H x W", f"{facts.height} x {facts.width}", "dsbench.toml" if facts.settings.input_size else "ONNX")
    log.fact("ENGINE", layout.given_path(facts.engine.path) if facts.engine else "none")
    log.fact("MAX_BS", facts.max_bs, "engine name" if facts.engine else "no engine")
    if facts.throughput:
        log.fact("Throughput", f"{facts.throughput.qps} qps", layout.given_path(facts.throughput.log))
        log.fact("IMGS_PER_SEC", facts.throughput.imgs_per_sec, "qps x MAX_BS")
        log.fact("PEAK_GPU_STREAMS", facts.throughput.peak_gpu_streams, "floor(img/s / 30)")
    log.fact("CUDA_VER", facts.cuda_ver)
    log.fact("NUM_LABELS", facts.labels.count, layout.given_path(layout.labels))
    log.fact("PARSER_FUNC_SUFFIX", layout.parser_function.removeprefix("NvDsInferParseCustom"))
    log.fact("MODEL_NAME_SAFE", layout.safe)
    video = clip.value
    log.fact("VIDEO", video.path, clip.origin)
    shape = f"{video.codec} {video.width}x{video.height} {video.pixel_format}, {video.fps:.3g} frames/s"
    log.fact("Video stream", f"{shape}, {video.frames or 'unknown number of'} frames", "container")
    if facts.settings.path:
        log.fact("dsbench.toml", ", ".join(facts.settings.decided()) or "decides nothing")
    log.note(*facts.notes)
