"""What a run's console says of its engine, as facts and warnings."""

from __future__ import annotations

from dsbench.formats.app.console import OTHER_ENGINE, Console
from dsbench.record.evidence import EvidenceLog
from dsbench.steps.rows import engine_rows


def test_what_was_asked_for_and_not_done_is_a_warning_what_was_done_a_fact() -> None:
    log = EvidenceLog("run1_calibration", "net", "key", "embedded")
    used = "frames are counted on OpenVINO 2026.4 (bf16), 4.0 ms a call; agreement with fp32 on 8 frames: F1 1.000"
    assert used.startswith(OTHER_ENGINE)
    missing = "DSBENCH_ENGINE=fast needs OpenVINO (pip install 'dsbench[fast]'): ONNX Runtime is used"
    rounds = "up to 2 rounds of a stream's clip are decoded at once: there are more processors than streams"
    engine_rows.engine(log, "Run 1", Console(remarks=(used, rounds, missing)))
    found = log.snapshot()
    assert [(fact.name, fact.value) for fact in found.facts] == [
        ("Run 1: inference", used),
        ("Run 1: decoding", rounds),
    ]
    assert found.lines == (f"Run 1: {used}",)
    assert found.warnings == (f"Run 1: {missing}",)


def test_a_loaded_engine_is_a_fact() -> None:
    log = EvidenceLog("run1_calibration", "net", "key", "deepstream")
    engine_rows.engine(log, "Run 1", Console(engine_loaded="/m/net.engine"))
    assert [fact.value for fact in log.snapshot().facts] == ["/m/net.engine"]
    assert log.snapshot().warnings == ()
