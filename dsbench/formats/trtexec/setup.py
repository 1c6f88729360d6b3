"""What a trtexec run prints before it measures: version, device, engine, shapes, options.

Wordings of TensorRT 7 to 11 (banner, option dump, "Device Information", binding lines). All are optional: a log
that keeps only its summary has none of them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from dsbench.base import numbers
from dsbench.formats import versions

MARKS = (
    *("&&&& RUNNING", "TensorRT version:", "Selected Device:", "Compute Capability:", "Load engine:", "nput binding"),
    *("Input inference shape", "Data transfers:", "Streams:", "Memory Pools:", "Engine built in"),
)
"""One of them is in every line that is read here."""
_BANNER = re.compile(r"&&&& RUNNING TensorRT\.trtexec\b[^#]*(?:# (.*))?")
_VERSION = re.compile(r"\bTensorRT version: ([0-9]+(?:\.[0-9]+)+)")
_DEVICE = re.compile(r"Selected Device: (.+)")
_CAPABILITY = re.compile(r"Compute Capability: ([0-9]+\.[0-9]+)")
_ENGINE = re.compile(r"\] Load engine: (.+)")
_LOADED = re.compile(r"--loadEngine=(.*?)(?: --|$)")
_BOUND = re.compile(r"(?:Created input binding|Input binding) for (.+?) with dimensions ((?:-?[0-9]+x)*-?[0-9]+)")
_SHAPE_OPTION = re.compile(r"Input inference shapes? ?: ?(.+)=((?:[0-9]+x)*[0-9]+)\s*$")
_TRANSFERS = re.compile(r"Data transfers: (Enabled|Disabled)")
_STREAMS = re.compile(r"(?:Inference )?Streams: ([0-9]+)\s*$")
_WORKSPACE = re.compile(r"Memory Pools: workspace: ([0-9.eE+-]+) MiB")
_BUILT = re.compile(r"Engine built in ([0-9.]+) sec")


@dataclass(frozen=True, slots=True)
class Setup:
    """``shapes``: (input, dimensions) that were really run, batch first. ``workspace_mib``: what trtexec understood.
    Everything is None, or empty, where the log does not say."""

    tensorrt: str | None = None
    device: str | None = None
    compute_capability: str | None = None
    engine: str | None = None
    shapes: tuple[tuple[str, tuple[int, ...]], ...] = ()
    data_transfers: bool | None = None
    streams: int | None = None
    workspace_mib: float | None = None
    build_seconds: float | None = None

    def batch(self, input_name: str) -> int | None:
        """The batch at which that input was run."""
        return next((dims[0] for name, dims in self.shapes if name == input_name and dims), None)


UNKNOWN = Setup()


@dataclass
class SetupReader:
    """Collects a run's setup line by line. The shapes of bindings take precedence over options."""

    said: dict[str, str] = field(default_factory=dict)
    bound: dict[str, tuple[int, ...]] = field(default_factory=dict)
    asked: dict[str, tuple[int, ...]] = field(default_factory=dict)

    def read(self, line: str) -> None:
        if (banner := _BANNER.search(line)) is not None:
            if version := versions.tensorrt_of_trtexec(line):
                self.said["tensorrt"] = version
            if loaded := _LOADED.search((banner.group(1) or "").rstrip()):
                self.said["engine"] = loaded.group(1)
        for key, pattern in _PATTERNS:
            if (found := pattern.search(line)) is not None and (value := found.group(1).strip()):
                self.said[key] = value
        for pattern, shapes in ((_BOUND, self.bound), (_SHAPE_OPTION, self.asked)):
            if (found := pattern.search(line)) is not None:
                shapes[found.group(1).strip()] = tuple(numbers.whole(part) for part in found.group(2).split("x"))

    def result(self) -> Setup:
        said = self.said
        transfers = said.get("data_transfers")
        return Setup(
            tensorrt=said.get("tensorrt"),
            device=said.get("device"),
            compute_capability=said.get("compute_capability"),
            engine=said.get("engine"),
            shapes=tuple((self.bound or self.asked).items()),
            data_transfers=None if transfers is None else transfers == "Enabled",
            streams=numbers.whole(said["streams"]) if "streams" in said else None,
            workspace_mib=_number(said.get("workspace")),
            build_seconds=_number(said.get("built")),
        )

    def remarks(self) -> list[str]:
        """What makes the figures others than those Step 5 wants."""
        setup = self.result()
        found = []
        if setup.data_transfers:
            found.append("copying data to and from the GPU is in the figures: Step 5 measures with --noDataTransfers")
        if setup.streams is not None and setup.streams > 1:
            found.append(f"{setup.streams} inference streams ran at once: Step 5 measures one")
        return found


_PATTERNS = (
    ("tensorrt", _VERSION),
    ("device", _DEVICE),
    ("compute_capability", _CAPABILITY),
    ("engine", _ENGINE),
    ("data_transfers", _TRANSFERS),
    ("streams", _STREAMS),
    ("workspace", _WORKSPACE),
    ("built", _BUILT),
)


def _number(text: str | None) -> float | None:
    try:
        return None if text is None else numbers.decimal(text)
    except ValueError:
        return None
