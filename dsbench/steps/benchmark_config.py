"""7b: the nvinfer config of the benchmark runs: 6e's values, batch-size=MAX_BS, paths relative to benchmarks/ds."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from dsbench.base.errors import Code, DsbenchError
from dsbench.base.files import Status, Written, write_generated
from dsbench.build import ds_config, nvinfer_config
from dsbench.formats import nvinfer
from dsbench.formats.nvinfer import NvinferConfig
from dsbench.judge import lint
from dsbench.judge.lint import Finding
from dsbench.model.facts import PreflightFacts, Throughput
from dsbench.steps import nvinfer_config as step6e_config
from dsbench.steps.model_outputs import ModelOutputs
from dsbench.steps.model_run import BenchmarkOptions, ModelRun
from dsbench.steps.nvinfer_config import ConfigResult
from dsbench.steps.parser_build import BuiltParser, raise_errors
from dsbench.steps.prepare import Prepared


@dataclass(frozen=True)
class BenchmarkConfig:
    """What Step 7 runs with: config, options, the throughput that PEAK_GPU_STREAMS follows from."""

    written: Written
    config: NvinferConfig
    follows_user: bool
    """7b was made from the user's own 6e config."""
    findings: tuple[Finding, ...]
    options: BenchmarkOptions
    throughput: Throughput

    @property
    def users(self) -> bool:
        return self.written.status is Status.USER_OWNED


def run(model: ModelRun) -> BenchmarkConfig:
    """Write the config unless the user has one, check it like 6e's.

    Raises what stopped preparation, TRTEXEC_LOG_MISSING without a throughput, USAGE for options that contradict each
    other, CONFIG_LINT.
    """
    facts, outputs, six_e = model.get(PreflightFacts), model.get(ModelOutputs), model.get(ConfigResult)
    throughput = require_throughput(model.get(Prepared))
    options = model.options.benchmark(facts.settings)
    check_options(options)
    path = facts.layout.ds_nvinfer_config
    if six_e.users:
        written = write_generated(path, _from_users(facts, six_e.written.path), "#")
    else:
        gpu_id = model.options.gpu_id.value
        plan = step6e_config.plan(facts, outputs, gpu_id, path.parent, batch_size=facts.max_bs)
        written = nvinfer_config.write_nvinfer(path, plan)
    findings = lint.lint(path, step6e_config.lint_context(facts, outputs, model.get(BuiltParser)))
    raise_errors(Code.CONFIG_LINT, findings)
    return BenchmarkConfig(written, nvinfer.load(path), six_e.users, findings, options, throughput)


def require_throughput(prepared: Prepared) -> Throughput:
    """The figures of Steps 4-5, without which there is no PEAK_GPU_STREAMS."""
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


def check_options(options: BenchmarkOptions) -> None:
    """USAGE if a run is too short for two PERF windows: the first one holds the app's start."""
    seconds, interval = options.perf_seconds, options.perf_interval
    if seconds.value < 2 * interval.value:
        raise DsbenchError(
            Code.USAGE,
            f"--perf-seconds {seconds} is too short for two PERF windows of --perf-interval {interval} seconds",
            fix="give at least 12 intervals, so that start-up is not among the last 10 windows",
        )


def _from_users(facts: PreflightFacts, own: Path) -> str:
    layout = facts.layout
    real, folder = Path(os.path.realpath(own)), Path(os.path.realpath(layout.ds_dir))
    engine = nvinfer_config.relative(layout.engine(facts.onnx.path.stem, facts.max_bs), layout.ds_dir)
    fixed = (("batch-size", str(facts.max_bs)), ("model-engine-file", engine))
    text = real.read_bytes().decode("utf-8", "surrogateescape")
    return ds_config.moved_config(text, real.parent, folder, fixed)
