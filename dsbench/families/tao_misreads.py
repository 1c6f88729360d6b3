"""What DeepStream's own functions for TAO models get wrong on this model's outputs.

They read 32-bit words whatever the type of an output is, and take the class count of a few models for granted.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from dsbench.families.base import Misread
from dsbench.families.tao_decode import CLASSES_OF_DDETR, TaoLayout

if TYPE_CHECKING:
    from dsbench.model.onnx.tensor import TensorFacts

FLOAT = "float32"
WHOLE = ("int32", "int64")
_CAST = f"put a Cast to {FLOAT} into the graph"


def of_function(
    function: str, layout: TaoLayout, outputs: Sequence[TensorFacts], labels: int = 0
) -> tuple[Misread, ...]:
    """Every way in which ``function`` misreads outputs of these types and this class count.

    ``labels``: lines of labels.txt; with one the class makes no difference.
    """
    parts = [outputs[index] for index in layout.outputs]
    if function.endswith("DDETRTAO"):
        return (*_steps_of_ddetr(function, layout.classes), *_not_found(function, parts))
    if function.endswith(("RTDETRTAO", "TfSSD")):
        return _not_found(function, parts)
    if not function or function.endswith("Resnet"):
        return _not_float(function or "nvinfer's own decode", parts)
    if function.endswith("CustomNMSTLT"):
        return (*_counted(function, parts[1:]), *_not_float(function, parts[:1]))
    numbers = [part for part in parts[3:] if part.dtype in WHOLE]
    floats = [*parts[1:3], *(part for part in parts[3:] if part.dtype not in WHOLE)]
    classes = _classes(function, numbers) if labels != 1 else ()
    return (*_counted(function, parts[:1]), *_not_float(function, floats), *classes)


def _steps_of_ddetr(function: str, classes: int) -> tuple[Misread, ...]:
    if classes in (0, CLASSES_OF_DDETR):
        return ()
    wrong = (
        "reads beyond the end of pred_logits" if classes < CLASSES_OF_DDETR else "takes scores of one query for another"
    )
    return (
        Misread(
            f"{function} reads the logits in steps of {CLASSES_OF_DDETR}, this head has {classes} classes: DeepStream"
            f" {wrong}, and labels and scores are wrong",
            "put a parser .cpp of your own into parser/, or set parse-bbox-func-name ="
            ' "NvDsInferParseCustomRTDETRTAO" if the model gives a score for each class',
        ),
    )


def _not_found(function: str, parts: Sequence[TensorFacts]) -> tuple[Misread, ...]:
    return tuple(
        Misread(f"{function} finds {FLOAT} outputs only, and {part.name} is {part.dtype}", _CAST)
        for part in parts
        if part.dtype != FLOAT
    )


def _not_float(function: str, parts: Sequence[TensorFacts]) -> tuple[Misread, ...]:
    return tuple(
        Misread(
            f"{function} reads {part.name} as {FLOAT}, and it is {part.dtype}: DeepStream finds other objects", _CAST
        )
        for part in parts
        if part.dtype != FLOAT
    )


def _counted(function: str, parts: Sequence[TensorFacts]) -> tuple[Misread, ...]:
    return tuple(
        Misread(
            f"{function} reads the count {part.name} as int32, and it is {part.dtype}: DeepStream reads beyond the end"
            " of the outputs",
            "put a Cast to int32 into the graph",
        )
        for part in parts
        if part.dtype not in WHOLE
    )


def _classes(function: str, parts: Sequence[TensorFacts]) -> tuple[Misread, ...]:
    return tuple(
        Misread(
            f"{function} reads the classes {part.name} as {FLOAT}, and they are {part.dtype}: in DeepStream every"
            " object is of class 0, the first of labels.txt",
            _CAST,
        )
        for part in parts
    )
