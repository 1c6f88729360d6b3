"""``dsbench doctor``: what this machine has, what is missing, and the commands that fix it."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from dsbench.base import numbers
from dsbench.base.errors import Code, DsbenchError
from dsbench.base.options import GPU_ID
from dsbench.doctor import survey
from dsbench.doctor import text as doctor_text
from dsbench.doctor.diagnosis import diagnose


def run(arguments: argparse.Namespace) -> int:
    """0: the embedded runtime is ready (with ``--runtime deepstream``: DeepStream is); 1: it is not.

    Raises USAGE for a ``--gpu-id`` that is no number, OSError if the current folder no longer exists.
    """
    inventory = survey.take(Path(os.getcwd()), _gpu_id(arguments.gpu_id), arguments.video)
    diagnosis = diagnose(inventory)
    show = doctor_text.to_json if arguments.json else doctor_text.render
    print(show(inventory, diagnosis))
    return int(bool(diagnosis.deepstream_because if arguments.runtime == "deepstream" else diagnosis.embedded_because))


def _gpu_id(text: str | None) -> int:
    if text is None:
        return GPU_ID.default
    if text.isascii() and text.isdigit() and len(text) < 5:
        return numbers.whole(text)
    raise DsbenchError(
        Code.USAGE,
        f"--gpu-id {text!r} is not a whole number of 0 or more",
        where="--gpu-id",
        fix="give a number, for example --gpu-id 0",
    )
