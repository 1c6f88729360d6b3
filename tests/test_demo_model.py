"""The demo model: what its README and the specification of the clip promise."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

np = pytest.importorskip("numpy")
av = pytest.importorskip("av")

STREET = Path(__file__).parents[1] / "models" / "street"
ONNX = STREET / "model" / "street.onnx"
CLIP = STREET / "street.mp4"
TRUTH = STREET / "ground_truth"
NAMES = ("car", "person", "bicycle", "road_sign")
FRAMES = 480
EVERY = 15  # frames between those judged here


@pytest.fixture(scope="module")
def session():
    onnxruntime = pytest.importorskip("onnxruntime")
    return onnxruntime.InferenceSession(str(ONNX), providers=["CPUExecutionProvider"])


@pytest.fixture(scope="module")
def sampled():
    """{frame number: network input (3, 288, 512) float32}: nearest per plane, BT.709 limited, truncated."""
    out = {}
    rows, columns = np.arange(288), np.arange(512)
    with av.open(str(CLIP)) as container:
        for number, frame in enumerate(container.decode(video=0)):
            if number % EVERY:
                continue
            y, u, v = (
                np.frombuffer(p, np.uint8).reshape(-1, p.line_size)[: p.height, : p.width].astype(np.float32)
                for p in frame.planes
            )
            luma = (y[(rows * 2.5).astype(int)[:, None], (columns * 2.5).astype(int)] - 16) * 255 / 219
            at = ((rows // 2) * 2.5).astype(int)[:, None], ((columns // 2) * 2.5).astype(int)
            cb, cr = (u[at] - 128) * 255 / 224, (v[at] - 128) * 255 / 224
            bgr = luma + 1.8556 * cb, luma - 0.187324 * cb - 0.468124 * cr, luma + 1.5748 * cr
            out[number] = np.clip(np.stack(bgr), 0, 255).astype(np.uint8).astype(np.float32)
    return out


def truth_of(number: int):
    lines = [line.split() for line in (TRUTH / f"00_000_{number:06d}.txt").read_text().splitlines()]
    return [(NAMES.index(f[0]), np.array(f[4:8], float)) for f in lines]


def overlap(box, others):
    low, high = np.maximum(box[:2], others[:, :2]), np.minimum(box[2:], others[:, 2:])
    inter = np.clip(high - low, 0, None).prod(1)
    return inter / ((box[2:] - box[:2]).prod() + (others[:, 2:] - others[:, :2]).prod(1) - inter)


def detections(rows):
    """Rows (3024, 9) to (class, score, corners in the 1280x720 frame), suppressed per class at IoU 0.45."""
    start, found = 0, []
    for stride in (8, 16, 32):
        w, count = 512 // stride, (512 // stride) * (288 // stride)
        part, cell = rows[start : start + count], np.arange(count)
        start += count
        centre = (part[:, :2] + np.stack([cell % w, cell // w], 1)) * stride
        half = np.exp(part[:, 2:4]) * stride / 2
        boxes = np.clip(np.concatenate([centre - half, centre + half], 1), 0, [512, 288, 512, 288]) * 2.5
        scores = part[:, 4:5] * part[:, 5:]
        found += [(int(c), float(scores[i, c]), boxes[i]) for i, c in np.argwhere(scores >= 0.01)]
    kept = []
    for name, score, box in sorted(found, key=lambda d: -d[1]):
        same = [b for n, _, b in kept if n == name]
        if not same or overlap(box, np.array(same)).max() <= 0.45:
            kept.append((name, score, box))
    return kept


def average_precision(results, name: int) -> float:
    """All-point AP at IoU 0.5; results = [(detections, truth)] per frame."""
    free = {k: np.array([b for n, b in truth if n == name]).reshape(-1, 4) for k, (_, truth) in enumerate(results)}
    total = sum(map(len, free.values()))
    ranked = sorted(
        ((s, k, b) for k, (found, _) in enumerate(results) for n, s, b in found if n == name), key=lambda d: -d[0]
    )
    hits = []
    for _, k, box in ranked:
        overlaps = overlap(box, free[k]) if len(free[k]) else np.zeros(1)
        best = int(overlaps.argmax())
        hits.append(overlaps[best] >= 0.5)
        if hits[-1]:
            free[k] = np.delete(free[k], best, 0)
    good = np.cumsum(hits)
    precision = np.maximum.accumulate((good / np.arange(1, len(hits) + 1))[::-1])[::-1]
    return float((precision * hits).sum() / total)


def test_model_file_is_small_and_declares_the_yolox_layout() -> None:
    onnx = pytest.importorskip("onnx")
    model = onnx.load(str(ONNX))
    assert ONNX.stat().st_size <= 4 * 1024 * 1024
    assert 13 <= model.opset_import[0].version <= 17

    def shape(value):
        return value.name, [d.dim_param or d.dim_value for d in value.type.tensor_type.shape.dim]

    assert [shape(v) for v in model.graph.input] == [("images", ["batch", 3, 288, 512])]
    assert [shape(v) for v in model.graph.output] == [("output", ["batch", 3024, 9])]
    assert {t.data_type for t in model.graph.initializer} <= {onnx.TensorProto.FLOAT, onnx.TensorProto.INT64}


def test_frames_of_a_batch_do_not_touch_one_another(session, sampled) -> None:
    frames = np.stack([sampled[0], sampled[180], sampled[450]])
    together = session.run(None, {"images": frames})[0]
    assert together.shape == (3, 3024, 9)
    for k in range(3):
        alone = session.run(None, {"images": frames[k : k + 1]})[0][0]
        np.testing.assert_allclose(together[k], alone, rtol=1e-4, atol=1e-4)
    assert np.abs(together[0] - together[1]).max() > 0.1


def test_scores_are_probabilities_and_boxes_are_raw(session, sampled) -> None:
    rows = session.run(None, {"images": sampled[0][None]})[0][0]
    assert rows[:, 4:].min() >= 0
    assert rows[:, 4:].max() <= 1
    assert np.abs(rows[:, :4]).max() < 20  # offsets and logarithms in cells, not pixels


def test_clip_is_encoded_as_promised() -> None:
    with av.open(str(CLIP)) as container:
        stream = container.streams.video[0]
        context = stream.codec_context
        assert (context.name, context.width, context.height, context.pix_fmt) == ("h264", 1280, 720, "yuv420p")
        assert (stream.average_rate, stream.frames, stream.start_time) == (30, FRAMES, 0)
        tags = context.color_range, context.colorspace, context.color_primaries, context.color_trc
        assert [int(t) for t in tags] == [1, 1, 1, 1]  # limited range, BT.709 throughout
        packets = [p for p in container.demux(video=0) if p.size]
        assert len(packets) == FRAMES
        assert all(p.pts == p.dts for p in packets)  # no B-frames
        assert {b.pts - a.pts for a, b in pairwise(packets)} == {packets[1].pts}
    data = CLIP.read_bytes()
    assert len(data) <= 5 * 1024 * 1024
    head = data[: data.index(b"mdat")]
    assert b"moov" in head
    assert b"edts" not in head
    assert b"elst" not in head


def test_ground_truth_covers_every_frame() -> None:
    assert sorted(p.name for p in TRUTH.iterdir()) == [f"00_000_{k:06d}.txt" for k in range(FRAMES)]
    seen, labelled = set(), 0
    for k in range(FRAMES):
        for line in (TRUTH / f"00_000_{k:06d}.txt").read_text().splitlines():
            fields = line.split()
            left, top, right, bottom = map(float, fields[4:8])
            assert len(fields) == 15
            assert 0 <= left < right <= 1280
            assert 0 <= top < bottom <= 720
            seen.add(fields[0])
        labelled += bool(truth_of(k))
    assert seen == set(NAMES)
    assert labelled >= 0.97 * FRAMES
    assert (STREET / "config" / "labels.txt").read_text() == "car\nperson\nbicycle\nroad_sign\n"


def test_map_on_sampled_frames(session, sampled) -> None:
    results = [
        (detections(session.run(None, {"images": image[None]})[0][0]), truth_of(k)) for k, image in sampled.items()
    ]
    values = [average_precision(results, name) for name in range(len(NAMES))]
    assert np.mean(values) >= 0.9, dict(zip(NAMES, values, strict=True))
    sure = sum(any(score >= 0.25 for _, score, _ in found) for found, _ in results)
    assert sure >= 0.97 * len(results)
