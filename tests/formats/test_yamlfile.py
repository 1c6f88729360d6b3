"""YAML through yaml-cpp's eyes: conversions and aborts, as the real library (0.7) gave them."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from dsbench.base.errors import Code, DsbenchError
from dsbench.formats import yamlfile
from dsbench.formats.yamlfile import Node, NodeKind


def read(folder: Path, text: str) -> Node:
    path = folder / "file.yml"
    path.write_text(text)
    return yamlfile.load(path)


def value(folder: Path, text: str) -> Node:
    node = read(folder, f"k: {text}\n").get("k")
    assert node is not None
    return node


@pytest.mark.parametrize(
    ("text", "number"),
    [("1", 1), ("010", 8), ("0x10", 16), ("-1", -1), ("1 # c", 1), ("'1'", 1), ('"5 "', 5), ("+3", 3), ("!!int 5", 5)],
)
def test_integers(tmp_path: Path, text: str, number: int) -> None:
    assert yamlfile.as_int(value(tmp_path, text)) == number


@pytest.mark.parametrize(
    "text",
    ["1.5", "true", "", "~", "null", "1e2", "1;2", "2147483648", "[1,2]", "{a: 1}", "1_000", '" 5"', "5;", "08", "''"],
)
def test_what_is_no_integer_aborts(tmp_path: Path, text: str) -> None:
    with pytest.raises(DsbenchError) as caught:
        yamlfile.as_int(value(tmp_path, text))
    assert caught.value.code is Code.CONFIG_ABORTED
    assert caught.value.what.startswith(
        "terminate called after throwing an instance of 'YAML::TypedBadConversion<int>'\n"
        "  what():  yaml-cpp: error at line 1, column "
    )
    assert caught.value.what.endswith(": bad conversion")


def test_an_unsigned_number_takes_no_sign(tmp_path: Path) -> None:
    assert yamlfile.as_unsigned(value(tmp_path, "4294967295")) == 4294967295
    with pytest.raises(DsbenchError, match="TypedBadConversion<unsigned int>"):
        yamlfile.as_unsigned(value(tmp_path, "-1"))


@pytest.mark.parametrize(
    ("text", "number"),
    [("1", 1.0), ("010", 10.0), ("1e2", 100.0), (".5", 0.5), (".inf", math.inf), ("-.inf", -math.inf), ("-1.", -1.0)],
)
def test_doubles(tmp_path: Path, text: str, number: float) -> None:
    assert yamlfile.as_double(value(tmp_path, text)) == number
    assert math.isnan(yamlfile.as_double(value(tmp_path, ".nan")))


@pytest.mark.parametrize("text", ["0x10", "true", "", "nan", "inf", "1;2", "1/255", "1,5", "0x1p3", '" 5"'])
def test_what_is_no_double_aborts(tmp_path: Path, text: str) -> None:
    with pytest.raises(DsbenchError, match="TypedBadConversion<double>"):
        yamlfile.as_double(value(tmp_path, text))


@pytest.mark.parametrize(
    ("text", "found"), [("", "null"), ("~", "null"), ("''", ""), ("5", "5"), ("1;2", "1;2"), ("!!str", "")]
)
def test_strings(tmp_path: Path, text: str, found: str) -> None:
    assert yamlfile.as_string(value(tmp_path, text)) == found


def test_a_list_is_no_string(tmp_path: Path) -> None:
    with pytest.raises(DsbenchError, match="basic_string<char"):
        yamlfile.as_string(value(tmp_path, "[1, 2]"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: b: c\n", "YAML::ParserException"),
        ("a: [1,2\n", "YAML::ParserException"),
        ("a: *x\n", "YAML::ParserException"),
        ("a: @x\n", "YAML::ParserException"),
        ("a: \x01\n", "YAML::ParserException"),
    ],
)
def test_a_file_that_cannot_be_read(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(DsbenchError, match=said) as caught:
        read(tmp_path, text)
    assert "what():  yaml-cpp: error at line " in caught.value.what


def test_a_missing_file_is_a_bad_file() -> None:
    with pytest.raises(DsbenchError) as caught:
        yamlfile.load("/nowhere.yml")
    assert caught.value.what == (
        "terminate called after throwing an instance of 'YAML::BadFile'\n  what():  bad file: /nowhere.yml"
    )


def test_groups_of_odd_files(tmp_path: Path) -> None:
    assert read(tmp_path, "").kind is NodeKind.NULL
    assert read(tmp_path, "").get("property") is None
    assert read(tmp_path, "- a\n- b\n").get("property") is None
    with pytest.raises(DsbenchError, match=r"operator\[\] call on a scalar \(key: \"property\"\)"):
        read(tmp_path, "plain").get("property")
    first = read(tmp_path, "\ufeffa: 1\n---\nb: 2\n")
    assert [key for key, _ in first.entries()] == ["a"]


def test_a_key_given_twice(tmp_path: Path) -> None:
    """Both are visited, in order; looking one up finds the first."""
    root = read(tmp_path, "a: 1\na: 2\n")
    assert [node.text for _, node in root.entries()] == ["1", "2"]
    found = root.get("a")
    assert found is not None
    assert found.text == "1"


def test_aliases_may_go_in_circles(tmp_path: Path) -> None:
    root = read(tmp_path, "a: &x\n  b: *x\n<<: {c: 1}\n")
    assert [key for key, _ in root.entries()] == ["a", "<<"]
    assert [group.name for group in yamlfile.as_keyfile(root).groups] == ["a", "<<"]


@pytest.mark.parametrize(
    ("text", "integer", "unsigned", "number"),
    [("12abc", 12, 12, 12.0), (" 7", 7, 7, 7.0), ("-1", -1, 4294967295, -1.0), ("99.5", 99, 99, 99.5)],
)
def test_text_conversions(text: str, integer: int, unsigned: int, number: float) -> None:
    assert yamlfile.stoi(text, "") == integer
    assert yamlfile.stoul(text, "") == unsigned
    assert yamlfile.stod(text, "") == number


def test_text_conversions_that_throw() -> None:
    for convert, name in ((yamlfile.stoi, "stoi"), (yamlfile.stoul, "stoul"), (yamlfile.stod, "stod")):
        with pytest.raises(DsbenchError) as caught:
            convert("abc", "here")
        assert caught.value.what == (
            f"terminate called after throwing an instance of 'std::invalid_argument'\n  what():  {name}"
        )
    with pytest.raises(DsbenchError, match=r"std::out_of_range"):
        yamlfile.stoi("99999999999", "")


@pytest.mark.parametrize(
    "text",
    [
        "%YAML:1.0\nk: 1\n",
        "# ours\n%YAML:1.0\nk: 1\n",
        "%YAML 1.0\nk: 1\n",
        "%YAML 1.2\n---\nk: 1\n",
        "%FOO bar\n\nk: 1\n",
        "k:\t1\n",
        "k: \t1\t\n",
        "k: 1\t# said\n",
        "\t# said\nk: 1\n",
        "k: 1\n \t\nl: 2\n",
    ],
)
def test_directives_and_tabs_that_yaml_cpp_reads(tmp_path: Path, text: str) -> None:
    node = read(tmp_path, text).get("k")
    assert node is not None
    assert yamlfile.as_int(node) == 1
    assert node.line == 1 + text[: text.index("k:")].count("\n")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("%YAML 2.0\nk: 1\n", 1),
        ("%YAML\nk: 1\n", 1),
        (" %YAML:1.0\nk: 1\n", 1),
        ("k:\n\tl: 1\n", 2),
        ("k:\tl: 1\n", 1),
        ("k: 1\n\t\nl: 2\n", 2),
        ("k:\n  l: 1\n \t\n  m: 2\n", 3),
    ],
)
def test_directives_and_tabs_that_yaml_cpp_refuses(tmp_path: Path, text: str, line: int) -> None:
    with pytest.raises(DsbenchError, match=rf"ParserException(?s:.*)error at line {line}, "):
        read(tmp_path, text)
