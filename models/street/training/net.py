"""The detector: a plain convolutional backbone, a top-down neck and one undecoded YOLOX head per stride."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

STRIDES = (8, 16, 32)
CLASSES = 4
NET_HEIGHT, NET_WIDTH = 288, 512


@dataclass(frozen=True)
class Widths:
    """Channels at strides 2, 4, 8, 16, 32, of neck and head branches, and residual blocks per stage."""

    stem: int = 16
    c4: int = 32  # ONNX Runtime pads channels to multiples of 16 on AVX-512
    c8: int = 48
    c16: int = 96
    c32: int = 128
    neck: int = 48
    head: int = 32
    depth: tuple[int, int, int, int] = (1, 2, 2, 1)


class Conv(nn.Sequential):
    """Convolution, batch norm (folded at export), ReLU."""

    def __init__(self, cin: int, cout: int, k: int = 3, s: int = 1) -> None:
        super().__init__(
            nn.Conv2d(cin, cout, k, s, (k - 1) // 2, bias=False), nn.BatchNorm2d(cout, momentum=0.03), nn.ReLU(True)
        )


class Residual(nn.Module):
    """Squeeze by half, 3x3 back, add."""

    def __init__(self, c: int) -> None:
        super().__init__()
        self.body = nn.Sequential(Conv(c, c // 2, 1), Conv(c // 2, c, 3))

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = x + self.body(x)
        return out


def stage(cin: int, cout: int, n: int) -> nn.Sequential:
    return nn.Sequential(Conv(cin, cout, 3, 2), *[Residual(cout) for _ in range(n)])


class Head(nn.Module):
    """Two small branches; raw box, objectness and class maps of one stride."""

    def __init__(self, cin: int, c: int) -> None:
        super().__init__()
        self.classes_branch, self.box_branch = Conv(cin, c), Conv(cin, c)
        self.classes = nn.Conv2d(c, CLASSES, 1)
        self.box, self.objectness = nn.Conv2d(c, 4, 1), nn.Conv2d(c, 1, 1)
        nn.init.constant_(self.classes.bias, -math.log(99))  # type: ignore[arg-type]
        nn.init.constant_(self.objectness.bias, -math.log(99))  # type: ignore[arg-type]

    def forward(self, x: Tensor) -> Tensor:
        c, b = self.classes_branch(x), self.box_branch(x)
        return torch.cat([self.box(b), self.objectness(b), self.classes(c)], 1)


class StreetNet(nn.Module):
    """images (n, 3, 288, 512) BGR 0..255 to (n, 3024, 9): tx, ty, tw, th, objectness, 4 classes.

    Rows run over strides 8, 16, 32, row by row. Scores are logits while training, probabilities when `deploy`.
    """

    def __init__(self, w: Widths | None = None) -> None:
        super().__init__()
        w = w or Widths()
        self.deploy = False
        self.stem = Conv(3, w.stem, 3, 2)
        self.s4, self.s8 = stage(w.stem, w.c4, w.depth[0]), stage(w.c4, w.c8, w.depth[1])
        self.s16, self.s32 = stage(w.c8, w.c16, w.depth[2]), stage(w.c16, w.c32, w.depth[3])
        self.context = Conv(w.c32, w.c32, 3)
        self.l8, self.l16, self.l32 = Conv(w.c8, w.neck, 1), Conv(w.c16, w.neck, 1), Conv(w.c32, w.neck, 1)
        self.m16, self.m8 = Residual(w.neck), Residual(w.neck)
        self.heads = nn.ModuleList(Head(w.neck, w.head) for _ in STRIDES)
        self.up = nn.Upsample(scale_factor=2, mode="nearest")

    def forward(self, images: Tensor) -> Tensor:
        # The export folds the division into the first weights.
        x8 = self.s8(self.s4(self.stem(images if self.deploy else images * (1 / 255))))
        x16 = self.s16(x8)
        p32 = self.l32(self.context(self.s32(x16)))
        p16 = self.m16(self.l16(x16) + self.up(p32))
        p8 = self.m8(self.l8(x8) + self.up(p16))
        maps = [head(p) for head, p in zip(self.heads, (p8, p16, p32), strict=True)]
        # Sizes spelled out, so that the exported graph has fixed output dimensions.
        areas = [NET_HEIGHT // s * (NET_WIDTH // s) for s in STRIDES]
        rows = torch.cat([m.reshape(-1, 5 + CLASSES, a) for m, a in zip(maps, areas, strict=True)], 2)
        if self.deploy:
            rows = torch.cat([rows[:, :4], rows[:, 4:].sigmoid()], 1)
        return rows.transpose(1, 2)


def grid(device: torch.device | str = "cpu") -> tuple[Tensor, Tensor]:
    """Cell corners (3024, 2) in cells, and strides (3024, 1), in the order of the output rows."""
    cells, strides = [], []
    for s in STRIDES:
        ys, xs = torch.meshgrid(torch.arange(NET_HEIGHT // s), torch.arange(NET_WIDTH // s), indexing="ij")
        cells.append(torch.stack([xs, ys], -1).reshape(-1, 2).float())
        strides.append(torch.full((cells[-1].shape[0], 1), float(s)))
    return torch.cat(cells).to(device), torch.cat(strides).to(device)


def decode(rows: Tensor, cells: Tensor, strides: Tensor) -> Tensor:
    """Raw rows (..., 4+) to corner boxes (..., 4) in network pixels."""
    centre = (rows[..., :2] + cells) * strides
    half = rows[..., 2:4].clamp(max=6).exp() * strides / 2
    return torch.cat([centre - half, centre + half], -1)
