"""What Ray is asked for: the resources of a job, and whether a node of the cluster has them at all."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dsbench.base.text import counted
from dsbench.fleet.job import FleetJob

_LABEL_VALUE = re.compile(r"(?P<other>!)?(?:in\((?P<several>[^()]*)\)|(?P<one>[\w.-]*))")
NODE_LABEL = "ray.io/node-id"


@dataclass(frozen=True, slots=True)
class ClusterNode:
    """A node that is alive. ``resources``: all that it has, free or not, by Ray's names."""

    id: str
    host: str
    resources: Mapping[str, float]
    labels: Mapping[str, str]

    @property
    def cpus(self) -> int:
        return int(self.resources.get("CPU", 0))


@dataclass(frozen=True, slots=True)
class Demand:
    """What a task asks Ray for. ``labels``: keys and values of Ray's label selector."""

    gpus: int
    gpu_kind: str
    cpus: int
    labels: tuple[tuple[str, str], ...] = ()

    def options(self, avoided: Sequence[str] = ()) -> dict[str, Any]:
        """Ray's options of the task. ``avoided``: ids of nodes that are taken only if no other one can run it."""
        labels = dict(self.labels)
        options: dict[str, Any] = {"num_cpus": self.cpus, "num_gpus": self.gpus}
        if self.gpu_kind:
            options["accelerator_type"] = self.gpu_kind
        if avoided and NODE_LABEL not in labels:
            options["label_selector"] = {**labels, NODE_LABEL: f"!in({','.join(avoided)})"}
            options["fallback_strategy"] = [{"label_selector": labels}]
        elif labels:
            options["label_selector"] = labels
        return options

    def missing(self, nodes: Sequence[ClusterNode]) -> str:
        """What no node has, as one sentence; empty if a node has all of it."""
        lacks = [self._lacking(node) for node in nodes]
        if not nodes:
            return "the cluster has no node that is alive"
        if not all(lacks):
            return ""
        nobody = set.intersection(*map(set, lacks))
        if nobody:
            return f"no node of the cluster has {' and '.join(sorted(nobody))}"
        return f"no node of the cluster has all of {', '.join(sorted(set().union(*lacks)))}"

    def _lacking(self, node: ClusterNode) -> list[str]:
        kind = f"accelerator_type:{self.gpu_kind}"
        lacking = [f"{self.gpus} GPU"] if node.resources.get("GPU", 0) < self.gpus else []
        lacking += [f"{self.cpus} CPU"] if node.resources.get("CPU", 0) < self.cpus else []
        lacking += [kind] if self.gpu_kind and kind not in node.resources else []
        wrong = (f"label {key}={value}" for key, value in self.labels if not _selects(value, node.labels, key))
        return [*lacking, *wrong]


def _selects(value: str, labels: Mapping[str, str], key: str) -> bool:
    """Ray's label selector: ``a``, ``!a``, ``in(a,b)``, ``!in(a,b)``. What is none of these is left to Ray."""
    found = _LABEL_VALUE.fullmatch(value)
    if found is None:
        return True
    wanted = {one.strip() for one in (found["several"] if found["several"] is not None else found["one"]).split(",")}
    return (labels.get(key) in wanted) is not bool(found["other"])


def demand(one: FleetJob, nodes: Sequence[ClusterNode], labels: tuple[tuple[str, str], ...]) -> Demand:
    """What a job asks for. A job without a GPU takes more than half of the largest node, so that no two jobs are on one
    host; figures of smaller nodes could not be compared with those of larger ones, so those are not used."""
    needs = one.needs
    whole = 1 if needs.gpus else max((node.cpus for node in nodes), default=1) // 2 + 1
    return Demand(needs.gpus, needs.gpu_kind, needs.cpus or whole, labels)


def unused(demands: Iterable[Demand], nodes: Sequence[ClusterNode]) -> list[str]:
    """Of each node whose CPUs are too few for every job: a sentence."""
    least = min((one.cpus for one in demands), default=0)
    return [
        f"{node.host} is not used: it has {counted(node.cpus, 'CPU')}, and a job takes {least}"
        for node in nodes
        if 0 < node.cpus < least
    ]
