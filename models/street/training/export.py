"""Checkpoint to ONNX: batch norm folded, 1/255 folded, dynamic batch. `python export.py weights.pt street.onnx`."""

from __future__ import annotations

import copy
import sys
from pathlib import Path

import onnx
import torch
from net import CLASSES, NET_HEIGHT, NET_WIDTH, STRIDES, Conv, StreetNet
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

ROWS = sum(NET_HEIGHT // s * (NET_WIDTH // s) for s in STRIDES)


def deployable(net: StreetNet) -> StreetNet:
    """A copy for inference that takes 0..255 and answers with probabilities."""
    out = copy.deepcopy(net).eval().cpu().float()
    for module in out.modules():
        if isinstance(module, Conv):
            module[0] = fuse_conv_bn_eval(module[0], module[1])
            module[1] = nn.Identity()
    with torch.no_grad():
        out.stem[0].weight /= 255
    out.deploy = True
    return out


def export(net: StreetNet, path: Path) -> None:
    torch.onnx.export(
        deployable(net),
        (torch.zeros(2, 3, NET_HEIGHT, NET_WIDTH),),
        str(path),
        input_names=["images"],
        output_names=["output"],
        dynamic_axes={"images": {0: "batch"}, "output": {0: "batch"}},
        opset_version=17,
        dynamo=False,
    )
    model = onnx.load(str(path))
    model.producer_name, model.producer_version = "dsbench street", "1"
    # The tracer names the sizes of a transposed tensor instead of computing them.
    for entry, size in zip(model.graph.output[0].type.tensor_type.shape.dim[1:], (ROWS, 5 + CLASSES), strict=True):
        entry.dim_value = size
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, str(path))


def main() -> None:
    net = StreetNet()
    net.load_state_dict(torch.load(sys.argv[1], map_location="cpu", weights_only=True)["ema"])
    export(net, Path(sys.argv[2]))
    print(Path(sys.argv[2]).stat().st_size, "bytes")


if __name__ == "__main__":
    main()
