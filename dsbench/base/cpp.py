"""Builds dsbench's own C++ sources with g++: on first use, cached per user, once for all processes.

The sources and DeepStream's interface headers lie in ``SDK``. The embedded runtime, the parser harness and
``dsbench doctor`` use them.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shlex
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dsbench.base.ask import ask
from dsbench.base.errors import Code, DsbenchError
from dsbench.base.private import cache_candidates, cache_root, is_own

SDK = Path(__file__).resolve().parents[1] / "embedded" / "sdk"
"""DEEPSTREAM_DIR for a parser's Makefile if DeepStream is not installed."""
LIBRARY_FLAGS = ("-std=c++17", "-O3", "-fPIC", "-shared", "-fvisibility=hidden", "-ffp-contract=off", "-fno-fast-math")

_BUILD_DEADLINE_S = 300


@dataclass(frozen=True, slots=True)
class Product:
    """A program or library built from all C++ sources of one folder of the SDK."""

    name: str
    folder: str
    flags: tuple[str, ...]

    def sources(self) -> tuple[Path, ...]:
        """The C++ files, in a fixed order."""
        return tuple(sorted((SDK / self.folder).glob("*.cpp")))

    def headers(self) -> tuple[Path, ...]:
        """The headers that the sources may include, in a fixed order."""
        folders = (SDK / "host", SDK / self.folder, SDK / "sources" / "includes")
        return tuple(header for folder in dict.fromkeys(folders) for header in sorted(folder.glob("*.h")))


def build(product: Product) -> Path:
    """Path of the built product, from the cache if possible. Several processes may call this concurrently.

    Raises DsbenchError BUILD_TOOL_MISSING or HOST_BUILD_FAILED.
    """
    compiler = _compiler()
    key = _key(compiler, product)
    for place in filter(is_own, cache_candidates()):  # in a sandbox they can only be read
        if (place / key / product.name).is_file():
            return place / key / product.name
    folder = cache_root() / key
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


def _key(compiler: str, product: Product) -> str:
    """Changes with the compiler, the target machine, the flags, and any source or header."""
    digest = hashlib.sha256()
    digest.update(_output((compiler, "--version")).encode())
    digest.update(_output((compiler, "-dumpmachine")).encode())
    digest.update("\0".join(product.flags).encode())
    for file in (*product.sources(), *product.headers()):
        digest.update(b"\0" + file.name.encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()[:24]


def _compile(compiler: str, product: Product, target: Path) -> None:
    """Build under a temporary name, then rename to ``target``: no process sees an incomplete file."""
    handle, name = tempfile.mkstemp(suffix=target.suffix, dir=target.parent)
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
    reply = ask(command, _BUILD_DEADLINE_S, {"LC_ALL": "C"})
    if reply.failure:
        raise _build_failed(reply.failure, command)
    if reply.returncode != 0:
        lines = [line for line in reply.stderr.splitlines() if line.strip()]
        first = next((line for line in lines if "cannot find" in line or "error" in line), lines[-1] if lines else "")
        raise _build_failed(first or f"exit status {reply.returncode}", command)
    return reply.stdout


def _build_failed(reason: str, command: Sequence[str]) -> DsbenchError:
    return DsbenchError(
        Code.HOST_BUILD_FAILED,
        f"g++ could not build the C++ host library: {reason}",
        where=shlex.join(command),
        fix="install a g++ with C++17 and the C++ standard library (apt-get install g++)",
    )
