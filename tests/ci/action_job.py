"""The steps of action.yml as GitHub's runner runs them: bash, inputs by ``env`` only, a failed step ends the job."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.ci.material import read_outputs

_OURS = ("PYTEST", "DS_VIDEO", "DSBENCH_", "GITHUB_", "CI_")
"""Variables of the outer environment that a job does not have."""


@dataclass(frozen=True)
class Job:
    """What the action's steps left."""

    status: int
    log: str
    outputs: dict[str, str]
    summary: str


def load(repository: Path) -> dict[str, Any]:
    """action.yml."""
    loaded: dict[str, Any] = yaml.safe_load((repository / "action.yml").read_text(encoding="utf-8"))
    return loaded


def dsbench_command(folder: Path, script: str = "from dsbench.cli import main") -> str:
    """An installed dsbench, for the input ``command``. ``script``: Python that defines ``main``."""
    path = folder / "installed dsbench"
    path.write_text(f"#!{sys.executable}\nimport sys\n{script}\nsys.exit(main(sys.argv[1:]))\n")
    path.chmod(0o755)
    return str(path)


def run_action(action: dict[str, Any], workspace: Path, inputs: dict[str, str], temporary: Path) -> Job:
    """Run the steps in ``workspace``. ``temporary``: the runner's own folder."""
    given = {name: str(one["default"]) for name, one in action["inputs"].items()} | inputs
    files = {name: temporary / name for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY", "GITHUB_ENV", "GITHUB_PATH")}
    for path in files.values():
        path.write_text("")
    base = {key: value for key, value in os.environ.items() if not key.startswith(_OURS)}
    base |= {name: str(path) for name, path in files.items()}
    base |= {"GITHUB_ACTIONS": "true", "CI": "true", "GITHUB_WORKSPACE": str(workspace), "RUNNER_TEMP": str(temporary)}
    status, log = 0, ""
    for step in action["runs"]["steps"]:
        if step.get("if") == "inputs.command == ''" and given["command"]:
            continue
        variables = {name: _value(text, given) for name, text in step["env"].items()}
        script = temporary / "step.sh"
        script.write_text(step["run"])
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", script],
            cwd=workspace,
            env=base | variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
            check=False,
        )
        status, log = done.returncode, log + done.stdout
        if status:
            break
    outputs, summary = (files[name].read_text(encoding="utf-8") for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"))
    return Job(status, log, read_outputs(outputs), summary)


def _value(expression: str, given: dict[str, str]) -> str:
    found = re.fullmatch(r"\$\{\{ inputs\.([\w-]+) \}\}", expression)
    assert found is not None, expression
    return given[found[1]]
