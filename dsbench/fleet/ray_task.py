"""What Ray runs in a cluster. Ray gets this module by value, so that a node without dsbench can say so.

For that nothing of dsbench is imported at the top, and what goes back and forth is of plain types.
"""

from __future__ import annotations

import asyncio
import random
import socket
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dsbench.fleet.ray_requests import Request


class RequestDesk:
    """An actor on the driver's node: requests of tasks wait here for the replies of the driver, which may not be
    reachable in another way. Only what is asked for is in the object store, and only until it is read."""

    def __init__(self) -> None:
        self._waiting: dict[int, tuple[Request, asyncio.Future[Any]]] = {}
        self._new: asyncio.Queue[int] = asyncio.Queue()
        self._count = random.getrandbits(60)  # Ray may have killed and restarted the actor: no number is used twice

    async def ask(self, request: Request) -> Any:
        """The driver's reply."""
        self._count += 1
        number = self._count
        reply: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting[number] = (request, reply)
        self._new.put_nowait(number)
        try:
            return await reply
        finally:
            del self._waiting[number]

    async def asked(self, seconds: float, most: int) -> list[tuple[int, Request]]:
        """For the driver: up to ``most`` new requests with their numbers, none if none comes within ``seconds``."""
        try:
            numbers = [await asyncio.wait_for(self._new.get(), seconds)]
        except TimeoutError:
            return []
        while len(numbers) < most and not self._new.empty():
            numbers.append(self._new.get_nowait())
        return [(number, self._waiting[number][0]) for number in numbers if number in self._waiting]

    async def reply(self, number: int, value: Any) -> None:
        """For the driver: the answer to a request."""
        if number in self._waiting and not self._waiting[number][1].done():
            self._waiting[number][1].set_result(value)


def run_model(desk: Any, job_id: str, attempt: int, version: str) -> tuple[str, str]:
    """Run a job. It comes from the driver by way of the desk, and so do its files; its results go back there.

    Returns why this node cannot run it, "" if it could, and Ray's id of the node. ``version``: of the driver's dsbench.
    """
    import ray

    host, node = socket.gethostname(), ray.get_runtime_context().get_node_id()
    try:
        import dsbench
        from dsbench.fleet import ray_worker
    except ImportError as error:
        return f"dsbench cannot be imported on {host} ({error}): install dsbench {version} there", node
    if dsbench.__version__ != version:
        return f"{host} has dsbench {dsbench.__version__}: install dsbench {version} there", node
    ray_worker.run(desk, job_id, attempt)
    return "", node
