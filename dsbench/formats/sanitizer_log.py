"""What AddressSanitizer, UndefinedBehaviorSanitizer, LeakSanitizer and libstdc++'s assertions printed, as facts.

Text in, tuples out. The formats are those of GCC's and LLVM's runtimes; lines beginning with ``dsbench:`` are
those of ``sdk/harness/runner.cpp``.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from dsbench.base import numbers

_UNDEFINED = re.compile(r"^(\S.*?):([0-9]+):([0-9]+): runtime error: (.+)$", re.MULTILINE)
_ADDRESS = re.compile(r"^==[0-9]+==\s*ERROR: AddressSanitizer:? (.+)$", re.MULTILINE)
_LEAK = re.compile(r"^Direct leak of ([0-9]+) byte\(s\) in ([0-9]+) object\(s\) allocated from:$", re.MULTILINE)
_FRAME = re.compile(
    r"^ +#([0-9]+) 0x[0-9a-f]+ (?:in (.+?) )?\(?(\S+?)(?::([0-9]+))?(?::[0-9]+)?\)?(?: \(BuildId:.*)?$", re.MULTILINE
)
_ASSERTION = re.compile(r"^(\S+?):([0-9]+): (.+?): Assertion '(.+)' failed\.$", re.MULTILINE)
_ASSERT = re.compile(r"^\S+: (\S+?):([0-9]+): .+: Assertion `(.+)' failed\.$", re.MULTILINE)
_ACCESS = re.compile(r"^(READ|WRITE) of size ([0-9]+)", re.MULTILINE)
_SIGNAL_ACCESS = re.compile(r"The signal is caused by a (READ|WRITE) memory access")
_AT = re.compile(r"on (?:unknown )?address (0x[0-9a-f]+)")
_BUFFER = re.compile(r"^dsbench: buffer (0x[0-9a-f]+|\(nil\)) (0x[0-9a-f]+|\(nil\))$", re.MULTILINE)
_CALL = re.compile(r"^dsbench: call ([0-9]+)$", re.MULTILINE)
_EXCEPTION = re.compile(r"^dsbench: exception: (.*)$", re.MULTILINE)
_TERMINATED = re.compile(r"^terminate called .*$", re.MULTILINE)

TIME_IS_UP = "dsbench: the time is up"
_NEAR = 1 << 30
"""An address this far from a tensor is still put down to it: the runner keeps as much room behind each."""


class Trouble(StrEnum):
    """What a report is about."""

    BOUNDS = "bounds"
    LIFETIME = "lifetime"
    UNDEFINED = "undefined"
    MEMORY = "memory"
    LEAK = "leak"
    CRASH = "crash"
    EXCEPTION = "exception"
    TIME = "time"


@dataclass(frozen=True, slots=True)
class Report:
    """One report. ``file`` and ``line``: the innermost place that lies in the parser's own sources (empty, 0: none)."""

    trouble: Trouble
    text: str
    file: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True)
class Frame:
    """One line of a stack trace."""

    function: str
    file: str
    line: int


def parse(log: str, sources: str, layers: tuple[str, ...] = ()) -> tuple[Report, ...]:
    """Every report in a case's log. ``sources``: the folder of the parser's sources, with which places are given
    relative; ``layers``: what the buffers of a call are called."""
    reports = [*_undefined(log, sources), *_address(log, sources, layers), *_leaks(log, sources)]
    for found in _EXCEPTION.finditer(log):
        reports.append(Report(Trouble.EXCEPTION, f"a C++ exception left the parser: {found[1]}"))
    if TIME_IS_UP in log:
        stack = log.split(TIME_IS_UP, 1)[1]
        reports.append(_placed(Trouble.TIME, "did not return", stack, sources))
    return tuple(dict.fromkeys(reports))


def frames(text: str) -> tuple[Frame, ...]:
    """The frames of the first stack trace in a sanitizer log."""
    found: list[Frame] = []
    for match in _FRAME.finditer(text):
        if numbers.whole(match[1]) == 0 and found:
            break
        found.append(Frame(match[2] or "", match[3], numbers.whole(match[4] or "0")))
    return tuple(found)


def leaks_unavailable(log: str) -> bool:
    """LeakSanitizer could not do its work here (it needs ptrace)."""
    return "LeakSanitizer has encountered a fatal error" in log


def _undefined(log: str, sources: str) -> Iterator[Report]:
    for match in _UNDEFINED.finditer(log):
        text = re.sub(r"0x[0-9a-f]{6,}", "an address", match[4])
        file = _relative(match[1], sources)
        if file:
            yield Report(Trouble.UNDEFINED, text, file, numbers.whole(match[2]))
        else:
            yield Report(Trouble.UNDEFINED, f"{text} (in {match[1].rsplit('/', 1)[-1]}:{match[2]})")


def _address(log: str, sources: str, layers: tuple[str, ...]) -> Iterator[Report]:
    match = _ADDRESS.search(log)
    assertion = _ASSERTION.search(log)
    if match is None:
        terminated = _TERMINATED.search(log)
        if assertion:
            yield Report(Trouble.BOUNDS, _assertion_text(assertion))
        elif terminated:
            yield Report(Trouble.CRASH, terminated[0])
        return
    head, report = match[1], log[match.start() :]
    trouble = _trouble(head)
    if assertion and trouble is Trouble.CRASH:
        yield _placed(Trouble.BOUNDS, _assertion_text(assertion), report, sources)
        return
    kind = head.split(" on ")[0].split(" (")[0].removeprefix("attempting ").strip()
    text = kind
    if trouble is Trouble.BOUNDS:
        text = _access_text(kind, report, log[: match.start()], layers)
    elif kind == "ABRT":
        text = _abort_text(log)
    elif kind == "FPE":
        text = "division by zero, or another fault of integer arithmetic (SIGFPE)"
    yield _placed(trouble, text, report, sources)


def _assertion_text(assertion: re.Match[str]) -> str:
    container = re.search(r"(std::\w+)<", assertion[3])
    name = container[1] if container else "the standard library"
    return f"{name} used out of its bounds: {assertion[4]} does not hold"


def _abort_text(log: str) -> str:
    terminated, failed = _TERMINATED.search(log), _ASSERT.search(log)
    if failed:
        return f"assert({failed[3]}) fails and ends the program"
    return terminated[0] if terminated else "aborts"


def _trouble(head: str) -> Trouble:
    lifetime = ("use-after-free", "use-after-return", "use-after-scope", "double-free", "not malloc", "alloc-dealloc")
    memory = ("allocation-size-too-big", "out-of-memory", "out of memory", "rss-limit", "allocator is out", "requested")
    crash = ("ABRT", "FPE", "ILL", "stack-overflow", "TRAP")
    for trouble, words in ((Trouble.LIFETIME, lifetime), (Trouble.MEMORY, memory), (Trouble.CRASH, crash)):
        if any(word in head for word in words):
            return trouble
    return Trouble.BOUNDS


def _access_text(kind: str, report: str, before: str, layers: tuple[str, ...]) -> str:
    access = _ACCESS.search(report)
    verb, size = ("reads" if access[1] == "READ" else "writes", f"{access[2]} bytes") if access else ("uses", "memory")
    by_signal = _SIGNAL_ACCESS.search(report)
    if access is None and by_signal:
        verb = "reads" if by_signal[1] == "READ" else "writes"
    at = _AT.search(report)
    place = _beside(int(at[1], 16), before, layers) if at else ""
    return f"{verb} {size} {place or 'outside what it was given'} ({kind})"


def _beside(address: int, before: str, layers: tuple[str, ...]) -> str:
    """Where an address lies relative to the buffers of the last call; empty if far from all of them."""
    calls = list(_CALL.finditer(before))
    buffers = _BUFFER.findall(before[calls[-1].end() :] if calls else before)
    best = ""
    nearest = _NEAR
    for index, (begin, end) in enumerate(buffers):
        first, last = (0 if value == "(nil)" else int(value, 16) for value in (begin, end))
        name = f"output {layers[index]!r}" if index < len(layers) else f"output {index}"
        for distance, words in ((address - last, "past the end of"), (first - address, "before the start of")):
            if 0 <= distance < nearest:
                best, nearest = f"{distance} bytes {words} {name} ({last - first} bytes)", distance
    return best


def _leaks(log: str, sources: str) -> Iterator[Report]:
    for match in _LEAK.finditer(log):
        rest = log[match.end() :]
        yield _placed(Trouble.LEAK, f"{match[1]} bytes in {match[2]} allocations", rest, sources)


def _placed(trouble: Trouble, text: str, trace: str, sources: str) -> Report:
    for frame in frames(trace):
        file = _relative(frame.file, sources)
        if file and frame.line:
            return Report(trouble, text, file, frame.line)
    return Report(trouble, text)


def _relative(file: str, sources: str) -> str:
    """A path below ``sources`` from there; a relative one as the compiler was given it; else empty.

    Frames of the C library name its sources by relative paths too (``nptl/pthread_kill.c``): those are not there.
    """
    root = sources.rstrip("/") + "/"
    if file.startswith(root):
        return file[len(root) :]
    if file.startswith(("/", "<", "(")) or "." not in file:
        return ""
    return file if "/" not in file or os.path.isfile(root + file) else ""
