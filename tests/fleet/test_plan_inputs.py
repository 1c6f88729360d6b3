"""Inputs that do not lie in the model directory: files of options, and files that the directory's own files name."""

from __future__ import annotations

from pathlib import Path

import pytest

from dsbench.base.errors import Code, DsbenchError
from dsbench.base.files import with_marker
from dsbench.fleet import plan
from dsbench.fleet.job import FleetJob, JobOption
from dsbench.fleet.options_file import FleetOptions, ModelOptions
from dsbench.fleet.plan import PlanSettings
from tests.fleet.plans import model_dir


@pytest.fixture(autouse=True)
def _no_video_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DS_VIDEO", raising=False)


def planned(*models: Path, **values: str) -> FleetJob:
    options = FleetOptions(ModelOptions({name.replace("_", "-"): value for name, value in values.items()}))
    return plan.jobs(models, PlanSettings("embedded", Path("/results"), options))[0]


def extra(one: FleetJob) -> dict[str, str]:
    """Places of what is no file of the model directory itself, and where it comes from."""
    return {file.place: file.source for file in one.files if not file.place.startswith(f"models/{one.model}/")}


def put(path: Path, text: str = "x") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_files_of_options_have_places_and_the_command_has_their_paths(tmp_path: Path) -> None:
    clip, truth = put(tmp_path / "clips/a clip.mp4"), put(tmp_path / "truth/sub/1.txt").parent.parent
    one = planned(model_dir(tmp_path), video=str(clip), ground_truth=str(truth), sweep="true", ablation="false")
    assert one.options == (
        JobOption("ground-truth", place="files/ground-truth/truth"),
        JobOption("sweep"),
        JobOption("video", place="files/video/a clip.mp4"),
    )
    assert extra(one) == {
        "files/ground-truth/truth/sub/1.txt": str(truth / "sub/1.txt"),
        "files/video/a clip.mp4": str(clip),
    }
    assert one.command[3:] == (f"--ground-truth={truth}", "--sweep", f"--video={clip}")


def test_pictures_and_names_near_the_ground_truth_keep_their_relative_places(tmp_path: Path) -> None:
    data = tmp_path / "data"
    labels = put(data / "labels/1.txt", "0 0.5 0.5 0.1 0.1\n").parent
    put(data / "images/1.jpg")
    put(data / "data.yaml", "names: [car]\n")
    one = planned(model_dir(tmp_path / "m"), ground_truth=str(labels))
    assert one.options == (JobOption("ground-truth", place="files/ground-truth/data/labels"),)
    assert {place.removeprefix("files/ground-truth/data/") for place in extra(one)} == {
        "labels/1.txt",
        "images/1.jpg",
        "data.yaml",
    }


def test_of_a_folder_of_baselines_the_records_of_other_models_stay(tmp_path: Path) -> None:
    folder = tmp_path / "baselines"
    for name in ("net.json", "other.json", "any.json", "net/reports/benchmark_data.json"):
        put(folder / name)
    one = planned(model_dir(tmp_path), model_dir(tmp_path, "other"), baseline=str(folder))
    assert {place.removeprefix("files/baseline/baselines/") for place in extra(one)} == {
        "net.json",
        "any.json",
        "net/reports/benchmark_data.json",
    }
    empty = planned(model_dir(tmp_path / "m"), baseline=str(put(tmp_path / "none/x.txt").parent))
    assert empty.options == (JobOption("baseline", place="files/baseline/none"),)


def test_an_option_that_names_nothing_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DsbenchError, match="video of net names nothing") as caught:
        planned(model_dir(tmp_path), video=str(tmp_path / "none.mp4"))
    assert caught.value.code == Code.USAGE


def test_the_environments_video_counts_as_for_pytest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DS_VIDEO", str(put(tmp_path / "env.mp4")))
    assert planned(model_dir(tmp_path)).options == (JobOption("video", place="files/video/env.mp4"),)


@pytest.mark.parametrize(
    ("video", "place"),
    [("clip.mp4", "models/net/clip.mp4"), ("samples/clip.mp4", "models/net/samples/clip.mp4")],
)
def test_a_video_in_the_model_directory_is_an_input_of_it(tmp_path: Path, video: str, place: str) -> None:
    root = model_dir(tmp_path)
    put(root / video)
    put(root / "dsbench.toml", f'video = "{video}"\n')
    one = planned(root)
    assert place in [file.place for file in one.files]
    assert not one.options


def test_a_video_beside_the_model_directory_keeps_its_relative_path(tmp_path: Path) -> None:
    root = model_dir(tmp_path / "models")
    clip = put(tmp_path / "models/clips/a.mp4")
    put(root / "dsbench.toml", 'video = "../clips/a.mp4"\n')
    one = planned(root)
    assert extra(one) == {"models/clips/a.mp4": str(clip)}
    assert not one.options


@pytest.mark.parametrize("absolute", [True, False])
def test_a_video_far_away_is_given_as_an_option_with_its_ground_truth(tmp_path: Path, absolute: bool) -> None:
    root = model_dir(tmp_path / "models")
    clip = put(tmp_path / "clips/a.mp4")
    put(root / "truth/1.txt")
    video = clip if absolute else "../../clips/a.mp4"
    put(root / "dsbench.toml", f'video = "{video}"\nground-truth = "truth"\n')
    one = planned(root)
    assert one.options == (
        JobOption("ground-truth", place="models/net/truth"),
        JobOption("video", place="files/video/a.mp4"),
    )
    assert extra(one) == {"files/video/a.mp4": str(clip)}
    other = planned(root, video=str(put(tmp_path / "clips/b.mp4", "another")))
    assert other.options == (JobOption("video", place="files/video/b.mp4"),), "the truth belongs to the first"


def test_ground_truth_that_cannot_travel_is_an_error_where_its_video_is_not_played(tmp_path: Path) -> None:
    root = model_dir(tmp_path / "models")
    put(tmp_path / "truth/1.txt")
    put(root / "clip.mp4")
    put(root / "dsbench.toml", 'video = "clip.mp4"\nground-truth = "../../truth"\n')
    assert [option.name for option in planned(root).options] == ["ground-truth"]
    with pytest.raises(DsbenchError, match="ground-truth is"):
        planned(root, video=str(put(tmp_path / "other.mp4", "another")))


def test_files_that_configs_name_beside_the_model_directory_travel(tmp_path: Path) -> None:
    root = model_dir(tmp_path / "models")
    shared = put(tmp_path / "models/shared/labels.txt")
    put(tmp_path / "models/shared/net.so")
    config = put(
        root / "config/config_infer_primary_net.txt",
        "[property]\nlabelfile-path = ../../shared/labels.txt\n# int8-calib-file=../../shared/net.so\n"
        "model-engine-file=/no/engine/yet.engine\nonnx-file=../model/net.onnx\n",
    )
    assert extra(planned(root)) == {"models/shared/labels.txt": str(shared)}
    config.write_text(with_marker("[property]\nlabelfile-path=../../shared/labels.txt\n", "#"))
    assert extra(planned(root)) == {}, "a generated config is made anew"


@pytest.mark.parametrize("named", ["{root}/model/net.onnx", "../../../far/net.onnx"])
def test_a_file_of_a_config_that_cannot_travel_is_an_error(tmp_path: Path, named: str) -> None:
    root = model_dir(tmp_path / "models")
    put(tmp_path / "far/net.onnx")
    text = f"[property]\nonnx-file={named.format(root=root)}\n"
    put(root / "config/config_infer_primary_other.txt", text)
    assert planned(root), "no run reads this config"
    path = put(root / "config/config_infer_primary_net.txt", text)
    with pytest.raises(DsbenchError, match=r"config_infer_primary_net.txt: onnx-file names .*net.onnx") as caught:
        planned(root)
    assert str(path) in caught.value.where


@pytest.mark.parametrize("value", ["../../shared/labels.txt", '"../../shared/labels.txt"  # names'])
def test_a_config_that_a_config_names_is_read_too(tmp_path: Path, value: str) -> None:
    root = model_dir(tmp_path / "models")
    put(tmp_path / "models/shared/labels.txt")
    put(root / "config/deepstream_app_kitti_net.txt", "[primary-gie]\nconfig-file=infer.yml\n")
    put(root / "config/infer.yml", f"property:\n  labelfile-path: {value}\n")
    assert list(extra(planned(root))) == ["models/shared/labels.txt"]


def test_what_a_users_parser_names_above_the_directory_travels(tmp_path: Path) -> None:
    root = model_dir(tmp_path / "models")
    put(tmp_path / "models/common/include/nms.h")
    put(tmp_path / "models/common/nms.cpp")
    put(root / "parser/Makefile", "lib.so: x.cpp ../../common/nms.cpp\n\t$(CXX) -I../../common/include $^\n")
    put(root / "parser/x.cpp", '#include "../../common/include/nms.h"\n#include "../../../gone.h"\n')
    assert set(extra(planned(root))) == {"models/common/include/nms.h", "models/common/nms.cpp"}


def test_a_broken_dsbench_toml_is_left_to_the_run(tmp_path: Path) -> None:
    root = model_dir(tmp_path)
    put(root / "dsbench.toml", "video = \n")
    assert not planned(root).options


def test_ground_truth_in_the_directory_itself_adds_nothing(tmp_path: Path) -> None:
    root = model_dir(tmp_path)
    put(root / "samples/kitti_output/1.txt")
    put(root / "dsbench.toml", 'ground-truth = "."\n')
    assert [file.place.partition("/net/")[2] for file in planned(root).files] == [
        "config/labels.txt",
        "dsbench.toml",
        "model/net.onnx",
    ]
