"""Reports are read from recorded text of the sanitizers (g++ 12, shortened); paths are of the build's folder."""

from __future__ import annotations

import pytest

from dsbench.formats.sanitizer_log import Report, Trouble, frames, leaks_unavailable, parse

SOURCES = "/tmp/x/parser"
CALL = """
dsbench: call 0
dsbench: buffer 0x7f0000001000 0x7f0000001400
dsbench: buffer 0x7f0000200000 0x7f0000200100
"""
OVERRUN = (
    CALL
    + """\
=================================================================
==7==ERROR: AddressSanitizer: use-after-poison on address 0x7f0000001408 at pc 0x7f1 bp 0x7f2 sp 0x7f3
READ of size 4 at 0x7f0000001408 thread T0
    #0 0x7f01 in std::vector<float>::at(unsigned long) /usr/include/c++/12/bits/stl_vector.h:1169
    #1 0x7f02 in decode /tmp/x/parser/sub/decode.cpp:31
    #2 0x7f03 in NvDsInferParseCustomX /tmp/x/parser/p.cpp:90
    #3 0x55 in main (/root/.cache/dsbench/parser_runner+0x10e0)

SUMMARY: AddressSanitizer: use-after-poison /tmp/x/parser/p.cpp:31 in decode
"""
)
SEGV = (
    CALL
    + """\
AddressSanitizer:DEADLYSIGNAL
==7==ERROR: AddressSanitizer: SEGV on unknown address 0x7f0000300100 (pc 0x7f bp 0x7f sp 0x7f T0)
==7==The signal is caused by a READ memory access.
    #0 0x7f02 in decode p.cpp:31
    #1 0x7f03  (/tmp/x/parser/libp.so+0x1e7a9) (BuildId: 22)
"""
)
UNDEFINED = """\
p.cpp:12:34: runtime error: nan is outside the range of representable values of type 'int'
/usr/include/c++/12/bits/stl_algo.h:9:1: runtime error: load of misaligned address 0x7f00aabbccdd for type 'int'
"""
ASSERTION = """\
/usr/include/c++/12/bits/stl_vector.h:1123: std::vector<_Tp, _Alloc>::const_reference std::vector<_Tp, _Alloc>\
::operator[](size_type) const [with _Tp = float]: Assertion '__n < this->size()' failed.
AddressSanitizer:DEADLYSIGNAL
==7==ERROR: AddressSanitizer: ABRT on unknown address 0x000000006ac0 (pc 0x7f bp 0x7f sp 0x7f T0)
    #0 0x7f01 in __pthread_kill_implementation nptl/pthread_kill.c:44
    #1 0x7f01 in raise ../sysdeps/posix/raise.c:26
    #2 0x7f02 in NvDsInferParseCustomX /tmp/x/parser/p.cpp:44
"""
ASSERT = """\
parser_runner: p.cpp:40: bool NvDsInferParseCustomX(int): Assertion `dims.numDims == 2' failed.
AddressSanitizer:DEADLYSIGNAL
==7==ERROR: AddressSanitizer: ABRT on unknown address 0x000000006ac0 (pc 0x7f bp 0x7f sp 0x7f T0)
    #0 0x7f01 in __pthread_kill_implementation nptl/pthread_kill.c:44
    #1 0x7f02 in NvDsInferParseCustomX /tmp/x/parser/p.cpp:40
"""
LEAK = """\
dsbench: done

=================================================================
==7==ERROR: LeakSanitizer: detected memory leaks

Direct leak of 7680 byte(s) in 8 object(s) allocated from:
    #0 0x7f01 in operator new[](unsigned long) ../../../../src/libsanitizer/asan/asan_new_delete.cpp:98
    #1 0x7f02 in Leak /tmp/x/parser/p.cpp:7

SUMMARY: AddressSanitizer: 7680 byte(s) leaked in 8 allocation(s).
"""
FREED = """\
==7==ERROR: AddressSanitizer: heap-use-after-free on address 0x6020 at pc 0x7f bp 0x7f sp 0x7f
READ of size 4 at 0x6020 thread T0
    #0 0x7f02 in Freed /tmp/x/parser/p.cpp:5

freed by thread T0 here:
    #0 0x7f02 in operator delete[](void*) ../asan_new_delete.cpp:155
    #1 0x7f02 in Freed /tmp/x/parser/p.cpp:4
"""
TOO_BIG = """\
==7==ERROR: AddressSanitizer: requested allocation size 0x100000000 exceeds maximum supported size of 0x40000000
    #0 0x7f01 in operator new(unsigned long) ../asan_new_delete.cpp:95
    #1 0x7f02 in Swallow /tmp/x/parser/p.cpp:5
"""
TIME = """\
dsbench: call 0

dsbench: the time is up
    #0 0x55 in out_of_time (/root/.cache/parser_runner+0x3)
    #1 0x7f in __restore_rt (/lib/libc.so.6+0x3c)
    #2 0x7f02 in Forever /tmp/x/parser/p.cpp:5
"""
LAYERS = ("scores", "boxes")


@pytest.mark.parametrize(
    ("log", "expected"),
    [
        (
            OVERRUN,
            Report(
                Trouble.BOUNDS,
                "reads 4 bytes 8 bytes past the end of output 'scores' (1024 bytes) (use-after-poison)",
                "sub/decode.cpp",
                31,
            ),
        ),
        (
            SEGV,
            Report(
                Trouble.BOUNDS,
                "reads memory 1048576 bytes past the end of output 'boxes' (256 bytes) (SEGV)",
                "p.cpp",
                31,
            ),
        ),
        (
            ASSERTION,
            Report(Trouble.BOUNDS, "std::vector used out of its bounds: __n < this->size() does not hold", "p.cpp", 44),
        ),
        (ASSERT, Report(Trouble.CRASH, "assert(dims.numDims == 2) fails and ends the program", "p.cpp", 40)),
        (LEAK, Report(Trouble.LEAK, "7680 bytes in 8 allocations", "p.cpp", 7)),
        (FREED, Report(Trouble.LIFETIME, "heap-use-after-free", "p.cpp", 5)),
        (TIME, Report(Trouble.TIME, "did not return", "p.cpp", 5)),
        ("dsbench: exception: row 1\n", Report(Trouble.EXCEPTION, "a C++ exception left the parser: row 1")),
    ],
    ids=["overrun", "far away", "assertion", "assert", "leak", "freed", "time", "exception"],
)
def test_one_report(log: str, expected: Report) -> None:
    assert parse(log, SOURCES, LAYERS) == (expected,)


def test_undefined_behaviour_keeps_every_place_and_no_addresses() -> None:
    assert parse(UNDEFINED, SOURCES) == (
        Report(Trouble.UNDEFINED, "nan is outside the range of representable values of type 'int'", "p.cpp", 12),
        Report(Trouble.UNDEFINED, "load of misaligned address an address for type 'int' (in stl_algo.h:9)"),
    )


def test_too_much_memory_is_not_a_bounds_error() -> None:
    (report,) = parse(TOO_BIG, SOURCES)
    assert (report.trouble, report.line) == (Trouble.MEMORY, 5)
    assert report.text.startswith("requested allocation size")


def test_only_the_first_trace_counts() -> None:
    assert [frame.function for frame in frames(FREED)] == ["Freed"]


def test_an_ordinary_log_has_no_report() -> None:
    assert parse(CALL + "NvDsInferParseCustomX: expected 1 output layer, got 2\n\ndsbench: done\n", SOURCES) == ()
    assert leaks_unavailable("==7==LeakSanitizer has encountered a fatal error.\n")
    assert not leaks_unavailable(LEAK)


def test_digits_of_other_scripts_are_no_frame() -> None:
    trace = "    #\u0660 0x1 in f /p/a.cpp:\u0663\n    #0 0x1 in f /p/a.cpp:3\n"
    (report,) = parse(f"==1==ERROR: AddressSanitizer: SEGV on address 0x0\n{trace}", "/p")
    assert (report.file, report.line) == ("a.cpp", 3)
