"""The catalogue and docs/lint.md agree."""

from __future__ import annotations

import re
from pathlib import Path

from dsbench.judge.lint import ERROR, NOTE, WARNING, catalogue, page

DOCS = Path(__file__).resolve().parents[3] / "docs" / "lint.md"


def test_the_page_is_the_catalogues() -> None:
    assert DOCS.read_text(encoding="utf-8") == page.render(), "python -m dsbench.judge.lint.page > docs/lint.md"


def test_every_rule_has_an_anchor() -> None:
    anchors = re.findall(r"^### ([a-z0-9-]+)$", DOCS.read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(anchors) == sorted(catalogue.ids())
    assert len(set(anchors)) == len(anchors)


def test_rows_are_complete() -> None:
    for rule in (*catalogue.NVINFER, *catalogue.APP):
        assert rule.severity in (ERROR, WARNING, NOTE)
        assert rule.alone in ("", WARNING, NOTE)
        assert rule.text, rule.id
        assert rule.fix, rule.id
        assert rule.keys, rule.id
        assert rule.about or not re.fullmatch(r"\{\d\}", rule.text), rule.id


def test_ids_are_of_one_kind_of_file() -> None:
    assert not {rule.id for rule in catalogue.NVINFER} & {rule.id for rule in catalogue.APP}
    assert catalogue.anchor("topk") == "docs/lint.md#topk"
    assert catalogue.anchor("of-another-check") == ""
