"""Keys and formats beyond the usual ini pair, through the app as users run it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from dsbench.embedded.nvinfer import start as nvinfer_start
from dsbench.embedded.nvinfer.start_errors import NvinferStartError
from dsbench.embedded.protocol import DetectorSetup
from dsbench.formats import kitti, nvinfer
from tests.embedded.app_support import World


def to_yaml(ini: Path) -> Path:
    """The same groups and keys as maps."""
    lines = []
    for line in ini.read_text().splitlines():
        key, equals, value = line.partition("=")
        lines.append(f"  {key}: {value}" if equals else f"{line.strip('[]')}:")
    path = ini.with_suffix(".yml")
    path.write_text("\n".join(lines) + "\n")
    return path


def yaml_world(world: World) -> Path:
    """App and nvinfer configs as YAML, the source in a CSV file."""
    to_yaml(world.root / "nvinfer.txt")
    app = world.app(
        source0="",
        source="csv-file-path=sources.csv",
        primary_gie="enable=1\nbatch-size=1\nconfig-file=nvinfer.yml",
    )
    (world.root / "sources.csv").write_text("enable,type,uri,num-sources\n1,3,file://clip.mp4,2\n")
    return to_yaml(app)


def test_yaml_files_run_like_ini_files(world: World) -> None:
    ran = world.run("-c", yaml_world(world))
    assert ran.status == 0, ran.err
    files = world.kitti()
    assert len(files) == 24
    for name, text in files.items():
        (found,) = kitti.parse(text)
        assert (found.label, found.left, found.bottom) == ("thing", 16.0, 36.0)
        assert found.confidence * 255 == pytest.approx(20 + 15 * int(name[-10:-4]), abs=6)


@pytest.mark.parametrize(
    ("file", "text", "kind"),
    [
        ("nowhere.yml", None, "'YAML::BadFile'\n  what():  bad file: nowhere.yml"),
        ("app.yaml", "streammux:\n  width: wide\n", "'YAML::TypedBadConversion<int>'"),
    ],
)
def test_what_aborts_deepstream_ends_with_134(world: World, file: str, text: str | None, kind: str) -> None:
    if text is not None:
        (world.root / file).write_text(text)
    ran = world.run("-c", file)
    assert ran.status == 134
    assert f"terminate called after throwing an instance of {kind}" in ran.err
    assert ran.out == ""


def test_an_nvinfer_file_that_aborts(world: World) -> None:
    app = world.app(primary_gie="enable=1\nconfig-file=nowhere.yml")
    ran = world.run("-c", app)
    assert ran.status == 134
    assert f"what():  bad file: {world.root}/nowhere.yml" in ran.err


def test_a_yaml_file_that_is_refused(world: World) -> None:
    (world.root / "app.yml").write_text("source:\n  uri: file:///v.mp4\n")
    ran = world.run("-c", "app.yml")
    assert ran.status == 255
    assert ran.out == (
        "** ERROR: <parse_config_file_yaml:227>: CSV file not specified\n\nparse_config_file_yaml failed\n"
        "** ERROR: <main:685>: Failed to parse config file 'app.yml'\nQuitting\nApp run failed\n"
    )


def write_grid_network(path: Path) -> Path:
    """``cov`` (n, 1, 2, 2): brightness of each quarter; ``bbox`` (n, 4, 2, 2): always the same distances."""
    half = helper.make_tensor("half", TensorProto.FLOAT, [1, 4, 1, 1], [0.5, 0.5, 0.5, 0.5])
    nodes = [
        helper.make_node("AveragePool", ["images"], ["pool"], kernel_shape=[16, 16], strides=[16, 16]),
        helper.make_node("Split", ["pool", "parts"], ["red", "rest"], axis=1),
        helper.make_node("Mul", ["red", "scale"], ["cov"]),
        helper.make_node("Mul", ["red", "zero"], ["nothing"]),
        helper.make_node("Add", ["nothing", "half"], ["bbox"]),
    ]
    constants = [
        half,
        helper.make_tensor("parts", TensorProto.INT64, [2], [1, 2]),
        helper.make_tensor("scale", TensorProto.FLOAT, [1], [1 / 255]),
        helper.make_tensor("zero", TensorProto.FLOAT, [1], [0.0]),
    ]
    outputs = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", channels, 2, 2])
        for name, channels in (("cov", 1), ("bbox", 4))
    ]
    images = helper.make_tensor_value_info("images", TensorProto.FLOAT, ["n", 3, 32, 32])
    graph = helper.make_graph(nodes, "grid", [images], outputs, constants)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), path)
    return path


@pytest.mark.parametrize("library", [False, True])
def test_without_a_parse_function_the_built_in_decode_runs(world: World, library: bool) -> None:
    write_grid_network(world.network)
    world.nvinfer(custom_lib_path=world.parser if library else None, parse_bbox_func_name=None, cluster_mode=4)
    ran = world.run("-c", world.app())
    assert ran.status == 0, ran.err
    assert "built-in decode" in ran.err
    objects = kitti.parse(world.kitti()["00_000_000003.txt"])
    boxes = {tuple(round(edge, 3) for edge in (obj.left, obj.top, obj.right)) for obj in objects}
    # network pixels 0 to 31: the left edges lie outside, right edges are 35 * (0.5 + 0.5/35) and, beyond 31, 31
    assert boxes == {(0.0, 0.0, 36.0), (0.0, 0.0, 62.0)}


def test_frames_dropped_by_decoder_and_nvinfer_and_a_mean_picture(world: World) -> None:
    """Of 12 frames the decoder delivers 0, 3, 6, 9; nvinfer drops the first batch: three files and tensors are left."""
    (world.root / "mean.ppm").write_bytes(b"P6\n32 32\n255\n" + bytes([10, 20, 30]) * 1024)
    world.nvinfer(stabilize_buffer_count=1, mean_file="mean.ppm", net_scale_factor=0.5, offsets="1;2;3")
    app = world.app(source0=f"enable=1\ntype=2\nuri=file://{world.clip}\ndrop-frame-interval=3")
    ran = world.run("-c", app, "--dump-input-tensor", "tensors")
    assert ran.status == 0, ran.err
    assert "not supported" not in ran.err
    assert list(world.kitti()) == [f"00_000_{i:06d}.txt" for i in (1, 2, 3)]
    tensor = np.load(world.root / "tensors" / "00_000_000001.npy")
    grey = 20 + 15 * 3
    assert tensor[:, 16, 16] == pytest.approx([(grey - mean) / 2 for mean in (10, 20, 30)], abs=3)


@pytest.mark.parametrize(
    ("app", "keys", "said"),
    [
        ("plugin-type=1", {}, "plugin-type=1 is nvinferserver"),
        ("input-tensor-meta=1", {}, "[primary-gie] input-tensor-meta=1 takes the network's input from [pre-process]"),
        ("", {"input_tensor_from_meta": 1}, "input-tensor-from-meta=1 takes"),
    ],
)
def test_what_another_element_would_do_is_refused(world: World, app: str, keys: dict[str, object], said: str) -> None:
    world.nvinfer(**keys)
    ran = world.run("-c", world.app(primary_gie=f"enable=1\nconfig-file=nvinfer.txt\n{app}"))
    assert ran.status == 255
    assert said in ran.err
    assert ran.out.endswith("Quitting\nApp run failed\n")


@pytest.mark.parametrize(
    ("mean", "said"),
    [("nowhere.ppm", "Cannot access mean image file '"), ("labels.txt", "Magic PPM identifier check failed")],
)
def test_a_mean_picture_that_cannot_be_used(
    world: World, mean: str, said: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(NvinferStartError) as caught:
        nvinfer_start.start(DetectorSetup(nvinfer.load(world.nvinfer(mean_file=mean)), None))
    assert caught.value.status == "NVDSINFER_CONFIG_FAILED"
    assert said in capfd.readouterr().err


def test_nothing_is_written_beside_the_network(world: World) -> None:
    before = {path.name for path in world.root.iterdir()}
    world.nvinfer(model_engine_file="model.onnx_b1_gpu0_fp32.engine")
    assert world.run("-c", world.app()).status == 0
    assert {path.name for path in world.root.iterdir()} - before == {"kitti", "app.txt"}
