"""6f where nothing is made: it passes, says ``skipped``, and says why; no app is started."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from dsbench.record.evidence import EvidenceLog
from dsbench.runtimes import visual
from dsbench.steps import visual_validation


def test_skipped_is_a_pass_with_its_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(visual, "encoder_missing", lambda: "no libvpx-vp9 encoder")
    model: Any = SimpleNamespace(runtime=SimpleNamespace(name="embedded"), layout=None, keep=lambda result: result)
    log = EvidenceLog("visual_validation", "net", "k", "embedded")
    visual_validation.run(model, log)
    evidence = log.snapshot()
    assert evidence.lines == ("DS_SINGLE_STREAM_MODE=skipped",)
    assert evidence.facts[0].value == "skipped (no encoder available)"
    assert evidence.facts[0].origin == "no libvpx-vp9 encoder"
    assert evidence.pictures == ()
