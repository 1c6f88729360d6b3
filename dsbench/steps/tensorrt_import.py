"""Part of 6a: what TensorRT does not import or would spoil, from the ONNX file, before a GPU is needed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dsbench.base import spec
from dsbench.base.errors import Code, DsbenchError
from dsbench.base.files import is_generated
from dsbench.base.options import GPU_ID
from dsbench.formats import nvinfer
from dsbench.formats.nvinfer import NvinferConfig
from dsbench.judge.imports import tensorrt
from dsbench.judge.imports.tensorrt import EngineBuild
from dsbench.judge.lint import WARNING
from dsbench.machine import hardware
from dsbench.model.facts import ModelFacts, PreflightFacts
from dsbench.record.evidence import EvidenceLog
from dsbench.steps.findings import raise_errors

if TYPE_CHECKING:
    from dsbench.steps.model_run import ModelRun


def run(model: ModelRun, log: EvidenceLog) -> None:
    """Record the findings. Raises ONNX_TENSORRT on a runtime that uses TensorRT, unless `dsbench prepare` has built an
    engine from this file."""
    facts = model.get(PreflightFacts)
    imported = facts.origin is not None and facts.origin.provenance is not None
    findings = tensorrt.check(
        facts.onnx,
        target(facts, hardware.engine_machine(model.runtime.name, model.option(GPU_ID).value).tensorrt),
        errors=model.runtime.name != "embedded" and not imported,
    )
    shown = [(finding.severity, f"{finding.what}: {finding.fix}") for finding in findings]
    log.fact("TensorRT's import", f"{len(findings)} findings" if findings else "nothing known against it")
    log.warn(*(text for severity, text in shown if severity == WARNING))
    log.note(*(text for severity, text in shown if severity == tensorrt.NOTE))
    raise_errors(Code.ONNX_TENSORRT, findings)


def target(facts: ModelFacts, version: str = "") -> EngineBuild:
    """How TensorRT is to build the engine; ``version`` is that of this machine, "" if there is none."""
    number = re.match(r"(\d+)\.(\d+)", version)
    config = _own_config(facts)
    return EngineBuild(
        tensorrt=(int(number[1]), int(number[2])) if number else None,
        network_mode=network_mode(facts),
        calibrated=config is not None and _has_calibration(config),
    )


def network_mode(facts: ModelFacts) -> int:
    """nvinfer's network-mode: the user's own config's, else dsbench.toml's, else the specification's."""
    config = _own_config(facts)
    if config is not None:
        return config.network_mode
    mode = facts.settings.network_mode
    return spec.NETWORK_MODE if mode is None else mode


def builds_fp16(facts: ModelFacts) -> bool:
    """Whether the engine is built in FP16, from a graph whose layers are floats."""
    integers = set(facts.onnx.operators) & set(tensorrt.INTEGER_OPERATORS)
    return network_mode(facts) == tensorrt.FP16 and not integers and not facts.onnx.plugins


def _own_config(facts: ModelFacts) -> NvinferConfig | None:
    """The user's own nvinfer config; None if there is none that can be read (6e says why)."""
    path = facts.layout.nvinfer_config
    if not path.is_file() or is_generated(path):
        return None
    try:
        return nvinfer.load(path)
    except DsbenchError:
        return None


def _has_calibration(config: NvinferConfig) -> bool:
    group = config.source.group(nvinfer.PROPERTY)
    entry = group.entry("int8-calib-file") if group else None
    return entry is not None and (config.path.parent / entry.value).is_file()
