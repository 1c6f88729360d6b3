"""6d: build the parser library with make, always from scratch, with a deadline, a log, and a fix for each error."""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import takewhile
from pathlib import Path

from dsbench.base import isolation, logs, places, process, reading
from dsbench.base.descendants import Descendants
from dsbench.base.environment import snapshot
from dsbench.base.errors import Code, DsbenchError
from dsbench.base.os_errors import require_present

_SAFE_PATH = re.compile(r"[A-Za-z0-9._/+@-]+")
_COMPILERS = ("g++", "gcc", "c++", "cc", "clang++", "clang")
_POLL_S = 0.05
_KEEPER = ("/bin/sh", "-c", 'trap "kill -9 0" TERM; "$@" & wait $!', "sh")
"""Leads the build's process group and kills the whole group on SIGTERM, which is what it gets when we are killed."""
_MAKE_VARIABLES = ("MAKEFLAGS", "GNUMAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEFILES", "MAKEOVERRIDES")


@dataclass(frozen=True, slots=True)
class BuildPlan:
    """One parser build. ``libs`` is None to leave the Makefile's LIBS, or its replacement (``""`` without TensorRT).

    ``flags`` are added to every compiler call, whatever the Makefile calls its variables.
    """

    parser_dir: Path
    library: Path
    deepstream_dir: Path
    cuda_ver: str
    log: Path
    libs: str | None = None
    deadline_s: float = 300.0
    flags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BuildResult:
    """A finished build: the command as run, its log, how long it took, compiler warnings (one line each, without those
    of DeepStream's own headers)."""

    command: tuple[str, ...]
    log: Path
    seconds: float
    library: Path
    warnings: tuple[str, ...]


def build(plan: BuildPlan, stopped: Callable[[], bool] | None = None) -> BuildResult:
    """Run ``make -B`` in the parser's directory; a stale library is removed first. It is killed once ``stopped`` holds.

    Raises BUILD_TOOL_MISSING, PARSER_COMPILE (first error line as the cause; also when stopped), NOT_WRITABLE.
    """
    require_tools()
    _require_regular_files(plan)
    _prepare(plan)
    with tempfile.TemporaryDirectory(prefix="dsbench-", dir=_plain_temp()) as folder:
        command = _command(plan, Path(folder))
        path = _wrapped_compilers(Path(folder), plan.flags) if plan.flags else ""
        started = time.monotonic()
        status = _run(command, plan, Path(folder), path, stopped)
        seconds = time.monotonic() - started
        text = "".join(logs.lines(plan.log, logs.FIGURES))
        if status != 0:
            require_present(plan.parser_dir)
            raise _failure(text, plan, command, _standard_that_compiles(text, plan, command, Path(folder), stopped))
        warnings = _warnings(text, plan)
    library = _find_library(plan)
    return BuildResult(tuple(command), plan.log, seconds, library, warnings)


_WARNING = re.compile(r"^(?P<file>.*?)(?::\d+)*: warning:|\bwarning:")


def _warnings(log: str, plan: BuildPlan) -> tuple[str, ...]:
    """The compiler's warnings, without those in DeepStream's own files: NVIDIA's headers warn under g++ 13.

    The links by which the paths lead must still be there.
    """
    sdk, own = (os.path.realpath(folder) for folder in (plan.deepstream_dir, plan.parser_dir))
    found = []
    for line in log.splitlines():
        if (match := _WARNING.search(line)) is None:
            continue
        file = os.path.realpath(plan.parser_dir / (match["file"] or "").strip())
        if not _inside(file, sdk) or _inside(file, own):
            found.append(line.strip())
    return tuple(found)


def _inside(file: str, folder: str) -> bool:
    return os.path.commonpath((file, folder)) == folder


def require_tools() -> None:
    """Raises BUILD_TOOL_MISSING unless make and g++ are on PATH."""
    missing = [tool for tool in ("make", "g++") if shutil.which(tool) is None]
    if missing:
        raise DsbenchError(
            Code.BUILD_TOOL_MISSING,
            f"{' and '.join(missing)} not found: the parser cannot be built",
            where="PATH",
            fix="apt-get install make g++",
        )


_READ_BY_MAKE = ("makefile", ".mk", ".cpp", ".cc", ".cu", ".h", ".hpp", ".o")


def _require_regular_files(plan: BuildPlan) -> None:
    """make and the compiler would wait for ever for a FIFO."""
    files = (path for path in sorted(plan.parser_dir.glob("*")) if path.name.lower().endswith(_READ_BY_MAKE))
    for path in files:
        try:
            reading.require_regular(path)
        except OSError as error:
            what = f"{path.name} cannot be used: {error.strerror}"
            raise DsbenchError(
                Code.PARSER_SOURCE, what, where=str(path), fix="remove it, or put a file there"
            ) from error


def _prepare(plan: BuildPlan) -> None:
    try:
        places.make_way(plan.library)
        places.new_file(plan.log).close()
    except OSError as error:
        raise DsbenchError(
            Code.NOT_WRITABLE,
            f"cannot prepare the parser build: {error.strerror}",
            where=str(error.filename),
            fix="make the model directory writable",
        ) from error


def _plain_temp() -> str:
    """A directory for temporary files whose name make can carry."""
    folder = tempfile.gettempdir()
    return folder if _SAFE_PATH.fullmatch(folder) else "/tmp"


def _command(plan: BuildPlan, temporary: Path) -> list[str]:
    deepstream = str(plan.deepstream_dir)
    if not _SAFE_PATH.fullmatch(deepstream):  # the Makefile does not quote it
        link = temporary / "deepstream"
        link.symlink_to(plan.deepstream_dir, target_is_directory=True)
        deepstream = str(link)
    command = ["make", "-B", "-C", str(plan.parser_dir), f"DEEPSTREAM_DIR={deepstream}", f"CUDA_VER={plan.cuda_ver}"]
    return command if plan.libs is None else [*command, f"LIBS={plan.libs}"]


def _wrapped_compilers(folder: Path, flags: tuple[str, ...]) -> str:
    """A PATH on which the compilers add ``flags`` to what they are given; a Makefile's variables stay its own."""
    for name in _COMPILERS:
        compiler = shutil.which(name)
        if compiler is not None:
            wrapper = folder / name
            wrapper.write_text(f'#!/bin/sh\nexec {shlex.quote(compiler)} "$@" {shlex.join(flags)}\n')
            wrapper.chmod(0o700)
    return f"{folder}{os.pathsep}{os.environ.get('PATH', os.defpath)}"


def _run(command: list[str], plan: BuildPlan, temporary: Path, path: str, stopped: Callable[[], bool] | None) -> int:
    """Exit status of the command; what it started ends with it. ``path`` is its PATH.

    What a compiler that is killed leaves of its own lies in ``temporary``.
    """
    descendants = Descendants.of_next_child()
    changed = snapshot(LC_ALL="C", TMPDIR=str(temporary), **descendants.variables)
    environment = {name: value for name, value in changed.items() if name not in _MAKE_VARIABLES}
    if path:
        environment["PATH"] = path
    with plan.log.open("ab") as log:
        child = subprocess.Popen(
            [*_KEEPER, *isolation.wrapped(command)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=isolation.environment(environment),
            start_new_session=True,
            preexec_fn=_end_with_parent,  # noqa: PLW1509 - one prctl call, no lock, no allocation
        )
        try:
            return _ended(child, plan, stopped)
        finally:
            descendants.kill(child)
            child.wait()


def _ended(child: subprocess.Popen[bytes], plan: BuildPlan, stopped: Callable[[], bool] | None) -> int:
    """Its exit status, once it has ended."""
    deadline = time.monotonic() + plan.deadline_s
    while (left := deadline - time.monotonic()) > 0:
        if stopped is not None and stopped():
            raise DsbenchError(Code.PARSER_COMPILE, "the build was stopped", where=str(plan.log))
        with contextlib.suppress(subprocess.TimeoutExpired):
            return child.wait(left if stopped is None else min(left, _POLL_S))
    raise DsbenchError(
        Code.PARSER_COMPILE,
        f"make did not finish within {plan.deadline_s:g} s",
        where=str(plan.log),
        fix="look for a recipe in parser/Makefile that waits or loops",
    )


def _end_with_parent() -> None:
    """End the build when its parent ends, for whatever reason."""
    process.end_with_parent(signal.SIGTERM)


def _find_library(plan: BuildPlan) -> Path:
    if plan.library.is_file():
        return plan.library
    trailing = plan.library.with_name(plan.library.name.replace("_parser.so", "__parser.so"))
    if trailing.is_file():
        return trailing
    built = sorted(path.name for path in plan.parser_dir.glob("*.so"))
    raise DsbenchError(
        Code.PARSER_COMPILE,
        f"make succeeded but {plan.library.name} was not built (there is: {', '.join(built) or 'no .so file'})",
        where=str(plan.parser_dir / "Makefile"),
        fix=f"set TARGET_LIB := {plan.library.name} in parser/Makefile",
    )


_KNOWN = (
    (re.compile(r"fatal error: (\S+): No such file"), "the header {0} is missing: check DEEPSTREAM_DIR and CUDA_VER"),
    (
        re.compile(r"cannot find -l(nvinfer|nvonnxparser|nvparsers|nvinfer_plugin)\b"),
        "lib{0} is not installed: install TensorRT's libraries (lib{0} is gone from TensorRT 10 if it is nvparsers),"
        " or build with LIBS=",
    ),
    (re.compile(r"cannot find -l(\S+?):?(?:\s|$)"), "lib{0} is not installed, or LIBS in parser/Makefile is wrong"),
    (
        re.compile(r"No space left on device"),
        "free space on the disk (df -h), in the directory for temporary files too",
    ),
    (re.compile(r"missing separator"), "recipe lines of parser/Makefile must begin with a TAB, not with blanks"),
    (re.compile(r"No rule to make target '([^']+)'"), "{0} is named in parser/Makefile but does not exist"),
    (re.compile(r"No targets specified and no makefile found"), "put a Makefile into parser/, or let dsbench write it"),
    (re.compile(r"undefined reference to [`']([^']+)'"), "{0} is used but defined nowhere: add its source or library"),
)


_NEWER_STANDARD = re.compile(r"only available (?:from C\+\+(\d\w) onwards|with '?-std=c\+\+(\d\w))")
_STANDARDS = ("14", "17", "20")
"""C++ standards that a source may need. The generated Makefile has C++11, as the specification's."""
_NOTE_LINES = 8
"""A compiler explains an error within this number of lines."""


def _newer_standard(lines: list[str]) -> str:
    """The C++ standard that the compiler asks for after the error in the first line; "" if it asks for none."""
    text = "\n".join([lines[0], *takewhile(lambda line: "error:" not in line, lines[1:_NOTE_LINES])])
    found = _NEWER_STANDARD.search(text)
    return (found[1] or found[2]) if found else ""


def _standard_that_compiles(
    text: str, plan: BuildPlan, command: list[str], folder: Path, stopped: Callable[[], bool] | None
) -> str:
    """The first of `_STANDARDS` with which the sources compile; "" if the log shows no error in a source, or with none.

    Nothing is written but a log in ``folder``.
    """
    if not re.search(r"^\S+:\d+:\d+: error:", text, re.MULTILINE):
        return ""
    for standard in _STANDARDS:
        path = _wrapped_compilers(folder, (*plan.flags, f"-std=c++{standard}", "-fsyntax-only"))
        with contextlib.suppress(DsbenchError):  # the error of the build itself is the one to report
            if _run(command, replace(plan, log=folder / "standard.log"), folder, path, stopped) == 0:
                return standard
    return ""


_MOVES = re.compile(r"make(?:\[\d+\])?: (?:Entering|Leaving) directory ")


def _failure(text: str, plan: BuildPlan, command: list[str], standard: str) -> DsbenchError:
    """The compiler's (or linker's, or make's) first error line as the cause, with a fix where one is known.

    ``standard``: the C++ standard with which the sources compile, "" if there is none.
    """
    # a directory may be called "error: x"
    lines = [line.strip() for line in text.splitlines() if line.strip() and not _MOVES.match(line)]
    pattern = re.compile(
        r"(^(?!collect2:).*\berror:|cannot find -l|undefined reference|\bld: (?!warning)|\*\*\*|not found$)"
    )
    cause = next((line for line in lines if pattern.search(line)), lines[-1] if lines else "make failed silently")
    cause = next((line for line in lines if "No space left on device" in line), cause)
    fix = f"correct that line; the whole log is {plan.log}"
    if standard := standard or _newer_standard(lines[lines.index(cause) :]):
        fix = (
            f"needs -std=c++{standard}: put a Makefile of your own with that standard into parser/ (the one that"
            " dsbench writes is the specification's, with -std=c++11)"
        )
    for known, hint in _KNOWN:
        match = known.search(cause)
        if match:
            fix = hint.format(*match.groups())
            break
    return DsbenchError(
        Code.PARSER_COMPILE, f"the parser does not compile: {cause[:300]}", where=shlex.join(command), fix=fix
    )
