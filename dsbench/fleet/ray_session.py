"""The connection to a Ray cluster, which stays quiet: what Ray writes goes to a file."""

from __future__ import annotations

import os
import re
import secrets
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TextIO

from dsbench.base import places
from dsbench.base.cpus import usable_cpus
from dsbench.base.errors import Code, DsbenchError
from dsbench.fleet import ray_task
from dsbench.fleet.ray_nodes import ClusterNode

AUTO, LOCAL = "auto", "local"
_URL = re.compile(r"(?:ray://)?(?:\[(?P<v6>[0-9a-fA-F:]+)\]|(?P<host>[^\s:/@]+)):(?P<port>\d{1,5})")
_CONNECT_S = 10.0
_REQUESTS = 10_000
"""Tasks that may wait for a reply at the same time."""
_TOKEN = "~/.ray/auth_token"
_SETTINGS = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_BACKEND_LOG_LEVEL": "error", "RAY_worker_niceness": "0"}
"""Of this process and of the clusters that it starts, unless the user says otherwise."""


def check_address(address: str) -> None:
    """Raises USAGE for an address of no known form."""
    if address not in (AUTO, LOCAL) and not _URL.fullmatch(address):
        raise DsbenchError(
            Code.USAGE,
            f"--address {address} is not an address",
            fix="give auto, local, HOST:PORT of the head node, or ray://HOST:PORT",
        )


@contextmanager
def connected(address: str, log: Path) -> Iterator[TextIO]:
    """A connection to the cluster for the block; ``local`` starts one on this machine. Gives the stream to print to:
    standard output and standard error go to ``log`` meanwhile. Raises CLUSTER_UNAVAILABLE, NOT_WRITABLE."""
    for name, value in (*_SETTINGS.items(), *_authentication(address)):
        os.environ.setdefault(name, value)
    ray = _ray()
    own = {"num_cpus": usable_cpus(), "include_dashboard": False} if address == LOCAL else {}
    with _quiet(log) as shown:
        _require_answer(_found_by_ray() if address == AUTO else address)
        try:
            ray.init(address=address, log_to_driver=False, logging_level="error", **own)
        except (ray.exceptions.RayError, RuntimeError, ValueError, OSError, ImportError) as error:
            raise _unavailable(" ".join(str(error).split())[:300], address) from error
        try:
            yield shown
        finally:
            ray.shutdown()


def _authentication(address: str) -> Iterator[tuple[str, str]]:
    """Ray reads these variables when it is imported. A cluster of its own gets a token of its own: Ray would write one
    to the home directory, and clusters that are started later would ask for it."""
    if address == LOCAL:
        yield from (("RAY_AUTH_MODE", "token"), ("RAY_AUTH_TOKEN", secrets.token_hex(32)))
    elif any(map(os.path.exists, (os.path.expanduser(_TOKEN), os.environ.get("RAY_AUTH_TOKEN_PATH", "")))):
        yield "RAY_AUTH_MODE", "token"  # as `ray start --head` does


@contextmanager
def _quiet(log: Path) -> Iterator[TextIO]:
    """Ray's libraries write to the descriptors of standard output and standard error, so those lead to ``log``."""
    sys.stdout.flush()
    sys.stderr.flush()
    before = os.dup(1), os.dup(2)
    with places.new_file(log) as target:
        try:
            for number in (1, 2):
                os.dup2(target.fileno(), number)
            with open(before[0], "w", encoding="utf-8", errors="backslashreplace", closefd=False) as shown:
                yield shown
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            for number, old in zip((1, 2), before, strict=True):
                os.dup2(old, number)
                os.close(old)


def nodes() -> list[ClusterNode]:
    """The nodes that are alive."""
    import ray

    return [
        ClusterNode(node["NodeID"], node["NodeManagerHostname"], dict(node["Resources"]), dict(node["Labels"]))
        for node in ray.nodes()
        if node["Alive"]
    ]


def _ray() -> Any:
    try:
        import ray
    except ImportError as error:
        raise DsbenchError(
            Code.CLUSTER_UNAVAILABLE, "Ray is not installed", fix="pip install 'dsbench[fleet]'"
        ) from error
    return ray


def _found_by_ray() -> str:
    """The address that Ray takes for ``auto``; empty if there is none, or if this release of Ray does not say so.

    Ray's file of the latest cluster stays when a cluster is killed.
    """
    try:
        from ray._private import services

        return str(services.get_ray_address_from_environment(AUTO, None))
    except Exception:  # not Ray's public interface: `ray.init` finds out itself, and says so
        return os.environ.get("RAY_ADDRESS", "")


def _require_answer(address: str) -> None:
    """Ray itself tries for many minutes, and no signal ends it meanwhile."""
    found = _URL.fullmatch(address)
    if found is None:
        return
    try:
        socket.create_connection((found["v6"] or found["host"], int(found["port"])), _CONNECT_S).close()
    except (OSError, OverflowError) as error:
        raise _unavailable(getattr(error, "strerror", None) or str(error), address) from error


def _unavailable(reason: str, address: str) -> DsbenchError:
    return DsbenchError(
        Code.CLUSTER_UNAVAILABLE,
        f"the Ray cluster cannot be reached: {reason}",
        where=f"--address {address}",
        fix="check `ray status` on the head node, or give --address local for a cluster of this machine alone",
    )


def desk_and_task() -> tuple[Any, Any]:
    """The actor that passes on requests, on this node, and the task that runs a job. Ray gets both by value.

    Ray may kill the actor where memory is short, and restarts it: use ``ray_requests.ask``.
    """
    import ray
    from ray import cloudpickle
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
    cloudpickle.register_pickle_by_value(ray_task)
    desk = ray.remote(ray_task.RequestDesk).options(
        num_cpus=0, max_concurrency=_REQUESTS, max_restarts=-1, scheduling_strategy=here
    )
    task = ray.remote(max_calls=1, max_retries=0)(ray_task.run_model)
    return desk.remote(), task


def cancel(ref: Any, *, force: bool = False) -> None:
    """End a task: as Ctrl-C does, or with ``force`` by killing its worker. Does nothing if it has ended."""
    import ray

    with suppress(ray.exceptions.RayError, ValueError):
        ray.cancel(ref, force=force)
