"""The report gets the annotated video of 6f on either runtime."""

from __future__ import annotations

from pathlib import Path

import pytest

from dsbench.model.layout import ModelLayout
from dsbench.record.evidence import EvidenceLog
from dsbench.steps import visual_validation
from dsbench.steps.visual_result import NVENC, SKIPPED, THEORA, VisualValidationResult


@pytest.mark.parametrize(
    ("mode", "name", "kind"),
    [(NVENC, "a.mp4", ["video/mp4"]), (THEORA, "a.ogv", ["video/ogg"]), (SKIPPED, None, [])],
)
def test_the_video_is_evidence(tmp_path: Path, mode: str, name: str | None, kind: list[str]) -> None:
    log = EvidenceLog("visual_validation", "net", "key", "deepstream")
    output = tmp_path / name if name else None
    visual_validation.add_evidence(
        log, ModelLayout.at("net", tmp_path), VisualValidationResult(mode, "", output, f"net/samples/{name}")
    )
    shown = log.snapshot().videos
    assert [one.mime_type for one in shown] == kind
    assert all((one.title, one.path) == (f"net/samples/{name}", str(output)) for one in shown)
