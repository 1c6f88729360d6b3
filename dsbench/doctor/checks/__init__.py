"""The checks of ``dsbench doctor``: ``CHECKS`` lists them all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from dsbench.doctor.checks import common, deepstream, gstreamer
from dsbench.doctor.checks.check import GROUPS, Check
from dsbench.doctor.fixes import Advice
from dsbench.doctor.inventory import Inventory

CHECKS: tuple[Callable[[Inventory, Advice], Check | Iterable[Check]], ...] = (
    common.python,
    common.packages,
    common.build_tools,
    common.folders,
    common.memory,
    common.embedded_parser_build,
    common.encoder,
    common.video,
    common.shared_memory,
    common.nvml,
    common.sandbox,
    deepstream.gpu,
    deepstream.driver_libraries,
    deepstream.app,
    deepstream.parser_build,
    gstreamer.programs,
    gstreamer.elements,
    gstreamer.nvdec,
    gstreamer.nvenc,
    deepstream.trtexec,
    deepstream.cuda_toolkit,
)
"""In the order of the output within a group. A check states its own group, which may depend on what it found."""


def check_all(inventory: Inventory, advice: Advice) -> tuple[Check, ...]:
    """The results of all checks, sorted by group."""
    return tuple(sorted(_results(inventory, advice), key=lambda check: GROUPS.index(check.group)))


def _results(inventory: Inventory, advice: Advice) -> Iterator[Check]:
    for look in CHECKS:
        result = look(inventory, advice)
        if isinstance(result, Check):
            yield result
        else:
            yield from result
