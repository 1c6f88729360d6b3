"""The result of a diagnosis, and its sentences."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from dsbench.judge.imports.diagnosis.selection import LeftOut

HARMLESS_F1, CLOSE_F1 = 0.97, 0.9
"""F1 of the clustered boxes, at IoU 0.5 and 0.9, from which on a difference changes nothing that matters."""


class DiagnosisState(StrEnum):
    """What the boxes show."""

    SAME = "same"
    """The boxes are the reference's; ``selections`` says which are left out."""
    NAMED = "named"
    """A known mistake explains them."""
    UNKNOWN = "unknown"
    """They differ, and no known mistake explains it."""
    EMPTY = "empty"
    """The parser returns no box, the reference does."""
    NOTHING = "nothing"
    """Neither has a box."""


@dataclass(frozen=True, slots=True)
class MistakeFound:
    """A mistake and how many of the compared boxes it explains."""

    id: str
    text: str
    fix: str
    explained: int
    harmless: bool = False
    boxes_only: bool = False
    """It moves boxes; classes and scores are right."""
    parameters: int = 0


@dataclass(frozen=True, slots=True)
class ParserDiagnosis:
    """``causes``: what explains the boxes; several explain them equally well. ``runners_up``: what comes next, best
    first."""

    state: DiagnosisState
    parser: int
    """Boxes of the parser."""
    reference: int
    """Boxes of the reference."""
    threshold: float
    """That the parser was called with."""
    compared: int = 0
    """Boxes of the parser that were compared: those inside the network, a part of them where there are very many."""
    right: int = 0
    """How many of them are right."""
    f1: float = 1.0
    """Of parser and reference after NMS: same class, IoU of at least 0.5."""
    f1_close: float = 1.0
    """The same with an IoU of at least 0.9."""
    causes: tuple[MistakeFound, ...] = ()
    runners_up: tuple[MistakeFound, ...] = ()
    selections: tuple[LeftOut, ...] = ()
    below: int = 0
    """Boxes of the parser with a score below the threshold."""
    part: str = ""
    """What about the boxes is right and what is not, where no mistake explains them."""

    @property
    def harmless(self) -> bool:
        """Nothing has to be changed."""
        if self.state is DiagnosisState.NOTHING:
            return True
        if self.state is DiagnosisState.SAME:
            return all(selection.harmless for selection in self.selections)
        same = min(self.f1, self.f1_close) >= HARMLESS_F1
        named = self.state is DiagnosisState.NAMED
        return named and all(cause.harmless or (cause.boxes_only and same) for cause in self.causes)

    @property
    def complete(self) -> bool:
        """The parser returns every box of the reference and no other."""
        return self.state is DiagnosisState.NOTHING or (self.state is DiagnosisState.SAME and not self.selections)

    @property
    def harmful(self) -> bool:
        """A mistake that nobody can have wanted costs boxes."""
        if self.state is DiagnosisState.EMPTY:
            return self.reference >= MANY
        if (self.f1 >= HARMLESS_F1 and self.f1_close >= CLOSE_F1) or self.compared < FEW:
            return False
        if self.state is DiagnosisState.SAME:
            return any(not (selection.harmless or selection.choice) for selection in self.selections)
        return self.state is DiagnosisState.NAMED and not self.harmless

    @property
    def explains_classes(self) -> bool:
        """Every box is explained, and by wrong class ids: ids beyond the labels follow from that."""
        ids = [part for cause in self.causes for part in cause.id.split("+")]
        shifted = any(one in ("class-plus-one", "class-minus-one", "background-counted") for one in ids)
        every = all(cause.explained == self.compared for cause in self.causes)
        return self.state is DiagnosisState.NAMED and shifted and every and len(self.causes) == 1

    @property
    def ids(self) -> tuple[str, ...]:
        """Ids of what was named, harmless selections left out."""
        return (*(c.id for c in self.causes), *(s.id for s in self.selections if not s.harmless))

    @property
    def what(self) -> str:
        """The result in one or two sentences, the cause first."""
        if self.state is DiagnosisState.NOTHING:
            return "neither the parser nor the reference decode finds anything on these frames"
        if self.state is DiagnosisState.EMPTY:
            return f"the parser returns no box, the reference decode {self.reference}"
        if self.state is DiagnosisState.SAME:
            wrong = [selection.text for selection in self.selections if not selection.harmless]
            return "; ".join(wrong) or f"{self.right} of {self.compared} boxes equal the reference decode's"
        if self.state is DiagnosisState.NAMED:
            texts = [cause.text for cause in self.causes]
            named = texts[0] if len(texts) == 1 else "either " + ", or ".join(texts)
            few = " (too few to be sure)" if self.compared < FEW else ""
            return f"{named}: this explains {self.causes[0].explained} of {self.compared} boxes{few}"
        if self.part:
            return f"{self.part}; no known mistake explains it"
        shown = f"{self.right} of {self.compared} boxes are the reference decode's"
        return f"{shown}, and no known mistake explains the others"

    @property
    def fix(self) -> str:
        """What to do."""
        fixes = [cause.fix for cause in self.causes] or [s.fix for s in self.selections if not s.harmless]
        if fixes:
            return " | or: ".join(dict.fromkeys(fixes))
        if self.state in (DiagnosisState.UNKNOWN, DiagnosisState.EMPTY):
            return (
                "compare the parser's decoding with the family's (docs/families.md), or see whether the family is right"
            )
        return ""

    @property
    def counts(self) -> str:
        """The figures behind it."""
        boxes = f"{self.parser} boxes, reference {self.reference}"
        return f"{boxes} at threshold {self.threshold:g}; F1 after NMS {self.f1:.2f}, at IoU 0.9 {self.f1_close:.2f}"

    @property
    def notes(self) -> tuple[str, ...]:
        """What the parser does otherwise than the family's, and may do."""
        found = [selection.text for selection in self.selections if selection.harmless]
        if self.below:
            found.append(f"the parser returns {self.below} boxes below the threshold: nvinfer drops them")
        return tuple(found)


FEW = 5
"""With fewer boxes a cause is named but not sure."""
MANY = 20
"""Boxes of the reference from which on a parser that returns none is wrong."""
