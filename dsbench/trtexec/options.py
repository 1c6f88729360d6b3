"""The options of ``dsbench prepare``: rows as in ``base/options.py``, with which it shares two rows."""

from __future__ import annotations

from dsbench.base import spec
from dsbench.base.option import DEFAULT, Option
from dsbench.base.option_kinds import Whole
from dsbench.base.options import GPU_ID, TARGET_FPS

MAX_BS: Option[int | None] = Option(
    "max-bs", Whole(1), None, "first MAX_BS to try", metavar="N", default_text=str(spec.FIRST_MAX_BS)
)
WORKSPACE = Option("workspace", Whole(1), spec.WORKSPACE_MIB, "TensorRT workspace in MiB", metavar="MIB")
TIMEOUT = Option(
    "timeout", Whole(1), 7200, "longest time of one build, in seconds", metavar="SECONDS", origin=DEFAULT
)  # minutes as a rule, an hour for a large transformer on a slow GPU

OPTIONS = (GPU_ID, TARGET_FPS, MAX_BS, WORKSPACE, TIMEOUT)
