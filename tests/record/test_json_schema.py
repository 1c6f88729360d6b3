"""The published JSON Schema is the one of the code, and records are valid under it."""

from __future__ import annotations

import copy
import json
from pathlib import Path

import pytest

from dsbench.record import codec, json_schema, layout
from tests.record.test_record import record

jsonschema = pytest.importorskip("jsonschema")


def test_the_documentation_has_the_schema_of_the_code(repository: Path) -> None:
    """``python -m dsbench.record.json_schema > docs/record.schema.json``."""
    published = (repository / "docs" / "record.schema.json").read_text(encoding="ascii")
    assert published == layout.text(json_schema.schema())


def test_records_are_valid_and_strangers_are_not() -> None:
    schema = json_schema.schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    data = json.loads(codec.to_json(record()))
    validator.validate(data)
    for change in ({"max_bs": "4"}, {"strange": 1}, {"schema_version": 1}, {"started": None}):
        assert not validator.is_valid(copy.deepcopy(data) | change)
    del data["raw"]
    assert not validator.is_valid(data)
