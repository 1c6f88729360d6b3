"""What it means that run 1 and trtexec are far apart."""

from __future__ import annotations

from dsbench.judge.run import saturation
from dsbench.judge.streams import RunFigures


def test_a_run_far_below_trtexec_is_said_with_its_figures_and_no_guess() -> None:
    slow = RunFigures(200, 35.3 / 5, 1412.0, 60, 30)
    said = saturation.note(slow, 20.0) or ""
    assert said.startswith(
        "200 streams reach 7.06 of 30 FPS each, 1412.0 img/s together, 20.0% of what inference alone"
    )
    assert "NVDEC" not in said
    assert saturation.note(slow, 95.0) is None, "inference itself is the limit"
    assert saturation.note(RunFigures(4, 29.0, 116.0, 60, 30), 20.0) is None, "not far below"


def test_a_pipeline_is_not_faster_than_its_model_alone() -> None:
    assert saturation.implausible(104.9) == ""
    assert "180.8% of what the model alone reaches cannot be" in saturation.implausible(180.8)
    assert "DSBENCH_ENGINE=fast" in saturation.implausible(180.8), "the run may have had another engine"
