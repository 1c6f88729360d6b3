"""Undecoded SSD heads: decoded where the priors come with the model, refused with the reason where they do not."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dsbench.base.cpp import SDK
from dsbench.base.errors import Code, DsbenchError
from dsbench.families import registry, ssd_priors
from dsbench.families.base import Head, Hints, NamedArray, Network, Outputs, Preprocessing
from dsbench.families.ssd_priors import PLAIN, SIGMOID, SOFTMAX, PriorsLayout
from dsbench.model.onnx.graph import OnnxFacts, inspect
from tests import onnx_zoo
from tests import onnx_zoo_transformers as zoo
from tests.agreement import compare
from tests.families import street_check

NETWORK = Network(64, 64)
PRIORS = 60


@pytest.fixture
def facts(tmp_path: Path) -> OnnxFacts:
    return inspect(onnx_zoo.detector(tmp_path / "x.onnx"))


@pytest.mark.parametrize(
    ("priors", "softmax", "activation"),
    [("initializer", False, SOFTMAX), ("output", True, PLAIN)],
)
def test_from_recognition_to_ground_truth(tmp_path: Path, priors: str, softmax: bool, activation: int) -> None:
    path = zoo.raw_ssd(tmp_path / "model.onnx", priors=priors, softmax=softmax)
    net = street_check.Net.load(path)
    head = net.recognise()
    layout = head.layout
    assert isinstance(layout, PriorsLayout)
    assert (head.family, head.classes, layout.activation) == ("ssd", 4, activation)
    assert (layout.background, layout.shift, len(layout.priors)) == (0, 1, zoo.ANCHORS)
    assert {fact.name: fact.value for fact in head.facts}["priors"] == f"{zoo.ANCHORS}, cx, cy, w, h in 0..1"
    street_check.check_boxes(
        net, head, street_check.compiled(head, tmp_path / "parser"), feed=Preprocessing(1 / 255, (), 0, 1)
    )


def test_without_priors_it_is_refused(tmp_path: Path) -> None:
    net = street_check.Net.load(zoo.raw_ssd(tmp_path / "model.onnx", priors=""))
    with pytest.raises(DsbenchError, match=r"undecoded SSD: .* the priors are missing") as caught:
        net.recognise()
    assert caught.value.code == Code.FAMILY_UNKNOWN
    assert "export with decoding" in caught.value.fix
    assert "supply a parser" in caught.value.fix
    assert "'boxes' [3024, 4]" in caught.value.where


def table() -> np.ndarray:
    rng = np.random.default_rng(2)
    return np.concatenate((rng.uniform(0.4, 0.9, (PRIORS, 2)), rng.uniform(0.1, 0.3, (PRIORS, 2))), axis=1)


def sample(kind: int, seed: int = 0, priors: np.ndarray | None = None) -> Outputs:
    rng = np.random.default_rng(seed)
    logits = rng.normal(-4, 1, (PRIORS, 4))
    logits[:, 0] += 0 if kind == SIGMOID else 8
    logits[::5, 2] += 9
    rows = {PLAIN: np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)}.get(kind, logits)
    arrays = [("scores", rows), ("boxes", rng.normal(0, 1.5, (PRIORS, 4)))]
    arrays += [] if priors is None else [("anchors", priors)]
    return tuple(NamedArray(name, array.astype(np.float32)) for name, array in arrays)


@pytest.mark.parametrize("kind", [PLAIN, SOFTMAX, SIGMOID])
def test_parsers_agree_with_the_reference(facts: OnnxFacts, tmp_path: Path, kind: int) -> None:
    frames = [sample(kind, seed, table()) for seed in range(3)]
    head = registry.recognise(facts, frames, labels=list("abc"))
    layout = head.layout
    assert isinstance(layout, PriorsLayout)
    assert (layout.activation, layout.background, layout.shift, head.classes) == (kind, 0, 1, 3)
    library = street_check.compiled(head, tmp_path)
    strict = ["-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-Werror", "-std=c++11", "-fsyntax-only"]
    subprocess.run(["g++", *strict, "-isystem", SDK / "sources" / "includes", next(tmp_path.glob("*.cpp"))], check=True)
    for odd in frames:
        odd[0].data[3, 1], odd[1].data[5, 2], odd[1].data[10, 3] = np.nan, np.inf, 1e6
    found = [street_check.parsed(library, frame, NETWORK) for frame in frames]
    reference = [ssd_priors.decode(frame, layout, NETWORK, 0.25) for frame in frames]
    same = compare(found, reference)
    assert same.complete, same
    assert same.parser > 20
    assert same.largest_difference < 1e-3
    short = tuple(NamedArray(out.name, out.data[:-1]) for out in frames[0])
    assert street_check.parsed(library, short, NETWORK) is None


@pytest.mark.parametrize("pixels", [False, True])
@pytest.mark.parametrize("corners", [False, True])
def test_priors_in_every_form(pixels: bool, corners: bool) -> None:
    rows = table()
    given = np.concatenate((rows[:, :2] - rows[:, 2:] / 2, rows[:, :2] + rows[:, 2:] / 2), axis=1) if corners else rows
    priors, form = ssd_priors.centre_form((given * (64 if pixels else 1)).astype(np.float32), NETWORK)
    assert np.allclose(priors, rows, atol=1e-5)
    assert form == f"{'corners' if corners else 'cx, cy, w, h'} in {'pixels' if pixels else '0..1'}"


def test_an_offset_of_zero_is_the_prior() -> None:
    head = Head("ssd", 1.0, 1, PriorsLayout(0, 1, PLAIN, 0, 1, ((0.5, 0.25, 0.25, 0.125),)), ())
    outputs = (NamedArray("s", np.array([[0.1, 0.9]], np.float32)), NamedArray("b", np.zeros((1, 4), np.float32)))
    found = registry.by_name("ssd").decode(outputs, head, NETWORK, 0.5)
    assert (found.left[0], found.top[0], found.width[0], found.height[0]) == (24, 12, 16, 8)
    outputs[1].data[0] = (1.0, 0, np.log(2) / 0.2, 0)
    found = registry.by_name("ssd").decode(outputs, head, NETWORK, 0.5)
    assert (found.left[0], found.width[0]) == (pytest.approx(32 + 1.6 - 16), pytest.approx(32))


def faces(network: Network, per_stride: dict[int, int], landmarks: bool, points: int = 5) -> Outputs:
    """Offsets and two softmax columns; the last prior of the first stride sees a face."""
    rng = np.random.default_rng(6)
    counts = [(-(-network.height // s)) * (-(-network.width // s)) * n for s, n in per_stride.items()]
    scores = np.tile([0.98, 0.02], (sum(counts), 1))
    offsets = rng.normal(0, 1, (sum(counts), 4))
    scores[counts[0] - 1], offsets[counts[0] - 1] = (0.1, 0.9), 0
    arrays = [("loc", offsets), ("conf", scores)] + [
        ("landms", rng.normal(0, 1, (sum(counts), 2 * points)))
    ] * landmarks
    return tuple(NamedArray(name, array.astype(np.float32)) for name, array in arrays)


@pytest.mark.parametrize(
    ("per_stride", "landmarks", "hints", "size"),
    [
        ({8: 2, 16: 2, 32: 2}, True, Hints(), 32),
        ({8: 3, 16: 2, 32: 2, 64: 3}, False, Hints(), 24),
        ({8: 1, 16: 1}, False, Hints(min_sizes=(20, 40), steps=(8, 16)), 20),
    ],
    ids=["RetinaFace", "UltraFace", "dsbench.toml"],
)
def test_priors_by_rule(
    per_stride: dict[int, int], landmarks: bool, hints: Hints, size: int, facts: OnnxFacts, tmp_path: Path
) -> None:
    network = Network(120, 64)
    frame = faces(network, per_stride, landmarks)
    wide = replace(facts, width=network.width, height=network.height)
    head = registry.recognise(wide, [frame], hints=hints, labels=["face"])
    found = registry.by_name("ssd").decode(frame, head, network, 0.5)
    left, top = 14.5 * 8 - size / 2, 7.5 * 8 - size / 2
    assert found.table()[:, :5].tolist() == [pytest.approx([0, left, top, 119 - left, 63 - top], abs=1e-3)]
    reference = registry.by_name("ssd").decode(frame, head, network, 0.25)
    parsed = street_check.parsed(street_check.compiled(head, tmp_path / "parser"), frame, network)
    same = compare([parsed], [reference])
    assert same.complete, same
    assert same.largest_difference < 1e-3


def test_a_rule_of_another_size_is_not_taken(facts: OnnxFacts) -> None:
    frame = faces(Network(120, 64), {8: 1, 16: 1}, landmarks=True)
    with pytest.raises(DsbenchError, match="priors are missing"):
        registry.recognise(replace(facts, width=120, height=64), [frame], labels=["face"])


def test_priors_of_plates_differ_from_project_to_project(facts: OnnxFacts) -> None:
    network = Network(120, 64)
    frame = faces(network, {8: 2, 16: 2, 32: 2}, landmarks=True, points=4)
    wide = replace(facts, width=network.width, height=network.height)
    with pytest.raises(DsbenchError, match="priors are missing") as caught:
        registry.recognise(wide, [frame], labels=["plate"])
    assert "min-sizes" in caught.value.fix
    hints = Hints(min_sizes=(24, 48, 96, 192, 384, 768), steps=(8, 16, 32))
    assert registry.recognise(wide, [frame], hints=hints, labels=["plate"]).family == "ssd"
