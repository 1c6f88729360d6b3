"""What TensorRT does not import, or spoils, as far as the ONNX file shows it.

RULES is the map. Each row says what is known and nothing else: a healthy FP32 detector has no finding. Sources and
versions: docs/tensorrt.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from dsbench.judge.lint import ERROR, WARNING, Finding
from dsbench.model.onnx.graph import OnnxFacts
from dsbench.model.onnx.nodes import NodeFacts

NOTE = "note"
INTEGER_OPERATORS = ("ConvInteger", "DynamicQuantizeLinear", "MatMulInteger", "QLinearConv", "QLinearMatMul")
"""What onnxruntime.quantization writes in the formats that are not QDQ."""
LACKING = (
    *INTEGER_OPERATORS,
    *("AffineGrid", "Bernoulli", "BitShift", "BitwiseAnd", "BitwiseNot", "BitwiseOr", "BitwiseXor", "CenterCropPad"),
    *("Col2Im", "Compress", "ConcatFromSequence", "DFT", "Det", "ImageDecoder", "MaxRoiPool", "MaxUnpool"),
    *("MelWeightMatrix", "Multinomial", "NegativeLogLikelihoodLoss", "Optional", "OptionalGetElement"),
    *("OptionalHasElement", "RegexFullMatch", "SequenceAt", "SequenceConstruct", "SequenceEmpty", "SequenceErase"),
    *("SequenceInsert", "SequenceLength", "SequenceMap", "SplitToSequence", "StringConcat"),
    *("StringNormalizer", "StringSplit", "TfIdfVectorizer", "Unique"),
)
"""ONNX operators that no list of onnx-tensorrt has, from TensorRT 7.2 to 10.15."""
SINCE: dict[str, tuple[int, int]] = (
    dict.fromkeys(("GridSample", "Mod", "NonZero", "OneHot", "RoiAlign", "Trilu"), (8, 5))
    | dict.fromkeys(("GroupNormalization", "IsInf", "LayerNormalization"), (8, 6))
    | {"CastLike": (9, 1), "Hardmax": (9, 2), "Gelu": (10, 0), "Mish": (10, 0), "DeformConv": (10, 1)}
    | dict.fromkeys(("BlackmanWindow", "HammingWindow", "HannWindow"), (10, 4))
    | {"STFT": (10, 5), "Attention": (10, 14)}
    | dict.fromkeys(("RMSNormalization", "RotaryEmbedding", "TensorScatter"), (10, 15))
)
"""The first TensorRT (major, minor) that imports an operator, for those that came after 8.4."""
MAX_TOP_K = 3840
LAYER_NORM_OPSET = 17
INT8 = 1
FP16 = 2
_SHOWN = 3


@dataclass(frozen=True, slots=True)
class EngineBuild:
    """How TensorRT is to build the engine. ``tensorrt``: its (major, minor), None if unknown.

    ``network_mode``: nvinfer's 0 FP32, 1 INT8, 2 FP16. ``calibrated``: there is a calibration table.
    """

    tensorrt: tuple[int, int] | None = None
    network_mode: int = FP16
    calibrated: bool = False


@dataclass(frozen=True, slots=True)
class ImportRule:
    """One row. ``severity``: ERROR only where every listed TensorRT refuses the file.

    ``look``: (facts, target) -> the places, empty if the rule does not apply; they replace ``{0}`` in ``what``.
    """

    id: str
    severity: str
    look: Callable[[OnnxFacts, EngineBuild], Iterable[str]]
    what: str
    fix: str
    anchor: str


def check(facts: OnnxFacts, target: EngineBuild, *, errors: bool) -> tuple[Finding, ...]:
    """The findings on a file, one for each rule, worst first. ``errors``: whether TensorRT runs here; else an ERROR of
    the table is a WARNING."""
    findings = []
    for rule in RULES:
        places = tuple(dict.fromkeys(rule.look(facts, target)))
        if places:
            severity = WARNING if rule.severity == ERROR and not errors else rule.severity
            what = rule.what.format(_listed(places))
            fix = f"{rule.fix} (docs/tensorrt.md#{rule.anchor})"
            findings.append(Finding(rule.id, severity, what, str(facts.path), fix))
    return tuple(sorted(findings, key=lambda finding: (ERROR, WARNING, NOTE).index(finding.severity)))


def _listed(places: tuple[str, ...]) -> str:
    more = f" and {len(places) - _SHOWN} more" if len(places) > _SHOWN else ""
    return ", ".join(places[:_SHOWN]) + more


def _standard(facts: OnnxFacts) -> Iterator[NodeFacts]:
    return (node for node in facts.nodes if not node.domain)


def _integer_operators(facts: OnnxFacts, target: EngineBuild) -> Iterator[str]:
    return _counted(node for node in _standard(facts) if node.type in INTEGER_OPERATORS)


def _lacking(facts: OnnxFacts, target: EngineBuild) -> Iterator[str]:
    return _counted(node for node in _standard(facts) if node.type in LACKING and node.type not in INTEGER_OPERATORS)


def _too_new(facts: OnnxFacts, target: EngineBuild) -> Iterator[str]:
    for node in _standard(facts):
        since = SINCE.get(node.type)
        if since and target.tensorrt and target.tensorrt < since:
            yield f"{node.type} (since {since[0]}.{since[1]})"


def _onnxruntime_operators(facts: OnnxFacts, target: EngineBuild) -> Iterator[str]:
    return _counted(node for node in facts.nodes if node.domain.startswith("com.microsoft") and not node.local)


def _custom_domains(facts: OnnxFacts, target: EngineBuild) -> Iterator[str]:
    """Operators of other domains. TensorRT looks an operator up by its type: ``_TRT`` plugins are its own."""
    for node in facts.nodes:
        known = node.domain.startswith(("com.microsoft", "trt")) or node.domain == "ai.onnx.ml"
        if node.domain and not known and not node.local and not node.type.endswith("_TRT"):
            yield f"{node.domain}::{node.type}"


def _zero_points(facts: OnnxFacts, target: EngineBuild) -> Iterator[str]:
    for node in _standard(facts):
        point = node.constant(2) if node.type in ("QuantizeLinear", "DequantizeLinear") else None
        if point and (point.dtype in ("uint8", "uint16") or point.low or point.high):
            yield node.shown


def _integer_bias(facts: OnnxFacts, target: EngineBuild) -> Iterator[str]:
    for node in _standard(facts):
        data = node.constant(0) if node.type == "DequantizeLinear" else None
        if data and data.dtype == "int32":
            yield node.shown


def _top_k(facts: OnnxFacts, target: EngineBuild) -> Iterator[str]:
    for node in _standard(facts):
        count = node.constant(1) if node.type == "TopK" else None
        if count and count.high is not None and count.high > MAX_TOP_K:
            yield f"{node.shown} (K = {count.high:.0f})"


def _attributes(facts: OnnxFacts, target: EngineBuild) -> Iterator[str]:
    for node in _standard(facts):
        if node.type == "TopK" and node.attribute("sorted") == 0:
            yield f"{node.shown} with sorted = 0"
        elif node.type == "MaxPool" and len([name for name in node.outputs if name]) > 1:
            yield f"{node.shown} with the output Indices"
        elif node.type == "ScatterND" and node.attribute("reduction") not in (None, "none"):
            yield f"{node.shown} with reduction = {node.attribute('reduction')}"
        elif node.type == "Resize" and node.attribute("antialias") == 1:
            yield f"{node.shown} with antialias = 1"


def _different_branches(facts: OnnxFacts, target: EngineBuild) -> Iterator[str]:
    for node in _standard(facts):
        if len(node.branches) == 2 and any(_differ(*pair) for pair in zip(*node.branches, strict=False)):
            yield node.shown


def _differ(first: int | str | None, second: int | str | None) -> bool:
    """Whether two outputs of an If are known to have different ranks; "Squeeze" against "Identity" is torch.squeeze."""
    if isinstance(first, int) and isinstance(second, int):
        return first != second
    return {first, second} == {"Squeeze", "Identity"}


def _growing_loops(facts: OnnxFacts, target: EngineBuild) -> Iterator[str]:
    for node in _standard(facts):
        carried = max(len(node.inputs) - 2, 0)
        if node.type == "Loop" and len(node.outputs) > carried and node.constant(0) is None:
            yield node.shown


def _layer_norms(facts: OnnxFacts, target: EngineBuild) -> Iterator[str]:
    """ReduceMean, Sub, Pow (or Mul), ReduceMean, Add, Sqrt, found from the Sqrt."""
    if target.network_mode != FP16 or facts.opset >= LAYER_NORM_OPSET:
        return
    makers = {name: node for node in facts.nodes for name in node.outputs}
    chain = (("Add",), ("ReduceMean",), ("Pow", "Mul"), ("Sub",), ("ReduceMean",))
    for node in facts.nodes:
        found = [node] if node.type == "Sqrt" else []
        for types in chain if found else ():
            found = [makers[name] for each in found for name in each.inputs if name in makers]
            found = [each for each in found if each.type in types]
        if found:
            yield node.shown


def _uncalibrated(facts: OnnxFacts, target: EngineBuild) -> Iterator[str]:
    quantised = any(node.type == "QuantizeLinear" for node in facts.nodes)
    if target.network_mode == INT8 and not target.calibrated and not quantised:
        yield "network-mode=1"


def _counted(nodes: Iterable[NodeFacts]) -> Iterator[str]:
    counts: dict[str, int] = {}
    for node in nodes:
        counts[node.type] = counts.get(node.type, 0) + 1
    return (f"{name} ({count}x)" if count > 1 else name for name, count in sorted(counts.items()))


_FLOAT_MODEL = "give dsbench the float model, or quantise it as QDQ (QuantizeLinear and DequantizeLinear, symmetric)"

RULES: tuple[ImportRule, ...] = (
    ImportRule(
        "integer-operators",
        ERROR,
        _integer_operators,
        "TensorRT cannot import {0}: no release has an importer for ONNX's integer operators",
        _FLOAT_MODEL,
        "operators",
    ),
    ImportRule(
        "operators",
        ERROR,
        _lacking,
        "TensorRT cannot import {0}: no release up to 10.15 has an importer, nor a plugin of that name",
        "fold constants (onnxsim), export with another opset, or rewrite that part of the model",
        "operators",
    ),
    ImportRule(
        "newer-operators",
        ERROR,
        _too_new,
        "the TensorRT of this machine is too old for {0}",
        "use the DeepStream release whose TensorRT has the operator, or export with an older opset",
        "operators",
    ),
    ImportRule(
        "onnxruntime-operators",
        ERROR,
        _onnxruntime_operators,
        "{0}: operators of ONNX Runtime (domain com.microsoft), for which TensorRT has no importer",
        "give the file as exported, not one that ONNX Runtime has optimised or quantised",
        "domains",
    ),
    ImportRule(
        "custom-operators",
        WARNING,
        _custom_domains,
        "{0}: custom operators, for which TensorRT needs a plugin of the same name",
        "load the plugin's library into trtexec and nvinfer, or export without them",
        "domains",
    ),
    ImportRule(
        "zero-point",
        ERROR,
        _zero_points,
        "{0}: TensorRT imports only zero points of 0 in INT8 (asymmetric or UINT8 quantisation)",
        "quantise symmetrically: in onnxruntime.quantization activation_type and weight_type QInt8 with"
        " ActivationSymmetric and WeightSymmetric",
        "quantised-models",
    ),
    ImportRule(
        "integer-bias",
        WARNING,
        _integer_bias,
        "{0}: a bias quantised to INT32, which TensorRT refuses (only activation types allowed)",
        "leave biases in float: in onnxruntime.quantization QuantizeBias=False",
        "quantised-models",
    ),
    ImportRule(
        "top-k",
        ERROR,
        _top_k,
        "{0}: TensorRT allows at most K = 3840",
        "lower the number of kept candidates in the exporter (pre_nms_top_k, max_det), or export the head before NMS",
        "shapes",
    ),
    ImportRule(
        "attributes",
        ERROR,
        _attributes,
        "TensorRT cannot import {0}",
        "change that operator in the model and export again",
        "operators",
    ),
    ImportRule(
        "if-ranks",
        WARNING,
        _different_branches,
        "{0}: its branches have outputs of different ranks, which TensorRT only imports if the condition is constant",
        "fold the condition (onnxsim, or polygraphy surgeon sanitize --fold-constants); for torch.squeeze(x) give the"
        " dimension",
        "control-flow",
    ),
    ImportRule(
        "loop-length",
        WARNING,
        _growing_loops,
        "{0}: a loop that collects outputs over a number of steps that is not constant, which TensorRT refuses",
        "export the head before that loop (usually NMS)",
        "control-flow",
    ),
    ImportRule(
        "layer-norm",
        NOTE,
        _layer_norms,
        "LayerNorm is decomposed ({0}), and its squares can overflow in FP16",
        "export with opset 17 or newer, where it is one operator that TensorRT (8.6 and newer) keeps exact",
        "fp16",
    ),
    ImportRule(
        "int8-calibration",
        WARNING,
        _uncalibrated,
        "{0} asks for INT8, but there is neither a calibration table (int8-calib-file) nor a quantised graph",
        "calibrate, quantise the ONNX file (QDQ), or set network-mode=2",
        "quantised-models",
    ),
)
