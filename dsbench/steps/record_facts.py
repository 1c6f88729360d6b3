"""Facts about the model and its config for the record, and the machine. Each fact has its origin."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dsbench.base import cpus
from dsbench.machine import hardware
from dsbench.model.facts import PreflightFacts
from dsbench.model.layout import ModelLayout
from dsbench.record.raw import FactRecord, MachineRecord
from dsbench.runtimes.contract import Runtime
from dsbench.steps.built_in_parser import OWN_DECODE
from dsbench.steps.model_outputs import ModelOutputsResult
from dsbench.steps.model_run import ModelRun
from dsbench.steps.nvinfer_config import NvinferConfigResult
from dsbench.steps.parser_build import ParserBuildResult
from dsbench.steps.record_files import shown
from dsbench.steps.visual_result import VisualValidationResult

_PRECISION = {0: "FP32", 1: "INT8", 2: "FP16"}
"""nvinfer's network-mode."""


def facts(model: ModelRun) -> tuple[FactRecord, ...]:
    """What is known so far."""
    return tuple(_facts(model))


def _facts(model: ModelRun) -> Iterator[FactRecord]:
    found, outputs = model.find(PreflightFacts), model.find(ModelOutputsResult)
    if found is None:
        return
    yield from _of_preflight(found)
    if outputs is not None:
        yield from _of_outputs(outputs)
    if (built := model.find(ParserBuildResult)) is not None:
        yield FactRecord("parser_function", built.function or OWN_DECODE, shown(built.library.path, model.layout))
    if (config := model.find(NvinferConfigResult)) is not None:
        yield from _of_config(config, model.layout)
    if (visual := model.find(VisualValidationResult)) is not None:
        yield FactRecord("visual_mode", visual.mode, visual.reason)


def _of_preflight(found: PreflightFacts) -> Iterator[FactRecord]:
    onnx, file = found.onnx, found.onnx.path.name
    yield FactRecord("input_name", onnx.input_name, file)
    yield FactRecord("input_shape", _shape(onnx.shape), file)
    yield FactRecord("input_type", f"{onnx.dtype} {onnx.layout}", file)
    yield from (FactRecord(f"output_shape {one.name}", _shape(one.shape), file) for one in onnx.outputs)
    yield FactRecord("height", found.height, onnx.size_origin)
    yield FactRecord("width", found.width, onnx.size_origin)
    yield FactRecord("frozen_batch", onnx.batch, file)
    yield FactRecord("opset", onnx.opset, file)
    yield FactRecord("producer", onnx.producer, file)
    yield FactRecord("num_labels", found.labels.count, "config/labels.txt")
    yield FactRecord("cuda_ver", found.cuda_ver, "this machine")
    yield FactRecord("target_fps", found.target_fps.value, found.target_fps.origin)


def _of_outputs(outputs: ModelOutputsResult) -> Iterator[FactRecord]:
    head = outputs.head
    yield FactRecord("family", head.family if head else None, f"confidence {head.confidence:.2f}" if head else "")
    if head is not None:
        yield FactRecord("head_classes", head.classes, f"family {head.family}")
    for item in outputs.choice.keys:
        yield FactRecord(f"{item.key} stated by", str(item.level), item.source)


def _of_config(result: NvinferConfigResult, layout: ModelLayout) -> Iterator[FactRecord]:
    """The keys that decide what a box is, as nvinfer reads them."""
    config, attrs = result.config, result.config.class_attrs_all
    values: dict[str, str | int | float | bool] = {
        "net-scale-factor": config.net_scale_factor,
        "offsets": ";".join(f"{value:g}" for value in config.offsets),
        "model-color-format": config.model_color_format,
        "maintain-aspect-ratio": config.maintain_aspect_ratio,
        "symmetric-padding": config.symmetric_padding,
        "network-mode": config.network_mode,
        "interval": config.interval,
        "num-detected-classes": config.num_detected_classes,
        "cluster-mode": config.cluster_mode,
        "pre-cluster-threshold": attrs.pre_cluster_threshold,
        "nms-iou-threshold": attrs.nms_iou_threshold,
        "topk": attrs.topk,
    }
    origin = f"{shown(result.written.path, layout)}, {'the user' if result.users else 'generated'}"
    yield from (FactRecord(key, value, origin) for key, value in values.items())
    yield FactRecord("precision", _PRECISION.get(config.network_mode), "network-mode")


def _shape(shape: Sequence[int | str] | None) -> str | None:
    return None if shape is None else " x ".join(map(str, shape))


def machine(runtime: Runtime, gpu_id: int) -> MachineRecord:
    """The machine of the run. On the embedded runtime no GPU is asked for: it uses none."""
    found = hardware.hardware()
    gpu = hardware.gpu(gpu_id) if runtime.name == "deepstream" else None
    tensorrt = hardware.tensorrt().version if runtime.name == "deepstream" else None
    sdk = hardware.deepstream().version if runtime.name == "deepstream" else None
    of_gpu = f"{gpu.name}, {gpu.memory_mib} MiB" if gpu else ""
    return MachineRecord(
        machine_class=of_gpu or f"{found.cpu}, {found.cores} cores",
        cpu=found.cpu,
        cores=found.cores,
        cores_of_machine=found.cores_of_machine,
        memory_mib=found.memory_mib,
        cgroup_cpus=cpus.quota(),
        cgroup_memory_mib=hardware.memory_limit_mib(),
        gpu=gpu.name if gpu else "",
        gpu_memory_mib=gpu.memory_mib if gpu else None,
        driver=gpu.driver if gpu else "",
        cuda=gpu.cuda if gpu else "",
        tensorrt=tensorrt or "",
        deepstream=sdk or "",
        gpu_uuid=gpu.uuid if gpu else "",
        gpu_pci=gpu.pci if gpu else "",
    )
