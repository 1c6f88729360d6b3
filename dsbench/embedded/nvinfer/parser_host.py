"""Loads a bounding-box parser library and calls it as nvinfer does (semantics e).

A parser runs in this process: if the parser crashes, the process crashes. Its library stays loaded until the process
ends. One object serves one thread.
"""

from __future__ import annotations

import ctypes
import os
import platform
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from dsbench.base import reading
from dsbench.base.boxes import Boxes
from dsbench.base.errors import Code, DsbenchError
from dsbench.embedded import native
from dsbench.embedded.nvinfer.deepstream_library import stand_in_for
from dsbench.jobs.harness import MAX_OBJECTS

if TYPE_CHECKING:
    from dsbench.base.boxes import Floats
    from dsbench.embedded.nvinfer.cluster import Clusterer
    from dsbench.embedded.nvinfer.frame_mapping import FrameMapper

_DATA_TYPES = {"float32": 0, "float16": 1, "int8": 2, "int32": 3, "int64": 4, "uint8": 5, "bool": 5}
"""NvDsInferDataType by NumPy type; nvinfer passes booleans as UINT8."""

_MAX_DIMS = 8
_TEXT_BYTES = 4096
_FALSE, _RAISED, _LAYOUT, _TOO_MANY = 1, 2, 3, 4
_MACHINES = {"x86_64": 62, "aarch64": 183}
"""e_machine of an ELF header by platform.machine()."""


@dataclass(frozen=True, slots=True)
class OutputLayer:
    """One network output of one frame.

    ``array`` is this frame's slice, without the batch dimension (0-d for an output of shape [N]).
    ``binding_index`` counts the network's inputs and outputs together, inputs first.
    """

    name: str
    array: npt.NDArray[Any]
    binding_index: int


@dataclass(frozen=True, slots=True)
class LayerBuffers:
    """Network outputs for the C++ host: a pointer per layer, and the arrays that they point into."""

    arrays: tuple[npt.NDArray[Any], ...]
    pointers: ctypes.Array[ctypes.c_void_p]


class ParserHost:
    """A loaded parser function.

    ``object_size`` is the size of an object in bytes: 28, or 24 for a library of a release without rotation angle. None
    means 28, unless a library that was built on dsbench's headers reports 24.
    Raises DsbenchError PARSER_LIB_INVALID (``what`` is the loader's own text, ``where`` the library) or
    PARSER_SYMBOL (``where`` is the function name).
    """

    def __init__(self, lib: Path, func: str, *, object_size: int | None = None) -> None:
        if object_size not in (None, 24, 28):
            raise ValueError("object_size is 24 or 28")
        self.lib, self.func = lib, func
        self.stand_in = stand_in_for(lib)
        """The library that is loaded instead of DeepStream's own, if that is not installed."""
        self._native = native.library()
        self._error = ctypes.create_string_buffer(_TEXT_BYTES)
        self._layers_key: tuple[object, ...] | None = None
        opened = ctypes.c_int32()
        # the loader would search its path for a bare file name
        self._handle = self._native.parser_open(
            os.fsencode(os.path.abspath(self.stand_in or lib)),
            os.fsencode(func),
            object_size or 0,
            ctypes.byref(opened),
            *(self._error, _TEXT_BYTES),
        )
        if self._handle is None:
            raise self._not_loaded(bool(opened.value))

    def parse(
        self,
        layers: Sequence[OutputLayer],
        net: tuple[int, int, int],
        num_classes: int,
        pre_thresholds: Sequence[float] | Floats,
        post_thresholds: Sequence[float] | Floats,
    ) -> Boxes | None:
        """Objects in network pixels, in the parser's order; None if the parser returned false.

        ``net`` is (width, height, channels). Thresholds are one per class. Raises DsbenchError PARSER_RAISED if the
        parser threw a C++ exception, PARSER_OBJECT_SIZE if its objects have an unexpected size, PARSER_BOXES for
        more than ``MAX_OBJECTS``, TENSOR_UNSUPPORTED for an output of a type that TensorRT does not have.
        """
        self.set_network(net, num_classes, pre_thresholds, post_thresholds)
        buffers = self.set_layers(layers)
        count, size = ctypes.c_int64(), ctypes.c_int32()
        status = self._native.parser_run(
            *(self._handle, buffers.pointers, ctypes.byref(count), ctypes.byref(size), self._error, _TEXT_BYTES)
        )
        return self._take(count.value) if self._understood(status, size.value, count.value) else None

    def detect(self, buffers: LayerBuffers, clusterer: Clusterer, mapper: FrameMapper) -> int | None:
        """Parser, thresholds, clustering and mapping in one call. Returns the number of objects stored in ``mapper``.

        Returns None if the parser returned false. Raises the same errors as ``parse``. Call ``set_network`` first.
        """
        count, size = ctypes.c_int64(), ctypes.c_int32()
        status = self._native.detect(
            *(mapper.handle, self._handle, buffers.pointers, *clusterer.native_rules),
            *(ctypes.byref(count), ctypes.byref(size), self._error, _TEXT_BYTES),
        )
        return count.value if self._understood(status, size.value, count.value) else None

    def set_network(
        self,
        net: tuple[int, int, int],
        num_classes: int,
        pre_thresholds: Sequence[float] | Floats,
        post_thresholds: Sequence[float] | Floats,
    ) -> None:
        """Set the parser's arguments other than the outputs; see ``parse``."""
        pre = np.ascontiguousarray(pre_thresholds, np.float32)
        post = np.ascontiguousarray(post_thresholds, np.float32)
        if len(pre) < num_classes or len(post) < num_classes:
            raise ValueError(f"{num_classes} classes need as many thresholds")
        width, height, channels = net
        self._native.parser_set_network(
            *(self._handle, width, height, channels, num_classes, pre.ctypes.data, post.ctypes.data)
        )

    def set_layers(self, layers: Sequence[OutputLayer]) -> LayerBuffers:
        """Pass the layer table to the host if it changed. The result is valid while the arrays keep their addresses."""
        # not ascontiguousarray, which would add a dimension to a 0-d array
        arrays = tuple(np.asarray(layer.array, order="C") for layer in layers)
        key = tuple(
            (layer.name, layer.binding_index, array.dtype, array.shape)
            for layer, array in zip(layers, arrays, strict=True)
        )
        if key != self._layers_key:
            pairs = zip(layers, arrays, strict=True)
            table = (native.Layer * len(arrays))(*(_describe(layer, array) for layer, array in pairs))
            self._native.parser_set_layers(self._handle, table, len(arrays))
            self._layers_key = key
        return LayerBuffers(arrays, (ctypes.c_void_p * len(arrays))(*(array.ctypes.data for array in arrays)))

    def _understood(self, status: int, object_size: int, count: int) -> bool:
        """False if the parser returned false; raises an error for any other failure."""
        if status == _RAISED:
            raise self._raised()
        if status == _LAYOUT:
            raise wrong_object_size(self.lib, object_size)
        if status == _TOO_MANY:
            raise self._too_many(count)
        return status != _FALSE

    def _take(self, count: int) -> Boxes:
        if count == 0:
            return Boxes.empty()
        class_id, block = np.empty(count, np.int32), np.empty((5, count), np.float32)
        self._native.parser_take(self._handle, class_id.ctypes.data, block.ctypes.data)
        return Boxes.from_block(class_id, block)

    def _text(self) -> str:
        return self._error.value.decode(errors="replace")

    def _not_loaded(self, opened: bool) -> DsbenchError:
        if opened:
            return DsbenchError(
                Code.PARSER_SYMBOL,
                f"the parser library {self.lib} has no function {self.func}",
                where=self.func,
                fix=f'compare parse-bbox-func-name with: nm -D {self.lib} (the function must be extern "C")',
            )
        text = self._text()
        return DsbenchError(Code.PARSER_LIB_INVALID, text, where=str(self.lib), fix=_loading_hint(self.lib, text))

    def _too_many(self, count: int) -> DsbenchError:
        return DsbenchError(
            Code.PARSER_BOXES,
            f"the parser {self.func} returned {count} objects for one frame, and a frame has {MAX_OBJECTS} at most",
            where=str(self.lib),
            fix="check the ends of the parser's loops, and drop objects below the pre-cluster threshold in the parser",
        )

    def _raised(self) -> DsbenchError:
        if self.stand_in:
            return DsbenchError(
                Code.PARSER_RAISED,
                f"DeepStream would end in {self.func}: {self._text()}",
                where=str(self.lib),
                fix="correct the outputs in the ONNX file, or put a parser .cpp of your own into parser/",
            )
        return DsbenchError(
            Code.PARSER_RAISED,
            f"the parser {self.func} threw a C++ exception: {self._text()}",
            where=str(self.lib),
            fix="check the sizes that the parser computes, and that it frees what it allocates"
            if "bad_alloc" in self._text()
            else "DeepStream would end here: catch it in the parser, or check the shapes that the parser assumes",
        )


def wrong_object_size(lib: Path, found: int) -> DsbenchError:
    """The error for a library whose objects have the unexpected size ``found``: 24, 28, or 0 for neither."""
    if found == 24:
        what = (
            "built against headers older than DeepStream 9: 24-byte objects, where DeepStream 9 has 28 (rotation_angle)"
        )
        fix = "build it against DeepStream 9's headers (or dsbench's: make -B DEEPSTREAM_DIR=$(dsbench sdk))"
    elif found == 28:
        what = "built with 28-byte objects (DeepStream 9), where 24-byte objects were asked for"
        fix = "remove object-size = 24 from [parser] in dsbench.toml, or build it against the older headers"
    else:
        what = "built with objects that are neither 28 bytes (DeepStream 9) nor 24 (6.2 and before)"
        fix = "build it against DeepStream's own nvdsinfer_custom_impl.h; remove any copy of it next to the source"
    return DsbenchError(Code.PARSER_OBJECT_SIZE, f"the parser library was {what}", where=str(lib), fix=fix)


def _describe(layer: OutputLayer, array: npt.NDArray[Any]) -> native.Layer:
    data_type = _DATA_TYPES.get(array.dtype.name)
    if data_type is None or array.ndim > _MAX_DIMS:
        raise DsbenchError(
            Code.TENSOR_UNSUPPORTED,
            f"output {layer.name} ({array.dtype.name}, {array.ndim} dimensions) cannot be given to a parser",
            where=layer.name,
            fix="export the model with float32, float16, int8, int32, int64, uint8 or bool outputs",
        )
    dims = array.shape or (1,)
    padded = (ctypes.c_uint32 * _MAX_DIMS)(*dims)
    return native.Layer(layer.name.encode(), data_type, layer.binding_index, len(dims), padded)


def _loading_hint(lib: Path, text: str) -> str:
    """The fix for a library that does not load, from its file header, else from the loader's message."""
    try:
        head = reading.read_head(lib, 20)
    except OSError:
        return "build the parser first, and check custom-lib-path"
    if len(head) < 20 or head[:4] != b"\x7fELF":
        return "this file is not a shared library: build the parser again with make -B"
    machine = int(struct.unpack("<H" if head[5] == 1 else ">H", head[18:20])[0])
    if machine != _MACHINES.get(platform.machine(), machine):
        return f"this library was built for another processor than {platform.machine()}: build it again here"
    if "cannot open shared object file" in text:
        return "the library is linked against one that is not installed: build it again with make -B LIBS="
    if "undefined symbol" in text:
        return "define the missing function, or build again with make -B LIBS= if it belongs to a GPU library"
    return "build the parser again on this machine with make -B"
