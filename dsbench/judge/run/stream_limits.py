"""Whether a machine lets deepstream-app have what very many streams need, and whether a failure looks like that.

The needs of one stream are estimates, from the threads and buffers that deepstream-app makes for a source: a warning
may be wrong, and stops no run. NVDEC has no limit of sessions of its own: each decoder needs GPU memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from dsbench.base.errors import Code
from dsbench.formats.app.reader import MAX_SOURCES

MANY = 32
"""With fewer streams a failure has another cause."""
MUCH = 1 / 4
"""Fraction of the streams; all play the same clip, so if that many stall it is not the clip's fault."""
HALVINGS = 3
"""How often a run is made again with half of the streams."""
_FILES, _THREADS, _MAPS, _HOST_MIB, _GPU_MIB = 24, 12, 48, 40, 48
_DECODE_SURFACES = 20
_BASE_FILES, _BASE_THREADS, _BASE_MAPS, _BASE_HOST_MIB, _BASE_GPU_MIB = 200, 60, 4000, 2048, 2048
_RESOURCE_FAILURES = ("memory", "too-many-files", "no-threads")
"""Ids of rows in formats/failures."""


@dataclass(frozen=True)
class MachineLimits:
    """What one program may have. None: no limit, or not known. ``frame_bytes``: of a decoded frame of the clip."""

    files: int | None = None
    threads: int | None = None
    maps: int | None = None
    host_mib: int | None = None
    gpu_mib: int | None = None
    frame_bytes: int = 0


def exceeded(streams: int, limits: MachineLimits) -> tuple[str, ...]:
    """The limits that ``streams`` streams are likely to exceed, one sentence each."""
    return tuple(_exceeded(streams, limits)) if streams >= MANY else ()


def _exceeded(streams: int, limits: MachineLimits) -> Iterator[str]:
    if streams > MAX_SOURCES:
        yield f"deepstream-app takes at most {MAX_SOURCES} sources: use fewer streams"
    gpu_mib = _GPU_MIB + (_DECODE_SURFACES * limits.frame_bytes >> 20)
    needs = (
        ("open files", limits.files, _BASE_FILES, _FILES, "raise the hard limit (ulimit -Hn)"),
        ("threads", limits.threads, _BASE_THREADS, _THREADS, "raise pids.max or ulimit -u"),
        ("memory maps", limits.maps, _BASE_MAPS, _MAPS, "raise vm.max_map_count"),
        ("MiB of host memory", limits.host_mib, _BASE_HOST_MIB, _HOST_MIB, "use a machine with more memory"),
        ("MiB of GPU memory", limits.gpu_mib, _BASE_GPU_MIB, gpu_mib, "use fewer streams"),
    )
    for what, limit, base, each, fix in needs:
        wanted = base + streams * each
        if limit is not None and wanted > limit:
            yield f"{streams} streams need about {wanted} {what} ({each} a stream), the limit here is {limit}: {fix}"


def likely(code: Code, streams: int, *, frames: bool, failure: str) -> bool:
    """Whether a run that failed with ``code`` had too many streams. ``frames``: it delivered some; ``failure``: the id
    of the cause that its log shows, empty for none."""
    if streams < MANY:
        return False
    if code is Code.APP_TIMEOUT or failure in _RESOURCE_FAILURES:
        return True
    return code is Code.FPS_PARSE and not frames
