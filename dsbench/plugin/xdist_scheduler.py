"""pytest-xdist: runs all steps of one model on one worker, in order."""

from __future__ import annotations

from xdist.scheduler import LoadScopeScheduling


class ModelScheduling(LoadScopeScheduling):  # type: ignore[misc]  # xdist ships no types
    """The scope of a test is the part of its id in brackets: the model."""

    def _split_scope(self, nodeid: str) -> str:
        return nodeid.partition("[")[2] or nodeid
