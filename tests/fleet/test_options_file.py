from __future__ import annotations

from pathlib import Path

import pytest

from dsbench.base.errors import Code, DsbenchError
from dsbench.fleet import options_file
from dsbench.fleet.needs import WantedNeeds
from dsbench.fleet.options_file import FleetOptions, ModelOptions


def load(folder: Path, text: str) -> FleetOptions:
    (folder / "fleet.toml").write_text(text)
    return options_file.load(folder / "fleet.toml")


def test_options_of_one_model_come_before_those_of_all(tmp_path: Path) -> None:
    found = load(
        tmp_path,
        """
        [options]
        perf-seconds = 20
        perf-interval = 1
        target-fps = 29.97
        sweep = true
        video = "clips/a.mp4"
        ground-truth = "/data/truth"
        cpus = 8
        [models."yolo x"]
        perf-seconds = 30
        sweep = false
        gpu-kind = "L4"
        gpus = 2
        """,
    )
    every = {
        "perf-seconds": "20",
        "perf-interval": "1",
        "target-fps": "29.97",
        "sweep": "true",
        "video": str(tmp_path / "clips/a.mp4"),
        "ground-truth": "/data/truth",
    }
    assert found.of_model("other") == ModelOptions(every, WantedNeeds(cpus=8))
    own = {**every, "perf-seconds": "30", "sweep": "false"}
    assert found.of_model("yolo x") == ModelOptions(own, WantedNeeds(2, "L4", 8))


def test_a_kind_of_gpu_holds_where_none_is_named(tmp_path: Path) -> None:
    found = load(tmp_path, '[models.a]\ngpu-kind = "L4"\n[models.b]\nsweep = true\n').with_gpu_kind("H100")
    assert [found.of_model(name).needs.gpu_kind for name in "abc"] == ["L4", "H100", "H100"]


@pytest.mark.parametrize(
    ("text", "what", "fix"),
    [
        ("[options]\nswep = true", "[options] swep: there is no such option", "write sweep"),
        ("[models.net]\nmin-steams = 1", '[models."net"] min-steams: there is no such option', "write min-streams"),
        ("[option]\nsweep = true", "unknown key option", "[options]"),
        ("sweep = true", "unknown key sweep", "[options]"),
        ("options = 1", "must be a table", "docs/fleet.md"),
        ("models = []", "must be a table", "docs/fleet.md"),
        ("[models]\nnet = 1", '[models."net"] must be a table', "docs/fleet.md"),
        ("[options]\nperf-seconds = '20'", "perf-seconds = '20': must be a whole number", "correct the value"),
        ("[options]\nmin-map = 50", "min-map = 50", "correct the value"),
        ("[options]\nsweep = 'yes'", "sweep = 'yes': must be true, false", "correct the value"),
        ("[options]\nlimits = 'on'", "must be one of auto, never", "correct the value"),
        ("[options]\nlimits = ['auto']", "must be one of auto, never", "correct the value"),
        ("[options]\nvideo = ''", "video = '': must be a text", "correct the value"),
        ("[options]\ngpus = -1", "gpus = -1: must be between", "correct the value"),
        ("[options]\nmodel-dir = 'x'", "model-dir: this option cannot be given to a fleet", "dsbench fleet plan"),
        ("[options]\nruntime = 'embedded'", "runtime: this option cannot", "--runtime"),
        ("[options]\ngpu-id = 1", "gpu-id: this option cannot", "CUDA_VISIBLE_DEVICES"),
        ("[options]\nbless = true", "bless: this option cannot", "remove it"),
        ("[options]\nci = 'github'", "ci: this option cannot", "remove it"),
        ("[models.net]\nperf-seconds = 3\nperf-interval = 2", "too short for two PERF windows", "intervals"),
        ("[options]\nsweep = ", "is not valid TOML", "correct the text"),
        ("[options]\nsweep = true\nsweep = true", "Cannot overwrite a value", "correct the text"),
    ],
)
def test_a_wrong_name_or_value_is_named(tmp_path: Path, text: str, what: str, fix: str) -> None:
    with pytest.raises(DsbenchError) as caught:
        load(tmp_path, text)
    assert caught.value.code == Code.USAGE
    assert what in caught.value.what
    assert fix in caught.value.fix
    assert caught.value.where == str(tmp_path / "fleet.toml")


def test_everything_that_is_wrong_is_said_at_once(tmp_path: Path) -> None:
    text = "x = 1\n[options]\ncpus = -1\nnone = 1\nsweep = true\n[models]\na = 1\n[models.b]\ngpu-id = 0\n"
    with pytest.raises(DsbenchError) as caught:
        load(tmp_path, text)
    assert caught.value.what.startswith("options file: 5 errors:")
    named = ["unknown key x", "[options] cpus", "[options] none", '[models."a"]', '[models."b"] gpu-id']
    assert [one for one in named if one not in caught.value.what] == []
    assert "sweep =" not in caught.value.what


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(DsbenchError, match="cannot be read"):
        options_file.load(tmp_path / "none.toml")
