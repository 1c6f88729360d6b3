"""What a step could not decide, in words: the codes of INCONCLUSIVE results as the verdict says them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from dsbench.record.evidence import Undecided

QUESTIONS: Mapping[str, str] = {
    "preprocessing-unknown": "the preprocessing is not stated",
    "preprocessing-refuted": "the network speaks against its preprocessing",
    "parser-differs": "the parser's boxes differ from the model's",
    "parser-misreads": "DeepStream's own parser misreads this head",
    "label-names": "the names in labels.txt are in doubt",
    "label-order": "the order of labels.txt is in doubt",
    "labels-spoilt": "labels hold invisible characters",
    "clip-shows-nothing": "the clip shows nothing",
    "clip-turned": "the clip seems to be turned",
    "nothing-to-compare": "the model detects nothing in this clip",
    "config-choices": "the config changes which boxes are kept",
    "boxes-differ": "the boxes are not quite the model's",
    "scores-do-not-separate": "the scores do not separate objects from background",
    "accuracy-too-few-frames": "too few annotated frames for --min-map",
    "accuracy-class-names": "class names differ from those of the ground truth",
    "accuracy-no-ground-truth": "--min-map has no ground truth to measure against",
}
ABOUT_THE_CLIP = frozenset(
    (
        "clip-shows-nothing",
        "clip-turned",
        "nothing-to-compare",
        "accuracy-too-few-frames",
        "accuracy-no-ground-truth",
    )
)
"""Questions that another clip or ground truth answers, and no change of the model directory."""


def in_words(undecided: Iterable[tuple[str, Undecided]]) -> str:
    """``QUESTION, see STEP; ...`` for (step, what it could not decide); a code without words stands for itself."""
    found = (f"{QUESTIONS.get(one.code, one.code)}, see {step}" for step, one in undecided)
    return "; ".join(dict.fromkeys(found))
