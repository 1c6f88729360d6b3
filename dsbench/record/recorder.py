"""Keeps a model's record up to date on disk: after each step, so that it is there after a failure and after Ctrl-C."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from dsbench.base.errors import Code, DsbenchError
from dsbench.record import store
from dsbench.record.schema import Record, RecordState, StepRecord

NOT_OURS_TO_REPLACE = frozenset({Code.DIRECTORY_BUSY, Code.OTHER_RUNTIME_RESULTS, Code.MODEL_DIR_MISSING})
"""A run that stops with one of these leaves the directory's record as it is."""

Clock = Callable[[], datetime]


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass
class Recorder:
    """One model's record in this session. A record that cannot be written is a warning: no step but the report's fails
    for it, and the session does not exit 0.

    The other runtime's record is replaced only with ``replace_results``.
    """

    path: Path
    record: Record
    replace_results: bool = False
    trouble: str = ""
    """Why the record on disk is not this one; empty while it is."""
    running: str = ""
    _kept: bool = False
    _refused: bool = False
    _clock: Clock = field(default=_now)

    @classmethod
    def of(cls, path: Path, blank: Record, *, replace_results: bool = False, clock: Clock = _now) -> Recorder:
        """A recorder for the record at ``path``; ``blank`` says what is known before the first step."""
        started = _text(clock())
        record = replace(blank, session=uuid.uuid4().hex, started=started, updated=started)
        return cls(path, record, replace_results, _clock=clock)

    @property
    def state(self) -> RecordState:
        """What the rest of the session should know of it."""
        return RecordState(self.record.figures, self.trouble, "" if self._refused else str(self.path))

    def step(self, step: StepRecord) -> None:
        """Take in one step and write. ``update`` comes before it."""
        self.running = ""
        failure = step.evidence.failure
        if failure is not None and failure.code in NOT_OURS_TO_REPLACE:
            self._refused = True
        self.record = replace(self.record, steps=(*self.record.steps, step))
        self._write()

    def update(self, change: Callable[[Record], Record]) -> None:
        """Change what is known beside the steps; written with the next step."""
        self.record = change(self.record)

    def finish(self) -> None:
        """The session is over for this model: ended, or interrupted in the step that is running."""
        if self.record.steps or self.running:
            self.record = replace(self.record, ended=_text(self._clock()), interrupted_in=self.running)
            self._write()

    def _write(self) -> None:
        if self._refused or not self.path.parent.parent.is_dir():  # never make a model directory
            return
        self.record = replace(self.record, updated=_text(self._clock()))
        try:
            if not self._kept:
                if not self.replace_results and store.recorded_runtime(self.path) not in (None, self.record.runtime):
                    self._refused = True
                    return
                store.keep_older(self.path, self.record.runtime)
                self._kept = True
            store.write(self.path, self.record)
            self.trouble = ""
        except DsbenchError as error:
            self.trouble = f"the record was not written: {error.what} ({error.where})"


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")


@dataclass
class Recorders:
    """The recorders of a session, one for each model."""

    _by_model: dict[str, Recorder] = field(default_factory=dict)

    def get(self, model_key: str, make: Callable[[], Recorder] | None = None) -> Recorder:
        """The model's recorder; ``make`` makes it where there is none yet."""
        if model_key not in self._by_model and make is not None:
            self._by_model[model_key] = make()
        return self._by_model[model_key]
