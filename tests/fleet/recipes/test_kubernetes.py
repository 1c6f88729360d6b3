"""The manifests against Kubernetes' own schemas, and what a pod does, without a cluster: its script runs here with the
variables that Kubernetes would set."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from dsbench.base.errors import DsbenchError
from dsbench.fleet import result
from dsbench.fleet.job import FleetJob, Needs
from dsbench.fleet.recipes import kubernetes
from dsbench.fleet.recipes.recipe import Recipe
from dsbench.fleet.recipes.settings import RecipeSettings
from tests.fleet.plans import a_job
from tests.fleet.recipes import stand_in
from tests.hostile_names import HOSTILE

L4, A100 = Needs(gpus=1, gpu_kind="L4"), Needs(gpus=2, gpu_kind="A100", cpus=8)
Document = dict[str, Any]


def documents(recipe: Recipe) -> list[Document]:
    return list(yaml.safe_load_all(recipe.text))


def rendered(jobs: Sequence[FleetJob], **settings: Any) -> list[Document]:
    return documents(kubernetes.render(jobs, RecipeSettings(**settings)))


def pod(document: Document) -> Document:
    found: Document = document["spec"]["template"]["spec"]
    return found


def container(document: Document) -> Document:
    (found,) = pod(document)["containers"]
    return dict(found)


MIXED = (
    a_job("a", "/data/results", runtime="deepstream", needs=L4),
    a_job("b", "/data/results", runtime="deepstream", needs=A100),
    a_job("c", "/data/results", runtime="deepstream", needs=L4),
    a_job("d", "/data/results"),
    a_job("e", "/data/results"),
)


HOSTILE_JOBS = [
    a_job("net", "/data/r", id=f"x{number}", model=name) for number, name in enumerate(HOSTILE) if "/" not in name
]


@pytest.mark.parametrize("version", ["1.29", "1.31", "1.34"])
@pytest.mark.parametrize(
    ("jobs", "settings"),
    [
        pytest.param(MIXED, {}, id="several needs"),
        pytest.param(MIXED[:1], {"parallel": 3, "image": "registry/x@sha256:0", "claim": "a.b-c"}, id="one model"),
        pytest.param(MIXED, {"mounts": ("/data", "/home/u")}, id="two mounts"),
        pytest.param(
            [a_job("net", "/data/r", id=f"x{n}", model=name) for n, name in enumerate(HOSTILE)], {}, id="names"
        ),
    ],
)
def test_the_schemas_of_kubernetes_hold(jobs: Sequence[FleetJob], settings: dict[str, Any], version: str) -> None:
    validate = pytest.importorskip("kubernetes_validate").validate
    for document in rendered(jobs, **settings):
        validate(document, version, strict=True)


def test_one_job_for_each_need() -> None:
    plan, a100, l4, cpu, merge = rendered(MIXED, parallel=1)
    assert len(plan["data"]["plan.jsonl"].splitlines()) == len(MIXED)
    for document, offset, count in ((a100, "0", 1), (l4, "1", 2), (cpu, "3", 2)):
        assert document["spec"]["completions"] == count
        assert {"name": "OFFSET", "value": offset} in container(document)["env"]
    assert l4["spec"]["parallelism"] == 1
    assert pod(l4)["nodeSelector"] == {"nvidia.com/gpu.product": "NVIDIA-L4"}
    (term,) = pod(a100)["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"][
        "nodeSelectorTerms"
    ]
    assert "NVIDIA-A100-SXM4-80GB" in term["matchExpressions"][0]["values"]
    assert container(a100)["resources"]["limits"] == {"memory": "16Gi", "cpu": "8", "nvidia.com/gpu": "2"}
    assert container(l4)["image"].startswith("nvcr.io/nvidia/deepstream:")
    assert container(cpu)["image"].startswith("python:")
    assert "nvidia.com/gpu" not in container(cpu)["resources"]["limits"]
    (rule,) = pod(cpu)["affinity"]["podAntiAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    assert rule["topologyKey"] == "kubernetes.io/hostname"
    assert rule["labelSelector"]["matchLabels"].items() <= l4["spec"]["template"]["metadata"]["labels"].items()
    assert merge["spec"]["suspend"] is True
    assert rule["labelSelector"]["matchLabels"].items() - merge["spec"]["template"]["metadata"]["labels"].items()


def test_a_failed_model_is_not_tried_again_and_anything_else_is_at_most_twice() -> None:
    _, single, indexed, *_ = rendered(MIXED)
    for document, action in ((indexed, "FailIndex"), (single, "FailJob")):
        (rule,) = document["spec"]["podFailurePolicy"]["rules"]
        assert rule["action"] == action
        assert rule["onExitCodes"] == {"containerName": "dsbench", "operator": "In", "values": [1, 4]}
        assert pod(document)["restartPolicy"] == "Never"
    assert (indexed["spec"]["backoffLimitPerIndex"], indexed["spec"]["maxFailedIndexes"]) == (2, 2)
    assert "backoffLimit" not in indexed["spec"]
    assert single["spec"]["backoffLimit"] == 2


def test_no_pod_has_more_rights_than_it_needs() -> None:
    for document in rendered(MIXED)[1:]:
        assert pod(document)["automountServiceAccountToken"] is False
        assert pod(document)["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        context = container(document)["securityContext"]
        assert context["allowPrivilegeEscalation"] is False
        assert context["capabilities"]["drop"] == ["ALL"]


def test_a_plan_above_the_limit_of_a_configmap_lies_on_the_volume() -> None:
    many = [a_job(f"model-{number}", "/data/results") for number in range(2000)]
    recipe = kubernetes.render(many, RecipeSettings())
    run, _ = documents(recipe)
    assert recipe.plan_path.startswith("/data/results/dsbench-")
    assert len(recipe.plan_text.splitlines()) == len(many)
    assert len(recipe.text) < 20_000
    assert {"name": "PLAN", "value": recipe.plan_path} in container(run)["env"]
    assert [one["name"] for one in pod(run)["volumes"]] == ["shm", "data"]


@pytest.mark.parametrize("settings", [{"image": "none"}, {"claim": "A B"}, {"claim": "-"}])
def test_settings_that_kubernetes_does_not_take_are_errors(settings: dict[str, Any]) -> None:
    with pytest.raises(DsbenchError):
        rendered(MIXED, **settings)


def expanded(text: str, variables: dict[str, str]) -> str:
    """As Kubernetes expands commands and values (k8s.io/kubernetes/third_party/forked/golang/expansion)."""

    def value(match: re.Match[str]) -> str:
        if match[0] == "$$":
            return "$"
        return variables.get(match[1], match[0])

    return re.sub(r"\$\$|\$\(([^)]*)\)", value, text)


def run_pod(document: Document, plan: Path, programs: Path, **more: str) -> subprocess.CompletedProcess[str]:
    """Run the container's command. The ConfigMap's file lies at ``plan``."""
    variables: dict[str, str] = {}
    for one in container(document)["env"]:
        variables[one["name"]] = expanded(one["value"], variables)
    variables["PLAN"] = str(plan) if variables["PLAN"].startswith("/etc/") else variables["PLAN"]
    command = [expanded(one, variables) for one in container(document)["command"]]
    environment = {"PATH": f"{programs}:{os.environ['PATH']}", **variables, **more}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)


def test_pods_run_their_jobs_and_the_merge_has_the_verdict(tmp_path: Path) -> None:
    programs = stand_in.install(tmp_path / "bin")
    results = tmp_path / "$(PLAN) `touch x` $HOME"
    models = ("pass $(touch x)", "fail", "lost")
    jobs = [a_job(name, results, id=f"m{number}") for number, name in enumerate(models)]
    config, run, merge = rendered(jobs)
    plan = tmp_path / "plan.jsonl"
    plan.write_text(config["data"]["plan.jsonl"])

    statuses = [run_pod(run, plan, programs, JOB_COMPLETION_INDEX=str(index)).returncode for index in range(3)]
    assert statuses == [0, 1, 3]
    assert stand_in.calls(programs) == ["m0", "m1", "m2"]
    merged = run_pod(merge, plan, programs)
    assert merged.returncode == 1, merged.stderr
    assert "1 passed, 1 failed, 1 invalid" in merged.stdout.lower()
    assert (results / "_merged" / "index.html").is_file()
    assert not list(tmp_path.glob("**/x"))


def test_a_failing_installation_is_not_taken_for_a_failed_model(tmp_path: Path) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "bash").symlink_to(str(shutil.which("bash")))
    (programs / "python3").write_text("#!/bin/bash\nexit 1\n")
    (programs / "python3").chmod(0o755)
    _, run, _ = rendered(MIXED[:1])
    environment = {"PATH": str(programs), "PLAN": "x", "OFFSET": "0", "INSTALL": "x"}
    done = subprocess.run(container(run)["command"], env=environment, capture_output=True, check=False, timeout=20)
    assert done.returncode == result.INVALID_STATUS
