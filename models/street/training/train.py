"""Train from scratch, or go on from a checkpoint, on frames drawn by dataset.py.

`python train.py --data DIR [DIR ...] --val DIR --out weights.pt --seconds 300 [--resume weights.pt]`: the learning
rate follows a cosine over the given time. The checkpoint holds the weights and their moving average ("ema").
"""

from __future__ import annotations

import argparse
import copy
import math
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from augment import augment
from evaluate import decode as decode_rows
from evaluate import report, suppress
from export import deployable
from losses import detection_loss
from net import StreetNet, grid
from torch import Tensor


@dataclass(frozen=True)
class Frames:
    """Images (n, 288, 512, 3) uint8 and truth (n, 32, 5), on the training device."""

    images: Tensor
    truth: Tensor

    @staticmethod
    def load(folders: list[Path], device: str) -> Frames:
        images, truth = [], []
        for folder in folders:
            done = np.load(folder / "done.npy")
            images.append(torch.from_numpy(np.load(folder / "images.npy")[done]))
            truth.append(torch.from_numpy(np.load(folder / "boxes.npy")[done]))
        return Frames(torch.cat(images).to(device), torch.cat(truth).to(device))


@torch.no_grad()
def validate(net: StreetNet, frames: Frames, device: str, limit: int) -> float:
    """mAP@0.5 on frames that were never trained on."""
    ready = deployable(net).to(device)
    found, truth = [], []
    for start in range(0, min(limit, len(frames.images)), 64):
        batch = frames.images[start : min(start + 64, limit)].permute(0, 3, 1, 2).float()
        found += [suppress(decode_rows(r, 0.02)) for r in ready(batch).cpu().numpy()]
        truth += [t[t[:, 0] >= 0] for t in frames.truth[start : min(start + 64, limit)].cpu().numpy()]
    return report(found, truth)


def make_optimiser(net: StreetNet, rate: float) -> torch.optim.Optimizer:
    decay = [p for p in net.parameters() if p.ndim > 1]
    plain = [p for p in net.parameters() if p.ndim <= 1]
    groups = [{"params": decay, "weight_decay": 0.02}, {"params": plain, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=rate, betas=(0.9, 0.99))


def progress_rate(progress: float, warm: float = 0.02) -> float:
    """Learning rate factor: linear warm-up, then a cosine to one hundredth."""
    if progress < warm:
        return max(progress / warm, 0.01)
    return 0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * min((progress - warm) / (1 - warm), 1.0)))


@torch.no_grad()
def average(ema: StreetNet, net: StreetNet, step: int) -> None:
    """Move the averaged weights and batch statistics a little towards the current ones."""
    keep = min(0.9995, (1 + step) / (20 + step))
    slow = [v for v in ema.state_dict().values() if v.dtype.is_floating_point]
    fast = [v for v in net.state_dict().values() if v.dtype.is_floating_point]
    torch._foreach_lerp_(slow, fast, 1 - keep)


def train(args: argparse.Namespace, device: str) -> None:
    frames, held_out = Frames.load(args.data, device), Frames.load([args.val], device)
    print(f"{len(frames.images)} training frames, {len(held_out.images)} held out, on {device}", flush=True)
    net = StreetNet().to(device, memory_format=torch.channels_last)
    if args.resume:
        net.load_state_dict(torch.load(args.resume, map_location=device, weights_only=True)["ema"])
    ema = copy.deepcopy(net).eval()
    optimiser = make_optimiser(net, args.rate)
    cells, strides = grid(device)
    start, step, shown = time.time(), 0, time.time()
    losses = torch.zeros(3, device=device)
    while (progress := (time.time() - start) / args.seconds) < 1:
        order = torch.randperm(len(frames.images), device=device)
        for batch in order.split(args.batch)[: max(len(order) // args.batch, 1)]:
            progress = (time.time() - start) / args.seconds
            for group in optimiser.param_groups:
                group["lr"] = args.rate * progress_rate(progress)
            images, truth = augment(frames.images[batch], frames.truth[batch], strong=progress < 0.9)
            images = images.contiguous(memory_format=torch.channels_last)
            with torch.autocast(device, torch.bfloat16, enabled=device == "cuda"):
                rows = net(images)
            loss, parts = detection_loss(rows, truth, cells, strides)
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(net.parameters(), 10.0)
            optimiser.step()
            average(ema, net, step)
            losses += parts
            step += 1
            if step % 200 == 0:
                box, obj, cls = (losses / 200).tolist()
                losses.zero_()
                pace = 200 * args.batch / (time.time() - shown)
                shown = time.time()
                print(
                    f"step {step} {progress:.2f} box {box:.3f} obj {obj:.3f} cls {cls:.3f} {pace:.0f} frames/s",
                    flush=True,
                )
            if progress >= 1:
                break
    torch.save({"ema": ema.state_dict(), "net": net.state_dict(), "steps": step}, args.out)
    validate(ema, held_out, device, args.val_limit)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, nargs="+", required=True)
    parser.add_argument("--val", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--resume", type=Path)
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--val-limit", type=int, default=2000)
    args = parser.parse_args()
    torch.manual_seed(0)
    torch.backends.cudnn.benchmark = True
    train(args, "cuda" if torch.cuda.is_available() else "cpu")


if __name__ == "__main__":
    main()
