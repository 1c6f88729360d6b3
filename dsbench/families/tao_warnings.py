"""What DeepStream's own functions for TAO models get wrong on this model's outputs.

They read 32-bit words whatever the type of an output is, and take the class count of a few models for granted.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from dsbench.families.tao_decode import CLASSES_OF_DDETR, TaoLayout

if TYPE_CHECKING:
    from dsbench.model.onnx.tensor import TensorFacts

FLOAT = "float32"
WHOLE = ("int32", "int64")


def of_function(function: str, layout: TaoLayout, outputs: Sequence[TensorFacts]) -> tuple[str, ...]:
    """One sentence for each way in which ``function`` misreads outputs of these types and this class count."""
    parts = [outputs[index] for index in layout.outputs]
    if function.endswith("DDETRTAO"):
        return (*_steps_of_ddetr(function, layout.classes), *_not_found(function, parts))
    if function.endswith(("RTDETRTAO", "TfSSD")):
        return _not_found(function, parts)
    if not function or function.endswith("Resnet"):
        return _not_float(function or "nvinfer's own decode", parts)
    counts, floats, classes = _by_position(function, parts)
    numbers = [part for part in classes if part.dtype in WHOLE]
    floats = [*floats, *(part for part in classes if part.dtype not in WHOLE)]
    return (*_counted(function, counts), *_not_float(function, floats), *_classes(function, numbers))


def _by_position(
    function: str, parts: Sequence[TensorFacts]
) -> tuple[Sequence[TensorFacts], Sequence[TensorFacts], Sequence[TensorFacts]]:
    """Outputs read as a count, as floats, and as classes."""
    if function.endswith("CustomNMSTLT"):
        return parts[1:], parts[:1], ()
    return parts[:1], parts[1:3], parts[3:]


def _steps_of_ddetr(function: str, classes: int) -> tuple[str, ...]:
    if classes in (0, CLASSES_OF_DDETR):
        return ()
    wrong = (
        "reads beyond the end of pred_logits" if classes < CLASSES_OF_DDETR else "takes scores of one query for another"
    )
    return (
        f"{function} reads the logits in steps of {CLASSES_OF_DDETR}, this head has {classes} classes: DeepStream"
        f" {wrong}, and labels and scores are wrong. Put a parser .cpp of your own into parser/, or set"
        ' parse-bbox-func-name = "NvDsInferParseCustomRTDETRTAO" if the model gives a score for each class',
    )


def _not_found(function: str, parts: Sequence[TensorFacts]) -> tuple[str, ...]:
    wrong = [part for part in parts if part.dtype != FLOAT]
    return tuple(
        f"{function} finds {FLOAT} outputs only, and {part.name} is {part.dtype}: put a Cast to {FLOAT} into the graph"
        for part in wrong
    )


def _not_float(function: str, parts: Sequence[TensorFacts]) -> tuple[str, ...]:
    return tuple(
        f"{function} reads {part.name} as {FLOAT}, and it is {part.dtype}: DeepStream finds other objects. Put a Cast"
        f" to {FLOAT} into the graph"
        for part in parts
        if part.dtype != FLOAT
    )


def _counted(function: str, parts: Sequence[TensorFacts]) -> tuple[str, ...]:
    return tuple(
        f"{function} reads the count {part.name} as int32, and it is {part.dtype}: DeepStream reads beyond the end of"
        " the outputs. Put a Cast to int32 into the graph"
        for part in parts
        if part.dtype not in WHOLE
    )


def _classes(function: str, parts: Sequence[TensorFacts]) -> tuple[str, ...]:
    return tuple(
        f"{function} reads the classes {part.name} as {FLOAT}, and they are {part.dtype}: in DeepStream every object"
        f" is of class 0, the first of labels.txt. Put a Cast to {FLOAT} into the graph"
        for part in parts
    )
