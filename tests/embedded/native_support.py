"""What several tests of the C++ host share: frames, detections, class attributes, built parsers."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from dsbench.base.boxes import Boxes
from dsbench.base.cpp import SDK
from dsbench.embedded.nvinfer.cluster import Clusterer
from dsbench.embedded.video.frame import Matrix, YuvFrame
from dsbench.formats.nvinfer import ClassAttrs

FIELDS = ("class_id", "left", "top", "width", "height", "confidence")

# the Makefile of the specification, for one parser source
MAKEFILE = """\
DEEPSTREAM_DIR ?= /opt/nvidia/deepstream/deepstream
CUDA_VER ?= 12.8
CC := g++
CFLAGS := -Wall -std=c++11 -shared -fPIC
CFLAGS += -I$(DEEPSTREAM_DIR)/sources/includes -I/usr/local/cuda-$(CUDA_VER)/include
LIBS := -lnvinfer
LFLAGS := -Wl,--start-group $(LIBS) -Wl,--end-group
SRCFILES := parser.cpp
TARGET_LIB := libparser.so

all: $(TARGET_LIB)
$(TARGET_LIB): $(SRCFILES)
\t$(CC) -o $@ $^ $(CFLAGS) $(LFLAGS)
clean:
\trm -rf $(TARGET_LIB)
"""


def build_parser(folder: Path, source: str, *more: str) -> Path:
    """Builds ``source`` in ``folder`` with the specification's Makefile; fails on any compiler warning."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "parser.cpp").write_text(source)
    (folder / "Makefile").write_text(MAKEFILE)
    command = ["make", "-B", "-C", str(folder), f"DEEPSTREAM_DIR={SDK}", "LIBS=", *more]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "warning" not in done.stdout + done.stderr
    return folder / "libparser.so"


def noise_frame(
    width: int, height: int, *, matrix: Matrix = "bt601", full_range: bool = False, seed: int = 0, pad: int = 0
) -> YuvFrame:
    """Random planes; with ``pad`` the rows lie ``pad`` bytes further apart than they are long."""
    random = np.random.default_rng(seed)

    def plane(rows: int, columns: int) -> np.ndarray:
        return random.integers(0, 256, (rows, columns + pad), dtype=np.uint8)[:, :columns]

    half = (height + 1) // 2, (width + 1) // 2
    planes = plane(height, width), plane(*half), plane(*half)
    return YuvFrame(*planes, width=width, height=height, matrix=matrix, full_range=full_range, index=0)


def detections(objects: Sequence[Mapping[str, float]]) -> Boxes:
    """From the vectors' list of objects."""
    columns = ([entry[field] for entry in objects] for field in FIELDS)
    return Boxes(
        *(
            np.array(column, np.int32 if field == "class_id" else np.float32)
            for field, column in zip(FIELDS, columns, strict=True)
        )
    )


def boxes(*rows: tuple[float, ...]) -> Boxes:
    """Rows of class id, left, top, width, height, confidence."""
    return detections([dict(zip(FIELDS, row, strict=True)) for row in rows])


def rows_of(found: Boxes) -> list[tuple[float, ...]]:
    """The inverse of ``boxes``, exact."""
    return list(zip(*(getattr(found, field).tolist() for field in FIELDS), strict=True))


def class_attrs(values: Mapping[str, Any]) -> ClassAttrs:
    """From nvinfer's key names."""
    return ClassAttrs(**{key.replace("-", "_"): value for key, value in values.items()})


def cluster(objects: Boxes, attrs: Sequence[ClassAttrs], cluster_mode: int) -> Boxes:
    """What nvinfer's clustering keeps of one frame's objects."""
    return Clusterer(attrs, cluster_mode).run(objects)
