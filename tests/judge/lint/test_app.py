"""Rules about deepstream-app configs."""

from __future__ import annotations

from pathlib import Path

import pytest

from dsbench.judge.lint import lint_app

SOUND = """[application]
enable-perf-measurement=1
perf-measurement-interval-sec=5

[tiled-display]
enable=1
rows=1
columns=2
width=1280
height=720

[source0]
enable=1
type=3
uri=file:///clips/street.mp4
num-sources=2

[sink0]
enable=1
type=1
sync=0

[streammux]
batch-size=2
batched-push-timeout=40000
width=1920
height=1080

[primary-gie]
enable=1
batch-size=2
gie-unique-id=1
config-file=pgie.txt

[tests]
file-loop=0
"""
NVINFER = "[property]\nonnx-file=a.onnx\ngie-unique-id=1\nnetwork-mode=2\ncluster-mode=2\nbatch-size=2\n"


@pytest.fixture
def app(tmp_path: Path) -> Path:
    (tmp_path / "pgie.txt").write_text(NVINFER)
    path = tmp_path / "app.txt"
    path.write_text(SOUND)
    return path


def rules(path: Path) -> dict[str, str]:
    return {finding.rule: finding.severity for finding in lint_app(path)}


def test_a_sound_config_is_clean(app: Path) -> None:
    assert rules(app) == {}


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("sync=0", "sync=1", {"sink-sync": "note"}),
        ("sync=0", "qos=1", {"sink-qos": "note"}),
        ("sync=0", "foo=1", {"app-unknown-key": "warning"}),
        ("[streammux]", "[stream-mux]", {"app-unknown-group": "warning", "mux-size": "warning", "mux-batch": "note"}),
        ("rows=1", "rows=1\nrows=2", {"app-duplicate-key": "warning"}),
        ("columns=2", "columns=1", {"tiles": "note"}),
        ("street.mp4", "street.mp4 # the street", {"app-inline-comment": "warning"}),
        ("file:///clips/street.mp4", "/clips/street.mp4", {"uri-scheme": "warning"}),
        ("street.mp4", "a%20b.mp4", {"unreadable": "error"}),
        ("street.mp4", "clip%d.mp4", {}),
        ("street.mp4", "street.jpg", {"uri-picture": "note"}),
        ("type=3", "type=2", {"num-sources": "warning", "mux-batch": "note"}),
        ("width=1920\n", "", {"mux-size": "warning"}),
        ("batch-size=2\nbatched", "batch-size=-1\nbatched", {"app-batch-size": "warning"}),
        ("batch-size=2\ngie", "batch-size=0\ngie", {"app-batch-size": "warning"}),
        ("batch-size=2\ngie", "batch-size=1025\ngie", {"app-batch-size": "warning"}),
        ("file-loop=0", "file-loop=0\n[osd]\nenable=1\ntext-color=nan;0;0;1", {"app-color": "warning"}),
        ("file-loop=0", "file-loop=0\n[osd]\nenable=1\nclock-color=255;0;0;1", {"app-color": "warning"}),
        ("gie-unique-id=1", "gie-unique-id=1\nbbox-border-color2=0;inf;0;1", {"app-color": "warning"}),
        ("gie-unique-id=1", "gie-unique-id=1\nbbox-border-color2=0;1;0.5;1;", {}),
        ("batch-size=2\nbatched", "batch-size=1\nbatched", {"mux-batch": "note"}),
        ("batch-size=2\nbatched", "batch-size=8\nbatched", {"mux-batch": "note", "detector-batch": "note"}),
        ("batched-push-timeout=40000", "live-source=1", {"live-files": "note"}),
        ("[primary-gie]\nenable=1", "[primary-gie]", {"group-enable": "warning"}),
        ("gie-unique-id=1", "gie-unique-id=3", {"app-unique-id": "warning"}),
        ("gie-unique-id=1", "gie-unique-id=1\ninterval=3", {"app-interval": "warning"}),
        ("gie-unique-id=1", "gie-unique-id=1\ninput-tensor-meta=1", {"app-input-tensor": "warning"}),
        (
            "file-loop=0",
            "file-loop=0\n[secondary-gie0]\nenable=1\noperate-on-gie-id=9\nconfig-file=s.txt\n",
            {
                "secondary-id": "warning",
            },
        ),
        ("type=1\nsync=0", "type=3\noutput-file=a.mp4", {}),
        ("type=1\nsync=0", "type=3", {"sink-file": "warning"}),
        ("interval-sec=5", "interval-sec=0", {"perf-interval": "warning"}),
        ("interval-sec=5", "interval-sec=5\ngie-kitti-output-dir=/nowhere", {"kitti-directory": "note"}),
        ("[sink0]\nenable=1", "[sink0]\nenable=0", {"no-sink": "warning"}),
        ("[sink0]\nenable=1\ntype=1", "[sink0]\nenable=1\ntype=7", {"sink-value": "error"}),
        ("[source0]\nenable=1", "[source0]\nenable=0", {"no-source": "warning"}),
        ("uri=file:///clips/street.mp4\n", "", {"uri-missing": "warning"}),
        ("enable-perf", "[oops\nenable-perf", {"unreadable": "error"}),
    ],
)
def test_faults(app: Path, old: str, new: str, expected: dict[str, str]) -> None:
    assert old in SOUND
    app.write_text(SOUND.replace(old, new, 1))
    assert rules(app) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (NVINFER + "interval=2\n", {"app-interval": "warning"}),
        (NVINFER + "process-mode=2\n", {"app-process-mode": "warning"}),
        (NVINFER + "output-tensor-meta=1\n", {"app-tensor-meta": "note"}),
        (NVINFER + "input-tensor-from-meta=1\n", {"app-input-tensor": "warning"}),
        (NVINFER.replace("batch-size=2", "batch-size=4"), {"app-override": "note"}),
    ],
)
def test_faults_of_the_primary_detectors_config(app: Path, text: str, expected: dict[str, str]) -> None:
    (app.parent / "pgie.txt").write_text(text)
    findings = lint_app(app)
    assert {finding.rule: finding.severity for finding in findings} == expected
    where = "app.txt" if "app-override" in expected else "pgie.txt"
    assert where in findings[0].where
    assert findings[0].line


@pytest.mark.parametrize(("value", "expected"), [("-1", {"push-timeout": "note"}), ("40000", {})])
def test_the_new_muxer_has_no_endless_timeout(
    app: Path, monkeypatch: pytest.MonkeyPatch, value: str, expected: dict[str, str]
) -> None:
    app.write_text(SOUND.replace("batched-push-timeout=40000", f"batched-push-timeout={value}"))
    assert rules(app) == {}
    monkeypatch.setenv("USE_NEW_NVSTREAMMUX", "yes")
    assert rules(app) == expected
    app.write_text(SOUND.replace("batched-push-timeout=40000\n", ""))
    assert rules(app) == {}


def test_a_tracker_makes_an_interval_right(app: Path) -> None:
    app.write_text(SOUND.replace("gie-unique-id=1", "gie-unique-id=1\ninterval=3") + "[tracker]\nenable=1\n")
    assert rules(app) == {}


def test_live_sources(app: Path) -> None:
    text = SOUND.replace("type=3\nuri=file:///clips/street.mp4\nnum-sources=2", "type=4\nuri=rtsp://cam/1")
    text = text.replace("columns=2", "columns=1").replace("batch-size=2", "batch-size=1")
    app.write_text(text)
    assert rules(app) == {"not-live": "note", "app-override": "note"}
    app.write_text(text.replace("[streammux]", "[streammux]\nlive-source=1"))
    assert rules(app) == {"app-override": "note"}


def test_a_config_beside_the_wrong_directory(app: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app.write_text(SOUND.replace("config-file=pgie.txt", "config-file=config/pgie.txt"))
    monkeypatch.chdir(app.parent)
    (finding,) = lint_app(app)
    assert (finding.rule, str(app.parent / "pgie.txt") in finding.fix) == ("app-config-file", True)


def test_a_label_file_that_is_not_here_is_no_fault(app: Path) -> None:
    app.write_text(SOUND.replace("gie-unique-id=1", "gie-unique-id=1\nlabelfile-path=none.txt"))
    assert rules(app) == {"app-labels": "warning"}
    (app.parent / "pgie.txt").write_text(NVINFER + "labelfile-path=labels.txt\n")
    assert rules(app) == {}
