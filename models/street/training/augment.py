"""Augmentation of a whole batch on the GPU: flip, zoom and shift, colour, noise."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from net import NET_HEIGHT, NET_WIDTH
from torch import Tensor

KEEP_AREA = 0.35  # boxes cut to less than this share by the zoom are forgotten
KEEP_SIDE = 4.0  # pixels
KEEP_TALL = 9.0


def augment(images: Tensor, truth: Tensor, strong: bool) -> tuple[Tensor, Tensor]:
    """uint8 (n, 288, 512, 3) and truth (n, m, 5) to float (n, 3, 288, 512) in 0..255 and its truth."""
    n, device = images.shape[0], images.device
    x = images.permute(0, 3, 1, 2).float()
    flip = torch.rand(n, device=device) < 0.5
    x = torch.where(flip[:, None, None, None], x.flip(3), x)
    left = torch.where(flip[:, None], NET_WIDTH - truth[..., 3], truth[..., 1])
    right = torch.where(flip[:, None], NET_WIDTH - truth[..., 1], truth[..., 3])
    truth = torch.stack([truth[..., 0], left, truth[..., 2], right, truth[..., 4]], -1)
    if strong:
        x, truth = _zoom(x, truth)
        gain = 1 + 0.15 * torch.randn(n, 3, 1, 1, device=device) * 0.35 + 0.12 * torch.randn(n, 1, 1, 1, device=device)
        x = x * gain + 8 * torch.randn(n, 1, 1, 1, device=device)
        amount = (torch.rand(n, 1, 1, 1, device=device) - 0.6).clamp(min=0) * 15
        x = x + amount * torch.randn_like(x)
        x = x.clamp(0, 255)
    return x, truth


def _zoom(x: Tensor, truth: Tensor) -> tuple[Tensor, Tensor]:
    """Half the frames are enlarged up to 1.5 times (or shrunk by a tenth) about a random place."""
    n, device = x.shape[0], x.device
    active = (torch.rand(n, device=device) < 0.5).float()
    scale = 1 + active * (torch.rand(n, 2, device=device).mul(0.08).sum(1) + torch.rand(n, device=device) * 0.5 - 0.14)
    slack = (1 - 1 / scale).abs()
    shift = (torch.rand(n, 2, device=device) * 2 - 1) * slack[:, None]
    theta = torch.zeros(n, 2, 3, device=device)
    theta[:, 0, 0] = theta[:, 1, 1] = 1 / scale
    theta[:, :, 2] = shift
    lattice = F.affine_grid(theta, list(x.shape), align_corners=False)
    x = F.grid_sample(x, lattice, mode="bilinear", padding_mode="zeros", align_corners=False)
    size = torch.tensor([NET_WIDTH, NET_HEIGHT], device=device, dtype=torch.float32)
    centre = size / 2 * (1 + shift)  # source pixel that lands in the middle
    corners = truth[..., 1:].reshape(n, -1, 2, 2)
    moved = (corners - centre[:, None, None]) * scale[:, None, None, None] + size / 2
    cut = torch.minimum(moved.clamp(min=0), size)
    whole, part = (moved[:, :, 1] - moved[:, :, 0]), (cut[:, :, 1] - cut[:, :, 0])
    kept = (part.prod(-1) >= KEEP_AREA * whole.prod(-1)) & (part.amin(-1) >= KEEP_SIDE) & (part[..., 1] >= KEEP_TALL)
    names = torch.where(kept, truth[..., 0], torch.full_like(truth[..., 0], -1))
    return x, torch.cat([names[..., None], cut.flatten(2)], -1)
