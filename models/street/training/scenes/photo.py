"""From a clean rendering to what a camera, an encoder and nvinfer's scaler make of it."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import cv2
import numpy as np

from scenes.camera import HEIGHT, WIDTH
from scenes.canvas import Bytes

NET_WIDTH, NET_HEIGHT = 512, 288
KR, KB = 0.2126, 0.0722  # BT.709
KG = 1 - KR - KB


@dataclass(frozen=True, slots=True)
class Finish:
    """Settings of the simulated camera."""

    gain: float
    gamma: float
    contrast: float
    balance: tuple[float, float, float]
    saturation: float
    vignette: float
    blur: float  # sigma in pixels
    noise: float  # standard deviation in grey levels
    jpeg: int | None  # quality, None for no compression


def random_finish(rng: np.random.Generator, night: bool) -> Finish:
    warm = float(rng.normal(0, 0.045))
    return Finish(
        gain=float(rng.uniform(0.8, 1.35) * (1.15 if night else 1.0)),
        gamma=float(rng.uniform(0.8, 1.2)),
        contrast=float(rng.uniform(0.8, 1.15)),
        balance=(1 + warm, 1 + float(rng.normal(0, 0.015)), 1 - warm),
        saturation=float(rng.uniform(0.55, 1.1)),
        vignette=float(rng.uniform(0, 0.35)),
        blur=float(rng.uniform(0.4, 1.5)) if rng.random() < 0.7 else 0.0,
        noise=float(rng.gamma(1.6, 2.2)) * (1.5 if night else 1.0),
        jpeg=int(rng.integers(25, 92)) if rng.random() < 0.6 else None,
    )


@functools.lru_cache(maxsize=1)
def _grain() -> Bytes:
    """Sensor noise of unit strength 40, slightly clumped, larger than a frame so that it can be shifted."""
    rng = np.random.default_rng(99)
    raw = rng.normal(0, 1, (HEIGHT + 256, WIDTH + 256, 3)).astype(np.float32)
    raw = 0.8 * raw + 0.6 * cv2.GaussianBlur(raw, (0, 0), 0.8) / 0.35
    return np.clip(128 + 40 * raw, 0, 255).astype(np.uint8)


@functools.lru_cache(maxsize=1)
def _falloff() -> Bytes:
    x = (np.arange(WIDTH) - WIDTH / 2) / (WIDTH / 2)
    y = (np.arange(HEIGHT) - HEIGHT / 2) / (WIDTH / 2)
    r2 = (x[None, :] ** 2 + y[:, None] ** 2) / 1.32
    return np.repeat((255 * np.clip(r2, 0, 1)).astype(np.uint8)[:, :, None], 3, axis=2)


def expose(image: Bytes, f: Finish, rng: np.random.Generator) -> Bytes:
    """Apply the camera to a rendering (720, 1280, 3) RGB; `rng` only shifts the noise pattern."""
    out = cv2.GaussianBlur(image, (0, 0), f.blur) if f.blur > 0 else image
    if abs(f.saturation - 1) > 0.02:
        grey = cv2.cvtColor(cv2.cvtColor(out, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
        out = cv2.addWeighted(out, f.saturation, grey, 1 - f.saturation, 0)
    ramp = np.arange(256, dtype=np.float64) / 255
    curves = [
        np.clip(255 * (0.5 + f.contrast * (np.clip(ramp * f.gain * b, 0, 1.2) ** f.gamma - 0.5)), 0, 255)
        for b in f.balance
    ]
    out = cv2.LUT(out, np.stack(curves, axis=1).astype(np.uint8)[None])
    if f.vignette > 0.02:
        out = cv2.subtract(out, cv2.multiply(out, _falloff(), scale=f.vignette / 255))
    if f.noise > 0.3:
        dy, dx = int(rng.integers(256)), int(rng.integers(256))
        strength = f.noise / 50
        out = cv2.addWeighted(out, 1, _grain()[dy : dy + HEIGHT, dx : dx + WIDTH], strength, -128 * strength)
    if f.jpeg is not None:
        _, code = cv2.imencode(".jpg", out, [cv2.IMWRITE_JPEG_QUALITY, f.jpeg])
        out = cv2.imdecode(code, cv2.IMREAD_COLOR)
    return np.asarray(out, np.uint8)


def to_yuv420(image: Bytes) -> tuple[Bytes, Bytes, Bytes]:
    """RGB (h, w, 3) to limited-range BT.709 planes: y (h, w), u and v (h/2, w/2), chroma averaged 2x2."""
    rgb = image.astype(np.float32)
    luma = KR * rgb[:, :, 0] + KG * rgb[:, :, 1] + KB * rgb[:, :, 2]
    h, w = luma.shape
    small = cv2.resize(rgb, (w // 2, h // 2), interpolation=cv2.INTER_AREA)
    little = KR * small[:, :, 0] + KG * small[:, :, 1] + KB * small[:, :, 2]
    u = 128 + 224 / 255 * (small[:, :, 2] - little) / (2 * (1 - KB))
    v = 128 + 224 / 255 * (small[:, :, 0] - little) / (2 * (1 - KR))
    planes = [np.clip(np.rint(p), 0, 255).astype(np.uint8) for p in (16 + 219 / 255 * luma, u, v)]
    return planes[0], planes[1], planes[2]


def network_input(y: Bytes, u: Bytes, v: Bytes) -> Bytes:
    """nvinfer's default scaling of limited-range BT.709 planes to (288, 512, 3) BGR.

    Nearest neighbour per plane at floor(i * scale), chroma at floor((i // 2) * scale), truncated to 8 bit.
    """
    h, w = y.shape
    rows, columns = np.arange(NET_HEIGHT), np.arange(NET_WIDTH)
    sy, sx = np.float32(h / NET_HEIGHT), np.float32(w / NET_WIDTH)
    luma = y[(rows * sy).astype(int)[:, None], (columns * sx).astype(int)]
    cr, cc = ((rows // 2) * sy).astype(int), ((columns // 2) * sx).astype(int)
    cr, cc = np.minimum(cr, u.shape[0] - 1), np.minimum(cc, u.shape[1] - 1)
    scaled = (luma.astype(np.float32) - 16) * (255 / 219)
    cb = (u[cr[:, None], cc].astype(np.float32) - 128) * (255 / 224)
    cr_ = (v[cr[:, None], cc].astype(np.float32) - 128) * (255 / 224)
    red, blue = scaled + 2 * (1 - KR) * cr_, scaled + 2 * (1 - KB) * cb
    green = scaled - (2 * KB * (1 - KB) / KG) * cb - (2 * KR * (1 - KR) / KG) * cr_
    return np.clip(np.stack([blue, green, red], axis=2), 0, 255).astype(np.uint8)


def training_view(image: Bytes, rng: np.random.Generator) -> Bytes:
    """A finished frame as the network will see it; one in four is scaled smoothly instead."""
    if rng.random() < 0.25:
        small = cv2.resize(image, (NET_WIDTH, NET_HEIGHT), interpolation=cv2.INTER_LINEAR)
        return np.ascontiguousarray(small[:, :, ::-1])
    # Sampling before the colour conversion gives the same pixels for a fraction of the work.
    y = image[(np.arange(NET_HEIGHT) * 2.5).astype(int)[:, None], (np.arange(NET_WIDTH) * 2.5).astype(int)]
    half = cv2.resize(image, (WIDTH // 2, HEIGHT // 2), interpolation=cv2.INTER_AREA)
    rows, columns = (np.arange(NET_HEIGHT // 2) * 2.5).astype(int), (np.arange(NET_WIDTH // 2) * 2.5).astype(int)
    chroma = np.repeat(np.repeat(half[rows[:, None], columns], 2, axis=0), 2, axis=1)
    weights = np.array([KR, KG, KB], np.float32)
    shift = (y.astype(np.float32) - chroma.astype(np.float32)) @ weights
    mixed = np.rint(chroma.astype(np.float32) + shift[:, :, None])
    return np.ascontiguousarray(np.clip(mixed, 0, 255).astype(np.uint8)[:, :, ::-1])
