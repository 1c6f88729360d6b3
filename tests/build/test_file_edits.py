"""Edits line by line: what they change, and what stays."""

from __future__ import annotations

import pytest

from dsbench.build import file_edits as edits
from dsbench.build.file_edits import FileEdit, KeyEdit, SettingRemoval

CONFIG = (
    "# mine\r\n[property]\r\ngpu-id=0\r\ncluster-mode = 4\r\nbatch-size=4  # four\r\n\r\n[class-attrs-all]\r\ntopk=1"
)


@pytest.mark.parametrize(
    ("group", "key", "value", "before", "after"),
    [
        ("property", "cluster-mode", "2", "cluster-mode = 4\r\n", "cluster-mode = 2\r\n"),
        ("property", "batch-size", "1", "batch-size=4  # four\r\n", "batch-size=1  # four\r\n"),
        ("property", "batch-size", "1.5", "batch-size=4  # four\r\n", "batch-size=1.5\r\n"),
        ("property", "interval", "0", "# four\r\n", "# four\r\ninterval=0\r\n"),
        ("property", "cluster-mode", None, "cluster-mode = 4\r\n", ""),
        ("class-attrs-all", "topk", "300", "topk=1", "topk=300"),
        ("class-attrs-all", "nms-iou-threshold", "0.45", "topk=1", "topk=1\r\nnms-iou-threshold=0.45\r\n"),
        ("class-attrs-2", "topk", "300", "topk=1", "topk=1\r\n\r\n[class-attrs-2]\r\ntopk=300\r\n"),
    ],
)
def test_a_key_of_a_config(group: str, key: str, value: str | None, before: str, after: str) -> None:
    changed = edits.apply(KeyEdit("c.txt", group, key, value), CONFIG.encode())
    assert changed == CONFIG.replace(before, after).encode()


def test_the_last_line_of_a_key_counts() -> None:
    text = "[a]\nk=1\n[b]\nk=5\n[a]\nk=2\n"
    assert edits.set_key(text, "a", "k", "3") == "[a]\nk=1\n[b]\nk=5\n[a]\nk=3\n"
    assert edits.set_key(text, "a", "k", None) == "[a]\n[b]\nk=5\n[a]\n"


def test_bytes_that_are_no_text_stay() -> None:
    assert edits.apply(KeyEdit("c", "p", "k", "2"), b"[p]\n# \xff\xfe\nk=1\n") == b"[p]\n# \xff\xfe\nk=2\n"


def test_an_edit_that_changes_nothing_is_none() -> None:
    assert edits.apply(KeyEdit("c", "p", "k", "1"), b"[p]\nk=1\n") is None
    assert edits.apply(FileEdit("c", b"x"), b"x") is None


TOML = '# mine\nfamily = "yolox"\n\n[class-attrs-all]\ntopk = 1  # one\n\n[head]\nanchors = [\n  1, 2,\n  3, 4,\n]\n'


@pytest.mark.parametrize(
    ("table", "key", "gone"),
    [
        ("", "family", 'family = "yolox"\n'),
        ("class-attrs-all", "topk", "topk = 1  # one\n"),
        ("head", "anchors", "anchors = [\n  1, 2,\n  3, 4,\n]\n"),
    ],
)
def test_a_setting_is_removed(table: str, key: str, gone: str) -> None:
    assert edits.apply(SettingRemoval("t", table, key), TOML.encode()) == TOML.replace(gone, "").encode()


@pytest.mark.parametrize(
    "content", [b"topk = 1\n", b"[class-attrs-all\ntopk=1", b"\xff", b"class-attrs-all.topk = 1\n"]
)
def test_a_setting_that_is_not_there_is_left(content: bytes) -> None:
    assert edits.apply(SettingRemoval("t", "class-attrs-all", "topk"), content) is None
