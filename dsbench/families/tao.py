"""NGC TAO models: DeepStream ships their parsers in libnvds_infercustomparser.so, nothing is compiled.

Recognised by the outputs' names where those are TAO's alone (DetectNet_v2, the BatchedNMS and NMS plugins), else by
``family = "tao"`` in dsbench.toml, with parse-bbox-func-name where the names fit several functions. The library is
never libnvds_infercustomparser_tao.so, even if a model's card names it. Source: pipeline-run.md ("NGC TAO models"),
deepstream-semantics.md g.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dsbench.base import spec
from dsbench.base.boxes import Boxes
from dsbench.base.spec import IMAGENET_ROW
from dsbench.families import tao_decode, tao_misreads
from dsbench.families.base import (
    BuiltIn,
    Convention,
    Head,
    HeadFact,
    Hints,
    Network,
    Outputs,
    ParserContext,
    Preprocessing,
    Rejected,
)

if TYPE_CHECKING:
    from dsbench.model.onnx.graph import OnnxFacts

NAME = "tao"
LIBRARY = f"{spec.DEEPSTREAM_DIR}/lib/libnvds_infercustomparser.so"
NVINFER = f"{spec.DEEPSTREAM_DIR}/lib/libnvds_infer.so"
"""Has the decode that nvinfer uses where a config names no function."""

RGB01 = Preprocessing(1 / 255, (), model_color_format=0, maintain_aspect_ratio=0)
RGB01_LETTERBOX = Preprocessing(1 / 255, (), model_color_format=0, maintain_aspect_ratio=1)
IMAGENET = Preprocessing(*IMAGENET_ROW, model_color_format=0, maintain_aspect_ratio=0)


@dataclass(frozen=True, slots=True)
class Function:
    """One function of the library: how its models are fed and clustered, and the number of outputs it reads.

    ``name`` is "" for nvinfer's own decode of DetectNet_v2, which is used without a library.
    """

    name: str
    preprocessing: Preprocessing
    cluster_mode: int
    outputs: int

    @property
    def convention(self) -> Convention:
        origin = f"TAO's habit for {self.name or 'DetectNet_v2'}; compare with the model's card"
        aspect = self.preprocessing.maintain_aspect_ratio
        return Convention(self.preprocessing, self.cluster_mode, origin, aspect, firm=False)


OWN_DECODE = Function("", RGB01, 2, 2)
RESNET = Function("NvDsInferParseCustomResnet", RGB01, 2, 2)
RTDETR = Function("NvDsInferParseCustomRTDETRTAO", RGB01_LETTERBOX, 4, 2)
DDETR = Function("NvDsInferParseCustomDDETRTAO", IMAGENET, 4, 2)
BATCHED_NMS = Function("NvDsInferParseCustomBatchedNMSTLT", RGB01, 4, 4)
YOLOV5_NMS = Function("NvDsInferParseYoloV5CustomBatchedNMSTLT", RGB01, 4, 4)
EFFICIENT_DET = Function("NvDsInferParseCustomEfficientDetTAO", Preprocessing(1.0, (), 0, 0), 4, 4)
NMS = Function("NvDsInferParseCustomNMSTLT", RGB01, 4, 2)
TF_SSD = Function("NvDsInferParseCustomTfSSD", RGB01, 4, 4)
QUERIES = set(tao_decode.PAIR)
GRID = set(tao_decode.GRID)
FUNCTIONS = {f.name: f for f in (RESNET, RTDETR, DDETR, BATCHED_NMS, YOLOV5_NMS, EFFICIENT_DET, NMS, TF_SSD)}


class Tao:
    """The TAO family."""

    name = NAME
    template = ""
    """Nothing is rendered."""

    def recognise(
        self, facts: OnnxFacts, samples: Sequence[Outputs], hints: Hints, labels: Sequence[str]
    ) -> Head | Rejected:
        """By names, as ONNX files may hold plugins that cannot be run here."""
        names = [out.name for out in facts.outputs]
        function, why, confidence = _function(names, facts, hints)
        if function is None:
            return Rejected(NAME, why, close=hints.family == NAME or set(names) >= QUERIES)
        layout = tao_decode.layout_of(function.name, names, samples)
        if isinstance(layout, str):
            return Rejected(NAME, f"{function.name} {layout}", close=True)
        classes = layout.classes or len(labels) or 1
        found = (*_parser_facts(function, why), HeadFact("outputs", ", ".join(names), f"{classes} classes"))
        misreads = tao_misreads.of_function(function.name, layout, facts.outputs, len(labels))
        warnings = tuple(f"{one.what}: {one.fix}" for one in misreads)
        built_in = BuiltIn(LIBRARY if function.name else NVINFER, function.name, misreads)
        return Head(NAME, confidence, classes, layout, found, warnings, function.convention, built_in)

    def convention(self) -> Convention:
        """Each function's models have their own: see `Function.convention`."""
        return RESNET.convention

    def decode(self, outputs: Outputs, head: Head, network: Network, threshold: float) -> Boxes:
        """What the built-in function returns."""
        assert isinstance(head.layout, tao_decode.TaoLayout)
        return tao_decode.decode(outputs, head.layout, network, threshold)

    def context(self, head: Head) -> ParserContext:
        """Nothing is rendered."""
        return ()


def _function(names: Sequence[str], facts: OnnxFacts, hints: Hints) -> tuple[Function | None, str, float]:
    """The built-in function, why (or why none), and how sure that is."""
    known = set(names)
    plain = {name.removesuffix(":0") for name in names}
    chosen = FUNCTIONS.get(hints.function or "")
    if hints.family == NAME and chosen:
        return chosen, "dsbench.toml", 0.97
    if known >= GRID:
        return RESNET, "DetectNet_v2's output names", 0.95
    if plain >= {name.removesuffix(":0") for name in GRID}:
        return OWN_DECODE, f"DetectNet_v2's output names without :0, which {RESNET.name} does not find", 0.95
    if hints.family == NAME and all(any(part in name for name in names) for part in tao_decode.GRID_PARTS):
        return OWN_DECODE, "names with bbox and cov", 0.9
    if len(names) == 4 and all(name.startswith("BatchedNMS") for name in names):
        return BATCHED_NMS, "names of TAO's BatchedNMS plugin", 0.97
    if plain == {"NMS", "NMS_1"}:
        return NMS, "names of TAO's NMS plugin", 0.95
    if known == QUERIES:
        if hints.family != NAME and chosen not in (RTDETR, DDETR):
            return None, "the names are TAO's and other DETR exports' too: set family = \"tao\" if it is one", 0.0
        text = f"{facts.path.stem} {facts.producer}".casefold()
        if chosen:
            return chosen, "dsbench.toml", 0.97
        if any(word in text.replace("rtdetr", "").replace("rt_detr", "") for word in ("ddetr", "deformable", "dino")):
            return DDETR, f"the file is called {facts.path.name}", 0.9
        return RTDETR, "pred_logits and pred_boxes; for Deformable DETR set parse-bbox-func-name", 0.9
    if hints.family == NAME and len(names) == 4:
        boxes = next((name for name in names if "box" in name), "")
        if boxes.startswith("detection_boxes"):
            return EFFICIENT_DET, f"the output name {boxes}", 0.9
        return BATCHED_NMS, "four outputs", 0.8
    return None, f"the outputs fit no function of {LIBRARY.rsplit('/', 1)[1]} by name ({', '.join(FUNCTIONS)})", 0.0


def _parser_facts(function: Function, why: str) -> tuple[HeadFact, ...]:
    if not function.name:
        return (HeadFact("custom-lib-path, parse-bbox-func-name", "none: nvinfer's own decode", why),)
    return (
        HeadFact("custom-lib-path", LIBRARY, "NVIDIA's own parsers; nothing is compiled"),
        HeadFact("parse-bbox-func-name", function.name, why),
    )
