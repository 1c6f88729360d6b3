"""6f where nothing is made: it passes, says ``skipped``, and says why; no app is started."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from dsbench.pipeline import step6f_visual
from dsbench.record.evidence import EvidenceLog
from dsbench.report import visual_rows
from dsbench.runtimes import visual


@pytest.mark.parametrize(("runtime", "missing"), [("deepstream", None), ("embedded", "no libvpx-vp9 encoder")])
def test_skipped_is_a_pass_with_its_reason(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, runtime: str, missing: str | None
) -> None:
    monkeypatch.setattr(visual, "encoder_missing", lambda: missing)
    model: Any = SimpleNamespace(runtime=SimpleNamespace(name=runtime))
    result = step6f_visual.run(model)
    log = EvidenceLog("visual_validation", "net", "k", runtime)
    visual_rows.visual_validation(log, model, result)
    evidence = log.snapshot()
    assert evidence.lines == ("DS_SINGLE_STREAM_MODE=skipped",)
    assert evidence.facts[0].origin == (missing or step6f_visual.NOT_ON_DEEPSTREAM)
    assert evidence.pictures == ()
