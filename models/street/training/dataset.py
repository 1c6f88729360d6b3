"""Draw training and validation frames in parallel.

`python dataset.py --out DIR --count N --seed S [--seconds T]` writes DIR/images.npy (N, 288, 512, 3) uint8 BGR as
nvinfer would feed them, DIR/boxes.npy (N, 32, 5) float32 rows (class, x0, y0, x1, y1) in network pixels, class -1
where there is none, and DIR/done.npy (N,) bool: frames finished within T seconds.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import time
from pathlib import Path

import cv2
import numpy as np
from numpy.lib.format import open_memmap
from scenes.layout import random_camera, random_scene
from scenes.photo import NET_HEIGHT, NET_WIDTH, expose, random_finish, training_view
from scenes.scene import CLASSES, render
from scenes.truth import Truth

MAX_BOXES = 32
SCALE = 2.5  # 1280 / 512
VIEWS = 4  # frames drawn of each scene, each with its own camera, moment and exposure


def box_rows(truths: list[Truth]) -> np.ndarray:
    rows = np.full((MAX_BOXES, 5), -1, np.float32)
    for row, t in zip(rows, truths, strict=False):
        row[0] = CLASSES.index(t.name)
        row[1:] = np.array([t.left, t.top, t.right, t.bottom]) / SCALE
    return rows


def _work(job: tuple[Path, int, int, int, int, float]) -> int:
    out, first, step, count, seed, deadline = job
    cv2.setNumThreads(1)
    images = np.load(out / "images.npy", mmap_mode="r+")
    boxes = np.load(out / "boxes.npy", mmap_mode="r+")
    done = np.load(out / "done.npy", mmap_mode="r+")
    drawn = 0
    for group in range(first, (count + VIEWS - 1) // VIEWS, step):
        rng = np.random.default_rng([seed, group])
        scene = random_scene(rng)
        for index in range(group * VIEWS, min((group + 1) * VIEWS, count)):
            if time.time() > deadline:
                return drawn
            image, truths = render(scene, random_camera(rng, scene.street), float(rng.uniform(0, 2.5)))
            finished = expose(image, random_finish(rng, scene.light.night), rng)
            images[index], boxes[index] = training_view(finished, rng), box_rows(truths)
            done[index] = True
            drawn += 1
    return drawn


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--count", type=int, required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--seconds", type=float, default=1e9)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    shapes = {
        "images": ((args.count, NET_HEIGHT, NET_WIDTH, 3), np.uint8),
        "boxes": ((args.count, MAX_BOXES, 5), np.float32),
        "done": ((args.count,), np.bool_),
    }
    for name, (shape, dtype) in shapes.items():
        open_memmap(args.out / f"{name}.npy", mode="w+", dtype=dtype, shape=shape).flush()
    start, workers = time.time(), args.workers
    jobs = [(args.out, k, workers, args.count, args.seed, start + args.seconds) for k in range(workers)]
    with multiprocessing.get_context("spawn").Pool(workers) as pool:
        drawn = sum(pool.map(_work, jobs, chunksize=1))
    print(f"{drawn} of {args.count} frames in {time.time() - start:.0f} s in {workers} processes", flush=True)


if __name__ == "__main__":
    main()
