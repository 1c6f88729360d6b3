"""Next commands after an embedded run: those for a DeepStream machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from dsbench.model import preflight
from dsbench.model.layout import ModelLayout
from dsbench.record.evidence import EvidenceLog, StepFailure
from dsbench.steps import next_commands
from tests.material import write_clip, write_onnx
from tests.steps.model_run import model_run


def test_after_an_embedded_run(tmp_path: Path) -> None:
    layout = ModelLayout.at("models/a b", tmp_path)
    write_onnx(layout.onnx_dir / "net.onnx")
    layout.config_dir.mkdir()
    layout.labels.write_text("car\nperson\n")
    model = model_run(layout, write_clip(tmp_path / "clip.mp4", frames=2), tmp_path)
    model.keep(preflight.run(layout, model.preflight_request()))
    lines = next_commands.shell_lines(model)
    assert "dsbench prepare 'models/a b'" in lines
    by_hand = lines[lines.index("# or by hand:") + 1 :]
    assert by_hand[0].startswith("# mkdir -p ")
    assert by_hand[1].startswith("# trtexec '--onnx=models/a b/model/net.onnx' --minShapes=images:1x3x32x64 ")
    assert "# while floor(Throughput x MAX_BS / 30) > MAX_BS: double 64, build again" in lines
    assert lines[-1].startswith("pytest --model-dir 'models/a b' --runtime deepstream --replace-results")


def test_after_a_failure_the_patch_comes_first(tmp_path: Path) -> None:
    layout = ModelLayout.at("models/a b", tmp_path)
    layout.config_dir.mkdir(parents=True)
    given = {"baseline": "old.json", "perf_seconds": "20", "bless": "yes"}
    model = model_run(layout, write_clip(tmp_path / "clip.mp4", frames=2), tmp_path, replace_results=True, **given)
    patch, command, comment, again = next_commands.shell_lines(model)
    assert patch.startswith("# the change that dsbench proposes, as a diff")
    assert command.startswith("dsbench fix 'models/a b'")
    assert comment == "# once the failure above is fixed:"
    clip = tmp_path / "clip.mp4"
    assert again == (
        f"pytest --model-dir 'models/a b' --video {clip} --prepare auto --replace-results --perf-seconds 20"
        " --baseline old.json"
    )


@pytest.mark.parametrize(
    ("step", "failed", "unknown", "code", "helps"),
    [
        ("import_parity", True, "", "", True),
        ("model_outputs", False, "", "preprocessing-unknown", True),
        ("kitti_gate", True, "the clip shows too little", "", False),
        ("import_parity", False, "", "nothing-to-compare", False),
        ("visual_validation", True, "", "", False),
        ("run2_validation", True, "", "", False),
        ("regression", True, "", "", False),
        ("preflight", False, "", "", False),
    ],
)
def test_only_what_the_model_directory_can_answer_is_for_dsbench_fix(
    step: str, failed: bool, unknown: str, code: str, helps: bool
) -> None:
    log = EvidenceLog(step, "net", "k", "embedded", StepFailure("code", "", "", "") if failed else None)
    log.import_unknown = unknown
    if code:
        log.inconclusive(code, "what", "fix")
    assert next_commands.may_be_fixed(log.snapshot()) is helps
