"""Writes a model's record after each step, so that it exists after a failure or Ctrl-C."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from dsbench.base.errors import Code, DsbenchError
from dsbench.base.os_errors import as_dsbench_error
from dsbench.record import store, verdict
from dsbench.record.schema import Record, RecordState, StepRecord

NOT_OURS_TO_REPLACE = frozenset({Code.DIRECTORY_BUSY, Code.OTHER_RUNTIME_RESULTS, Code.MODEL_DIR_MISSING})
"""A run that stops with one of these codes does not change the directory's record."""

Clock = Callable[[], datetime]


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass
class Recorder:
    """One model's record in this session.

    If the record cannot be written, only the step ``report`` fails, and the session does not exit with 0.
    """

    path: Path
    record: Record
    replace_results: bool = False
    """Replace the other runtime's record."""
    trouble: str = ""
    """Why the latest write failed; empty if it succeeded."""
    running: str = ""
    """The step that is running; empty between steps."""
    kept: Path | None = None
    """Where the earlier run's record is now; None if there was none."""
    _kept: bool = False
    _refused: bool = False
    _clock: Clock = field(default=_now)

    @classmethod
    def of(cls, path: Path, blank: Record, *, replace_results: bool = False, clock: Clock = _now) -> Recorder:
        """A recorder for the record at ``path``; ``blank`` holds what is known before the first step."""
        started = _text(clock())
        record = replace(blank, session=uuid.uuid4().hex, started=started, updated=started)
        return cls(path, record, replace_results, _clock=clock)

    @property
    def state(self) -> RecordState:
        """The record's state for the report and the exit status."""
        path = "" if self._refused else str(self.path)
        kept = str(self.kept) if self.kept is not None else ""
        return RecordState(self.record.figures, self.trouble, path, verdict.of_record(self.record), kept)

    def step(self, step: StepRecord) -> None:
        """Add one step and write the record. Call ``update`` first."""
        self.running = ""
        failure = step.evidence.failure
        if failure is not None and failure.code in NOT_OURS_TO_REPLACE:
            self._refused = True
        self.record = replace(self.record, steps=(*self.record.steps, step))
        self._write()

    def update(self, change: Callable[[Record], Record]) -> None:
        """Change the record except its steps; written with the next step."""
        self.record = change(self.record)

    def interrupted(self) -> None:
        """The session was interrupted: where no step is running, it was while the last one's result was being shown."""
        if not self.running and self.record.ended is None and self.record.steps:
            self.running = self.record.steps[-1].evidence.step

    def finish(self) -> None:
        """Write the end of the model's run: complete, or interrupted in the running step."""
        if self.record.steps or self.running:
            self.record = replace(self.record, ended=_text(self._clock()), interrupted_in=self.running)
            self._write()

    def _write(self) -> None:
        self.record = replace(self.record, updated=_text(self._clock()))
        try:
            if self._refused or not self.path.parent.parent.is_dir():  # never create a model directory
                return
            if not self._kept:
                if not self.replace_results and store.recorded_runtime(self.path) not in (None, self.record.runtime):
                    self._refused = True
                    return
                self.kept = store.keep_older(self.path, self.record.runtime)
                self._kept = True
            store.write(self.path, self.record)
            self.trouble = ""
        except (DsbenchError, OSError) as error:
            found = as_dsbench_error(error)
            self.trouble = f"the record was not written: [{found.code}] {found.what} ({found.where}); {found.fix}"


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")


@dataclass
class Recorders:
    """The recorders of a session, one for each model."""

    _by_model: dict[str, Recorder] = field(default_factory=dict)

    def interrupted(self) -> None:
        """Mark every record as that of an interrupted session."""
        for recorder in self._by_model.values():
            recorder.interrupted()

    def begin(self, model_key: str, step: str) -> None:
        """``step`` of that model runs next. A model's first step makes the recorder itself."""
        if model_key in self._by_model:
            self._by_model[model_key].running = step

    def get(self, model_key: str, make: Callable[[], Recorder] | None = None) -> Recorder:
        """The model's recorder, created with ``make`` if there is none yet."""
        if model_key not in self._by_model and make is not None:
            self._by_model[model_key] = make()
        return self._by_model[model_key]
