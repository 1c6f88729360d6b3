"""Where a frame's time goes: the embedded runtime's own parts, one after another on one thread."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.workload import Workload
from dsbench.embedded.nvinfer.infer import OnnxModel
from dsbench.embedded.nvinfer.parser_host import OutputLayer, ParserHost
from dsbench.embedded.nvinfer.postprocess import Postprocessor
from dsbench.embedded.nvinfer.preprocess import Preprocessor, PreprocessSettings, geometry
from dsbench.embedded.video.decode import open_source
from dsbench.formats import nvinfer

NAMES = ("decode", "scale", "infer", "parse, cluster, map")


@dataclass(frozen=True)
class Split:
    """Processor milliseconds a frame of each stage in NAMES; ``boxes`` a frame behind them."""

    milliseconds: tuple[float, ...]
    boxes: float


def measure(work: Workload, frames: int) -> Split:
    """Medians over ``frames`` frames: thread time, which other programs hardly change."""
    config = nvinfer.load(Path(work.config))
    model = OnnxModel(Path(work.onnx))
    net_h, net_w = work.size
    where = geometry(work.frame[1], work.frame[0], net_w, net_h, config.maintain_aspect_ratio)
    scaler = Preprocessor(
        where,
        PreprocessSettings(
            color_format=config.model_color_format,
            scaling_filter=config.scaling_filter,
            net_scale_factor=config.net_scale_factor,
        ),
    )
    call = model.bind(np.zeros((1, 3, net_h, net_w), np.float32))
    assert config.custom_lib_path is not None
    parser = ParserHost(config.custom_lib_path, config.parse_bbox_func_name)
    post = Postprocessor(config, parser, (net_w, net_h, 3))
    buffers = post.buffers([OutputLayer(model.output_names[0], call.run()[0][0], 1)])
    assert buffers is not None
    source = open_source(work.clip, file_loop=True)
    clock = time.thread_time_ns
    times, found = [], 0
    for _ in range(frames):
        marks = [clock()]
        frame = next(source)
        marks.append(clock())
        scaler.write(frame, call.feed[0])
        marks.append(clock())
        call.run()
        marks.append(clock())
        found += post.count(buffers, where) or 0
        marks.append(clock())
        times.append(np.diff(marks) / 1e6)
    source.close()
    return Split(tuple(float(value) for value in np.median(times, axis=0)), found / frames)
