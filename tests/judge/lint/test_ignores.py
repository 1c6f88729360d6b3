"""``# dsbench: ignore[RULE]``."""

from __future__ import annotations

from pathlib import Path

import pytest

from dsbench.judge.lint import lint_alone

HEAD = "[property]\nonnx-file=a.onnx\ngie-unique-id=1\nnetwork-mode=2\nnum-detected-classes=2\nprocess-mode=1\n"
HEAD += "model-engine-file=a.onnx_b1_gpu0_fp16.engine\ncluster-mode=2\n"


def found(folder: Path, text: str, name: str = "c.txt") -> list[tuple[str, int]]:
    path = folder / name
    path.write_text(text)
    return [(finding.rule, finding.line) for finding in lint_alone(path)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (HEAD + "foo=1\n", [("unknown-key", 9)]),
        (HEAD + "# dsbench: ignore[unknown-key]\nfoo=1\n", []),
        (HEAD + "# dsbench: ignore[unknown-key]\n# why: an older release\n\nfoo=1\n", []),
        (HEAD + "# dsbench: ignore[unknown-key, interval]\nfoo=1\n", [("unused-ignore", 9)]),
        (HEAD + "# dsbench: ignore[interval]\nfoo=1\n", [("unknown-key", 10), ("unused-ignore", 9)]),
        (HEAD + "# dsbench: ignore[no-such-rule]\ngpu-id=0\n", [("unused-ignore", 9)]),
        ("# dsbench: ignore[unknown-key]\n" + HEAD + "foo=1\nbar=2\n", []),
        (HEAD + "interval=4 # dsbench: ignore[interval, inline-comment]\n", []),
        (HEAD + "foo=1\n# dsbench: ignore[unknown-key]\n", [("unknown-key", 9), ("unused-ignore", 10)]),
    ],
)
def test_ignores(tmp_path: Path, text: str, expected: list[tuple[str, int]]) -> None:
    assert found(tmp_path, text) == expected


def test_on_the_same_line_of_yaml(tmp_path: Path) -> None:
    text = "property:\n  onnx-file: a.onnx\n  gie-unique-id: 1\n  network-mode: 2\n  cluster-mode: 2\n"
    text += "  num-detected-classes: 1\n  model-engine-file: a.onnx_b1_gpu0_fp16.engine\n"
    assert found(tmp_path, text + "  interval: 3 # dsbench: ignore[interval]\n", "c.yml") == []


def test_the_text_says_why_a_comment_is_of_no_use(tmp_path: Path) -> None:
    path = tmp_path / "c.txt"
    path.write_text(HEAD + "# dsbench: ignore[interval, intervall]\ngpu-id=0\n")
    assert [finding.what for finding in lint_alone(path)] == [
        "ignore[interval] covers no finding",
        "ignore[intervall] names no rule of dsbench lint",
    ]
