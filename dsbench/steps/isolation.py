"""``--isolate``: whether a sandbox can be made, and what a run may use in it."""

from __future__ import annotations

import shutil
from contextlib import suppress
from pathlib import Path

from dsbench.base import cpp, isolation
from dsbench.base.ask import ask
from dsbench.base.errors import Code, DsbenchError
from dsbench.base.isolation import Sandbox
from dsbench.base.options import ISOLATE, VIDEO
from dsbench.base.text import last_line
from dsbench.embedded.native import HOST
from dsbench.steps.model_run import ModelRun

_QUESTION_S = 20.0


def require() -> None:
    """Raise ISOLATION_UNAVAILABLE unless a sandbox can be made on this machine."""
    found = shutil.which(isolation.PROGRAM)
    if found is None:
        raise DsbenchError(
            Code.ISOLATION_UNAVAILABLE,
            "--isolate needs bubblewrap, and there is no bwrap on PATH",
            where="PATH",
            fix="apt-get install bubblewrap, or run models of strangers in a virtual machine of their own",
        )
    reply = ask(isolation.sandboxed(("true",), Sandbox(())), _QUESTION_S)
    if reply.failure or reply.returncode != 0:
        raise DsbenchError(
            Code.ISOLATION_UNAVAILABLE,
            f"bubblewrap cannot make a sandbox here: {reply.failure or last_line(reply.stderr, 'no message')}",
            where=found,
            fix="allow user namespaces (docs/security.md), or run such models in a virtual machine of their own",
        )


def enter(model: ModelRun) -> None:
    """Isolate the programs of this run until it ends, if ``--isolate`` is given."""
    if not model.option(ISOLATE).value:
        return
    with suppress(DsbenchError):  # the step that needs it reports it
        cpp.build(HOST)  # here, because the sandbox cannot write to the cache
    layout, video = model.layout, model.option(VIDEO).value
    clips = (Path(model.start, video),) if video else ()
    model.at_end.enter_context(isolation.active(Sandbox((layout.root, model.scratch), clips)))
