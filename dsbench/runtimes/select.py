"""``--runtime auto|deepstream|embedded``: selects the runtime."""

from __future__ import annotations

from dataclasses import dataclass

from dsbench.base.errors import Code, DsbenchError
from dsbench.runtimes.contract import Runtime
from dsbench.runtimes.deepstream import DeepStreamRuntime
from dsbench.runtimes.embedded import EmbeddedRuntime


@dataclass(frozen=True)
class Selected:
    """The runtime of a run and why it was selected."""

    runtime: Runtime
    reason: str


def select(name: str) -> Selected:
    """``auto``: deepstream if deepstream-app is on PATH, else embedded; otherwise the runtime of that name.

    Raises RUNTIME_UNAVAILABLE if the named runtime cannot run on this machine.
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
    return Selected(deepstream if name == "deepstream" else embedded, "requested")
