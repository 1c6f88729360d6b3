"""The C++ host library: built with g++ on first use, cached, and called through ctypes.

It holds the loops that are too slow in Python and the call into a user's parser, which needs C++'s own types.
Plain C at its border (``sdk/host/dsbench_host.h``), so one build serves every Python version.
"""

from __future__ import annotations

import ctypes
import fcntl
import functools
import hashlib
import os
import shlex
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Sequence
from ctypes import POINTER, Structure, c_char_p, c_double, c_float, c_int32, c_int64, c_uint32, c_void_p
from dataclasses import dataclass
from pathlib import Path

from dsbench.base.environment import snapshot
from dsbench.base.errors import Code, DsbenchError

SDK = Path(__file__).resolve().parent / "sdk"
"""What a parser's Makefile gets as DEEPSTREAM_DIR."""

FLAGS = ("-std=c++17", "-O3", "-fPIC", "-shared", "-fvisibility=hidden", "-ffp-contract=off", "-fno-fast-math")
RUNNER_FLAGS = ("-std=c++17", "-O0", "-rdynamic", "-fsanitize=address", "-fno-omit-frame-pointer")
_BUILD_DEADLINE_S = 300


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
        text_out = (c_char_p, c_int32)

        def function(name: str, result: type | None, *arguments: type) -> ctypes._NamedFuncPointer:
            found = lib[name]
            found.restype, found.argtypes = result, arguments
            return found

        self.preprocess_new = function("dsb_preprocess_new", c_void_p, POINTER(PreprocessPlan))
        self.preprocess_free = function("dsb_preprocess_free", None, c_void_p)
        self.preprocess_run = function(
            "dsb_preprocess_run", None, c_void_p, POINTER(Planes), c_int32, c_int32, c_void_p, c_void_p
        )
        self.plane_scaler_new = function("dsb_plane_scaler_new", c_void_p, *[c_int32] * 4)
        self.plane_scaler_free = function("dsb_plane_scaler_free", None, c_void_p)
        self.plane_scaler_run = function("dsb_plane_scaler_run", None, c_void_p, c_void_p, c_int64, c_void_p, c_int64)
        self.parser_open = function(
            "dsb_parser_open", c_void_p, c_char_p, c_char_p, c_int32, POINTER(c_int32), *text_out
        )
        self.parser_set_layers = function("dsb_parser_set_layers", None, c_void_p, POINTER(Layer), c_int32)
        self.parser_set_network = function(
            "dsb_parser_set_network", None, c_void_p, *[c_uint32] * 4, c_void_p, c_void_p
        )
        self.parser_run = function(
            "dsb_parser_run", c_int32, c_void_p, POINTER(c_void_p), POINTER(c_int64), POINTER(c_int32), *text_out
        )
        self.parser_take = function("dsb_parser_take", None, c_void_p, c_void_p, c_void_p)
        self.cluster = function(
            "dsb_cluster",
            c_int64,
            *(POINTER(ClusterAttrs), c_int32, c_int32, c_int64),
            *(c_void_p, POINTER(c_void_p), c_void_p, POINTER(c_void_p)),
        )
        self.mapper_new = function("dsb_mapper_new", c_void_p, POINTER(MapperPlan), POINTER(ClassLimits), c_int32)
        self.mapper_free = function("dsb_mapper_free", None, c_void_p)
        self.mapper_run = function("dsb_mapper_run", c_int64, c_void_p, c_int64, c_void_p, c_void_p)
        self.detect = function(
            "dsb_detect",
            c_int32,
            *(c_void_p, c_void_p, POINTER(c_void_p), POINTER(ClusterAttrs), c_int32, c_int32),
            *(POINTER(c_int64), POINTER(c_int32), *text_out),
        )
        self.detect_take = function("dsb_detect_take", None, c_void_p, c_void_p, c_void_p)


@functools.cache
def library() -> NativeLibrary:
    """The host library of this process, built first when no build of these sources is cached.

    Raises DsbenchError BUILD_TOOL_MISSING or HOST_BUILD_FAILED.
    """
    path = build()
    try:
        return NativeLibrary(path)
    except (OSError, AttributeError) as error:
        raise DsbenchError(
            Code.HOST_BUILD_FAILED,
            f"the C++ host library cannot be loaded: {error}",
            where=str(path),
            fix=f"remove {path.parent} and try again",
        ) from error


@dataclass(frozen=True, slots=True)
class _Product:
    """Something built from the C++ sources of one folder below the SDK."""

    name: str
    folder: str
    flags: tuple[str, ...]
    suffix: str = ""

    def sources(self) -> tuple[Path, ...]:
        """In a fixed order."""
        return tuple(sorted((SDK / self.folder).glob("*.cpp")))

    def headers(self) -> tuple[Path, ...]:
        folders = (SDK / "host", SDK / self.folder, SDK / "sources" / "includes")
        return tuple(header for folder in dict.fromkeys(folders) for header in sorted(folder.glob("*.h")))


_RUNNER = _Product("parser_runner", "harness", RUNNER_FLAGS)
_TAO = _Product("libdsbench_tao_parsers.so", "tao", FLAGS, ".so")


def sources() -> tuple[Path, ...]:
    """Every file that the host library is built from, in a fixed order."""
    return _host().sources()


def build() -> Path:
    """Path of the built library, from the cache if it is there. Two processes may call this at once."""
    return _built(_host())


def build_runner() -> Path:
    """Path of the program that calls a parser under sanitizers; HOST_BUILD_FAILED where their runtime is missing."""
    return _built(_RUNNER)


def build_tao_parsers() -> Path:
    """Path of what stands in for DeepStream's libnvds_infercustomparser.so."""
    return _built(_TAO)


def _host() -> _Product:
    return _Product("libdsbench_host.so", "host", FLAGS, ".so")


def _built(product: _Product) -> Path:
    compiler = _compiler()
    folder = _cache_root() / _key(compiler, product)
    target = folder / product.name
    if target.is_file():
        return target
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not target.is_file():  # another process may have built it while this one waited
            _compile(compiler, product, target)
    return target


def _compiler() -> str:
    found = shutil.which("g++")
    if found is None:
        raise DsbenchError(
            Code.BUILD_TOOL_MISSING,
            "g++ is not installed: the embedded runtime compiles parsers and its own host with it",
            where="PATH",
            fix="apt-get install g++",
        )
    return found


def _key(compiler: str, product: _Product) -> str:
    """Changes whenever the result could: compiler, target machine, flags, or any source or header."""
    digest = hashlib.sha256()
    digest.update(_output((compiler, "--version")).encode())
    digest.update(_output((compiler, "-dumpmachine")).encode())
    digest.update("\0".join(product.flags).encode())
    for file in (*product.sources(), *product.headers()):
        digest.update(b"\0" + file.name.encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()[:24]


def _compile(compiler: str, product: _Product, target: Path) -> None:
    """Builds into a temporary name beside ``target`` and renames it: readers never see half a file."""
    handle, name = tempfile.mkstemp(suffix=product.suffix, dir=target.parent)
    os.close(handle)
    command = (
        *(compiler, *product.flags, f"-I{SDK / 'sources' / 'includes'}", f"-I{SDK / 'host'}", "-o", name),
        *(str(source) for source in product.sources()),
        "-ldl",
    )
    try:
        _output(command)
        os.chmod(name, 0o700)
        os.replace(name, target)
    finally:
        Path(name).unlink(missing_ok=True)


def _output(command: Sequence[str]) -> str:
    """Standard output of a compiler call; a failure is HOST_BUILD_FAILED with the first error line."""
    environment = snapshot(LC_ALL="C")
    try:
        done = subprocess.run(
            command,
            check=False,
            capture_output=True,
            text=True,
            errors="replace",
            env=environment,
            timeout=_BUILD_DEADLINE_S,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise _build_failed(str(error), command) from error
    if done.returncode != 0:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        first = next((line for line in lines if "cannot find" in line or "error" in line), lines[-1] if lines else "")
        raise _build_failed(first or f"exit status {done.returncode}", command)
    return done.stdout


def _build_failed(reason: str, command: Sequence[str]) -> DsbenchError:
    return DsbenchError(
        Code.HOST_BUILD_FAILED,
        f"g++ could not build the C++ host library: {reason}",
        where=shlex.join(command),
        fix="install a g++ with C++17 and the C++ standard library (apt-get install g++)",
    )


@functools.cache
def _cache_root() -> Path:
    """Folder for builds: $XDG_CACHE_HOME or ~/.cache, else one of this user's own below the temporary directory.

    A library found in a folder that somebody else can write is never loaded.
    """
    named = os.environ.get("XDG_CACHE_HOME", "")
    base = named if os.path.isabs(named) else os.path.expanduser("~/.cache")
    for candidate in (Path(base) / "dsbench", Path(tempfile.gettempdir()) / f"dsbench-{os.getuid()}"):
        if candidate.is_absolute() and _is_private(candidate):
            return candidate
    return Path(tempfile.mkdtemp(prefix="dsbench-"))


def _is_private(folder: Path) -> bool:
    """``folder`` can be made or is there, writable, ours, and writable by nobody else."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = folder.lstat()
        if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid() or status.st_mode & 0o022:
            return False
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False
