from __future__ import annotations

from pathlib import Path

import pytest

from dsbench.fleet import needs
from dsbench.fleet.job import Needs
from dsbench.fleet.needs import WantedNeeds
from dsbench.model import engine_provenance
from dsbench.model.engine_provenance import EngineProvenance
from dsbench.model.layout import ModelLayout
from dsbench.model.stand_in import STAND_IN_MARK


def layout(root: Path) -> ModelLayout:
    return ModelLayout.at(str(root), root)


def engine(root: Path, batch: int, gpu: str = "", content: bytes = b"engine") -> Path:
    path = root / f"benchmarks/engines/net_dynamic_b{batch}.engine"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    if gpu:
        provenance = EngineProvenance(
            path.name, len(content), engine_provenance.digest(path), "net.onnx", "", "", batch, (1, 1), "FP16", 1,
            "10.9", gpu, "8.9", "580", "13.0", (), 1.0, "", "0.1",
        )  # fmt: skip
        engine_provenance.path(path).write_text(provenance.text())
    return path


@pytest.mark.parametrize(
    ("gpu", "kind"),
    [
        ("NVIDIA H200", "H200"),
        ("NVIDIA A100-SXM4-80GB", "A100"),
        ("NVIDIA H100 80GB HBM3", "H100"),
        ("NVIDIA L40S", "L40S"),
        ("NVIDIA GH200 480GB", "GH200"),
        ("Tesla T4", "T4"),
        ("NVIDIA GeForce RTX 4090", ""),
        ("NVIDIA RTX 6000 Ada Generation", ""),
        ("NVIDIA RTX A6000", ""),
        ("", ""),
    ],
)
def test_the_kind_of_gpu_is_that_of_the_engine_if_its_name_says_it(tmp_path: Path, gpu: str, kind: str) -> None:
    engine(tmp_path, 4, "NVIDIA L4")
    engine(tmp_path, 64, gpu)
    assert needs.of_model(layout(tmp_path), "deepstream", WantedNeeds()) == Needs(1, kind, 0)
    assert needs.of_model(layout(tmp_path), "deepstream", WantedNeeds(2, "L4", 8)) == Needs(2, "L4", 8)
    assert needs.of_model(layout(tmp_path), "embedded", WantedNeeds(gpu_kind="L4")) == Needs()


def test_stand_ins_and_replaced_engines_say_nothing(tmp_path: Path) -> None:
    engine(tmp_path, 128, content=STAND_IN_MARK)
    replaced = engine(tmp_path, 64, "NVIDIA L4")
    assert needs.engine_kind(layout(tmp_path)) == "L4"
    replaced.write_bytes(b"another")
    assert needs.engine_kind(layout(tmp_path)) == ""
