"""Label files: lines, classes as nvinfer numbers them, and the sentences about the difference."""

from __future__ import annotations

from pathlib import Path

import pytest

from dsbench.base.errors import Code, DsbenchError
from dsbench.formats import labels


@pytest.mark.parametrize(
    ("data", "lines", "names", "words"),
    [
        (b"a\nb\n", ("a", "b"), ("a", "b"), ()),
        (b"a\nb", ("a", "b"), ("a", "b"), ("`wc -l` counts 1 classes, there are 2",)),
        (b"a\r\nb\r\n", ("a", "b"), ("a\r", "b\r"), ("carriage return",)),
        (b"\xef\xbb\xbfa\nb\n", ("a", "b"), ("\ufeffa", "b"), ("BOM",)),
        (b"a\n\nb\n", ("a", "", "b"), ("a", "b"), ("line 2: nvinfer skips them, so it reads 2 classes",)),
        (b"a\r\n\r\nb\r\n", ("a", "", "b"), ("a\r", "\r", "b\r"), ("carriage return",)),
        (b"a;b;c\n", ("a;b;c",), ("a",), ("`;` in line 1",)),
        (b"caf\xe9\n", ("caf\udce9",), ("caf\udce9",), ("line 1 is not UTF-8",)),
        ("café\n".encode(), ("café",), ("café",), ()),
        (b"a\na\n", ("a", "a"), ("a", "a"), ("“a” appears more than once",)),
        (b"a\n \nb\n", ("a", " ", "b"), ("a", " ", "b"), ("line 2 holds only blanks",)),
        (b"traffic light\n<script>\n", ("traffic light", "<script>"), ("traffic light", "<script>"), ()),
        (b"", (), (), ("empty",)),
        (b"\n", ("",), (), ("blank line",)),
        (b"a\n\n", ("a", ""), ("a",), ("at the end",)),
        (b"a\n\n \n", ("a", "", " "), ("a", " "), ("line 3 holds only blanks",)),
        (b"x" * 200 + b"\n", ("x" * 200,), ("x" * 200,), ("longer than 127 bytes",)),
    ],
)
def test_read(
    tmp_path: Path, data: bytes, lines: tuple[str, ...], names: tuple[str, ...], words: tuple[str, ...]
) -> None:
    path = tmp_path / "labels.txt"
    path.write_bytes(data)
    found = labels.read(path)
    assert found.lines == lines
    assert found.names == names
    assert found.count == len(lines)
    assert len(found.warnings) == len(words), found.warnings
    for warning, word in zip(found.warnings, words, strict=True):
        assert word in warning


def test_more_labels_than_a_detector_has(tmp_path: Path) -> None:
    path = tmp_path / "labels.txt"
    names = [f"class {number}\n" for number in range(labels.MAX_CLASSES + 1)]
    path.write_text("".join(names[:-1]))
    found = labels.read(path)
    assert (found.count, len(found.names), found.warnings) == (labels.MAX_CLASSES, labels.MAX_CLASSES, ())
    path.write_text("".join(names))
    with pytest.raises(DsbenchError, match="has 65537 lines") as caught:
        labels.read(path)
    assert caught.value.code is Code.LABELS_INVALID


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(DsbenchError, match="Could not open labels file:") as caught:
        labels.read(tmp_path / "labels.txt")
    assert caught.value.code is Code.LABELS_INVALID


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf16_is_no_label_file(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "labels.txt"
    path.write_bytes("\ufeffcar\nperson\n".encode(encoding))
    with pytest.raises(DsbenchError, match="UTF-16") as caught:
        labels.read(path)
    assert caught.value.code is Code.LABELS_INVALID
