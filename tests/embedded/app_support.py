"""A world small enough for tests: a network of two operators, a clip of a second, a parser of twenty lines."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import onnx
from onnx import TensorProto, helper

from tests.embedded.native_support import build_parser

# One object per frame, whose confidence is the mean of channel 0 over 255; and parsers that misbehave.
PARSER = """
#include "nvdsinfer_custom_impl.h"
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#define PARSER(name) extern "C" bool name(std::vector<NvDsInferLayerInfo> const& layers, \\
    NvDsInferNetworkInfo const& net, NvDsInferParseDetectionParams const& params, \\
    std::vector<NvDsInferParseObjectInfo>& objects)
PARSER(ParseMeans) {
    const float* mean = static_cast<const float*>(layers[0].buffer);
    NvDsInferParseObjectInfo object;
    std::memset(static_cast<void*>(&object), 0, sizeof object);
    object.left = net.width * 0.25f; object.top = net.height * 0.25f;
    object.width = net.width * 0.5f; object.height = net.height * 0.5f;
    object.detectionConfidence = mean[0] / 255.0f;
    objects.push_back(object);
    return params.numClassesConfigured > 0;
}
PARSER(ParseFalse) { (void)layers; (void)net; (void)params; (void)objects; return false; }
PARSER(ParseCrash) { (void)layers; (void)net; (void)params; (void)objects; std::abort(); }
PARSER(ParseThrow) { (void)layers; (void)net; (void)params; (void)objects; throw std::runtime_error("boom"); }
CHECK_CUSTOM_PARSE_FUNC_PROTOTYPE(ParseMeans);
"""


def write_network(
    path: Path, *, batch: int | str = "n", dtype: str = "float32", size: int | str = 32, nhwc: bool = False
) -> Path:
    """``means``: the mean of each channel, (n, 3). ``dtype``: of the input."""
    shape = [batch, size, size, 3] if nhwc else [batch, 3, size, size]
    types = {"float32": TensorProto.FLOAT, "float16": TensorProto.FLOAT16, "uint8": TensorProto.UINT8}
    axes = [1, 2] if nhwc else [2, 3]
    nodes = [
        helper.make_node("Cast", ["images"], ["pixels"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["pixels"], ["means"], axes=axes, keepdims=0),
    ]
    graph = helper.make_graph(
        nodes,
        "means",
        [helper.make_tensor_value_info("images", types[dtype], shape)],
        [helper.make_tensor_value_info("means", TensorProto.FLOAT, [batch, 3])],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), path)
    return path


def write_clip(path: Path, *, frames: int = 12, size: tuple[int, int] = (64, 48), **tags: int | str) -> Path:
    """Grey frames, brighter and brighter; ``tags``: pix_fmt, colorspace, color_range, codec."""
    codec, pix_fmt = str(tags.get("codec", "mpeg4")), str(tags.get("pix_fmt", "yuv420p"))
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=Fraction(25))
        stream.width, stream.height, stream.pix_fmt = *size, pix_fmt
        stream.codec_context.options = {"qscale": "2"} if codec == "mpeg4" else {}
        for name in ("colorspace", "color_range"):
            if name in tags:
                setattr(stream.codec_context, name, tags[name])
        for i in range(frames):
            grey = np.full((size[1], size[0], 3), 20 + 15 * i % 230, np.uint8)
            frame = av.VideoFrame.from_ndarray(grey, "rgb24").reformat(format=pix_fmt)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


@dataclass
class World:
    """A folder with a network, a parser, a clip and labels, and configs made on demand."""

    root: Path
    parser: Path
    network: Path
    clip: Path
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def nvinfer(self, **changes: object) -> Path:
        """An nvinfer config; ``changes`` by key with underscores, None removes the key."""
        values: dict[str, object] = {
            "gie-unique-id": 1,
            "onnx-file": self.network,
            "labelfile-path": self.root / "labels.txt",
            "num-detected-classes": 2,
            "cluster-mode": 2,
            "custom-lib-path": self.parser,
            "parse-bbox-func-name": "ParseMeans",
        }
        values |= {name.replace("_", "-"): value for name, value in changes.items()}
        lines = ["[property]"] + [f"{name}={value}" for name, value in values.items() if value is not None]
        lines += ["[class-attrs-all]", "pre-cluster-threshold=0.0"]
        path = self.root / "nvinfer.txt"
        path.write_text("\n".join(lines) + "\n")
        return path

    def app(self, *, sources: int = 1, name: str = "app.txt", **changes: str) -> Path:
        """An app config with KITTI output to ``kitti``; ``changes`` replace whole groups by name."""
        groups = {
            "application": f"enable-perf-measurement=0\ngie-kitti-output-dir={self.root}/kitti",
            "source0": f"enable=1\ntype=3\nuri=file://{self.clip}\nnum-sources={sources}",
            "sink0": "enable=1\ntype=1\nsync=0",
            "streammux": f"batch-size={sources}\nwidth=64\nheight=48",
            "primary-gie": f"enable=1\nbatch-size={sources}\nconfig-file={self.root}/nvinfer.txt",
            "tests": "file-loop=0",
        }
        groups |= {key.replace("_", "-"): text for key, text in changes.items()}
        path = self.root / name
        path.write_text("".join(f"[{group}]\n{text}\n" for group, text in groups.items() if text))
        return path

    def command(self, *arguments: object) -> list[str]:
        """The app as a command."""
        return [sys.executable, "-m", "dsbench.embedded.app", *(str(word) for word in arguments)]

    def run(self, *arguments: object, **environment: str) -> Ran:
        """The app to its end."""
        (self.root / "kitti").mkdir(exist_ok=True)
        done = subprocess.run(
            self.command(*arguments),
            check=False,
            cwd=self.root,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=60,
        )
        return Ran(done.returncode, done.stdout.decode(), done.stderr.decode())

    def start(self, *arguments: object, stdin: int = subprocess.DEVNULL) -> subprocess.Popen[bytes]:
        """The app in the background; the fixture ends what is left of it."""
        process = subprocess.Popen(
            self.command(*arguments),
            cwd=self.root,
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self.processes.append(process)
        return process

    def kitti(self) -> dict[str, str]:
        """Text by file name."""
        return {path.name: path.read_text() for path in sorted((self.root / "kitti").iterdir())}


@dataclass(frozen=True)
class Ran:
    """How a run ended and what it said."""

    status: int
    out: str
    err: str


def build_world(root: Path, parser: Path) -> World:
    """A fresh world around a parser that is built already."""
    (root / "labels.txt").write_text("thing\nother thing\n")
    world = World(root, parser, write_network(root / "model.onnx"), write_clip(root / "clip.mp4"))
    world.nvinfer()
    return world


def compile_parser(folder: Path) -> Path:
    """The parsers above as a library."""
    return build_parser(folder, PARSER)
