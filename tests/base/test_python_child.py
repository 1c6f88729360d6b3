"""dsbench's own Python programs import nothing from the current directory or PYTHONPATH, and leave nothing at home."""

from __future__ import annotations

import os
import re
import site
import subprocess
import sys
from pathlib import Path

import dsbench
from dsbench.base.environment import snapshot
from dsbench.base.python_child import later_places, python_command
from tests import onnx_zoo as zoo

PACKAGE = Path(dsbench.__file__).resolve().parent
PLANTED = ("logging.py", "json.py", "onnx.py", "av.py", "sitecustomize.py", "dsbench.py", "numpy/__init__.py")


def plant(folder: Path) -> Path:
    """A folder with modules that leave a file ``ran`` when they are imported."""
    for name in PLANTED:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"open({str(folder / 'ran')!r}, 'a').write({name!r})\nraise SystemExit(9)\n")
    return folder


def test_planted_modules_do_not_run_and_onnx_runtime_leaves_no_files(tmp_path: Path) -> None:
    here, named = plant(tmp_path / "here"), plant(tmp_path / "named")
    home, temporary, victim = tmp_path / "home", tmp_path / "tmp", tmp_path / "victim"
    home.mkdir()
    temporary.mkdir()
    victim.write_text("mine")
    (temporary / ".ses").symlink_to(victim)  # where ONNX Runtime's telemetry writes
    model = zoo.detector(tmp_path / "x.onnx")
    command = python_command("dsbench.embedded.throughput", str(model), "--batch", "1", "--seconds", "0.1")
    variables = {"PYTHONPATH": str(named), "HOME": str(home), "TMPDIR": str(temporary), "ORT_DISABLE_TELEMETRY": "0"}
    done = subprocess.run(command, cwd=here, env=snapshot(**variables), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "Throughput" in done.stdout
    assert not (here / "ran").exists()
    assert not (named / "ran").exists()
    assert list(home.rglob("*")) == []
    assert list(temporary.iterdir()) == [temporary / ".ses"]
    assert victim.read_text() == "mine"


def test_packages_on_pythonpath_are_found_behind_all_others(tmp_path: Path) -> None:
    (tmp_path / "elsewhere.py").write_text("print('found')")
    command = python_command("elsewhere")
    variables = {"PYTHONPATH": os.pathsep.join(("", "relative", str(tmp_path)))}
    done = subprocess.run(command, env=snapshot(**variables), cwd="/", capture_output=True, text=True, check=True)
    assert done.stdout == "found\n"
    assert later_places(variables, "/") == [str(tmp_path), site.getusersitepackages()]
    assert later_places(variables, str(tmp_path)) == [site.getusersitepackages()]


def test_the_child_is_the_same_dsbench_with_its_arguments() -> None:
    command = python_command("dsbench.base.options")
    assert command[:2] == (sys.executable, "-I")
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "--model-dir" in done.stdout


def test_every_program_of_ours_is_started_in_this_way() -> None:
    sources = {path: path.read_text(encoding="utf-8") for path in PACKAGE.rglob("*.py") if "_data" not in path.parts}
    python = {path.relative_to(PACKAGE).as_posix() for path, text in sources.items() if "sys.executable" in text}
    runtime = {path.relative_to(PACKAGE).as_posix() for path, text in sources.items() if IMPORT.search(text)}
    assert python == {"base/python_child.py", "doctor/survey/python.py"}  # the survey only names it
    assert runtime == {"embedded/ort.py"}


IMPORT = re.compile(r"^\s*(?:import onnxruntime|from onnxruntime)", re.MULTILINE)


def test_numpy_fits_under_a_limit_of_memory_on_a_machine_with_many_processors(tmp_path: Path) -> None:
    """OpenBLAS allocates 32 MiB for each of its threads as it is imported, unless it has one."""
    shown = tmp_path / "shown.py"
    shown.write_text("import os; print(os.environ['OPENBLAS_NUM_THREADS'])")
    for given, expected in (({}, "1"), ({"OPENBLAS_NUM_THREADS": "3"}, "3")):
        command = python_command("shown")
        variables = {"PYTHONPATH": str(tmp_path), "OPENBLAS_NUM_THREADS": "", **given}
        environment = {name: value for name, value in snapshot(**variables).items() if value}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        assert done.stdout == f"{expected}\n"
