"""``--runtime auto|deepstream|embedded``: which runtime carries a run, and why."""

from __future__ import annotations

from dataclasses import dataclass

from dsbench.base.errors import Code, DsbenchError
from dsbench.runtimes.contract import Runtime
from dsbench.runtimes.deepstream import DeepStreamRuntime
from dsbench.runtimes.embedded import EmbeddedRuntime


@dataclass(frozen=True)
class Selected:
    """The runtime of a run and the reason it was taken."""

    runtime: Runtime
    reason: str


def select(name: str) -> Selected:
    """``auto`` takes deepstream if deepstream-app is on PATH, else embedded; a name takes that one or raises.

    Raises RUNTIME_UNAVAILABLE when the runtime asked for by name cannot run here.
    """
    deepstream, embedded = DeepStreamRuntime(), EmbeddedRuntime()
    why_not = deepstream.unavailable()
    if name == "auto":
        if why_not is None:
            return Selected(deepstream, "deepstream-app is on PATH")
        return Selected(embedded, why_not)
    if name == "deepstream" and why_not is not None:
        raise DsbenchError(
            Code.RUNTIME_UNAVAILABLE,
            f"--runtime deepstream, but {why_not}",
            fix="install DeepStream (or run inside its container), or use --runtime embedded",
        )
    return Selected(deepstream if name == "deepstream" else embedded, "asked for")
