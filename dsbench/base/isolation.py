"""``--isolate``: child programs run in a sandbox of bubblewrap, because they execute what the model directory holds.

In the sandbox there is no network, no other process, and no home directory. Everything else of the machine can be read.
Only the model directory and the run's scratch directory can be written, and ``/tmp`` is the sandbox's own. It ends with
dsbench, and everything in it ends with the program. See docs/security.md.
"""

from __future__ import annotations

import glob
import os
import site
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from dsbench.base.private import cache_candidates, cache_root

PROGRAM = "bwrap"
_HIDDEN = ("/home", "/root", "/tmp", "/var/tmp", "/run", "/mnt", "/media")
_LISTS = ("PATH", "LD_LIBRARY_PATH", "PYTHONPATH", "GST_PLUGIN_PATH", "GST_PLUGIN_PATH_1_0", "GST_PLUGIN_SYSTEM_PATH")
_PLACES = ("DEEPSTREAM_DIR", "XDG_CACHE_HOME", "LD_PRELOAD", *_LISTS)
_DEVICES = ("/dev/nvidia*", "/dev/nvhost*", "/dev/nvmap", "/dev/nvsciipc", "/dev/dri", "/dev/v4l2-nv*")
_KEPT = frozenset(("HOME", "LANG", "LANGUAGE", "TERM", "TZ", "USER", "OMP_NUM_THREADS", "GLIBC_TUNABLES", *_PLACES))
_LIBRARIES = ("USE_NEW_", "CUDA_", "NVIDIA_", "NVDS_", "GST_", "ORT_", "OPENBLAS_", "ASAN_", "UBSAN_")
_KEPT_BEGINNINGS = ("LC_", "DSBENCH_", *_LIBRARIES)
_SIGNALS = 64


@dataclass(frozen=True)
class Sandbox:
    """What the programs of one run may use. ``readable``: files and directories outside that they must see."""

    writable: tuple[Path, ...]
    readable: tuple[Path, ...] = ()


_active: list[Sandbox] = []


@contextmanager
def active(sandbox: Sandbox) -> Iterator[None]:
    """Isolate every program that is started through ``base/process.py`` or as a build of a parser."""
    _active.append(sandbox)
    try:
        yield
    finally:
        _active.remove(sandbox)


def wrapped(command: Sequence[str]) -> tuple[str, ...]:
    """The command in the sandbox that is active; as it is where none is."""
    return sandboxed(command, _active[-1]) if _active else tuple(command)


def environment(variables: Mapping[str, str]) -> dict[str, str]:
    """The variables that the programs get. In a sandbox: no token and no key of whoever starts dsbench."""
    if not _active:
        return dict(variables)
    kept = {name: text for name, text in variables.items() if name in _KEPT or name.startswith(_KEPT_BEGINNINGS)}
    return {**kept, "TMPDIR": "/tmp"}


def returncode(code: int) -> int:
    """The exit status as subprocess has it: the sandbox says 128 + N for a program that signal N ended."""
    return 128 - code if _active and 128 < code <= 128 + _SIGNALS else code


def sandboxed(command: Sequence[str], sandbox: Sandbox) -> tuple[str, ...]:
    """bwrap in a shell that ignores SIGINT and SIGTERM, which the whole process group gets: the program must see them
    and end by itself, and bwrap must live until then."""
    hidden = _hidden()
    bwrap = [
        *(PROGRAM, "--unshare-all", "--die-with-parent", "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc"),
        *(word for one in hidden for word in ("--tmpfs", one)),
        *(word for name in _DEVICES for one in glob.glob(name) for word in ("--dev-bind", one, one)),
        *(word for one in _readable(sandbox) for word in _bound(one, "--ro-bind-try", hidden)),
        *(word for one in (*sandbox.writable, *_scratch(command)) for word in _bound(one, "--bind", hidden)),
        *("--chdir", str(sandbox.writable[0].resolve()) if sandbox.writable else "/", "--"),
    ]
    reset = ("env", "--default-signal=INT,TERM")
    return ("/bin/sh", "-c", 'trap "" INT TERM; exec "$@"', "sh", *bwrap, *reset, *command)


def _hidden() -> list[str]:
    """The directories that are empty in a sandbox: ``_HIDDEN``, and the home directory where it lies elsewhere."""
    found = [one for one in _HIDDEN if os.path.isdir(one) and not os.path.islink(one)]
    home = _home()
    own = os.path.isdir(home) and home != "/" and os.stat(home).st_uid == os.getuid()
    return [*found, home] if own and not any(f"{home}/".startswith(f"{one}/") for one in found) else found


def _readable(sandbox: Sandbox) -> Iterator[Path]:
    """This Python and its packages, the directories of variables that programs are found by, our built libraries."""
    packages = (one for one in sys.path if os.path.isabs(one) and one != os.getcwd())
    yield from map(Path, (sys.prefix, sys.base_prefix, sys.exec_prefix, *packages, site.getusersitepackages()))
    yield Path(__file__).resolve().parents[2] / "dsbench"
    for name in _LISTS:
        yield from (Path(one) for one in os.environ.get(name, "").split(os.pathsep) if os.path.isabs(one))
    if deepstream := os.environ.get("DEEPSTREAM_DIR"):
        yield Path(deepstream)
    yield cache_root()
    yield cache_candidates()[0].with_name("gstreamer-1.0")  # else GStreamer looks at every plugin in every run
    yield from sandbox.readable


def _scratch(command: Sequence[str]) -> Iterator[Path]:
    """Our own temporary directories that the command names."""
    above = tempfile.gettempdir() + os.sep
    names = {word[len(above) :].partition(os.sep)[0] for word in _paths(command) if word.startswith(above)}
    yield from (Path(above, name) for name in sorted(names) if name.startswith("dsbench-"))


def _paths(command: Sequence[str]) -> Iterator[str]:
    """The words, and what stands behind an equals sign in them."""
    for word in command:
        yield word
        yield from word.split("=")[1:]


def _bound(path: Path, option: str, hidden: Sequence[str]) -> tuple[str, ...]:
    """``path`` visible at its real place, and by its own name where that leads through a hidden directory."""
    real = os.path.realpath(path)
    if real in ("/", *hidden) or not os.path.exists(real) or real == _home():
        return ()
    given = os.path.abspath(path)
    through_hidden = given != real and any(given.startswith(one + os.sep) for one in hidden)
    return (option, real, real, *((option, real, given) if through_hidden else ()))


def _home() -> str:
    """The home directory, which is never shown as a whole, even where PYTHONPATH names it."""
    return os.path.realpath(os.path.expanduser("~"))
