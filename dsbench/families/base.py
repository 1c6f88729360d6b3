"""The interface of a detector family: recognise the outputs, decode them in NumPy, state preprocessing and parser.

One module for each family; `registry` lists them. Coordinates are network pixels, float32.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from dsbench.base.boxes import Boxes
from dsbench.base.errors import Code, DsbenchError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from dsbench.model.exporter.evidence import ExporterEvidence
    from dsbench.model.exporter.hugging_face import HuggingFace
    from dsbench.model.exporter.ultralytics import Metadata
    from dsbench.model.onnx.graph import OnnxFacts


@dataclass(frozen=True, slots=True)
class NamedArray:
    """One output of one image, float32, without the batch dimension (as nvinfer hands it to a parser)."""

    name: str
    data: NDArray[np.float32]


Outputs = tuple[NamedArray, ...]
"""The outputs of one image, in graph output order."""


@dataclass(frozen=True, slots=True)
class Preprocessing:
    """nvinfer's preprocessing keys: y = net_scale_factor * (pixel - offsets), offsets in network channel order.

    ``model_color_format``: 0 RGB, 1 BGR, 2 GRAY; ``maintain_aspect_ratio``: 0 stretch, 1 letterbox;
    ``symmetric_padding``: 0 padding at the right and below, 1 on both sides (letterbox only).
    """

    net_scale_factor: float
    offsets: tuple[float, ...] = ()
    model_color_format: int = 0
    maintain_aspect_ratio: int = 1
    symmetric_padding: int = 0


@dataclass(frozen=True, slots=True)
class Hints:
    """What dsbench.toml and exporter files state about the head; None: derive it from the outputs."""

    family: str | None = None
    background: int | None = None
    columns: str | None = None
    boxes: str | None = None
    corners: str | None = None
    objectness: bool | None = None
    function: str | None = None
    """parse-bbox-func-name."""
    cell_offset: float | None = None
    """The point of a cell that sides are measured from, in cells: 0.5 its centre, 0 its corner."""
    anchors: tuple[float, ...] = ()
    """Widths and heights of a YOLO's anchors in pixels, finest stride first."""
    min_sizes: tuple[float, ...] = ()
    """Sizes of an SSD's priors in pixels, finest stride first, as many for each stride."""
    steps: tuple[float, ...] = ()
    """Strides of an SSD's priors."""
    exporter: ExporterEvidence | None = None
    """What the exporter left; None: the registry reads the ONNX file's metadata."""

    @property
    def hugging_face(self) -> HuggingFace | None:
        """config.json and preprocessor_config.json."""
        return self.exporter.hugging_face if self.exporter else None

    @property
    def model_type(self) -> str:
        """Of config.json; "" without one."""
        return self.hugging_face.model_type if self.hugging_face else ""

    @property
    def metadata(self) -> Metadata:
        """Ultralytics' metadata; empty without them."""
        from dsbench.model.exporter.ultralytics import Metadata

        return self.exporter.metadata if self.exporter else Metadata()


@dataclass(frozen=True, slots=True)
class HeadFact:
    """One derived property of a head and its reason, a row of the report."""

    name: str
    value: str
    reason: str


@dataclass(frozen=True, slots=True)
class Head:
    """A recognised head.

    ``layout``: the family's own frozen dataclass, read by its ``decode`` and ``context``. ``classes``: the number of
    lines that labels.txt should have. ``confidence``: in (0, 1]. ``convention``: this head's own if it differs from the
    family's. ``built_in``: the parser that DeepStream ships for it; nothing is compiled then.
    """

    family: str
    confidence: float
    classes: int
    layout: object
    facts: tuple[HeadFact, ...]
    warnings: tuple[str, ...] = ()
    convention: Convention | None = None
    built_in: BuiltIn | None = None


@dataclass(frozen=True, slots=True)
class Misread:
    """What a parser of DeepStream's own gets wrong on this model's outputs, and what to do."""

    what: str
    fix: str


@dataclass(frozen=True, slots=True)
class BuiltIn:
    """A parser of DeepStream's own: path of its library and name of the function.

    ``function`` is "" for nvinfer's own decode, which a config gets that names neither library nor function.
    """

    library: str
    function: str
    misreads: tuple[Misread, ...] = ()

    @property
    def config_library(self) -> str:
        """custom-lib-path of the config; "" for nvinfer's own decode."""
        return self.library if self.function else ""


@dataclass(frozen=True, slots=True)
class Rejected:
    """Why the outputs do not fit a family. ``close``: a near miss, which the error may name. ``not_a_detector``: the
    outputs are of another task (segmentation, keypoints). ``fix``: what to do; a reason with one is the nearest."""

    family: str
    reason: str
    close: bool = False
    not_a_detector: bool = False
    fix: str = ""


class HeadRefused(DsbenchError):
    """No family reads the outputs. The error names the nearest cause; ``rejected`` is what each family says."""

    def __init__(self, code: Code, what: str, *, where: str, fix: str, rejected: Sequence[Rejected] = ()) -> None:
        super().__init__(code, what, where=where, fix=fix)
        self.rejected = tuple(rejected)


@dataclass(frozen=True, slots=True)
class Convention:
    """Preprocessing and clustering of a family's models; ``preprocessing`` is None if models differ.

    ``cluster_mode``: nvinfer's (2 NMS, 4 none). ``aspect``: maintain-aspect-ratio in training.
    ``firm``: False if exports often include ``preprocessing`` in the graph, so that evidence on real frames may
    overrule it. ``pre_cluster_threshold``: None for the value of 6e; ``threshold_note``: the comment above it.
    """

    preprocessing: Preprocessing | None
    cluster_mode: int
    origin: str
    aspect: int = 1
    firm: bool = True
    pre_cluster_threshold: float | None = None
    threshold_note: str = ""
    fewest_outputs: int = 1
    """Models with fewer outputs need not be tried with ``preprocessing``."""
    rank: int = 0
    """Nor need those without an output of this number of dims, batch included; 0: any."""


@dataclass(frozen=True, slots=True)
class Network:
    """Network input size in pixels."""

    width: int
    height: int


class Family(Protocol):
    """One detector family."""

    name: str
    """``family = "..."`` in dsbench.toml."""
    template: str
    """The parser's template in templates/; "" if nothing is compiled."""

    def recognise(
        self, facts: OnnxFacts, samples: Sequence[Outputs], hints: Hints, labels: Sequence[str]
    ) -> Head | Rejected:
        """The head, or why it is not this family's.

        ``samples``: the outputs of one real frame each, under several preprocessings, of which most are wrong.
        """
        ...

    def convention(self) -> Convention:
        """Preprocessing and clustering that the family's models share."""
        ...

    def decode(self, outputs: Outputs, head: Head, network: Network, threshold: float) -> Boxes:
        """Reference decode of one image: boxes with a score of at least ``threshold``, clipped to the network.

        Their order is that of the parser.
        """
        ...

    def context(self, head: Head) -> ParserContext:
        """Variables of the parser template: numbers only, never a name from the model."""
        ...


ParserContext = tuple[tuple[str, int | bool | tuple[tuple[float, ...], ...]], ...]
"""Template variables of a parser, as (name, value); values are numbers so that no text of a model becomes code."""


HIGHEST_CLASS = 1e6
"""Larger numbers are not class ids: parsers skip them."""


def best_class(scores: NDArray[np.float32]) -> NDArray[np.int32]:
    """Column of the highest score of each row (n, C), as C++'s max_element finds it: NaN wins only as column 0."""
    import numpy as np

    later = np.where(np.isnan(scores[:, 1:]), -np.inf, scores[:, 1:])
    best: NDArray[np.int32] = np.argmax(np.concatenate((scores[:, :1], later), axis=1), axis=1).astype(np.int32)
    return best


def clip_boxes(
    class_id: NDArray[np.int32],
    corners: tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]],
    confidence: NDArray[np.float32],
    network: Network,
) -> Boxes:
    """Boxes of x1, y1, x2, y2 clipped to [0, width-1] x [0, height-1]; those with nothing inside are dropped."""
    import numpy as np

    right, bottom = np.float32(network.width - 1), np.float32(network.height - 1)
    x1, y1, x2, y2 = corners
    left, top = np.clip(x1, 0, right), np.clip(y1, 0, bottom)
    width, height = np.clip(x2, 0, right) - left, np.clip(y2, 0, bottom) - top
    keep = (width > 0) & (height > 0)  # NaN compares false
    return Boxes(
        class_id[keep].astype(np.int32),
        *(part[keep].astype(np.float32) for part in (left, top, width, height, confidence)),
    )
