"""7b: the nvinfer config of the benchmark runs: 6e's values, batch-size=MAX_BS, paths relative to benchmarks/ds."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from dsbench.base import reading
from dsbench.base.errors import Code, DsbenchError
from dsbench.base.files import Status, Written, write_generated
from dsbench.base.options import GPU_ID, MIN_STREAMS, PERF_INTERVAL, PERF_PRECISION, PERF_SECONDS, TARGET_FPS
from dsbench.base.reading import FileKind
from dsbench.build import ds_config, nvinfer_config
from dsbench.formats import nvinfer
from dsbench.formats.nvinfer import NvinferConfig
from dsbench.judge import lint
from dsbench.judge.lint import Finding
from dsbench.model.facts import PreflightFacts, Throughput
from dsbench.record.evidence import EvidenceLog
from dsbench.steps.findings import add_findings, raise_errors
from dsbench.steps.model_outputs import ModelOutputsResult
from dsbench.steps.model_run import ModelRun
from dsbench.steps.nvinfer_config import NvinferConfigResult, lint_context, nvinfer_plan
from dsbench.steps.parser_build import ParserBuildResult
from dsbench.steps.preflight_engine import PreparedEngine
from dsbench.steps.rows.file_rows import file_text


@dataclass(frozen=True)
class BenchmarkConfigResult:
    """The benchmark's nvinfer config, and the throughput that gives PEAK_GPU_STREAMS."""

    written: Written
    config: NvinferConfig
    follows_user: bool
    """7b's config is based on the user's own 6e config."""
    findings: tuple[Finding, ...]
    throughput: Throughput

    @property
    def users(self) -> bool:
        return self.written.status is Status.USER_OWNED


def run(model: ModelRun, log: EvidenceLog) -> BenchmarkConfigResult:
    """Write the config unless the user has one, and check it with 6e's rules.

    Raises the failure of engine preparation, TRTEXEC_LOG_MISSING without a throughput, CONFIG_LINT.
    """
    facts, outputs, six_e = model.get(PreflightFacts), model.get(ModelOutputsResult), model.get(NvinferConfigResult)
    throughput = require_throughput(model.get(PreparedEngine))
    path = facts.layout.ds_nvinfer_config
    if six_e.users:
        written = write_generated(path, _from_users(facts, six_e.written.path), "#")
    else:
        gpu_id = model.option(GPU_ID).value
        plan = nvinfer_plan(facts, outputs, gpu_id, path.parent, batch_size=facts.max_bs)
        written = nvinfer_config.write_nvinfer(path, plan)
    findings = lint.lint(path, lint_context(facts, outputs, model.get(ParserBuildResult)))
    raise_errors(Code.CONFIG_LINT, findings)
    result = BenchmarkConfigResult(written, nvinfer.load(path), six_e.users, findings, throughput)
    add_evidence(log, model, model.keep(result))
    return result


def require_throughput(prepared: PreparedEngine) -> Throughput:
    """The throughput of Steps 4-5. Raises the failure of engine preparation, or TRTEXEC_LOG_MISSING."""
    if prepared.failure is not None:
        raise prepared.failure
    facts = prepared.facts
    if facts.throughput is None:
        log = facts.layout.given_path(facts.layout.trtexec_log(facts.max_bs))
        raise DsbenchError(
            Code.TRTEXEC_LOG_MISSING,
            f"ERROR: trtexec log not found at {log} — run Steps 4-5 first (references/engine-build.md)",
            where=str(facts.layout.benchmarks),
            fix="on the embedded runtime use --prepare auto: the model is then measured on ONNX Runtime",
        )
    return facts.throughput


def _from_users(facts: PreflightFacts, own: Path) -> str:
    layout = facts.layout
    real, folder = Path(os.path.realpath(own)), Path(os.path.realpath(layout.ds_dir))
    engine = nvinfer_config.relative(layout.engine(facts.onnx.path.stem, facts.max_bs), layout.ds_dir)
    fixed = (("batch-size", str(facts.max_bs)), ("model-engine-file", engine))
    text = reading.read_bytes(real, FileKind.CONFIG).decode("utf-8", "surrogateescape")
    return ds_config.moved_config(text, real.parent, folder, fixed)


def _early_end(percent: float) -> str:
    return f"once the 95 % confidence interval of FPS is at most ±{percent:g} % and the verdict is clear"


def add_evidence(log: EvidenceLog, model: ModelRun, result: BenchmarkConfigResult) -> None:
    """The config, its owner, and the options of the benchmark runs."""
    if result.written.status is Status.USER_OWNED:
        whose = "the user's own, unchanged"
    else:
        whose = f"generated, {result.written.status}" + (", based on the user's own 6e config" * result.follows_user)
    log.fact("Benchmark nvinfer config", model.layout.given_path(result.written.path), whose)
    log.fact("batch-size", result.config.batch_size, "MAX_BS; a run's app config sets it to its number of streams")
    seconds, interval = model.option(PERF_SECONDS), model.option(PERF_INTERVAL)
    log.fact("Seconds of a run", seconds.value, seconds.origin)
    log.fact("Seconds of a PERF window", interval.value, interval.origin)
    precision, target, wanted = model.option(PERF_PRECISION), model.option(TARGET_FPS), model.option(MIN_STREAMS)
    how = _early_end(precision.value) if precision.value else "never"
    log.fact("A run ends early", how, precision.origin)
    log.fact("Real time means", f"{target.value:g} FPS per stream", target.origin)
    log.fact("Real-time streams required", "none" if wanted.value is None else wanted.value, wanted.origin)
    add_findings(log, result.findings)
    file_text(log, result.written.path)
