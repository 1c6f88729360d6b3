"""The run of one model: its directory, options and runtime, and the results of its steps so far."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from dsbench.base import jsonable
from dsbench.base.option import Option, Value
from dsbench.base.option_levels import Options
from dsbench.base.options import GPU_ID, REPLACE_RESULTS
from dsbench.base.progress import ProgressDisplay
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
    """Passed from step to step of one model; each step stores its typed result here for later steps."""

    layout: ModelLayout
    options: Options
    """The session's options; ``option`` resolves them for this model."""
    selected: Selected
    scratch: Path
    """A temporary directory of this session."""
    start: Path
    """Where pytest was started."""
    at_end: ExitStack = field(default_factory=ExitStack)
    """Callbacks for the end of this model's steps."""
    recorder: Recorder | None = None
    """The recorder of its record in this session."""
    entries: Mapping[str, Any] = field(default_factory=lambda: dict.fromkeys(RECORD_KEYS))
    """Record entries of the steps beyond the specification so far, in JSON's types."""
    progress: ProgressDisplay = field(default_factory=ProgressDisplay)
    """Shows what a long step is doing and how far it is."""
    _results: dict[type, object] = field(default_factory=dict)

    @property
    def runtime(self) -> Runtime:
        return self.selected.runtime

    def option(self, option: Option[T]) -> Value[T]:
        """The value of an option for this model; includes its dsbench.toml once pre-flight has read it."""
        facts = self.find(PreflightFacts)
        return self.options.resolve(option, facts.settings.options if facts else {})

    def preflight_request(self) -> Request:
        """What pre-flight gets from this session."""
        return Request(
            runtime=self.runtime.name,
            options=self.options,
            start=self.start,
            replace_results=self.option(REPLACE_RESULTS).value,
            recorded_runtime=store.recorded_runtime(self.layout.record),
            machine=hardware.engine_machine(self.runtime.name, self.option(GPU_ID).value),
        )

    def keep(self, result: T) -> T:
        """Store a step's result, the only one of its type; returns it."""
        self._results[type(result)] = result
        return result

    def record(self, key: str, entry: object) -> None:
        """Set a step's entry in the record: a dataclass, or None if the step has no result."""
        assert key in RECORD_KEYS, f"{key} is not in RECORD_KEYS"
        self.entries = {**self.entries, key: jsonable.encode(entry)}

    def find(self, kind: type[T]) -> T | None:
        """The stored result of that type; None if there is none."""
        result = self._results.get(kind)
        return result if isinstance(result, kind) else None

    def get(self, kind: type[T]) -> T:
        """The stored result of that type. AssertionError if there is none: the steps are in the wrong order."""
        result = self._results.get(kind)
        assert isinstance(result, kind), f"no step has left a {kind.__name__}"
        return result
