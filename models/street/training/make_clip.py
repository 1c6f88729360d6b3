"""Draw the demo clip and its ground truth: `python make_clip.py OUT_DIR` writes street.mp4 and ground_truth/."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.video.stream import VideoStream
from scenes.canvas import Bytes
from scenes.photo import expose, to_yuv420
from scenes.scene import render
from scenes.truth import Truth
from shots import FPS, shots

BT709, LIMITED = 1, 1  # code points of the H.264 standard; libav's range "mpeg" is 1


def frames() -> Iterator[tuple[Bytes, list[Truth]]]:
    rng = np.random.default_rng(77)
    for shot in shots():
        for k in range(shot.frames):
            image, truth = render(shot.scene, shot.camera(k / FPS), k / FPS)
            yield expose(image, shot.finish, rng), truth


def kitti(truth: list[Truth]) -> str:
    """KITTI's 15 fields: type truncation occlusion alpha, box, seven zeros for what a flat picture cannot tell."""
    return "".join(
        f"{t.name} {t.truncation:.2f} {t.occlusion} 0.00 {t.left:.2f} {t.top:.2f} {t.right:.2f} {t.bottom:.2f}"
        f"{' 0.00' * 7}\n"
        for t in truth
    )


def open_stream(container: av.container.OutputContainer) -> VideoStream:
    stream = container.add_stream("libx264", rate=FPS)
    stream.width, stream.height, stream.pix_fmt = 1280, 720, "yuv420p"
    stream.time_base = Fraction(1, FPS)
    context = stream.codec_context
    context.color_range, context.colorspace = LIMITED, BT709
    context.color_primaries, context.color_trc = BT709, BT709
    stream.options = {"preset": "slow", "crf": "26", "bf": "0", "g": "60", "profile": "main"}
    return stream


def main() -> None:
    out = Path(sys.argv[1])
    labels = out / "ground_truth"
    labels.mkdir(parents=True, exist_ok=True)
    for old in labels.glob("00_000_*.txt"):
        old.unlink()
    # Without B-frames nothing needs shifting, and no edit list may say otherwise.
    options = {"use_editlist": "0", "movflags": "+faststart"}
    with av.open(str(out / "street.mp4"), "w", options=options) as container:
        stream = open_stream(container)
        for number, (image, truth) in enumerate(frames()):
            picture = av.VideoFrame(1280, 720, "yuv420p")
            for plane, pixels in zip(picture.planes, to_yuv420(image), strict=True):
                padded = np.zeros((plane.height, plane.line_size), np.uint8)
                padded[:, : plane.width] = pixels
                plane.update(padded)
            picture.pts, picture.time_base = number, Fraction(1, FPS)
            picture.colorspace, picture.color_range = BT709, LIMITED
            container.mux(stream.encode(picture))
            (labels / f"00_000_{number:06d}.txt").write_text(kitti(truth))
        container.mux(stream.encode())


if __name__ == "__main__":
    main()
