"""Older results move aside and stay."""

from __future__ import annotations

from pathlib import Path

from dsbench.model import previous


def test_moves_beside_and_never_over_another(tmp_path: Path) -> None:
    log = tmp_path / "trtexec_b8.log"
    for text in ("first", "second", "third"):
        log.write_text(text)
        previous.set_aside(log)
        assert not log.exists()
    folder = tmp_path / "previous"
    assert {path.name: path.read_text() for path in folder.iterdir()} == {
        "trtexec_b8.log": "first",
        "trtexec_b8.2.log": "second",
        "trtexec_b8.3.log": "third",
    }


def test_only_files_of_runs_move(tmp_path: Path) -> None:
    old = ["ds_s4_run1.log", "ds_s2_run2.log", "ds_s2_run2_first.log", "deepstream_app_s4_run1.txt"]
    old += ["ds_s4_decode.log", "deepstream_app_s4_decode.txt", "ds_s9_sweep_repeat.log", "ds_s9_sweep_repeat2.log"]
    old += ["ds_s3_latency.log"]
    own = ["config_infer_ds_x.txt", "ds_s4_run3.log", "my_ds_s4_run1.log", "notes.txt"]
    for name in old + own:
        (tmp_path / name).touch()
    assert len(previous.set_runs_aside(tmp_path)) == len(old)
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_file()) == sorted(own)
    assert sorted(path.name for path in (tmp_path / "previous").iterdir()) == sorted(old)
    assert previous.set_runs_aside(tmp_path / "nothing") == ()
