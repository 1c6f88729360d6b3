"""What Ray is asked for, and whether a cluster has it."""

from __future__ import annotations

import pytest

from dsbench.fleet import ray_nodes
from dsbench.fleet.job import Needs
from dsbench.fleet.ray_nodes import ClusterNode, Demand
from tests.fleet.plans import a_job

GPU = {"CPU": 16.0, "GPU": 2.0, "accelerator_type:L4": 1.0}


def node(name: str, resources: dict[str, float], **labels: str) -> ClusterNode:
    return ClusterNode(name, f"host-{name}", resources, labels)


@pytest.mark.parametrize(
    ("needs", "sizes", "expected"),
    [
        (Needs(), (2,), Demand(0, "", 2)),
        (Needs(), (8, 8), Demand(0, "", 5)),
        (Needs(), (7,), Demand(0, "", 4)),
        (Needs(), (64, 4), Demand(0, "", 33)),  # no two on the large node, none on the small one
        (Needs(), (), Demand(0, "", 1)),
        (Needs(cpus=3), (64,), Demand(0, "", 3)),
        (Needs(gpus=1, gpu_kind="L4"), (64,), Demand(1, "L4", 1)),
        (Needs(gpus=1, cpus=6), (64,), Demand(1, "", 6)),
    ],
)
def test_what_a_job_asks_for(needs: Needs, sizes: tuple[int, ...], expected: Demand) -> None:
    nodes = [node(str(number), {"CPU": float(size)}) for number, size in enumerate(sizes)]
    assert ray_nodes.demand(a_job(needs=needs), nodes, ()) == expected


def test_two_jobs_of_a_whole_machine_never_fit_on_one_node() -> None:
    for size in range(1, 70):
        asked = ray_nodes.demand(a_job(), [node("a", {"CPU": float(size)})], ()).cpus
        assert asked <= size < 2 * asked


@pytest.mark.parametrize(
    ("asked", "nodes", "expected"),
    [
        (Demand(1, "", 1), [node("a", GPU)], ""),
        (Demand(1, "L4", 1), [node("a", GPU)], ""),
        (Demand(1, "", 1), [], "the cluster has no node that is alive"),
        (Demand(1, "", 1), [node("a", {"CPU": 4.0})], "no node of the cluster has 1 GPU"),
        (Demand(4, "", 1), [node("a", GPU)], "no node of the cluster has 4 GPU"),
        (Demand(1, "H100", 1), [node("a", GPU)], "no node of the cluster has accelerator_type:H100"),
        (
            Demand(1, "L4", 32),
            [node("a", GPU), node("b", {"CPU": 64.0})],
            "no node of the cluster has all of 1 GPU, 32 CPU, accelerator_type:L4",
        ),
        (Demand(0, "", 1, (("zone", "eu"),)), [node("a", GPU, zone="eu")], ""),
        (Demand(0, "", 1, (("zone", "us"),)), [node("a", GPU, zone="eu")], "no node of the cluster has label zone=us"),
    ],
)
def test_what_no_node_has(asked: Demand, nodes: list[ClusterNode], expected: str) -> None:
    assert asked.missing(nodes) == expected


@pytest.mark.parametrize(
    ("selector", "fits"),
    [
        ("eu", True),
        ("us", False),
        ("!us", True),
        ("!eu", False),
        ("in(us, eu)", True),
        ("in(us)", False),
        ("!in(us)", True),
        ("!in(eu,us)", False),
        ("something that only Ray knows", True),
    ],
)
def test_label_selectors(selector: str, fits: bool) -> None:
    asked = Demand(0, "", 1, (("zone", selector),))
    assert (asked.missing([node("a", GPU, zone="eu")]) == "") is fits


def test_options_for_ray() -> None:
    asked = Demand(1, "L4", 2, (("zone", "eu"),))
    assert asked.options() == {
        "num_cpus": 2,
        "num_gpus": 1,
        "accelerator_type": "L4",
        "label_selector": {"zone": "eu"},
    }
    again = asked.options(["a", "b"])
    assert again["label_selector"] == {"zone": "eu", "ray.io/node-id": "!in(a,b)"}
    assert again["fallback_strategy"] == [{"label_selector": {"zone": "eu"}}]


def test_small_nodes_are_named() -> None:
    nodes = [node("a", {"CPU": 64.0}), node("b", {"CPU": 4.0}), node("head", {})]
    asked = [ray_nodes.demand(a_job(), nodes, ())]
    assert ray_nodes.unused(asked, nodes) == ["host-b is not used: it has 4 CPUs, and a job takes 33"]
    assert ray_nodes.unused([*asked, Demand(1, "", 1)], nodes) == []
