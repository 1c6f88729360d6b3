"""Decoding, non-maximum suppression and average precision in NumPy.

`python evaluate.py MODEL.onnx VIDEO GROUND_TRUTH_DIR` measures the clip as DeepStream's default preprocessing feeds it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scenes.photo import network_input

Array = NDArray[np.float32]
NAMES = ("car", "person", "bicycle", "road_sign")
STRIDES = (8, 16, 32)


def decode(rows: Array, low: float, width: int = 512, height: int = 288) -> Array:
    """Raw rows (3024, 9) to detections (k, 6): class, score, x0, y0, x1, y1 in network pixels."""
    parts = []
    for s in STRIDES:
        ys, xs = np.mgrid[: height // s, : width // s]
        parts.append(np.stack([xs.ravel(), ys.ravel(), np.full(xs.size, s)], 1))
    cells = np.concatenate(parts).astype(np.float32)
    scores = rows[:, 4:5] * rows[:, 5:]
    index, names = np.nonzero(scores >= low)
    picked, cell = rows[index], cells[index]
    centre = (picked[:, :2] + cell[:, :2]) * cell[:, 2:]
    half = np.exp(np.minimum(picked[:, 2:4], 8)) * cell[:, 2:] / 2
    corners = np.clip(np.concatenate([centre - half, centre + half], 1), 0, [width, height, width, height])
    return np.concatenate([names[:, None], scores[index, names][:, None], corners], 1).astype(np.float32)


def iou(box: Array, others: Array) -> Array:
    low, high = np.maximum(box[:2], others[:, :2]), np.minimum(box[2:], others[:, 2:])
    inter = np.clip(high - low, 0, None).prod(1)
    union = (box[2:] - box[:2]).prod() + (others[:, 2:] - others[:, :2]).prod(1) - inter
    out: Array = inter / np.maximum(union, 1e-9)
    return out


def suppress(found: Array, limit: float = 0.45) -> Array:
    """Greedy suppression within each class."""
    kept: list[Array] = []
    for name in np.unique(found[:, 0]):
        rest = found[found[:, 0] == name]
        rest = rest[np.argsort(-rest[:, 1], kind="stable")]
        while len(rest):
            kept.append(rest[0])
            rest = rest[1:][iou(rest[0, 2:], rest[1:, 2:]) <= limit]
    return np.array(kept, np.float32).reshape(-1, 6)


def match(found: list[Array], truth: list[Array], name: int, overlap: float = 0.5) -> tuple[Array, Array, int]:
    """Scores of one class's detections, best first, whether each hits, and the number of labelled boxes.

    found rows (k, 6) and truth rows (class, x0, y0, x1, y1), one array a frame; a box is hit at most once.
    """
    wanted = [t[t[:, 0] == name][:, 1:] for t in truth]
    ranked = [(float(d[1]), k, d[2:]) for k, f in enumerate(found) for d in f if d[0] == name]
    ranked.sort(key=lambda h: -h[0])
    free = [np.ones(len(w), bool) for w in wanted]
    good = np.zeros(len(ranked), np.float32)
    for i, (_, k, box) in enumerate(ranked):
        if len(wanted[k]):
            overlaps = iou(box, wanted[k]) * free[k]
            best = int(overlaps.argmax())
            if overlaps[best] >= overlap:
                free[k][best], good[i] = False, 1
    return np.array([r[0] for r in ranked], np.float32), good, sum(len(w) for w in wanted)


def average_precision(good: Array, total: int) -> float:
    """All-point interpolated AP (VOC 2010 on) of detections in order of falling score."""
    if total == 0:
        return float("nan")
    recall = np.concatenate([[0.0], good.cumsum() / total])
    precision = np.concatenate([[1.0], good.cumsum() / np.arange(1, len(good) + 1)])
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    return float(((recall[1:] - recall[:-1]) * envelope[1:]).sum())


def clip_inputs(video: Path) -> Iterator[Array]:
    """Decoded frames of the clip as network input (288, 512, 3) BGR uint8."""
    import av

    with av.open(str(video)) as container:
        for frame in container.decode(video=0):
            planes = [np.frombuffer(p, np.uint8).reshape(-1, p.line_size)[: p.height, : p.width] for p in frame.planes]
            yield network_input(*planes)


def read_truth(path: Path) -> Array:
    """One KITTI label file to rows (class, x0, y0, x1, y1) in network pixels."""
    rows = [line.split() for line in path.read_text().splitlines()]
    out = [[NAMES.index(r[0]), *(float(v) / 2.5 for v in r[4:8])] for r in rows]
    return np.array(out, np.float32).reshape(-1, 5)


def main() -> None:
    import onnxruntime

    model, video, folder = (Path(a) for a in sys.argv[1:4])
    session = onnxruntime.InferenceSession(str(model), providers=["CPUExecutionProvider"])
    truth = [read_truth(p) for p in sorted(folder.glob("00_000_*.txt"))]
    found = []
    for image in clip_inputs(video):
        batch = image.transpose(2, 0, 1)[None].astype(np.float32)
        found.append(suppress(decode(session.run(None, {"images": batch})[0][0], 0.01)))
    assert len(found) == len(truth), (len(found), len(truth))
    report(found, truth)
    seen = sum(bool((f[:, 1] >= 0.25).any()) for f in found)
    print(f"frames with a detection at score 0.25: {seen} of {len(found)}")


def report(found: list[Array], truth: list[Array]) -> float:
    """Print AP@0.5 per class, with precision and recall at score 0.25; return the mean AP."""
    values = []
    for k, name in enumerate(NAMES):
        scores, good, total = match(found, truth, k)
        values.append(average_precision(good, total))
        sure = good[scores >= 0.25]
        precision, recall = sure.sum() / max(len(sure), 1), sure.sum() / max(total, 1)
        print(
            f"{name:10s} AP {values[-1]:.4f}  at 0.25: precision {precision:.3f} recall {recall:.3f}  ({total} boxes)"
        )
    print(f"{'mAP@0.5':10s}    {np.nanmean(values):.4f}", flush=True)
    return float(np.nanmean(values))


if __name__ == "__main__":
    main()
