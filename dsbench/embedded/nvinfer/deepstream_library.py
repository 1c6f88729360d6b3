"""DeepStream's own parser library, and the stand-in for it where DeepStream is not installed.

Configs of NGC TAO models name the library (pipeline-run.md, "NGC TAO models"). The stand-in exports the same functions
and is compiled on first use, like the host library. Configs and model directories never mention it.
"""

from __future__ import annotations

from pathlib import Path

from dsbench.base import cpp

NAME = "libnvds_infercustomparser.so"
ROOT = Path("/opt/nvidia/deepstream")
_STAND_IN = cpp.Product("libdsbench_tao_parsers.so", "tao", cpp.LIBRARY_FLAGS)


def stand_in_for(library: Path) -> Path | None:
    """Path of the stand-in if ``library`` is DeepStream's and not installed; else None.

    Raises DsbenchError BUILD_TOOL_MISSING or HOST_BUILD_FAILED.
    """
    if library.name != NAME or ROOT not in library.parents or library.is_file():
        return None
    return cpp.build(_STAND_IN)
