"""What a parser can get wrong about class and score, each as the boxes' classes and scores that follow from it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dsbench.judge.imports.diagnosis.row_parts import DecodedRows, Joint, Squash, joined, sigmoid, softmax
from dsbench.judge.imports.diagnosis.scored import Scored, chosen, total

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]


Predict = Callable[[DecodedRows, float], tuple[Scored, ...]]
"""The boxes with a score of at least a floor, in one or more variants; empty where the mistake cannot be made."""


@dataclass(frozen=True, slots=True)
class ScoreMistake:
    """One mistake: a stable id, what the parser does, and what to do."""

    id: str
    text: str
    fix: str
    predict: Predict


def _right(rows: DecodedRows, floor: float) -> tuple[Scored, ...]:
    return (chosen(rows, total(rows), floor),)


def _shifted(by: int) -> Predict:
    """Ids too high or too low; also kept within the classes."""

    def predict(rows: DecodedRows, floor: float) -> tuple[Scored, ...]:
        import numpy as np

        if by == rows.shift:
            return ()  # the background is counted
        found = _right(rows, floor)[0]
        moved = replace(found, ids=found.ids + by)
        if rows.ids is not None:
            return (moved, replace(found, ids=np.maximum(found.ids + by, 0)))
        last = rows.classes.shape[1] - 1 - rows.shift
        return (moved, replace(found, ids=np.clip(found.ids + by, 0, last)))

    return predict


def _ignored(rows: DecodedRows, floor: float) -> tuple[Scored, ...]:
    return () if rows.objectness is None else (chosen(rows, rows.classes, floor),)


def _alone(rows: DecodedRows, floor: float) -> tuple[Scored, ...]:
    if rows.objectness is None:
        return ()
    import numpy as np

    scores = np.broadcast_to(rows.objectness[:, None], rows.classes.shape)
    return (chosen(replace(rows, every=False), scores, floor, by=rows.classes),)


def _multiplied(rows: DecodedRows, floor: float) -> tuple[Scored, ...]:
    """The plain product where the family takes a root."""
    if rows.objectness is None or rows.joint is Joint.PRODUCT:
        return ()
    return (chosen(rows, rows.objectness[:, None] * rows.classes, floor),)


def _by_formula(formula: Callable[[Floats, Floats], Floats]) -> Predict:
    """Another function of objectness (n, 1) and class columns (n, C) than the family's."""

    def predict(rows: DecodedRows, floor: float) -> tuple[Scored, ...]:
        if rows.objectness is None:
            return ()
        best = replace(rows, every=False)
        scores = formula(rows.objectness[:, None], rows.classes)
        return tuple(chosen(one, scores, floor, by=rows.classes) for one in ((rows, best) if rows.every else (rows,)))

    return predict


def _mean(objectness: Floats, classes: Floats) -> Floats:
    return 0.5 * (objectness + classes)


def _minimum(objectness: Floats, classes: Floats) -> Floats:
    import numpy as np

    return np.minimum(objectness, classes)


def _maximum(objectness: Floats, classes: Floats) -> Floats:
    import numpy as np

    return np.maximum(objectness, classes)


def _sum(objectness: Floats, classes: Floats) -> Floats:
    return objectness + classes


def _other_row(rows: DecodedRows, floor: float) -> tuple[Scored, ...]:
    """The objectness of the row before or behind."""
    import numpy as np

    if rows.objectness is None:
        return ()
    moved = (np.roll(rows.objectness, by) for by in (1, -1))
    return tuple(chosen(rows, joined(one, rows.classes, rows.joint), floor) for one in moved)


def _multiple(rows: DecodedRows, floor: float) -> tuple[Scored, ...]:
    """Class ids times two, also folded back into the number of classes."""
    found, count = _right(rows, floor)[0], rows.classes.shape[1] - (rows.background >= 0) * rows.shift
    doubled = replace(found, ids=found.ids * 2)
    if rows.ids is not None or count < 3:
        return (doubled,)
    return doubled, replace(found, ids=found.ids * 2 % count)


def _rooted(rows: DecodedRows, floor: float) -> tuple[Scored, ...]:
    import numpy as np

    return (chosen(rows, np.sqrt(np.clip(total(rows), 0, None)), floor),)


def _squared(rows: DecodedRows, floor: float) -> tuple[Scored, ...]:
    return (chosen(rows, total(rows) ** 2, floor),)


def _twice(rows: DecodedRows, floor: float) -> tuple[Scored, ...]:
    """A sigmoid on classes, on objectness, on both, on the product."""
    classes, objectness = rows.classes, rows.objectness
    found = [chosen(rows, sigmoid(total(rows)), floor)]
    if objectness is not None:
        for squashed in ((sigmoid(objectness), sigmoid(classes)), (objectness, sigmoid(classes)),
                         (sigmoid(objectness), classes)):  # fmt: skip
            found.append(chosen(rows, joined(*squashed, rows.joint), floor))
    if rows.squash is Squash.SOFTMAX:
        return ()  # a sigmoid of logits is another mistake
    return tuple(found)


def _missing(rows: DecodedRows, floor: float) -> tuple[Scored, ...]:
    """Logits as scores."""
    if rows.squash is Squash.NONE or rows.columns is None:
        return ()
    raw = rows.columns
    scores = [raw] if rows.objectness is None else [raw, joined(rows.objectness, raw, rows.joint)]
    return tuple(chosen(rows, item, floor) for item in scores)


def _softmax(rows: DecodedRows, floor: float) -> tuple[Scored, ...]:
    """A softmax over the class columns where a sigmoid belongs, or over probabilities."""
    if rows.classes.shape[1] < 2 or rows.squash is Squash.SOFTMAX:
        return ()
    found = []
    for columns in (rows.classes, rows.columns):
        if columns is not None:
            scores = softmax(columns)
            scores = scores if rows.objectness is None else joined(rows.objectness, scores, rows.joint)
            found += [chosen(rows, scores, floor), chosen(replace(rows, every=False), scores, floor)]
    return tuple(found)


def _sigmoid(rows: DecodedRows, floor: float) -> tuple[Scored, ...]:
    """A sigmoid where a softmax belongs."""
    if rows.squash is not Squash.SOFTMAX or rows.columns is None:
        return ()
    return tuple(chosen(replace(rows, every=every), sigmoid(rows.columns), floor) for every in (False, True))


def _tanh(rows: DecodedRows, floor: float) -> tuple[Scored, ...]:
    """tanh of the logits, of the classes or of the objectness too."""
    import numpy as np

    if rows.squash is not Squash.SIGMOID or rows.columns is None:
        return ()
    classes = np.tanh(rows.columns)
    if rows.objectness is None:
        return (chosen(rows, classes, floor),)
    inner = np.clip(rows.objectness, 1e-12, 1 - 1e-12)
    objectness = np.tanh(np.log(inner / (1 - inner)))
    both = ((rows.objectness, classes), (objectness, rows.classes), (objectness, classes))
    return tuple(chosen(rows, joined(one, other, rows.joint), floor) for one, other in both)


def _percent(rows: DecodedRows, floor: float) -> tuple[Scored, ...]:
    return (chosen(rows, total(rows) * 100, floor),)


def _inverted(rows: DecodedRows, floor: float) -> tuple[Scored, ...]:
    found = _right(rows, 0.0)[0]
    score = 1 - found.score
    keep = score >= floor
    return (Scored(found.row[keep], found.ids[keep], score[keep]),)


def _constant(value: float) -> Predict:
    def predict(rows: DecodedRows, floor: float) -> tuple[Scored, ...]:
        import numpy as np

        found = _right(rows, min(floor, 0.01))[0]
        return (replace(found, score=np.full(len(found.row), value)),)

    return predict


def _agnostic(rows: DecodedRows, floor: float) -> tuple[Scored, ...]:
    """The right score, class 0."""
    import numpy as np

    found = _right(rows, floor)[0]
    return (replace(found, ids=np.zeros_like(found.ids)),)


def _first_only(rows: DecodedRows, floor: float) -> tuple[Scored, ...]:
    """Column 0 alone."""
    if rows.ids is not None or rows.classes.shape[1] < 2:
        return ()
    scores = total(rows)[:, :1]
    return (chosen(replace(rows, every=False, background=-1, shift=0), scores, floor),)


def _columns_early(rows: DecodedRows, floor: float) -> tuple[Scored, ...]:
    """Class columns read from the one before: the objectness, or a side of the box."""
    import numpy as np

    if rows.ids is not None:
        return ()
    lead = rows.objectness if rows.objectness is not None else None if rows.raw is None else rows.raw[:, 3]
    if lead is None:
        return ()
    wide = np.concatenate((lead[:, None], rows.classes), axis=1)
    both = [wide, wide[:, :-1]]
    plain = replace(rows, objectness=None)
    found = [chosen(plain, columns, floor) for columns in both]
    if rows.objectness is not None:
        found += [chosen(rows, joined(rows.objectness, columns, rows.joint), floor) for columns in both]
    return tuple(found)


def _columns_late(rows: DecodedRows, floor: float) -> tuple[Scored, ...]:
    """Class columns read from the one after: the first class is lost, or is taken for an objectness."""
    if rows.ids is not None or rows.classes.shape[1] < 2:
        return ()
    later = rows.classes[:, 1:]
    moved = replace(rows, background=-1, shift=0)
    found = [chosen(moved, later if rows.objectness is None else joined(rows.objectness, later, rows.joint), floor)]
    if rows.objectness is None:
        found.append(chosen(moved, joined(rows.classes[:, 0], later, rows.joint), floor))
    return tuple(found)


def _background(rows: DecodedRows, floor: float) -> tuple[Scored, ...]:
    """The background as a class: boxes of its own, or the best class of most rows."""
    if rows.background < 0 or rows.ids is not None:
        return ()
    plain = replace(rows, background=-1, shift=0)
    return tuple(chosen(replace(plain, every=every), total(rows), floor) for every in (True, False))


def _unshifted(rows: DecodedRows, floor: float) -> tuple[Scored, ...]:
    """Ids that still count the background, which labels.txt leaves out."""
    return (chosen(replace(rows, shift=0), total(rows), floor),) if rows.shift else ()


def _other_background(rows: DecodedRows, floor: float) -> tuple[Scored, ...]:
    """The last column skipped instead of the first, or the reverse."""
    if rows.background < 0 or rows.ids is not None:
        return ()
    last = rows.classes.shape[1] - 1
    other = 0 if rows.background == last else last
    return tuple(chosen(replace(rows, background=other, shift=shift), total(rows), floor) for shift in (0, 1))


def _lowest(rows: DecodedRows, floor: float) -> tuple[Scored, ...]:
    """The class with the lowest score, with its score or with the objectness alone."""
    if rows.ids is not None or rows.every or rows.classes.shape[1] < 2:
        return ()
    import numpy as np

    scores = total(rows)
    found = [chosen(rows, scores, floor, by=-scores)]
    if rows.objectness is not None:
        alone = np.broadcast_to(rows.objectness[:, None], scores.shape)
        found.append(chosen(rows, alone, floor, by=-rows.classes))
    return tuple(found)


def _score_is_class(rows: DecodedRows, floor: float) -> tuple[Scored, ...]:
    """The columns of score and class id exchanged."""
    if rows.ids is None:
        return ()
    import numpy as np

    score = np.asarray(rows.ids, np.float64)
    keep = np.flatnonzero((score >= floor) & np.isfinite(rows.classes[:, 0]))
    near = rows.classes[keep, 0]
    return tuple(Scored(keep, np.asarray(ids, np.int64), score[keep]) for ids in (np.floor(near), np.rint(near)))


def _sound(rows: DecodedRows, floor: float) -> tuple[Scored, ...]:
    """What the family does; also a box for each class that reaches the threshold instead of the best one, which NMS for
    each class makes of it."""
    found = _right(rows, floor)
    if rows.every or rows.ids is not None or rows.classes.shape[1] < 2:
        return found
    return (*found, chosen(replace(rows, every=True), total(rows), floor))


RIGHT = ScoreMistake("", "", "", _sound)
"""No mistake."""
BEST = ScoreMistake("", "", "", _right)
"""No mistake, and one box for a row where the family takes the best class."""
_COLUMNS = "the index of the first class: the layout is in the report's step 6a"

SCORE_MISTAKES: tuple[ScoreMistake, ...] = (
    ScoreMistake("class-plus-one", "class ids are too high by one", "count classes from 0: push classId without + 1",
                 _shifted(1)),
    ScoreMistake("class-minus-one", "class ids are too low by one",
                 "count classes from 0: push classId without - 1 (there is no background in front)", _shifted(-1)),
    ScoreMistake("background-counted", "class ids still count the background column",
                 "subtract 1 from ids behind the background", _unshifted),
    ScoreMistake("background-kept", "the background is taken for a class", "skip the background column", _background),
    ScoreMistake("background-other", "another column than the background is skipped",
                 "skip the background column that step 6a names", _other_background),
    ScoreMistake("objectness-ignored", "the objectness is ignored: the score is the class column alone",
                 "score = objectness * class score", _ignored),
    ScoreMistake("objectness-alone", "the objectness alone is the score",
                 "score = objectness * class score", _alone),
    ScoreMistake("objectness-product", "objectness and class are multiplied where the family takes a root",
                 "take the family's formula for the score (docs/families.md)", _multiplied),
    ScoreMistake("objectness-mean", "the score is the mean of objectness and class, not their product",
                 "score = objectness * class score", _by_formula(_mean)),
    ScoreMistake("objectness-minimum", "the score is the smaller of objectness and class, not their product",
                 "score = objectness * class score", _by_formula(_minimum)),
    ScoreMistake("objectness-maximum", "the score is the larger of objectness and class, not their product",
                 "score = objectness * class score", _by_formula(_maximum)),
    ScoreMistake("objectness-sum", "the score is the sum of objectness and class, not their product",
                 "score = objectness * class score", _by_formula(_sum)),
    ScoreMistake("objectness-of-neighbour", "the objectness is read from the neighbouring row",
                 "use one row index for box, objectness and classes", _other_row),
    ScoreMistake("sigmoid-twice", "a sigmoid is applied to scores that are probabilities already",
                 "remove the sigmoid: it is in the graph", _twice),
    ScoreMistake("activation-missing", "logits are taken for scores: the activation is missing",
                 "apply the activation that step 6a names before the threshold", _missing),
    ScoreMistake("softmax-for-sigmoid", "a softmax over the classes is taken for the score",
                 "use each class column by itself: they are independent", _softmax),
    ScoreMistake("sigmoid-for-softmax", "a sigmoid is taken where the head needs a softmax",
                 "apply a softmax over the row, background included", _sigmoid),
    ScoreMistake("tanh-for-sigmoid", "tanh is taken where the head needs a sigmoid", "score = 1 / (1 + exp(-raw))",
                 _tanh),
    ScoreMistake("class-columns-early", "class columns are read one column too early", f"add 1 to {_COLUMNS}",
                 _columns_early),
    ScoreMistake("class-columns-late", "class columns are read one column too late", f"subtract 1 from {_COLUMNS}",
                 _columns_late),
    ScoreMistake("first-class-only", "only the first class column is read", "loop over all class columns", _first_only),
    ScoreMistake("class-lost", "every box has class 0", "set classId to the index of the best class", _agnostic),
    ScoreMistake("class-doubled", "class ids are twice what they should be", "push the index of the best class itself",
                 _multiple),
    ScoreMistake("class-lowest", "the class with the lowest score is taken", "take the maximum (std::max_element)",
                 _lowest),
    ScoreMistake("score-root", "the square root of the score is taken", "push the score itself", _rooted),
    ScoreMistake("score-squared", "the score is multiplied with itself", "push the score itself", _squared),
    ScoreMistake("score-percent", "the score is in percent", "push a score of 0 to 1", _percent),
    ScoreMistake("score-inverted", "1 - score is taken for the score", "push the score itself", _inverted),
    ScoreMistake("score-constant", "every box has the score 1", "set detectionConfidence to the score", _constant(1.0)),
    ScoreMistake("score-unset", "every box has the score 0", "set detectionConfidence to the score", _constant(0.0)),
    ScoreMistake("score-is-class", "the columns of score and class id are exchanged",
                 "compare the column indices with the layout in the report's step 6a", _score_is_class),
)  # fmt: skip
