"""The parsers of outside text, each with inputs to begin from. A target takes a file and returns or raises."""

from __future__ import annotations

import io
import os
import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from dsbench.advice.explain import explain
from dsbench.base import jsonable
from dsbench.base.errors import DsbenchError
from dsbench.comparison import compare_command, rows
from dsbench.formats import kitti, labels, latency, nvinfer, sanitizer_log, versions, yamlfile
from dsbench.formats.app import config as app
from dsbench.formats.app import console
from dsbench.formats.ground_truth import reader as truth
from dsbench.formats.odd_objects import Ordinary
from dsbench.formats.perf.stream0 import stream0_values
from dsbench.formats.perf.windows import Collector
from dsbench.formats.trtexec import log as trtexec_log
from dsbench.handover import bmf
from dsbench.judge import regression
from dsbench.judge.lint import kind as config_kind
from dsbench.judge.lint import lint_alone, lint_app
from dsbench.model import settings
from dsbench.model.exporter import hugging_face, mmdeploy, nanodet, paddle
from dsbench.model.exporter.files import Files
from dsbench.model.onnx import graph
from dsbench.record import codec, comparable, store, verdict
from dsbench.report.step8 import sections
from dsbench.verify import verification
from tests import finished_records
from tests import onnx_zoo as zoo
from tests.fuzz.mutate import mutated, reshaped


@dataclass(frozen=True)
class Target:
    """``file``: its name; ``read`` gets the path of an input."""

    file: str
    read: Callable[[Path], object]
    seeds: tuple[bytes, ...]
    change: Callable[[bytes, random.Random], bytes] = mutated


def _perf(path: Path) -> object:
    reader = Collector(2, 1)
    for line in path.read_bytes().decode("utf-8", "replace").splitlines(keepends=True):
        reader.feed(line, 0.0)
    reader.finish(0.0)
    return list(stream0_values(path)), jsonable.dumps(reader.windows())


def _kitti(path: Path) -> object:
    os.replace(path, path.with_name("00_000_000000.txt"))
    scan = kitti.scan(path.parent, Ordinary(1280, 720, frozenset({"car"})))
    return scan, scan.median_confidence, kitti.parse_file(path.with_name("00_000_000000.txt"))


def _versions(path: Path) -> object:
    text = path.read_bytes().decode("utf-8", "replace")
    readers = (versions.smi_gpus, versions.smi_cuda, versions.smi_trouble, versions.nvcc, versions.cuda_version_json)
    others = (versions.os_release, versions.deepstream_version_all, versions.deepstream_version_file)
    tensorrt = (versions.tensorrt_of_trtexec, versions.tensorrt_of_library, versions.tensorrt_of_dpkg)
    return [read(text) for read in (*readers, *others, *tensorrt)]


def _sanitizer(path: Path) -> object:
    return sanitizer_log.parse(path.read_bytes().decode("utf-8", "replace"), "/src", ("output",))


def _explain(path: Path) -> object:
    return jsonable.dumps(explain(io.BufferedReader(io.BytesIO(path.read_bytes()))))  # type: ignore[arg-type]


def _record(path: Path) -> object:
    return codec.to_json(store.load(path))


def _read_record(path: Path) -> object:
    """What commands make of a record: verify, compare, index, report, export."""
    text = path.read_text(encoding="utf-8")
    with suppress(DsbenchError):
        verification.verify(text)
    rows.read(path)
    record = store.load(path)
    runs = (comparable.of_record(record), comparable.of_record(record))
    compared = list(compare_command.lines(record, record, regression.compare(*runs)))
    with codec.its_shape_expected():
        document = sections.document(record)
    return compared, bmf.export(record), verdict.of_record(record), document


def _lint(path: Path) -> object:
    config_kind.recognise(path)
    return lint_alone(path), lint_app(path)


def _exporter(path: Path) -> object:
    files = Files(path.parent)
    found = hugging_face.read(path.parent, files=files)
    others = (mmdeploy.statement((path.parent,), files), paddle.statement((path.parent,), files))
    return hugging_face.statements(found), others, nanodet.statement(path.parent, files, ())


def _console(path: Path) -> object:
    return console.read(path.read_bytes().decode("utf-8", "replace").splitlines())


_NVINFER = b"""[property]
gpu-id=0
net-scale-factor=0.0039215697906911373
offsets=1.0;2.0;3.0
onnx-file=model.onnx
labelfile-path=labels.txt
batch-size=4
infer-dims=3;640;640
num-detected-classes=80
cluster-mode=2
interval=0
output-blob-names=a;b
[class-attrs-all]
pre-cluster-threshold=0.25
nms-iou-threshold=0.45
topk=300
[class-attrs-3]
threshold=0.5
"""
_APP = b"""[application]
enable-perf-measurement=1
perf-measurement-interval-sec=5
[tiled-display]
enable=1
rows=2
columns=2
width=1280
height=720
[source0]
enable=1
type=3
uri=file://video%d.mp4
num-sources=4
[streammux]
batch-size=4
width=1280
height=720
[primary-gie]
enable=1
config-file=nvinfer.txt
bbox-border-color0=1;0;0;1
[sink0]
enable=1
type=1
[osd]
border-width=3
text-color=1;1;1;1
[tests]
file-loop=0
"""
_YAML = b"""application:
  enable-perf-measurement: 1
tiled-display:
  enable: 1
  width: 1280
source:
  csv-file-path: sources.csv
streammux:
  width: 1280
  height: 720
primary-gie:
  enable: 1
  config-file: nvinfer.yml
property:
  net-scale-factor: 0.0039
  infer-dims: 3;640;640
  batch-size: 0x10
class-attrs-all:
  topk: 20
"""
_COCO = b"""{"images": [{"id": 1, "file_name": "a.jpg", "width": 640, "height": 480}],
"categories": [{"id": 1, "name": "car"}],
"annotations": [{"id": 1, "image_id": 1, "category_id": 1, "bbox": [1, 2, 30, 40.5], "iscrowd": 0}]}"""
_PERF = b"""**PERF:  FPS 0 (Avg)\tFPS 1 (Avg)\t
**PERF:  30.00 (29.90)\t29.97 (29.50)\t
PERF(1): 30.00 (29.90)\t29.97 (29.50)\t
"""
_LATENCY = b"""************BATCH-NUM = 244**************
Comp name = nvv4l2decoder0 in_system_timestamp = 1.0 out_system_timestamp = 2.0    component latency= 253.370117
Source id = 0 Frame_num = 244 Frame latency = 463.717041 (ms)
"""
_TRTEXEC = b"""&&&& RUNNING TensorRT.trtexec [TensorRT v101303] # trtexec --loadEngine=a.engine
[I] TensorRT version: 10.13.3
[I] Selected Device: NVIDIA H200
[I] Compute Capability: 9.0
[I] Streams: 1
[I] Memory Pools: workspace: 4096 MiB, dlaSRAM: default
[I] Created input binding for images with dimensions 4x3x640x640
[I] Engine built in 12.5 sec.
[I] Throughput: 1234.56 qps
[I] GPU Compute Time: min = 0.1 ms, max = 0.9 ms, mean = 0.25 ms, median = 0.2 ms, percentile(99%) = 0.5 ms
&&&& PASSED TensorRT.trtexec
"""
_TOML = b"""onnx = "net.onnx"
input-size = [640, 640]
accept = ["clip-turned"]
[property]
net-scale-factor = 0.0039
offsets = [1.0, 2.0, 3.0]
[class-attrs-all]
nms-iou-threshold = 0.45
topk = 300
[head]
anchors = [1.0, 2.0]
"""
_SANITIZER = b"""==123==ERROR: AddressSanitizer: heap-buffer-overflow on address 0x602000000014 at pc 0x4005
READ of size 4 at 0x602000000014 thread T0
    #0 0x4005 in parse(float*) /src/parser.cpp:12:5
    #1 0x7f12 in main (/lib/libc.so.6+0x2)
0x602000000014 is located 0 bytes to the right of 4-byte region [0x602000000010,0x602000000014)
/src/parser.cpp:12:5: runtime error: signed integer overflow
"""
_SMI = b"""0, NVIDIA H200, 143771, 570.124.06, 9.0, GPU-1, 00000000:01:00.0
| CUDA Version: 12.8     |
release 12.8, V12.8.93
"""
_HUGGING_FACE = b"""{"model_type": "rt_detr", "id2label": {"0": "car", "1": "person"}, "do_rescale": true,
"rescale_factor": 0.0039, "do_normalize": true, "image_mean": [0.4, 0.4, 0.4], "image_std": [0.2, 0.2, 0.2],
"size": {"height": 640, "width": 640}}"""
_KITTI = b"car 0.0 0 0.0 1.000000 2.000000 30.000000 40.000000 0.0 0.0 0.0 0.0 0.0 0.0 0.0 0.500000\n" * 3
_FAILED = b"""** ERROR: <create_multi_source_bin:1423>: create_multi_source_bin failed
0:00:01.2 12 0x5 ERROR nvinfer gstnvinfer.cpp:676:<primary_gie> NvDsInferContext[UID 1]: Error in build
App run failed
"""


def targets(folder: Path) -> dict[str, Target]:
    """All of them by name; ``folder`` is for making the seeds that are files."""
    onnx = zoo.detector(folder / "seed.onnx").read_bytes()
    records = tuple(codec.to_json(make()).encode() for make in (finished_records.deepstream, finished_records.embedded))
    return {
        "labels": Target("labels.txt", labels.read, (b"car\nperson;a\n\ntraffic light\r\n",)),
        "nvinfer": Target("nvinfer.txt", nvinfer.load, (_NVINFER,)),
        "nvinfer yaml": Target("nvinfer.yml", nvinfer.load, (_YAML,)),
        "app": Target("app.txt", app.load, (_APP,)),
        "app yaml": Target("app.yml", app.load, (_YAML,)),
        "yaml": Target("x.yml", yamlfile.load, (_YAML,)),
        "lint": Target("config.txt", _lint, (_NVINFER, _APP)),
        "lint yaml": Target("config.yml", _lint, (_YAML,)),
        "settings": Target("dsbench.toml", settings.load, (_TOML,)),
        "kitti": Target("frame", _kitti, (_KITTI,)),
        "perf": Target("run.log", _perf, (_PERF,)),
        "latency": Target("run.log", latency.load, (_LATENCY + _PERF + _LATENCY,)),
        "trtexec": Target("trtexec.log", trtexec_log.parse, (_TRTEXEC,)),
        "explain": Target("console.log", _explain, (_FAILED, _TRTEXEC, _PERF)),
        "console": Target("console.log", _console, (_FAILED,)),
        "sanitizer": Target("sanitizer.log", _sanitizer, (_SANITIZER,)),
        "versions": Target("smi.txt", _versions, (_SMI,)),
        "record": Target("benchmark_data.json", _record, records),
        "record of another shape": Target("benchmark_data.json", _read_record, records, reshaped),
        "coco": Target("truth.json", truth.read, (_COCO,)),
        "truth text": Target("1.txt", lambda path: truth.read(path.parent), (_KITTI, b"0 0.5 0.5 0.1 0.1\n")),
        "config.json": Target("config.json", _exporter, (_HUGGING_FACE,)),
        "preprocessor": Target("preprocessor_config.json", _exporter, (_HUGGING_FACE,)),
        "onnx": Target("net.onnx", graph.inspect, (onnx,)),
    }
