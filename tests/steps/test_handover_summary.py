"""Durations that the record takes from what prepared the engine."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from dsbench.base import reading
from dsbench.model.engine_provenance import MeasuredLog
from dsbench.model.layout import ModelLayout
from dsbench.steps import handover_summary


@pytest.mark.parametrize(
    ("measured", "changed", "seconds"),
    [((1, 8), (), 25.5), ((8,), (), None), ((), (), None), ((1, 8), (1,), None)],
    ids=["both", "one log of another run", "an older provenance", "a log that was replaced"],
)
def test_step_5_is_known_for_the_logs_of_dsbench_prepare_only(
    tmp_path: Path, measured: tuple[int, ...], changed: tuple[int, ...], seconds: float | None
) -> None:
    layout, rows = ModelLayout("net", tmp_path), []
    for batch in (1, 8):
        log = layout.trtexec_log(batch)
        log.parent.mkdir(parents=True)
        log.write_text(f"log of {batch}\n")
        if batch in measured:
            rows.append(MeasuredLog(batch, 12.75, reading.sha256(log)))
        if batch in changed:
            log.write_text("of somebody else\n")
    facts = SimpleNamespace(
        origin=SimpleNamespace(provenance=SimpleNamespace(measured=tuple(rows))),
        engine=SimpleNamespace(max_bs=8),
        onnx=SimpleNamespace(batch=None),
        layout=layout,
    )
    assert handover_summary._step_5(cast(Any, facts)) == seconds
