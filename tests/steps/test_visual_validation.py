"""6f where nothing is made: it passes, says ``skipped``, and says why; no app is started."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from dsbench.base.option import Value
from dsbench.record.evidence import EvidenceLog
from dsbench.runtimes import visual
from dsbench.steps import visual_validation
from dsbench.steps.visual_result import SKIPPED, VisualValidationResult


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
    assert evidence.left_out == "no video was made: no libvpx-vp9 encoder"


@pytest.mark.parametrize(("asked", "clip", "note"), [(300, 481, True), (300, 300, False), (0, 481, False)])
def test_a_video_of_a_part_of_the_clip_is_named_as_such(asked: int, clip: int, note: bool) -> None:
    log = EvidenceLog("visual_validation", "net", "k", "embedded")
    result = VisualValidationResult(SKIPPED, asked=Value(asked, "default"), clip_frames=clip)
    visual_validation.add_evidence(log, None, result)  # type: ignore[arg-type]
    evidence = log.snapshot()
    assert ("the video shows the first 300 frames, the clip has 481" in " ".join(evidence.notes)) is note
    facts = {fact.name: (fact.value, fact.origin) for fact in evidence.facts}
    assert facts["Frames asked for"] == (str(asked) if asked else "the whole clip", "default")
