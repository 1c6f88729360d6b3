"""pytest-xdist: all steps of one model on one worker, in their order."""

from __future__ import annotations

from xdist.scheduler import LoadScopeScheduling


class ModelScheduling(LoadScopeScheduling):  # type: ignore[misc]  # xdist ships no types
    """A scope is what stands in the test id's brackets: the model."""

    def _split_scope(self, nodeid: str) -> str:
        return nodeid.partition("[")[2] or nodeid
