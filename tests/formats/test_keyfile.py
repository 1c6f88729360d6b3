"""GKeyFile rules: what a line, a group and a value mean, and GLib's words for what is wrong."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dsbench.base.errors import Code, DsbenchError
from dsbench.formats import keyfile
from dsbench.formats.keyfile import Group, ValueKind

NOT_A_NUMBER = "Value “{}” cannot be interpreted as a number."
NOT_A_FLOAT = "Value “{}” cannot be interpreted as a float number."


def group(text: str, name: str = "a") -> Group:
    found = keyfile.parse(text).group(name)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[a]\nx=1\n", [("x", "1")]),
        ("[a]\r\nx=1\r\n", [("x", "1")]),  # CRLF
        ("[a]\nx=1", [("x", "1")]),  # no newline at the end
        ("  [a]  \n  x = 1 \n", [("x", "1 ")]),  # blanks before a value go, those after it stay
        ("# c\n\n[a]\n#x=0\nx=1\n", [("x", "1")]),
        ("[a]\nx=1\nx=2\n", [("x", "2")]),  # the last one wins
        ("[a]\nx=1\n[b]\ny=1\n[a]\nz=1\nx=3\n", [("x", "3"), ("z", "1")]),  # groups merge
        ("[a]\nx==1\n", [("x", "=1")]),
        ("[a]\nuri=file:///a b#c # d\n", [("uri", "file:///a b#c # d")]),  # no comments in a value
        ("[a]\nx[de]=1\ny=2\n", [("y", "2")]),  # translations are invisible
        ("[a]\nx=1\0y\n", [("x", "1")]),
        ("[a]\n", []),
    ],
)
def test_entries(text: str, expected: list[tuple[str, str]]) -> None:
    assert [(entry.key, entry.value) for entry in group(text).entries] == expected


@pytest.mark.parametrize(
    ("text", "what", "line"),
    [
        ("x=1\n", "Key file does not start with a group", 1),
        (
            "this is not a key file\n",
            "Key file contains line “this is not a key file” which is not a key-value pair,",
            1,
        ),
        ("[a]\n =1\n", "Key file contains line “ =1” which is not a key-value pair, group, or comment", 2),
        ("[a\n", "Key file contains line “[a” which is not a key-value pair, group, or comment", 1),
        ("[a] # c\n", "Key file contains line “[a] # c” which is not a key-value pair, group, or comment", 1),
        ("[]\n", "Invalid group name: ", 1),
        ("[a[b]\n", "Invalid group name: a[b", 1),
        ("[a]\nx[=1\n", "Invalid key name: x[", 2),
        ("[a]\nEncoding=latin1\n", "Key file contains unsupported encoding “latin1”", 2),
        ("\ufeff[a]\nx=1\n", "Key file contains line “\ufeff[a]” which is not a key-value pair, group, or comment", 1),
        ("[a]\ny: 1\n", "Key file contains line “y: 1” which is not a key-value pair, group, or comment", 2),
    ],
)
def test_refused_files(text: str, what: str, line: int) -> None:
    with pytest.raises(DsbenchError) as caught:
        keyfile.parse(text, where="c.txt")
    assert caught.value.code is Code.KEYFILE_INVALID
    assert caught.value.what.startswith(what)
    assert caught.value.where == f"c.txt:{line}"
    assert caught.value.fix


def test_a_byte_order_mark_and_yaml_are_named_in_the_fix() -> None:
    for text, word in (("\ufeff[a]\n", "BOM"), ("property:\n  gpu-id: 0\n", "YAML")):
        with pytest.raises(DsbenchError) as caught:
            keyfile.parse(text)
        assert word in caught.value.fix


def test_a_duplicate_key_is_one_entry_and_listed_twice() -> None:
    found = group("[a]\nx=1\ny=1\nx=2\n")
    assert found.keys() == ("x", "y")
    assert found.listed == ("x", "y", "x")
    entry = found.entry("x")
    assert entry is not None
    assert entry.line == 4


@pytest.mark.parametrize(
    ("reader", "raw", "expected"),
    [
        (keyfile.as_int, "5", 5),
        (keyfile.as_int, "-5", -5),
        (keyfile.as_int, "+5", 5),
        (keyfile.as_int, "010", 10),
        (keyfile.as_int, "5 # five", 5),  # GLib stops at the blank
        (keyfile.as_int, "2147483647", 2147483647),
        (keyfile.as_uint64, "-1", 2**64 - 1),
        (keyfile.as_double, "0.5", 0.5),
        (keyfile.as_double, ".5", 0.5),
        (keyfile.as_double, "1e-3", 0.001),
        (keyfile.as_double, "0x1p-2", 0.25),
        (keyfile.as_double, "1e400", math.inf),
        (keyfile.as_double, "-inf", -math.inf),
        (keyfile.as_bool, "1", True),
        (keyfile.as_bool, "false ", False),
        (keyfile.as_string, r"a\sb\\c\td # e ", "a b\\c\td # e "),
        (keyfile.as_list, "a;b;", ("a", "b")),
        (keyfile.as_list, "a;;b", ("a", "", "b")),
        (keyfile.as_list, r"a\;b;c", ("a;b", "c")),
        (keyfile.as_list, "", ()),
        (keyfile.as_int_list, "3;640;640 ", (3, 640, 640)),
        (keyfile.as_double_list, "123.675;116.28;103.53", (123.675, 116.28, 103.53)),
    ],
)
def test_values(reader: Callable[[str], Any], raw: str, expected: object) -> None:
    assert reader(raw) == expected


def test_nan_is_a_double() -> None:
    assert math.isnan(keyfile.as_double("nan"))
    assert math.copysign(1, keyfile.as_double("-nan")) == -1


@pytest.mark.parametrize(
    ("reader", "raw", "what"),
    [
        (keyfile.as_int, "", NOT_A_NUMBER.format("")),
        (keyfile.as_int, "5.0", NOT_A_NUMBER.format("5.0")),
        (keyfile.as_int, "5#c", NOT_A_NUMBER.format("5#c")),
        (keyfile.as_int, "0x10", NOT_A_NUMBER.format("0x10")),
        (keyfile.as_int, "2147483648", "Integer value “2147483648” out of range"),
        (keyfile.as_double, "1/255", NOT_A_FLOAT.format("1/255")),
        (keyfile.as_double, "0,0039", NOT_A_FLOAT.format("0,0039")),
        (keyfile.as_double, "0.5 # c", NOT_A_FLOAT.format("0.5 # c")),
        (keyfile.as_double, "1_0", NOT_A_FLOAT.format("1_0")),
        (keyfile.as_bool, "TRUE", "Value “TRUE” cannot be interpreted as a boolean."),
        (keyfile.as_bool, "1 # c", "Value “1 # c” cannot be interpreted as a boolean."),
        (keyfile.as_string, "a\\q", "Key file contains invalid escape sequence “\\q”"),
        (keyfile.as_string, "a\\", "Key file contains escape character at end of line"),
        (keyfile.as_int_list, "1;;2", NOT_A_NUMBER.format("")),
        (keyfile.as_int_list, "640,640", NOT_A_NUMBER.format("640,640")),
    ],
)
def test_refused_values(reader: Callable[[str], Any], raw: str, what: str) -> None:
    with pytest.raises(DsbenchError) as caught:
        reader(raw)
    assert caught.value.code is Code.CONFIG_VALUE_INVALID
    assert caught.value.what == what


@pytest.mark.parametrize(
    ("kind", "raw", "what"),
    [
        (ValueKind.INT, "abc", "Key file contains key “x” in group “a” which has a value that cannot be interpreted."),
        (
            ValueKind.DOUBLE,
            "abc",
            "Key file contains key “x” in group “a” which has a value that cannot be interpreted.",
        ),
        (ValueKind.BOOL, "yes", "Key file contains key “x” which has a value that cannot be interpreted."),
        (ValueKind.INT_LIST, "1;b", NOT_A_NUMBER.format("b")),
        (ValueKind.UINT64, "b", "Key “x” in group “a” has value “b” where uint64 was expected"),
        (ValueKind.STRING, "a\\q", "Key file contains key “x” which has a value that cannot be interpreted."),
    ],
)
def test_a_value_of_a_group_is_refused_with_line_and_fix(kind: ValueKind, raw: str, what: str) -> None:
    with pytest.raises(DsbenchError) as caught:
        keyfile.read(group(f"[a]\n\nx={raw}\n"), "x", kind, where="f.txt")
    assert caught.value.what == what
    assert caught.value.where == "f.txt:3 [a] x"
    assert caught.value.fix


def test_bytes_that_are_no_utf8_are_refused_only_when_read_as_text(tmp_path: Path) -> None:
    path = tmp_path / "f.txt"
    path.write_bytes(b"[a]\nx=caf\xe9\ny=1\n")
    found = keyfile.load(path).group("a")
    assert found is not None
    assert keyfile.read(found, "y", ValueKind.INT) == 1
    with pytest.raises(DsbenchError, match="with value “caf\ufffd” which is not UTF-8"):
        keyfile.read(found, "x", ValueKind.STRING)


def test_a_missing_file_and_a_directory_have_the_systems_words(tmp_path: Path) -> None:
    for path, what in ((tmp_path / "no.txt", "No such file or directory"), (tmp_path, "Not a regular file")):
        with pytest.raises(DsbenchError) as caught:
            keyfile.load(path)
        assert caught.value.what == what
