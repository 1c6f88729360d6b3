"""Every code of an INCONCLUSIVE result of the import has words."""

from __future__ import annotations

import re
from pathlib import Path

from dsbench.judge import label_names
from dsbench.judge.imports import clip, preprocessing
from dsbench.model.settings import ACCEPTABLE
from dsbench.record.evidence import Undecided
from dsbench.record.open_questions import QUESTIONS, in_words
from dsbench.steps import accuracy, built_in_parser, parser_diagnosis, preprocessing_rows


def test_every_code_has_words(repository: Path) -> None:
    codes = {preprocessing.UNKNOWN, preprocessing_rows.REFUTED, parser_diagnosis.DIFFERS, built_in_parser.MISREADS}
    codes |= {clip.SHOWS_NOTHING, clip.CLIP_TURNED, label_names.ORDER, label_names.NAMES, *ACCEPTABLE}
    codes |= {accuracy.TOO_FEW, accuracy.CLASS_NAMES, accuracy.NO_TRUTH}
    for path in (repository / "dsbench" / "steps").glob("*.py"):
        codes.update(re.findall(r'Undecided\("([a-z-]+)"', path.read_text(encoding="utf-8")))
    assert codes == QUESTIONS.keys()


def test_in_words() -> None:
    doubts = [("a", Undecided("label-order", "", "")), ("b", Undecided("new-code", "", ""))]
    assert in_words([*doubts, *doubts]) == "the order of labels.txt is in doubt, see a; new-code, see b"
