"""Label assignment after SimOTA and the YOLOX losses, batched over padded ground truth."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from net import CLASSES, decode
from torch import Tensor

CANDIDATES = 10
RADIUS = 2.0  # cells around a centre that count as near


@dataclass(frozen=True)
class Targets:
    """Per cell (n, 3024): chosen object index, whether it is positive, its IoU with the prediction."""

    index: Tensor
    positive: Tensor
    iou: Tensor


def pairwise_iou(a: Tensor, b: Tensor) -> Tensor:
    """Boxes (n, m, 4) against (n, k, 4): IoU (n, m, k)."""
    low = torch.maximum(a[:, :, None, :2], b[:, None, :, :2])
    high = torch.minimum(a[:, :, None, 2:], b[:, None, :, 2:])
    inter = (high - low).clamp(min=0).prod(-1)
    area_a = (a[..., 2:] - a[..., :2]).clamp(min=0).prod(-1)
    area_b = (b[..., 2:] - b[..., :2]).clamp(min=0).prod(-1)
    return inter / (area_a[:, :, None] + area_b[:, None, :] - inter + 1e-7)


@torch.no_grad()
def assign(rows: Tensor, boxes: Tensor, truth: Tensor, cells: Tensor, strides: Tensor) -> Targets:
    """rows (n, a, 9) logits, boxes (n, a, 4) decoded, truth (n, m, 5) with class -1 as padding."""
    valid = truth[..., 0] >= 0
    corners = truth[..., 1:]
    points = (cells + 0.5) * strides  # (a, 2)
    centre = (corners[..., :2] + corners[..., 2:]) / 2
    offset = (points[None, None] - centre[:, :, None]).abs()
    near = (offset < RADIUS * strides[None, None]).all(-1)
    within = (points[None, None] > corners[:, :, None, :2]).all(-1) & (
        points[None, None] < corners[:, :, None, 2:]
    ).all(-1)
    usable = (near | within) & valid[:, :, None]
    iou = pairwise_iou(corners, boxes) * usable
    scores = (rows[..., 5:].sigmoid() * rows[..., 4:5].sigmoid()).sqrt().clamp(1e-6, 1 - 1e-6)
    negatives = -torch.log1p(-scores)
    chosen = truth[..., 0].clamp(min=0).long()[:, :, None].expand(-1, -1, rows.shape[1])
    mine = scores.transpose(1, 2).gather(1, chosen)
    class_cost = negatives.sum(-1)[:, None] + torch.log1p(-mine) - mine.log()
    cost = class_cost - 3 * (iou + 1e-8).log() + 1e5 * (~(near & within)) + 1e9 * (~usable)
    wanted = iou.topk(CANDIDATES, dim=2).values.sum(2).int().clamp(min=1)  # (n, m)
    best = cost.topk(CANDIDATES, dim=2, largest=False)
    taken = (torch.arange(CANDIDATES, device=rows.device) < wanted[..., None]) & (best.values < 1e8)
    match = torch.zeros_like(usable).scatter_(2, best.indices, taken)
    cheapest = torch.where(match, cost, torch.full_like(cost, float("inf"))).argmin(1)  # one object a cell
    positive = match.any(1)
    return Targets(cheapest, positive, iou.gather(1, cheapest[:, None]).squeeze(1))


def giou(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """Elementwise IoU and generalised IoU of boxes (k, 4)."""
    inter = (torch.minimum(a[:, 2:], b[:, 2:]) - torch.maximum(a[:, :2], b[:, :2])).clamp(min=0).prod(1)
    union = (a[:, 2:] - a[:, :2]).clamp(min=0).prod(1) + (b[:, 2:] - b[:, :2]).prod(1) - inter
    hull = (torch.maximum(a[:, 2:], b[:, 2:]) - torch.minimum(a[:, :2], b[:, :2])).prod(1)
    iou = inter / (union + 1e-7)
    return iou, iou - (hull - union) / (hull + 1e-7)


def detection_loss(rows: Tensor, truth: Tensor, cells: Tensor, strides: Tensor) -> tuple[Tensor, Tensor]:
    """Total loss and its parts (box, objectness, class), each divided by the number of positives."""
    rows = rows.float()
    boxes = decode(rows, cells, strides)
    targets = assign(rows, boxes, truth, cells, strides)
    pos = targets.positive
    count = pos.sum().clamp(min=1)
    assigned = truth.gather(1, targets.index[..., None].expand(-1, -1, 5))[pos]
    iou, generalised = giou(boxes[pos], assigned[:, 1:])
    box = (1 - iou.clamp(min=0) ** 2 + 0.5 * (iou - generalised)).sum() / count
    objectness = F.binary_cross_entropy_with_logits(rows[..., 4], pos.float(), reduction="sum") / count
    classes = F.one_hot(assigned[:, 0].long(), CLASSES).float() * targets.iou[pos][:, None]
    class_loss = F.binary_cross_entropy_with_logits(rows[..., 5:][pos], classes, reduction="sum") / count
    total = 5 * box + objectness + class_loss
    return total, torch.stack([box, objectness, class_loss]).detach()
