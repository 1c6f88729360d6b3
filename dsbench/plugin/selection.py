"""Plugins of one session: which steps run, and what an interrupt leaves."""

from __future__ import annotations

from collections.abc import Generator, Sequence

import pytest

from dsbench.base import interrupts
from dsbench.model.layout import ModelLayout
from dsbench.plugin import collection
from dsbench.record.ledger import Ledger
from dsbench.record.recorder import Recorders
from dsbench.steps.model_run import NO_MODEL_DIR


class Interruption:
    """Marks the records as interrupted before the fixtures of their models end, which finishes them. Another Ctrl-C
    does not disturb that, nor one while the report is written."""

    def __init__(self, recorders: Recorders) -> None:
        self._recorders = recorders

    @pytest.hookimpl(tryfirst=True)
    def pytest_keyboard_interrupt(self) -> None:
        interrupts.ignore_more()
        self._recorders.interrupted()

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self) -> None:
        interrupts.ignore_more()


class Selection:
    """Adds the steps that the selected steps need."""

    def __init__(self, layouts: Sequence[ModelLayout], ledger: Ledger) -> None:
        self._layouts, self._ledger = layouts, ledger

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_collection_modifyitems(
        self, config: pytest.Config, items: list[pytest.Item]
    ) -> Generator[None, None, None]:
        collected = list(items)
        yield
        steps = [item for item in collected if item.get_closest_marker(collection.MARKER)]
        if not steps:
            return
        if not self._layouts:
            if not config.option.collectonly:
                raise pytest.UsageError(NO_MODEL_DIR)
            return
        unknown = collection.unknown_steps(steps)
        if unknown:
            raise pytest.UsageError(f"{unknown[0]} is not a known step; steps are {collection.known_step_names()}")
        excluded = collection.deselected_by_name(config)
        items[:] = collection.with_prerequisites(collected, items, excluded)
        for item in filter(excluded, steps):
            step, layout = collection.step_of(item), collection.layout_of(item)
            if step and layout:
                self._ledger.deselect(layout.key, step.name)
