"""As a wheel in somebody else's repository: templates and steps travel along, one command is enough."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.material import write_clip, write_onnx

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def installed(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder on PYTHONPATH that holds what pip would install."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(repository)]
    subprocess.run(command, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    site = folder / "site"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    return site


def test_the_wheel_holds_what_a_run_needs(installed: Path) -> None:
    data = installed / "dsbench" / "_data"
    assert (data / "templates" / "Makefile.j2").is_file()
    assert (data / "templates" / "report" / "page.html.j2").is_file()
    assert (data / "tests_pipeline" / "test_step6_integration.py").is_file()
    assert (installed / "dsbench/embedded/sdk/sources/includes/nvdsinfer_custom_impl.h").is_file()
    assert (installed / "dsbench.pth").is_file()
    assert not list(installed.rglob("*.onnx"))


def test_it_runs_from_another_repository(installed: Path, tmp_path: Path) -> None:
    write_onnx(tmp_path / "models/net/model/net.onnx", height=64, width=128)
    (tmp_path / "models/net/config").mkdir()
    (tmp_path / "models/net/config/labels.txt").write_text("car\nperson\n")
    write_clip(tmp_path / "clip.mp4", frames=6)
    (tmp_path / "pytest.ini").write_text("[pytest]\ntestpaths = tests\n")
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_own.py").write_text("def test_own(): assert False\n")
    code = "import sys, dsbench, pytest; print(dsbench.__file__); sys.exit(pytest.main(sys.argv[1:]))"
    arguments = ("--model-dir", "models/net", "--video", "clip.mp4", "-k", "kitti_gate")
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(installed)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert str(installed) in done.stdout.splitlines()[0]
    assert done.returncode == 0, done.stdout + done.stderr
    assert "7 passed" in done.stdout
    assert (tmp_path / "reports" / "net.html").is_file()
