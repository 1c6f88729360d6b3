"""The comparison between streams as users run it: networks with a wrong batch, and a correct one."""

from __future__ import annotations

import json
from array import array
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

from dsbench.base.errors import Code, DsbenchError
from dsbench.base.process import Finished
from dsbench.base.steps import STEPS
from dsbench.formats.app.console import ConsoleReader
from dsbench.formats.kitti import Scan
from dsbench.runtimes.kitti_dump import KittiDump
from dsbench.steps import stream_clips, stream_parity
from tests.street_zoo import NAMES, STREET
from tests.warm import run_pytest

pytestmark = pytest.mark.long


def plant(path: Path, fault: str) -> None:
    """The demo model with the rows of its output as ``fault`` has them."""
    model = onnx.load(STREET / "model" / "street.onnx")
    graph = model.graph
    for node in graph.node:
        node.output[:] = ["own" if name == "output" else name for name in node.output]
    consts = {"zero": [0], "one": [1], "last": [np.iinfo(np.int64).max], "all": [1, 1, 1]}
    graph.initializer.extend(numpy_helper.from_array(np.array(v, np.int64), k) for k, v in consts.items())
    first = [helper.make_node("Slice", ["own", "zero", "one", "zero"], ["first"])]
    rest = [helper.make_node("Slice", ["own", "one", "last", "zero"], ["rest"])]
    if fault == "frozen":
        count = [
            helper.make_node("Shape", ["own"], ["shape"]),
            helper.make_node("Expand", ["first", "shape"], ["output"]),
        ]
        graph.node.extend([*first, *count])
    elif fault == "turned":
        graph.node.extend([*first, *rest, helper.make_node("Concat", ["rest", "first"], ["output"], axis=0)])
    elif fault == "mixed":
        # half of a row's scores and boxes are the next row's
        graph.initializer.append(numpy_helper.from_array(np.array(0.5, np.float32), "half"))
        graph.node.extend([*first, *rest, helper.make_node("Concat", ["rest", "first"], ["next"], axis=0)])
        graph.node.append(helper.make_node("Add", ["own", "next"], ["sum"]))
        graph.node.append(helper.make_node("Mul", ["sum", "half"], ["output"]))
    else:
        graph.node.append(helper.make_node("Identity", ["own"], ["output"]))
    path.parent.mkdir(parents=True)
    onnx.save(model, str(path))


FAULTS = ("right", "frozen", "turned", "mixed")


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    root = tmp_path_factory.mktemp("models")
    for name in FAULTS:
        plant(root / name / "model" / "net.onnx", name)
        (root / name / "config").mkdir()
        (root / name / "config" / "labels.txt").write_text("".join(f"{label}\n" for label in NAMES))
    arguments = ["--runtime=embedded", "--prepare=never", "--kitti-frames=24", "-k", "stream_parity"]
    arguments += ["-p", "no:cacheprovider", f"--video={STREET / 'street.mp4'}"]
    done = run_pytest(root, *arguments, *(f"--model-dir={root / name}" for name in FAULTS))
    assert done.returncode == 1, done.stdout + done.stderr
    return root, done.stdout


def parity_step(root: Path, name: str) -> dict[str, Any]:
    record = json.loads((root / name / "reports" / "benchmark_data.json").read_text())
    step: dict[str, Any] = next(step for step in record["steps"] if step["step"] == "stream_parity")
    return step


def test_a_right_batch_passes_object_by_object(finished: tuple[Path, str]) -> None:
    root, output = finished
    assert f"right: 8 of {len(STEPS)} steps passed" in output
    step = parity_step(root, "right")
    assert (step["outcome"], step["warnings"]) == ("passed", [])
    rows = step["tables"][0]["rows"]
    assert len(rows) == 4
    for row in rows:
        assert int(row[2]) >= 20, "a comparison of nothing proves nothing"
        assert int(row[3]) + int(row[4]) >= int(row[2])
        assert row[5:] == ["0", "its own boxes"]
    dumps = root / "right" / "samples" / "stream_parity"
    assert len(list((dumps / "kitti_batch").iterdir())) == 32
    assert "batch-size=4" in (dumps / "deepstream_app_batch.txt").read_text()


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("frozen", "streams 1, 2, 3 of 4 get the boxes of stream 0: item 0 of the batch repeats"),
        (
            "turned",
            "streams 0, 1, 2, 3 of 4 do not get the boxes of their own clips: stream 0 shows the boxes of stream 1",
        ),
        ("mixed", "streams 0, 1, 2, 3 of 4 do not get the boxes of their own clips: "),
    ],
)
def test_a_wrong_batch_fails_with_what_its_streams_show(finished: tuple[Path, str], name: str, text: str) -> None:
    root, output = finished
    step = parity_step(root, name)
    assert step["outcome"] == "failed"
    assert step["failure"]["code"] == "stream-parity"
    assert step["failure"]["what"].startswith(text)
    assert "dynamic batch dimension" in step["failure"]["fix"]
    assert f"{name}: stream_parity FAILED [stream-parity]" in output
    assert text in output


@pytest.mark.parametrize(
    ("objects", "wanted"),
    [
        ([0, 0, 3, 0, 1], range(2, 5)),
        ([2] * 1000, range(300)),
        ([0] * 700 + [1] * 5, range(700, 705)),
        ([0, 0], range(2)),
        ([], range(1)),
    ],
)
def test_clips_are_cut_from_a_short_span_with_objects(objects: list[int], wanted: range) -> None:
    scan = Scan(files=len(objects), per_frame=array("I", objects), streams=Counter({0: len(objects)}))
    assert stream_parity._frames_with_objects(scan) == wanted


def test_a_clip_that_loses_frames_alone_is_an_error(tmp_path: Path) -> None:
    finished = Finished(("deepstream-app", "-c", "x.txt"), tmp_path / "single_1.log", 0, 1.0, False, False)
    dumps = [KittiDump(finished, tmp_path, ConsoleReader().console)] * 2
    plans = stream_clips.plan(2, range(20), 8)
    stream_parity._require_frames([((),) * 8, ((),) * 8], plans, dumps)
    with pytest.raises(DsbenchError, match="clip 1 alone: the app wrote 5 of 8 frames") as caught:
        stream_parity._require_frames([((),) * 8, ((),) * 5], plans, dumps)
    assert caught.value.code == Code.APP_FAILED
