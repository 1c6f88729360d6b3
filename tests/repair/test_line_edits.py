"""Edits of a user's parser: each mistake in a source as a user writes it, and the line that undoes it."""

from __future__ import annotations

import pytest

from dsbench.judge.imports.diagnosis.geometry import BOX_MISTAKES
from dsbench.judge.imports.diagnosis.readings import READ_MISTAKES
from dsbench.judge.imports.diagnosis.scoring import SCORE_MISTAKES
from dsbench.repair import line_edits

HEAD = """float score = row[4] * row[5 + best];  // width = 1;
float cx = row[0], cy = row[1];
float bw = row[2], bh = row[3];
NvDsInferObjectDetectionInfo obj;
"""
TAIL = """obj.detectionConfidence = score;
obj.classId = best;
obj.left = cx - bw / 2;
obj.top = cy - bh / 2;
obj.width = bw;
obj.height = bh;
objectList.push_back(obj);
"""
RIGHT = HEAD + TAIL


@pytest.mark.parametrize(
    ("mistake", "wrong", "right"),
    [
        ("sizes-swapped", "bw = row[3], bh = row[2]", "bw = row[2], bh = row[3]"),
        ("sizes-swapped", "obj.width = bh;\nobj.height = bw;", "obj.width = bw;\nobj.height = bh;"),
        ("places-swapped", "cx = row[1], cy = row[0]", "cx = row[0], cy = row[1]"),
        ("corner-is-centre", "obj.left = cx;\nobj.top = cy;",
         "obj.left = (cx) - (bw) * 0.5f;\nobj.top = (cy) - (bh) * 0.5f;"),
        ("score-percent", "score = row[4] * row[5 + best] * 100;", "score = row[4] * row[5 + best];"),
        ("score-percent", "score = 100 * p;", "score = (100 * p) / 100.0f;"),
        ("class-plus-one", "obj.classId = best + 1;", "obj.classId = best;"),
        ("class-plus-one", "obj.classId = best;\nobj.classId += 1;\n", "obj.classId = best;\n\n"),
        ("class-minus-one", "obj.classId = best - 1;", "obj.classId = best;"),
        ("sigmoid-twice", "score = sigmoid(row[4] * p);", "score = row[4] * p;"),
        ("sigmoid-twice", "score = 1.f / (1.f + std::exp(-row[4]));", "score = row[4];"),
        ("activation-missing", "score = row[4];", "score = 1.0f / (1.0f + std::exp(-(row[4])));"),
        ("size-halved", "obj.width = bw / 2;\nobj.height = bh / 2;",
         "obj.width = (bw / 2) * 2.0f;\nobj.height = (bh / 2) * 2.0f;"),
        ("no-exponent", "bw = row[2], bh = row[3]", "bw = std::exp(row[2]), bh = std::exp(row[3])"),
        ("no-exponent", "obj.width = row[2] * scale * 0.5f;\nobj.height = row[3] * scale * 0.5f;",
         "obj.width = std::exp(row[2]) * scale * 0.5f;\nobj.height = std::exp(row[3]) * scale * 0.5f;"),
        ("edges-as-sizes", "obj.width = x2;\nobj.height = y2;",
         "obj.width = (x2) - (cx - bw / 2);\nobj.height = (y2) - (cy - bh / 2);"),
        ("sizes-swapped", "std::swap(obj.width, obj.height);\n", "\n"),
    ],
)  # fmt: skip
def test_one_of_the_edits_undoes_the_mistake(mistake: str, wrong: str, right: str) -> None:
    source = _source(wrong)
    assert wrong in source
    edits = line_edits.edits_for(mistake, source)
    assert any(edit.source == source.replace(wrong, right) for edit in edits), [edit.what for edit in edits]


def _source(wrong: str) -> str:
    """The right source with the statements that ``wrong`` assigns in their place, or ``wrong`` before the push."""
    names = [name for name in ("score", "cx", "bw") if wrong.startswith(f"{name} =")]
    if names:
        return "\n".join(
            f"float {wrong.rstrip(';')};" if line.startswith(f"float {names[0]}") else line
            for line in RIGHT.splitlines()
        )
    members = [part.partition(" =")[0] for part in wrong.split("\n") if " = " in part]
    kept = [line for line in RIGHT.splitlines() if not any(line.startswith(f"{name} =") for name in members)]
    place = kept.index("objectList.push_back(obj);")
    return "\n".join([*kept[:place], wrong, *kept[place:]])


def test_comments_and_comparisons_are_no_assignments() -> None:
    source = 'if (a == b) { /* w = 1; */ c = f(x, y); } // h = 2\nfloat w = 3, h = g(1, 2); puts("x = 1;");'
    found = [(item.name, item.value) for item in line_edits.assignments(source)]
    assert found == [("c", "f(x, y)"), ("w", "3"), ("h", "g(1, 2)")]


def test_an_unknown_mistake_has_no_edit_and_every_known_one_is_the_diagnosis_own() -> None:
    assert line_edits.edits_for("transposed", RIGHT) == ()
    known = {row.id for table in (BOX_MISTAKES, SCORE_MISTAKES, READ_MISTAKES) for row in table}
    assert line_edits._RULES.keys() <= known
    for mistake in line_edits._RULES:
        assert len(line_edits.edits_for(mistake, RIGHT)) <= line_edits.MOST
