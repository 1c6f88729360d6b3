"""Runs the parser harness: a sanitized program that calls a sanitized build of the parser."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from dsbench.base import cpp, process, text
from dsbench.base.ask import ask
from dsbench.base.errors import Code, DsbenchError
from dsbench.jobs import harness as harness_job
from dsbench.jobs.harness import CaseResult, HarnessJob

FLAGS = (
    "-g",
    "-O0",
    "-fsanitize=address,undefined,float-cast-overflow",
    "-fno-sanitize=vptr",
    "-fno-omit-frame-pointer",
    "-D_GLIBCXX_ASSERTIONS",
    "-Wno-error",
)
"""Added to every compiler call of the parser. -O0 as in the specification's Makefile: the same float results."""
PATTERN_FLAG = "-ftrivial-auto-var-init=pattern"
"""Variables that the source leaves uninitialised hold 0xFE bytes; GCC 12, Clang 8 and later."""
RUNNER = cpp.Product(
    "parser_runner", "harness", ("-std=c++17", "-O0", "-rdynamic", "-fsanitize=address", "-fno-omit-frame-pointer")
)
"""The program that calls a parser under the sanitizers."""
DEADLINE_S = 180.0
_QUESTION_S = 20.0

_OPTIONS = {
    "ASAN_OPTIONS": (
        "max_malloc_fill_size=1073741824:redzone=512:max_allocation_size_mb=1024:allocator_may_return_null=0:"
        "new_delete_type_mismatch=0:detect_leaks=1:detect_stack_use_after_return=0:handle_abort=1:handle_sigfpe=1:"
        "handle_sigill=1:exitcode=99:print_legend=0:color=never"
    ),
    "UBSAN_OPTIONS": "print_stacktrace=0:halt_on_error=0:color=never",
    "LSAN_OPTIONS": "report_objects=0:color=never",
}


@dataclass(frozen=True, slots=True)
class SanitizersMissing:
    """Why the sanitizers cannot be used on this machine, and what to install."""

    reason: str
    fix: str


def runner() -> Path | SanitizersMissing:
    """The runner, built on first use, or why it cannot be built or started."""
    try:
        program = cpp.build(RUNNER)
    except DsbenchError as error:
        if error.code == Code.BUILD_TOOL_MISSING:
            return SanitizersMissing(error.what, error.fix)
        library = "libasan" if "asan" in error.what else "the sanitizers' runtime"
        return SanitizersMissing(f"{library} missing ({error.what.rsplit(': ', 1)[-1]})", _install())
    reply = ask([*_environment(0xAA), str(program)], _QUESTION_S)
    if reply.failure:
        return SanitizersMissing(f"the sanitized runner {reply.failure}", _install())
    if reply.returncode != 2:  # without arguments it exits with 2
        last = text.last_line(reply.stderr, "no message")
        return SanitizersMissing(f"AddressSanitizer does not start on this machine: {last[:200]}", _install())
    return program


def compiler_flags() -> tuple[str, ...]:
    """FLAGS, and PATTERN_FLAG where g++ knows it."""
    command = ["g++", PATTERN_FLAG, "-E", "-x", "c++", "/dev/null", "-o", "/dev/null"]
    return (*FLAGS, PATTERN_FLAG) if ask(command, _QUESTION_S).returncode == 0 else FLAGS


def run(
    program: Path, job: HarnessJob, scratch: Path, stopped: Callable[[], bool] | None = None
) -> tuple[CaseResult, ...]:
    """Run the cases; returns their results in order. ``scratch`` is emptied first.

    There are fewer results if the runner gave up or ``stopped`` returned True. Raises PARSER_CHECK if the runner itself
    failed.
    """
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    request, tensors = harness_job.write(job, scratch)
    command = (*_environment(job.fill), str(program), str(request), str(tensors), str(scratch))
    finished = process.run(command, scratch / "runner.log", deadline_s=DEADLINE_S, until=stopped)
    results = harness_job.read(scratch)
    tensors.unlink(missing_ok=True)
    if not results:
        raise DsbenchError(
            Code.PARSER_CHECK,
            f"the parser harness did not run: {'; '.join(finished.tail(3)) or f'exit status {finished.returncode}'}",
            where=str(program),
            fix="run again; if it fails again, remove this file: dsbench builds a new one",
        )
    return results


def _environment(fill: int) -> tuple[str, ...]:
    """An env(1) prefix with the sanitizers' options, without LD_PRELOAD, which AddressSanitizer refuses."""
    options = [f"{name}={value}" for name, value in _OPTIONS.items() if name != "ASAN_OPTIONS"]
    address = f"ASAN_OPTIONS={_OPTIONS['ASAN_OPTIONS']}:malloc_fill_byte={fill}"
    return ("env", "-u", "LD_PRELOAD", address, *options)


def _install() -> str:
    return "apt-get install g++ libasan8 libubsan1 (the versions that belong to your g++)"
