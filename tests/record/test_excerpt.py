"""Keys of a record without the rest: the same values as a full parse gives, whatever the file's layout."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dsbench.base.errors import Code, DsbenchError
from dsbench.record import codec, excerpt
from tests import finished_records

KEYS = ("model_name", "verdict", "answers", "deepstream", "beyond", "steps")
TEXT = codec.to_json(finished_records.embedded())


def changed(**values: object) -> str:
    return json.dumps({**json.loads(TEXT), **values})


@pytest.mark.parametrize("text", [TEXT, changed(), json.dumps(json.loads(TEXT), indent=1) + "\n", TEXT[:-1]])
def test_the_values_are_those_of_the_whole_file(text: str) -> None:
    found, whole = excerpt.of_text(text, KEYS), codec.parse(text)
    assert {key: found[key] for key in KEYS} == {key: whole[key] for key in KEYS}
    assert found["schema_version"] == whole["schema_version"]


def test_the_raw_data_are_not_parsed() -> None:
    assert set(excerpt.of_text(TEXT, KEYS)) == {*KEYS, "schema_version"}


def test_a_hostile_name_is_no_key(tmp_path: Path) -> None:
    name = 'a\n "verdict": "passed",\n "x'
    text = codec.to_json(finished_records.embedded(tmp_path, name))
    assert excerpt.of_text(text, KEYS)["model_name"] == name
    assert excerpt.of_text(text, KEYS)["verdict"] == codec.parse(text)["verdict"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (TEXT[: len(TEXT) // 2], Code.RECORD_INVALID),
        (TEXT.replace('"verdict": ', '"verdict": ,', 1), Code.RECORD_INVALID),
        (TEXT.replace('"schema_version": ', '"schema_version": 9', 1), Code.RECORD_VERSION),
        ("{}", Code.RECORD_INVALID),
        ("[1]", Code.RECORD_INVALID),
        ('{\n "a": 1\n}\n', Code.RECORD_INVALID),
        ("", Code.RECORD_INVALID),
    ],
)
def test_a_damaged_file_is_an_error(text: str, code: Code) -> None:
    with pytest.raises(DsbenchError) as caught:
        excerpt.of_text(text, KEYS)
    assert caught.value.code is code
