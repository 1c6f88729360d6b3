"""One model's run: what was asked, where it lies, which runtime carries it, what its steps found so far."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from dsbench.base import jsonable
from dsbench.base.options import GPU_ID, REPLACE_RESULTS, Option, Options, Value
from dsbench.base.steps import RECORD_KEYS
from dsbench.machine import hardware
from dsbench.model.facts import PreflightFacts
from dsbench.model.layout import ModelLayout
from dsbench.model.preflight import Request
from dsbench.record import store
from dsbench.record.recorder import Recorder
from dsbench.runtimes.contract import Runtime
from dsbench.runtimes.select import Selected

T = TypeVar("T")

NO_MODEL_DIR = "No model directory provided. Usage: pytest --model-dir models/<model_name>"


@dataclass
class ModelRun:
    """Handed from step to step of one model; each step keeps its typed result here for those that need it."""

    layout: ModelLayout
    options: Options
    """What the session was given; ``option`` says what holds for this model."""
    selected: Selected
    scratch: Path
    """A temporary directory of this session."""
    start: Path
    """Where pytest was started."""
    announce: Callable[[str], None] = print
    """Tells the user what is going on while a step takes its time."""
    at_end: ExitStack = field(default_factory=ExitStack)
    """What is to be undone when this model's steps are over."""
    recorder: Recorder | None = None
    """Its record in this session."""
    entries: Mapping[str, Any] = field(default_factory=lambda: dict.fromkeys(RECORD_KEYS))
    """What the steps beyond the specification have for the record so far, in JSON's types."""
    _results: dict[type, object] = field(default_factory=dict)

    @property
    def runtime(self) -> Runtime:
        return self.selected.runtime

    def option(self, option: Option[T]) -> Value[T]:
        """The value of an option for this model: with its dsbench.toml once pre-flight has read that."""
        facts = self.find(PreflightFacts)
        return self.options.resolve(option, facts.settings.options if facts else {})

    def preflight_request(self) -> Request:
        """What this session decides about pre-flight."""
        return Request(
            runtime=self.runtime.name,
            options=self.options,
            start=self.start,
            replace_results=self.option(REPLACE_RESULTS).value,
            recorded_runtime=store.recorded_runtime(self.layout.record),
            machine=hardware.engine_machine(self.runtime.name, self.option(GPU_ID).value),
        )

    def keep(self, result: T) -> T:
        """Keep a step's result, one of each type."""
        self._results[type(result)] = result
        return result

    def record(self, key: str, entry: object) -> None:
        """Put a step's entry, a dataclass, into the record; None where the step has nothing to say."""
        assert key in RECORD_KEYS, f"{key} is not in RECORD_KEYS"
        self.entries = {**self.entries, key: jsonable.encode(entry)}

    def find(self, kind: type[T]) -> T | None:
        """The result of that type; None if no step has left one."""
        result = self._results.get(kind)
        return result if isinstance(result, kind) else None

    def get(self, kind: type[T]) -> T:
        """The result of that type; a step that has not run is a mistake in the steps' order."""
        result = self._results.get(kind)
        assert isinstance(result, kind), f"no step has left a {kind.__name__}"
        return result
