"""What the recipes share: groups, mounts, names of GPUs, texts for YAML and shells."""

from __future__ import annotations

import re
import subprocess

import pytest
import yaml

from dsbench.base.errors import Code, DsbenchError
from dsbench.base.text import console
from dsbench.fleet import job
from dsbench.fleet.job import JobFile, Needs
from dsbench.fleet.recipes import gpu_kinds, recipe, slurm
from dsbench.fleet.recipes.recipe import OrderedPlan
from dsbench.fleet.recipes.settings import RecipeSettings
from tests.fleet.plans import a_job
from tests.hostile_names import HOSTILE

L4, ANY = Needs(gpus=1, gpu_kind="L4"), Needs(gpus=1)


def test_jobs_of_one_need_lie_side_by_side_and_keep_their_order() -> None:
    given = [a_job("a", needs=L4), a_job("b", needs=ANY), a_job("c", needs=L4), a_job("d")]
    plan = OrderedPlan(given)
    assert [one.model for one in plan.jobs] == ["d", "b", "a", "c"]
    found = [(group.offset, group.count, group.needs) for group in plan.groups]
    assert found == [(0, 1, Needs()), (1, 1, ANY), (2, 2, L4)]
    assert list(job.from_lines(plan.text.splitlines(), "plan")) == plan.jobs


def test_the_name_follows_from_the_plan() -> None:
    one, other = OrderedPlan([a_job("a")]), OrderedPlan([a_job("b")])
    assert one.name == OrderedPlan([a_job("a")]).name != other.name


def test_a_plan_without_jobs_is_an_error() -> None:
    with pytest.raises(DsbenchError, match="no job is left") as raised:
        OrderedPlan([])
    assert raised.value.code is Code.USAGE


def with_sources(*sources: str, results: str = "/data/results", uri: str = "") -> OrderedPlan:
    files = tuple(JobFile(f"files/x/{n}", path, 1, "0" * 64, uri) for n, path in enumerate(sources))
    return OrderedPlan([a_job(results=results, files=files)])


@pytest.mark.parametrize(
    ("plan", "given", "expected"),
    [
        pytest.param(with_sources("/data/models/a/x.onnx", "/data/clips/c.mp4"), (), ("/data",), id="one above all"),
        pytest.param(
            with_sources("/data/m/x.onnx", "/home/u/c.mp4"), (), ("/data/m", "/data/results", "/home/u"), id="two"
        ),
        pytest.param(with_sources("/data/m/x.onnx"), ("/data/",), ("/data/",), id="given"),
        pytest.param(with_sources("/a/x.onnx", uri="s3://b/0"), (), ("/data/results",), id="in a store"),
        pytest.param(with_sources("/a/x.onnx", uri="file:///data/b/0"), (), ("/data",), id="in a folder as a store"),
    ],
)
def test_the_directories_that_every_machine_needs(
    plan: OrderedPlan, given: tuple[str, ...], expected: tuple[str, ...]
) -> None:
    assert recipe.mounts(plan, RecipeSettings(mounts=given)) == expected


@pytest.mark.parametrize(
    ("plan", "given", "what"),
    [
        pytest.param(with_sources("/data/m/x.onnx"), ("/other",), "lies in none of the directories", id="not covered"),
        pytest.param(with_sources("/data/m/x.onnx"), ("data",), "cannot be mounted", id="relative"),
        pytest.param(with_sources("/usr/x.onnx", results="/usr"), (), "cannot be mounted", id="the system's"),
        pytest.param(with_sources("/data/m/x.onnx"), ("/",), "cannot be mounted", id="the root"),
        pytest.param(with_sources("/a:b/x.onnx", results="/a:b/r"), (), "a mount cannot have", id="colon"),
        pytest.param(with_sources("/a\nb/x.onnx", results="/a\nb/r"), (), "a mount cannot have", id="two lines"),
    ],
)
def test_directories_that_no_container_can_have_are_errors(
    plan: OrderedPlan, given: tuple[str, ...], what: str
) -> None:
    with pytest.raises(DsbenchError, match=what) as raised:
        recipe.mounts(plan, RecipeSettings(mounts=given))
    assert raised.value.code is Code.USAGE


def test_results_in_several_places_are_an_error() -> None:
    with pytest.raises(DsbenchError, match="different directories"):
        _ = OrderedPlan([a_job("a", "/r1"), a_job("b", "/r2")]).results


def test_hostile_texts_stay_data_in_yaml_and_in_a_shell() -> None:
    for name in HOSTILE:
        quoted = recipe.yaml_text(name)
        assert console(f"x: {quoted}") == f"x: {quoted}", name
        if not re.search("[\ud800-\udfff]", name):
            assert yaml.safe_load(f"x: {quoted}") == {"x": name}
    names = [name for name in HOSTILE if "\ud800" not in name]  # no file has such a name
    words = " ".join(map(recipe.shell_text, names))
    assert console(words) == words
    assert words.isascii()
    done = subprocess.run(["bash", "-c", f"printf '%s\\0' {words}"], capture_output=True, check=True)
    assert done.stdout.decode("utf-8", "surrogateescape").split("\0")[:-1] == names


@pytest.mark.parametrize(
    ("kind", "products", "gres"),
    [
        ("L4", ("NVIDIA-L4",), "L4"),
        ("l40s", ("NVIDIA-L40S",), "l40s"),
        ("A30", ("NVIDIA-A30",), "A30"),
        ("RTX-A6000", ("RTX-A6000",), "RTX-A6000"),
        ("T4", ("Tesla-T4",), "T4"),
        ("H100", ("NVIDIA-H100-80GB-HBM3", "NVIDIA-H100-PCIe", "NVIDIA-H100-NVL"), "H100"),
        ("NVIDIA RTX A6000", ("NVIDIA-RTX-A6000",), "nvidia_rtx_a6000"),
        ("NVIDIA-L4", ("NVIDIA-L4",), "NVIDIA-L4"),
    ],
)
def test_a_gpu_kind_has_its_name_on_every_engine(kind: str, products: tuple[str, ...], gres: str) -> None:
    assert (gpu_kinds.kubernetes_products(kind), gpu_kinds.slurm_type(kind)) == (products, gres)


@pytest.mark.parametrize("kind", ["a:b", "a,b", "$(x)", "ü", "-n", "a" * 64, " ", "a\nb"])
def test_a_gpu_kind_that_no_engine_takes_is_an_error(kind: str) -> None:
    for name in (gpu_kinds.kubernetes_products, gpu_kinds.slurm_type, gpu_kinds.runner_label):
        with pytest.raises(DsbenchError, match="cannot be a label"):
            name(kind)


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        ("nvcr.io/nvidia/deepstream:9.1", "nvcr.io#nvidia/deepstream:9.1"),
        ("registry:5000/x", "registry:5000#x"),
        ("localhost/x", "localhost#x"),
        ("python:3.12", "python:3.12"),
        ("team/dsbench", "team/dsbench"),
        ("/images/deepstream.sqsh", "/images/deepstream.sqsh"),
    ],
)
def test_images_as_enroot_writes_them(image: str, expected: str) -> None:
    assert slurm.enroot_name(image) == expected
