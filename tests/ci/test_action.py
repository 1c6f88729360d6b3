"""The action's steps run here as the runner runs them; the ready workflows are built as their comments promise."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml

from dsbench.ci.inputs import INPUTS
from dsbench.ci.outcome import session_outcome
from dsbench.ci.outputs import outputs_of
from tests.ci.action_job import dsbench_command, load, run_action
from tests.ci.material import runner_commands, whole_run
from tests.material import write_classifier, write_clip, write_onnx

NAME = "a::error::b ##[error] `|<b>"


@pytest.fixture(scope="module")
def action(repository: Path) -> dict[str, Any]:
    return load(repository)


@pytest.fixture
def temporary(tmp_path: Path) -> Path:
    folder = tmp_path / "the runner"
    folder.mkdir()
    return folder


@pytest.mark.long
def test_a_good_model_passes_and_a_broken_one_fails_with_its_cause(
    action: dict[str, Any], tmp_path: Path, temporary: Path
) -> None:
    for name, write in ((NAME, write_onnx), ("broken", write_classifier)):
        root = tmp_path / "models" / name
        write(root / "model" / "net.onnx")
        (root / "config").mkdir()
        (root / "config" / "labels.txt").write_text("car\nperson\n")
    write_clip(tmp_path / "clip.mp4", frames=3)
    inputs = {
        "command": dsbench_command(temporary),
        "changed-files": f"models/{NAME}/model/net.onnx\nmodels/broken/config/labels.txt\nREADME.md",
        "video": "clip.mp4",
        "runtime": "embedded",
        "arguments": "-k model_outputs --prepare=never",
    }
    job = run_action(action, tmp_path, inputs, temporary)

    assert job.status == 1, job.log
    assert (job.outputs["verdict"], job.outputs["import"], job.outputs["streams"]) == ("failed", "no", "")
    by_model = {one["model"]: one["verdict"] for one in json.loads(job.outputs["results"])}
    assert by_model == {NAME: "passed", "broken": "failed"}
    assert (tmp_path / job.outputs["report"]).is_file()
    assert [(tmp_path / one).is_file() for one in job.outputs["record"].splitlines()] == [True, True]
    cause = "the output is one vector of 3 scores per image: a classifier, not a detector"
    assert cause in job.summary
    assert "Fix:\n\n```text\nimport a detection model" in job.summary

    commands = runner_commands(job.log)
    assert [data.splitlines()[0] for kind, _, data in commands if kind == "error"] == [cause]
    assert commands[0][1] == {"title": "broken: model_outputs FAILED [not-a-detector]"}
    assert {kind for kind, _, _ in commands} == {"error", "warning", "notice"}

    suite = ElementTree.parse(tmp_path / "reports" / "junit.xml").getroot()[0]
    cases = [(case.attrib["classname"], case.attrib["name"]) for case in suite.iter("testcase")]
    assert ("dsbench.broken", "test_model_outputs[broken]") in cases
    assert all(re.fullmatch(r"dsbench\.[\w-]+", group) for group, _ in cases)
    broken = next(case for case in suite.iter("testcase") if case.attrib["name"] == "test_model_outputs[broken]")
    found = {one.attrib["name"]: one.attrib["value"] for one in broken.iter("property")}
    assert (found["step"], found["outcome"], found["code"]) == ("model_outputs", "failed", "not-a-detector")
    assert (found["model"], found["import"], found["report"]) == ("broken", "no", job.outputs["report"])
    whole = {one.attrib["name"]: one.attrib["value"] for one in suite.findall("properties/property")}
    assert whole["verdict"] == "failed"
    assert NAME in (whole["model1.model"], whole["model2.model"])


def test_a_directory_that_cannot_be_a_model_is_an_error_of_the_job(
    action: dict[str, Any], tmp_path: Path, temporary: Path
) -> None:
    inputs = {"command": dsbench_command(temporary), "model-dirs": "models/x", "scope": "$(touch owned)"}
    job = run_action(action, tmp_path, inputs, temporary)
    assert job.status == 4
    assert job.outputs["verdict"] == "error"
    assert "give one of all, import" in job.summary
    assert not (tmp_path / "owned").exists()


def test_inputs_reach_the_script_by_environment_variables_only(action: dict[str, Any]) -> None:
    install, run = action["runs"]["steps"]
    assert action["runs"]["using"] == "composite"
    for step in (install, run):
        assert step["shell"] == "bash"
        assert "${{" not in step["run"]
    wanted = {one.variable: f"${{{{ inputs.{one.name} }}}}" for one in INPUTS}
    assert run["env"] == {"DSBENCH_COMMAND": "${{ inputs.command }}", **wanted}
    assert list(action["inputs"]) == [*(one.name for one in INPUTS), "python", "command"]


def test_every_output_of_a_session_is_one_of_the_action(action: dict[str, Any], tmp_path: Path) -> None:
    values = outputs_of(session_outcome(whole_run(), tmp_path))
    assert {name: one["value"] for name, one in action["outputs"].items()} == {
        name: f"${{{{ steps.run.outputs.{name} }}}}" for name in values
    }


def test_the_page_names_every_input_and_output(action: dict[str, Any], repository: Path) -> None:
    page = (repository / "docs" / "ci.md").read_text(encoding="utf-8")
    assert all(f"| `{one.name}` | `{one.variable}` |" in page for one in INPUTS)
    assert all(f"`{name}`" in page for name in (*action["inputs"], *action["outputs"]))


@pytest.fixture(params=["github-pull-request.yml", "github-gpu-runner.yml"])
def workflow(request: pytest.FixtureRequest, repository: Path) -> tuple[str, dict[Any, Any]]:
    text = (repository / "docs" / "ci" / request.param).read_text(encoding="utf-8")
    return text, yaml.safe_load(text)


def test_a_workflow_needs_no_rights_and_no_secret(workflow: tuple[str, dict[Any, Any]], action: dict[str, Any]) -> None:
    text, loaded = workflow
    events = loaded[True]  # YAML 1.1 reads `on` as true
    names = {events} if isinstance(events, str) else set(events)
    assert names <= {"pull_request", "workflow_dispatch", "schedule"}
    assert loaded["permissions"] == {"contents": "read"}
    assert "secrets." not in text
    (job,) = loaded["jobs"].values()
    assert "permissions" not in job
    assert job["timeout-minutes"]
    assert ("pull_request" in names) != ("self-hosted" in job["runs-on"])
    steps = {str(step.get("uses", "")).partition("@")[0]: step for step in job["steps"]}
    assert steps["actions/checkout"]["with"]["persist-credentials"] is False
    assert set(steps["OWNER/dsbench"]["with"]) <= set(action["inputs"])
    assert steps["actions/upload-artifact"]["if"] == "always()"
    assert not any("${{" in step.get("run", "") for step in job["steps"])


def test_the_job_for_gitlab_publishes_what_dsbench_writes(repository: Path) -> None:
    (job,) = yaml.safe_load((repository / "docs" / "ci" / "gitlab-ci.yml").read_text(encoding="utf-8")).values()
    assert job["artifacts"]["reports"] == {"junit": "reports/junit.xml", "dotenv": "reports/dsbench.env"}
    assert job["artifacts"]["when"] == "always"
    assert set(job) <= {"artifacts", "image", "rules", "script", "variables"}, "keywords of GitLab"
    assert set(job["artifacts"]) <= {"paths", "reports", "when"}
    assert all(isinstance(one, str) for one in (*job["script"], *job["variables"].values())), "YAML reads a: b as a map"
    assert {name for name in job["variables"] if name.startswith("DSBENCH_")} <= {one.variable for one in INPUTS}
