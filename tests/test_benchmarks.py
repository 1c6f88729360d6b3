"""The programs in benchmarks/ start, say what they measured, and say what they lack."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import fleet_merge
from tests.fleet.results import a_record


def run(repository: Path, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = (sys.executable, str(repository / "benchmarks" / program), *arguments)
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def test_verify_telemetry_samples_a_command(repository: Path, tmp_path: Path) -> None:
    kept = tmp_path / "series.json"
    options = ("--seconds", "1.5", "--skip", "0.1", "--every", "0.1", "--json", str(kept))
    finished = run(
        repository, "verify_telemetry.py", *options, "--", sys.executable, "-c", "print('busy')\nwhile True: pass"
    )
    assert finished.returncode == 0, finished.stderr
    assert "CPU time of the app" in finished.stdout
    series = json.loads(kept.read_text())
    assert len(series["rows"]) >= 3
    column = series["columns"].index("app_cpu_pct")
    assert max(row[column] or 0 for row in series["rows"]) > 1


def test_verify_telemetry_says_when_the_command_fails(repository: Path) -> None:
    finished = run(
        repository, "verify_telemetry.py", "--seconds", "20", "--", sys.executable, "-c", "raise SystemExit(7)"
    )
    assert finished.returncode == 1
    assert "the command ended with 7" in finished.stdout


def test_nvdec_load_says_what_it_lacks(repository: Path, tmp_path: Path) -> None:
    missing = run(repository, "nvdec_load.py", str(tmp_path / "none.mp4"))
    assert missing.returncode == 2
    assert "no file at" in missing.stderr
    text = tmp_path / "text.mp4"
    text.write_text("no video")
    finished = run(repository, "nvdec_load.py", "--backend", "pyav-gpu", "--seconds", "1", "--streams", "1", str(text))
    assert finished.returncode == 1
    assert "stream 0: " in finished.stderr


def test_the_verdicts_on_simulated_runs_are_right(repository: Path) -> None:
    finished = run(repository, "verdicts.py", "--seeds", "2")
    assert finished.returncode == 0, finished.stdout + finished.stderr
    assert ", 0 false PASS" in finished.stdout
    assert "stalled stream" in finished.stdout


def test_the_verdict_on_a_console(repository: Path, tmp_path: Path) -> None:
    log = tmp_path / "console.log"
    log.write_text("**PERF:  FPS 0 (Avg)\tFPS 1 (Avg)\t\n" + "**PERF:  35.00 (35.00)\t25.50 (25.50)\t\n" * 12)
    finished = run(repository, "verdicts.py", "--log", str(log), "--interval", "2")
    assert finished.returncode == 0, finished.stderr
    assert "PERF(0), all streams: every stream real-time: NO | slowest stream 1: 25.50 FPS" in finished.stdout


def test_fleet_merge_makes_results_of_its_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert fleet_merge.main(["3", "--like", str(tmp_path)]) == 2
    a_record(tmp_path / "net", "net")
    assert fleet_merge.main(["3", "--like", str(tmp_path / "net")]) == 0
    assert "3 results, " in capsys.readouterr().out
