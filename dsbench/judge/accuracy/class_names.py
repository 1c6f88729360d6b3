"""Which class of labels.txt is which class of the ground truth: by name, never by number."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from dsbench.judge import label_names


@dataclass(frozen=True, slots=True)
class SharedClasses:
    """``names``: the classes that both have, in the order of labels.txt, as the ground truth spells them."""

    names: tuple[str, ...]
    only_truth: tuple[str, ...]
    """Classes of the ground truth that the model does not have."""
    only_labels: tuple[str, ...]
    """Classes of the model that the ground truth does not have."""
    respelled: tuple[tuple[str, str], ...]
    """Pairs that differ in case, blanks or punctuation: in labels.txt, in the ground truth."""

    @property
    def every(self) -> tuple[str, ...]:
        """``names``, then the classes that only one side has: class ids are positions in this list."""
        return (*self.names, *self.only_truth, *self.only_labels)

    @property
    def shared(self) -> int:
        """The number of ``names``."""
        return len(self.names)

    def numbers(self, written: Iterable[str]) -> dict[str, int]:
        """The class id of each name as a file writes it; names that neither side lists are left out."""
        known = {_plain(name): index for index, name in enumerate(self.every)}
        return {name: known[_plain(name)] for name in set(written) if _plain(name) in known}


def match(labels: Sequence[str], truth: Sequence[str]) -> SharedClasses:
    """Pairs equal names; those that differ in case, blanks or punctuation too."""
    theirs = {_plain(name): name for name in truth}
    mine = dict.fromkeys(_plain(label) for label in labels)
    both = tuple(theirs[name] for name in mine if name in theirs)
    return SharedClasses(
        both,
        tuple(name for plain, name in theirs.items() if plain not in mine),
        tuple(_shown(label) for label in dict.fromkeys(labels) if _plain(label) not in theirs),
        tuple(
            (_shown(label), theirs[_plain(label)])
            for label in dict.fromkeys(labels)
            if _plain(label) in theirs and label != theirs[_plain(label)]
        ),
    )


def _plain(name: str) -> str:
    """The name as it is compared; what has no letter or digit stays as it is."""
    shown = _shown(name)
    return label_names.plain(shown) or shown


def _shown(name: str) -> str:
    return name.removeprefix("\ufeff").rstrip("\r").strip()
