"""ctypes bindings of the C++ host library, which is built on first use.

The library holds the loops that are too slow in Python, and the call into a user's parser, which needs C++ types.
Its interface is plain C (``sdk/host/dsbench_host.h``), so one build serves every Python version.
"""

from __future__ import annotations

import ctypes
import functools
from ctypes import POINTER, Structure, c_char_p, c_double, c_float, c_int32, c_int64, c_uint32, c_void_p
from pathlib import Path

from dsbench.base import cpp
from dsbench.base.errors import Code, DsbenchError

HOST = cpp.Product("libdsbench_host.so", "host", cpp.LIBRARY_FLAGS)


class Planes(Structure):
    """DsbPlanes."""

    _fields_ = (
        ("y", c_void_p),
        ("u", c_void_p),
        ("v", c_void_p),
        ("y_stride", c_int64),
        ("u_stride", c_int64),
        ("v_stride", c_int64),
    )


class PreprocessPlan(Structure):
    """DsbPreprocessPlan."""

    _fields_ = (
        ("source_w", c_int32),
        ("source_h", c_int32),
        ("dest_w", c_int32),
        ("dest_h", c_int32),
        ("write_w", c_int32),
        ("write_h", c_int32),
        ("offset_left", c_int32),
        ("offset_top", c_int32),
        ("net_w", c_int32),
        ("net_h", c_int32),
        ("color_format", c_int32),
        ("bilinear", c_int32),
        ("channels_last", c_int32),
        ("scale", c_float),
        ("mean", c_float * 4),
    )


class Layer(Structure):
    """DsbLayer."""

    _fields_ = (
        ("name", c_char_p),
        ("data_type", c_int32),
        ("binding_index", c_int32),
        ("num_dims", c_int32),
        ("dims", c_uint32 * 8),
    )


class ClusterAttrs(Structure):
    """DsbClassAttrs."""

    _fields_ = (
        ("pre_cluster_threshold", c_float),
        ("post_cluster_threshold", c_float),
        ("nms_iou_threshold", c_float),
        ("eps", c_float),
        ("min_score", c_float),
        ("topk", c_int32),
        ("min_boxes", c_int32),
    )


class MapperPlan(Structure):
    """DsbMapperPlan."""

    _fields_ = (
        ("ratio_x", c_double),
        ("ratio_y", c_double),
        ("surface_w", c_float),
        ("offset_left", c_int32),
        ("offset_top", c_int32),
        ("crop", c_int32),
    )


class ClassLimits(Structure):
    """DsbClassLimits."""

    _fields_ = (
        ("min_w", c_float),
        ("min_h", c_float),
        ("max_w", c_float),
        ("max_h", c_float),
        ("roi_top", c_float),
        ("roi_bottom", c_float),
        ("wanted", c_int32),
    )


class NativeLibrary:
    """The loaded host library; one attribute per C function, typed here and nowhere else."""

    def __init__(self, path: Path) -> None:
        self.path = path
        lib = ctypes.CDLL(str(path))
        self._add_preprocessing(lib)
        self._add_parser(lib)
        self._add_boxes(lib)

    def _add_preprocessing(self, lib: ctypes.CDLL) -> None:
        self.preprocess_new = _function(lib, "dsb_preprocess_new", c_void_p, POINTER(PreprocessPlan))
        self.preprocess_free = _function(lib, "dsb_preprocess_free", None, c_void_p)
        self.preprocess_run = _function(
            lib, "dsb_preprocess_run", None, c_void_p, POINTER(Planes), c_int32, c_int32, c_void_p, c_void_p
        )
        self.plane_scaler_new = _function(lib, "dsb_plane_scaler_new", c_void_p, *[c_int32] * 4)
        self.plane_scaler_free = _function(lib, "dsb_plane_scaler_free", None, c_void_p)
        self.plane_scaler_run = _function(
            lib, "dsb_plane_scaler_run", None, c_void_p, c_void_p, c_int64, c_void_p, c_int64
        )

    def _add_parser(self, lib: ctypes.CDLL) -> None:
        self.parser_open = _function(
            lib, "dsb_parser_open", c_void_p, c_char_p, c_char_p, c_int32, POINTER(c_int32), *_TEXT_OUT
        )
        self.parser_set_layers = _function(lib, "dsb_parser_set_layers", None, c_void_p, POINTER(Layer), c_int32)
        self.parser_set_network = _function(
            lib, "dsb_parser_set_network", None, c_void_p, *[c_uint32] * 4, c_void_p, c_void_p
        )
        self.parser_run = _function(
            lib,
            "dsb_parser_run",
            c_int32,
            *(c_void_p, POINTER(c_void_p), POINTER(c_int64), POINTER(c_int32), *_TEXT_OUT),
        )
        self.parser_take = _function(lib, "dsb_parser_take", None, c_void_p, c_void_p, c_void_p)

    def _add_boxes(self, lib: ctypes.CDLL) -> None:
        self.cluster = _function(
            lib,
            "dsb_cluster",
            c_int64,
            *(POINTER(ClusterAttrs), c_int32, c_int32, c_int64),
            *(c_void_p, POINTER(c_void_p), c_void_p, POINTER(c_void_p)),
        )
        self.mapper_new = _function(lib, "dsb_mapper_new", c_void_p, POINTER(MapperPlan), POINTER(ClassLimits), c_int32)
        self.mapper_free = _function(lib, "dsb_mapper_free", None, c_void_p)
        self.mapper_run = _function(lib, "dsb_mapper_run", c_int64, c_void_p, c_int64, c_void_p, c_void_p)
        self.detect = _function(
            lib,
            "dsb_detect",
            c_int32,
            *(c_void_p, c_void_p, POINTER(c_void_p), POINTER(ClusterAttrs), c_int32, c_int32),
            *(POINTER(c_int64), POINTER(c_int32), *_TEXT_OUT),
        )
        self.detect_take = _function(lib, "dsb_detect_take", None, c_void_p, c_void_p, c_void_p)


_TEXT_OUT = (c_char_p, c_int32)
"""A buffer for a text, and its size."""


def _function(lib: ctypes.CDLL, name: str, result: type | None, *arguments: type) -> ctypes._NamedFuncPointer:
    found = lib[name]
    found.restype, found.argtypes = result, arguments
    return found


@functools.cache
def library() -> NativeLibrary:
    """The host library of this process, built first if these sources have no build in the cache.

    Raises DsbenchError BUILD_TOOL_MISSING or HOST_BUILD_FAILED.
    """
    path = cpp.build(HOST)
    try:
        return NativeLibrary(path)
    except (OSError, AttributeError) as error:
        raise DsbenchError(
            Code.HOST_BUILD_FAILED,
            f"the C++ host library cannot be loaded: {error}",
            where=str(path),
            fix=f"remove {path.parent} and try again",
        ) from error
