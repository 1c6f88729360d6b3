"""Finds the edits that fix a model directory: proposals are tried on copies, and only what a trial confirms is kept."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from dsbench.base import reading
from dsbench.base.option_levels import Options
from dsbench.base.reading import FileKind
from dsbench.build import file_edits
from dsbench.model.layout import ModelLayout
from dsbench.repair import proposals, trial, workcopy
from dsbench.repair.proposals import Proposal, TryOrder
from dsbench.repair.trial import Trial

_ROUNDS = 5
"""A fixed error may show the next one."""
MOST_TRIALS = 24


@dataclass(frozen=True)
class Solution:
    """What was found. ``changed``: new contents by path below the model directory."""

    before: Trial
    after: Trial
    accepted: tuple[Proposal, ...]
    changed: dict[str, bytes]
    trials: int

    @property
    def healthy(self) -> bool:
        """Nothing was wrong."""
        return not self.before.problems


@dataclass
class FixSearch:
    """Trials of one model directory. ``announce`` is given a line for each."""

    original: ModelLayout
    options: Options
    start: Path
    folder: Path
    announce: Callable[[str], None]
    trials: int = 0
    _checked: bool = False
    """The original's parser passed the check under sanitizers."""
    _tried: set[file_edits.Edit] = field(default_factory=set)

    def solve(self) -> Solution:
        """Try until nothing is wrong, nothing is left to try, or the trials are used up."""
        before = current = self.measure(())
        self._checked = "parser_check" in before.passed
        accepted: tuple[Proposal, ...] = ()
        for _ in range(_ROUNDS):
            if not current.problems:
                break
            better = self._improved(current, accepted)
            if better is None:
                break
            accepted, current = better
        accepted = _lasting(accepted)
        return Solution(before, current, accepted, self.contents(accepted), self.trials)

    def contents(self, chosen: Iterable[Proposal]) -> dict[str, bytes]:
        """Files after the edits, those that differ from the original."""
        found: dict[str, bytes] = {}
        for proposal in chosen:
            file = proposal.edit.file
            content = file_edits.apply(proposal.edit, found.get(file, self._original(file)))
            if content is not None:
                found[file] = content
        return {file: content for file, content in found.items() if content != self._original(file)}

    def measure(self, chosen: Sequence[Proposal]) -> Trial:
        """Run the steps on a copy with the edits."""
        self.trials += 1
        folder = self.folder / f"trial-{self.trials}"
        contents = self.contents(chosen)
        layout = workcopy.make(self.original, folder, contents)
        same = self._checked and not any(file.startswith("parser/") for file in contents)
        assumed = frozenset({"parser_check"}) if same else frozenset[str]()
        done = trial.run(layout, self.options, self.start, folder / "scratch", assumed)
        shutil.rmtree(folder / "scratch", ignore_errors=True)
        return done

    def _original(self, file: str) -> bytes:
        try:
            return reading.read_bytes(self.original.root / file, FileKind.SOURCE)
        except OSError:
            return b""

    def _improved(self, current: Trial, accepted: tuple[Proposal, ...]) -> tuple[tuple[Proposal, ...], Trial] | None:
        """More edits and what they lead to; None if nothing helps."""
        offered = [one for one in proposals.propose(current) if one.edit not in self._tried]
        offered = [one for one in offered if self.contents((*accepted, one)) != self.contents(accepted)]
        for level in TryOrder:
            batch = [one for one in offered if one.level is level]
            if not batch:
                continue
            self._tried.update(one.edit for one in batch)
            found = self._together(current, accepted, batch)
            if found is not None:
                return found
        return None

    def _together(
        self, current: Trial, accepted: tuple[Proposal, ...], batch: Sequence[Proposal]
    ) -> tuple[tuple[Proposal, ...], Trial] | None:
        """All of them at once, without those that are not needed; else the first that helps by itself."""
        if self.trials >= MOST_TRIALS:
            return None
        alternatives = batch[0].level is TryOrder.LINE
        if not alternatives:
            self.announce(f"trying {', '.join(one.what for one in batch)}")
            after = self.measure((*accepted, *batch))
            if _confirms(current, after, batch):
                return self._needed(current, accepted, tuple(batch), after)
        for one in batch if alternatives or len(batch) > 1 else ():
            if self.trials >= MOST_TRIALS:
                return None
            self.announce(f"trying {one.what}{'' if alternatives else ' alone'}")
            alone = self.measure((*accepted, one))
            if _confirms(current, alone, (one,)) and not (alternatives and _parser_wrong(alone)):
                return (*accepted, one), alone
        return None

    def _needed(
        self, current: Trial, accepted: tuple[Proposal, ...], batch: tuple[Proposal, ...], after: Trial
    ) -> tuple[tuple[Proposal, ...], Trial]:
        """The batch without the edits that change no result."""
        kept = list(batch)
        for one in batch if len(batch) > 1 else ():
            shared = sum(other.target == one.target for other in kept) > 1
            if not shared or self.trials >= MOST_TRIALS:
                continue  # its finding is gone, and no other edit can have removed it
            less = [other for other in kept if other is not one]
            self.announce(f"leaving out: {one.what}")
            without = self.measure((*accepted, *less))
            if without.rank >= after.rank and _confirms(current, without, less):
                kept, after = less, without
        return (*accepted, *kept), after


def _lasting(accepted: tuple[Proposal, ...]) -> tuple[Proposal, ...]:
    """The edits without those of a file that a later one writes anew."""
    anew = {one.edit.file: place for place, one in enumerate(accepted) if isinstance(one.edit, file_edits.FileEdit)}
    return tuple(one for place, one in enumerate(accepted) if place >= anew.get(one.edit.file, 0))


def _confirms(before: Trial, after: Trial, batch: Sequence[Proposal]) -> bool:
    """The findings are gone, the steps go further or agree better, and nothing is worse."""
    gone = all(one.target not in after.ids for one in batch)
    return gone and after.rank > before.rank and not _worse(before, after)


def _parser_wrong(after: Trial) -> bool:
    """Whether 6d still has something to say: half an edit is no fix of a parser."""
    return any(problem.step == "parser_build" for problem in after.problems)


def _worse(before: Trial, after: Trial) -> bool:
    pairs = ((before.f1, after.f1), (before.mean_precision, after.mean_precision))
    return any(one is not None and other is not None and other < one - 0.01 for one, other in pairs)
