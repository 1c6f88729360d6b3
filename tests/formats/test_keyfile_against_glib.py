"""The same text through GLib itself, where the library is installed: both must say the same, value or message."""

from __future__ import annotations

import ctypes as c
import math
import random
from pathlib import Path
from typing import Any

import pytest

from dsbench.base.errors import DsbenchError
from dsbench.formats import keyfile
from dsbench.formats.keyfile import ValueKind


class GError(c.Structure):
    _fields_ = [("domain", c.c_uint32), ("code", c.c_int), ("message", c.c_char_p)]


Error = c.POINTER(GError)
SINGLE = {
    ValueKind.INT: ("integer", c.c_int),
    ValueKind.DOUBLE: ("double", c.c_double),
    ValueKind.BOOL: ("boolean", c.c_int),
    ValueKind.STRING: ("string", c.c_char_p),
    ValueKind.UINT64: ("uint64", c.c_uint64),
}
LISTS = {ValueKind.INT_LIST: ("integer_list", c.c_int), ValueKind.DOUBLE_LIST: ("double_list", c.c_double)}
VALUES = [
    "5",
    "5 # c",
    "5#c",
    "5 ",
    "+5",
    "-5",
    "0x10",
    "010",
    "5.0",
    "",
    "99999999999",
    "2147483648",
    "-2147483649",
    "true",
    "false",
    "1",
    "0",
    "1e3",
    "5\t",
    "1/255",
    "0,5",
    ".5",
    "5.",
    "1e-3",
    "nan",
    "inf",
    "-inf",
    "NaN(1)",
    "infinity",
    "0x1p-2",
    "1e400",
    "0.5 ",
    "0.5;",
    "abc",
    "0.3f",
    "1;2",
    "1;2;",
    "1;;2",
    ";",
    "1 ; 2",
    "1;a",
    "1\\;2;3",
    "a\\sb",
    "TRUE",
    "0x",
    "1e",
    "--1",
    "-",
    ".",
    "1_0",
]
LINES = [
    "[a]",
    "[b]",
    "x=1",
    "y = 2 ",
    "# c",
    "",
    "  # d",
    "[a] ",
    "[a]x",
    "x",
    "x[de]=1",
    "=1",
    " =1",
    "[c d]",
    "\tz=3",
    "x=4\r",
    "[a\x01]",
    "k[=1",
    "k]=1",
    "\x00",
    "x=1\x00y",
    "[]",
    "[a[b]",
    "Encoding=UTF-8",
    "Encoding=x",
    "[a] # c",
    "[b]=2",
    "q w=1",
    "x==",
    "\ufeff[a]",
    "é=ü",
    "[é]",
    "k[a b]=1",
    "k []=1",
    "k[]=1",
    "[a]]",
    "[ ]",
]


@pytest.fixture(scope="module")
def glib() -> c.CDLL:
    try:
        library = c.CDLL("libglib-2.0.so.0")
    except OSError:
        pytest.skip("no GLib on this machine")
    library.g_key_file_new.restype = c.c_void_p
    library.g_key_file_load_from_file.argtypes = [c.c_void_p, c.c_char_p, c.c_int, c.POINTER(Error)]
    names = (("groups", [c.c_void_p, c.c_void_p]), ("keys", [c.c_void_p, c.c_char_p, c.c_void_p, c.POINTER(Error)]))
    for name, arguments in names:
        function = getattr(library, f"g_key_file_get_{name}")
        function.restype, function.argtypes = c.POINTER(c.c_char_p), arguments
    for name, kind in SINGLE.values():
        function = getattr(library, f"g_key_file_get_{name}")
        function.restype, function.argtypes = kind, [c.c_void_p, c.c_char_p, c.c_char_p, c.POINTER(Error)]
    for name, kind in LISTS.values():
        function = getattr(library, f"g_key_file_get_{name}")
        function.restype = c.POINTER(kind)
        function.argtypes = [c.c_void_p, c.c_char_p, c.c_char_p, c.POINTER(c.c_size_t), c.POINTER(Error)]
    return library


def open_with_glib(glib: c.CDLL, path: Path) -> tuple[Any, str]:
    handle, error = glib.g_key_file_new(), Error()
    glib.g_key_file_load_from_file(handle, str(path).encode(), 0, c.byref(error))
    return handle, error.contents.message.decode() if error else ""


def texts(array: Any) -> list[str]:
    found = []
    while array and array[len(found)] is not None:
        found.append(array[len(found)].decode())
    return found


def glib_value(glib: c.CDLL, handle: Any, kind: ValueKind) -> Any:
    error, length = Error(), c.c_size_t()
    if kind in LISTS:
        result = getattr(glib, f"g_key_file_get_{LISTS[kind][0]}")(handle, b"a", b"x", c.byref(length), c.byref(error))
        value: Any = None if error else [result[index] for index in range(length.value)]
    else:
        value = getattr(glib, f"g_key_file_get_{SINGLE[kind][0]}")(handle, b"a", b"x", c.byref(error))
        value = value.decode() if isinstance(value, bytes) else value
    return error.contents.message.decode() if error else repr(value)


def our_value(path: Path, kind: ValueKind) -> str:
    group = keyfile.load(path).group("a")
    assert group is not None
    try:
        value = keyfile.read(group, "x", kind)
    except DsbenchError as error:
        return error.what
    if kind is ValueKind.BOOL:
        value = int(value)
    if isinstance(value, float) and math.isnan(value):
        value = math.nan
    return repr(list(value) if isinstance(value, tuple) else value)


@pytest.mark.parametrize("raw", VALUES)
def test_values(glib: c.CDLL, tmp_path: Path, raw: str) -> None:
    path = tmp_path / "f.txt"
    path.write_bytes(f"[a]\nx={raw}\n".encode())
    handle, _ = open_with_glib(glib, path)
    for kind in (*SINGLE, *LISTS):
        assert our_value(path, kind) == glib_value(glib, handle, kind), kind


def test_files(glib: c.CDLL, tmp_path: Path) -> None:
    choice = random.Random(0)
    path = tmp_path / "f.txt"
    for _ in range(400):
        text = "[a]\n" + "\n".join(choice.choice(LINES) for _ in range(choice.randint(1, 5)))
        path.write_bytes((text + choice.choice(("", "\n", "\r"))).encode())
        handle, message = open_with_glib(glib, path)
        error = Error()
        theirs: Any = message
        if not message:
            names = texts(glib.g_key_file_get_groups(handle, None))
            theirs = [
                (name, texts(glib.g_key_file_get_keys(handle, name.encode(), None, c.byref(error)))) for name in names
            ]
        try:
            ours: Any = [(group.name, list(group.listed)) for group in keyfile.load(path).groups]
        except DsbenchError as refused:
            ours = refused.what
        assert ours == theirs, text
