"""deepstream-app configs: groups, sources and their copies, and the lines DeepStream prints."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from dsbench.base.errors import Code, DsbenchError
from dsbench.formats.app import config as app_config
from dsbench.formats.app.config import (
    AppConfig,
    Application,
    Osd,
    PrimaryGie,
    Sink,
    Source,
    StreamMux,
    Tests,
    TiledDisplay,
)
from dsbench.formats.app.keys import APPLICATION, GIE, OSD, SINK, SOURCE, STREAMMUX, TESTS, TILED_DISPLAY, GroupTable

END = "** ERROR: <parse_config_file:851>: parse_config_file failed"
SOURCE_0 = "[source0]\nenable=1\ntype=3\nuri=file:///v.mp4\n"


def read(folder: Path, text: str) -> AppConfig:
    path = folder / "app.txt"
    path.write_text(text)
    return app_config.load(path)


def refused(folder: Path, text: str) -> tuple[DsbenchError, list[str]]:
    console: list[str] = []
    path = folder / "app.txt"
    path.write_text(text)
    with pytest.raises(DsbenchError) as caught:
        app_config.load(path, console=console.append)
    return caught.value, console


def test_the_configuration_of_the_specifications_script(tmp_path: Path) -> None:
    config = read(
        tmp_path,
        "[application]\nenable-perf-measurement=1\nperf-measurement-interval-sec=2\ngie-kitti-output-dir=kitti\n"
        "[tiled-display]\nenable=0\n"
        "[source0]\nenable=1\ntype=3\nuri=file://clips/v.mp4\nnum-sources=3\ngpu-id=0\n"
        "[sink0]\nenable=1\ntype=1\n#1=FakeSink\nsync=0\n[osd]\nenable=0\n"
        "[streammux]\nlive-source=0\nbatch-size=3\nbatched-push-timeout=-1\nwidth=1280\nheight=720\n"
        "[primary-gie]\nenable=1\nbatch-size=3\ngie-unique-id=1\nconfig-file=nvinfer.txt\n[tests]\nfile-loop=1\n",
    )
    assert config.application == Application(1, 2, tmp_path / "kitti")
    assert [(source.index, source.type, source.uri) for source in config.sources] == [
        (index, 2, f"file://{tmp_path}/clips/v.mp4") for index in range(3)
    ]
    assert config.sinks == (Sink(0, "sink0", type=1),)
    assert config.streammux == StreamMux(1280, 720, 3)
    assert config.primary_gie == PrimaryGie(tmp_path / "nvinfer.txt", batch_size=3, gie_unique_id=1)
    assert (config.tests.file_loop, config.osd.enable, config.tiled_display.enable) == (1, 0, 0)
    assert (config.warnings, config.unsupported) == ((), ())


def test_an_empty_file_is_an_empty_configuration(tmp_path: Path) -> None:
    config = read(tmp_path, "")
    assert (config.sources, config.sinks, config.primary_gie) == ((), (), None)
    assert config.streammux.batched_push_timeout == -1
    assert (config.osd.display_text, config.osd.display_bbox) == (True, True)


def test_copies_follow_all_other_sources_and_print_their_number(tmp_path: Path) -> None:
    config = read(
        tmp_path,
        "[source5]\nenable=1\ntype=3\nuri=file:///a%d.mp4\nnum-sources=2\n[source1]\nenable=0\ntype=oops\n"
        "[source2]\nenable=1\ntype=2\nuri=file:///b%20c.mp4\nnum-sources=9\n",
    )
    assert [(source.index, source.group, source.uri, source.camera_id) for source in config.sources] == [
        (0, "source5", "file:///a0.mp4", 5),
        (1, "source2", "file:///b%20c.mp4", 2),
        (2, "source5", "file:///a1.mp4", 5),
    ]


@pytest.mark.parametrize(
    ("uri", "expected"), [("a%03d.mp4", "a000.mp4"), ("a%%.mp4", "a%.mp4"), ("a%", "a%"), ("rtsp://h/x", "rtsp://h/x")]
)
def test_the_uri_of_a_multi_source_is_a_printf_format(tmp_path: Path, uri: str, expected: str) -> None:
    (source,) = read(tmp_path, f"[source0]\nenable=1\ntype=3\nuri={uri}\n").sources
    assert source.uri == expected


def test_a_percent_sign_that_would_print_garbage_is_refused(tmp_path: Path) -> None:
    error, console = refused(tmp_path, "[source0]\nenable=1\ntype=3\nuri=file:///my%20file.mp4\n")
    assert "%20f in it has no value to print" in error.what
    assert "type=2" in error.fix
    assert console == [END]


@pytest.mark.parametrize("uri", ["%1000000d", "%.999999999d", "%" + "9" * 5000 + "d"])
def test_a_number_without_end_in_a_name_is_refused(tmp_path: Path, uri: str) -> None:
    error, _ = refused(tmp_path, f"[source0]\nenable=1\ntype=3\nuri={uri}\n")
    assert "prints without end" in error.what


@pytest.mark.parametrize("enable", ["", "enable=0\n", "enable=yes\n", "enable=1.0\n"])
@pytest.mark.parametrize("group", ["source0", "sink0", "primary-gie", "secondary-gie0"])
def test_groups_that_are_not_enabled_are_not_read(tmp_path: Path, group: str, enable: str) -> None:
    config = read(tmp_path, f"[{group}]\n{enable}type=abc\nbatch-size=abc\nfoo=1\n")
    assert (config.sources, config.sinks, config.primary_gie, config.warnings) == ((), (), None, ())


@pytest.mark.parametrize(
    ("group", "line"),
    [
        ("application", "** WARN: <parse_app:370>: Unknown key 'foo' for group [application]"),
        ("source0", "** WARN: <parse_source:781>: Unknown key 'foo' for group [source0]"),
        ("sink7", "** WARN: <parse_sink:2373>: Unknown key 'foo' for group [sink7]"),
        ("streammux", "** WARN: <parse_streammux:968>: Unknown key 'foo' for group [streammux]"),
        ("osd", "** WARN: <parse_osd:1314>: Unknown key 'foo' for group [osd]"),
        ("tiled-display", "** WARN: <parse_tiled_display:2454>: Unknown key 'foo' for group [tiled-display]"),
        ("tests", "** WARN: <parse_tests:295>: Unknown key 'foo' for group [tests]"),
    ],
)
def test_unknown_keys_are_warned_of(tmp_path: Path, group: str, line: str) -> None:
    gate = "enable=1\n" if group.startswith(("source", "sink")) else ""
    assert read(tmp_path, f"[{group}]\n{gate}foo=1\n").warnings == (line,)


def test_unknown_groups_are_ignored(tmp_path: Path) -> None:
    config = read(tmp_path, "[nosuch]\nenable=1\n[Source0]\nenable=1\n[img]\nenable=1\n")
    assert (config.sources, config.warnings, config.unsupported) == ((), (), ())


def test_known_groups_that_are_not_run_are_named(tmp_path: Path) -> None:
    config = read(
        tmp_path,
        "[tracker]\nenable=1\n[nvds-analytics]\nenable=0\n[pre-process]\nenable=1\n[dewarper0]\nenable=1\n"
        "[secondary-gie0]\nenable=1\nconfig-file=s.txt\ngie-unique-id=2\n"
        "[source0]\nenable=1\nsmart-record=2\ngpu-id=1\n",
    )
    names = ("[tracker]", "[pre-process]", "[dewarper0]", "[secondary-gie0]", "[source0] smart-record")
    assert config.unsupported == names


@pytest.mark.parametrize(
    ("text", "chain", "function"),
    [
        ("[source0]\nenable=1\nnum-sources=abc\n", ["<parse_source:794>: parse_source failed"], "parse_source"),
        ("[streammux]\nwidth=12.5\n", ["<parse_streammux:984>: parse_streammux failed"], "parse_streammux"),
        ("[application]\nenable-perf-measurement=yes\n", ["<parse_app:384>: parse_app failed"], "parse_app"),
        ("[tests]\nfile-loop=\n", ["<parse_tests:309>: parse_tests failed"], "parse_tests"),
        ("[osd]\nenable=x\n", ["<parse_osd:1328>: parse_osd failed"], "parse_osd"),
        (
            "[primary-gie]\nenable=1\n",
            [
                "<parse_gie:1708>: Config file not provided for group 'primary-gie'",
                "<parse_gie:1721>: parse_gie failed",
            ],
            "parse_gie",
        ),
        (
            "[primary-gie]\nenable=1\nconfig-file=c.txt\nlabelfile-path=/no/l.txt\n",
            [
                "<parse_labels_file:368>: Failed to open label file '/no/l.txt':No such file or directory",
                "<parse_gie:1703>: Failed while parsing label file '/no/l.txt'",
                "<parse_gie:1721>: parse_gie failed",
            ],
            "parse_gie",
        ),
        (
            "[osd]\ntext-color=1;1;1\n",
            [
                "<parse_osd:1218>: Color params should be exactly 4 floats {r, g, b, a} between 0 and 1",
                "<parse_osd:1328>: parse_osd failed",
            ],
            "parse_osd",
        ),
        (
            "[sourcex]\n",
            ['<parse_config_file:481>: Source group "[sourcex]" is not in the form "[source<%d>]"'],
            "parse_config_file",
        ),
        (
            f"{SOURCE_0}[source00]\nenable=1\n",
            [
                '<parse_source:502>: Did not parse source group "[source00]".'
                " Another source group with source-id 0 already exists"
            ],
            "parse_source",
        ),
        (
            "[dx]\n",
            ['<parse_config_file:747>: dewarper group "[dx]" is not in the form "[dewarper<%d>]"'],
            "parse_config_file",
        ),
        (
            "[primary-gie]\nenable=1\nconfig-file=c\n[secondary-gie0]\nenable=1\nconfig-file=c\n",
            ["<parse_config_file:792>: Non unique gie ids found"],
            "parse_config_file",
        ),
        (
            "[source-list]\nlist=file:///a\n",
            ["<parse_config_file:437>: [source-attr-all] group not present."],
            "parse_config_file",
        ),
        ("garbage\n", [], "parse_config_file"),
    ],
)
def test_refused_files(tmp_path: Path, text: str, chain: list[str], function: str) -> None:
    error, console = refused(tmp_path, text)
    assert console == [*(f"** ERROR: {line}" for line in chain), END]
    assert error.where.startswith(f"{function}: {tmp_path}/app.txt")
    assert error.code in (Code.CONFIG_VALUE_INVALID, Code.KEYFILE_INVALID)


def test_a_warning_before_an_error_is_printed_first(tmp_path: Path) -> None:
    _, console = refused(tmp_path, "[source0]\nenable=1\nfoo=1\ntype=x\n")
    assert [line.split(":")[0] for line in console] == ["** WARN", "** ERROR", "** ERROR"]


def test_a_source_number_is_taken_once_in_a_process(tmp_path: Path) -> None:
    seen: set[int] = set()
    path = tmp_path / "app.txt"
    path.write_text(SOURCE_0)
    app_config.load(path, seen_sources=seen)
    with pytest.raises(DsbenchError, match="Another source group with source-id 0 already exists"):
        app_config.load(path, seen_sources=seen)


def test_a_source_list(tmp_path: Path) -> None:
    config = read(
        tmp_path,
        "[source-list]\nlist=file://a.mp4;rtsp://h/x;\n[source-attr-all]\nenable=1\ntype=3\n"
        "[streammux]\nbatch-size=9\n[primary-gie]\nenable=1\nbatch-size=9\nconfig-file=c.txt\n",
    )
    assert [(source.type, source.uri) for source in config.sources] == [
        (2, f"file://{tmp_path}/a.mp4"),
        (4, "rtsp://h/x"),
    ]
    assert config.streammux.batch_size == 2
    assert config.primary_gie is not None
    assert config.primary_gie.batch_size == 2


def test_a_source_list_that_does_not_count(tmp_path: Path) -> None:
    error, console = refused(tmp_path, "[source-list]\nlist=a;b\nnum-source-bins=3\n[source-attr-all]\nenable=1\n")
    assert error.what == "Mismatch in URIs provided and num-source-bins."
    assert console[1:] == ["** ERROR: <parse_source_list:215>: parse_source_list failed", END]


def test_paths_start_at_the_real_directory_of_the_config(tmp_path: Path) -> None:
    real = tmp_path / "real"
    real.mkdir()
    (real / "app.txt").write_text(
        "[application]\ngie-kitti-output-dir=../out\n[sink0]\nenable=1\ntype=3\noutput-file=out.mp4\n"
    )
    (tmp_path / "link.txt").symlink_to(real / "app.txt")
    config = app_config.load(tmp_path / "link.txt")
    assert str(config.application.gie_kitti_output_dir) == f"{real}/../out"
    assert config.sinks[0].output_file == "out.mp4"  # as written: relative to the working directory


def test_yaml_and_missing_files(tmp_path: Path) -> None:
    console: list[str] = []
    with pytest.raises(DsbenchError, match="YAML"):
        app_config.load(tmp_path / "app.yml")
    with pytest.raises(DsbenchError, match="No such file or directory"):
        app_config.load(tmp_path / "no.txt", console=console.append)
    assert console == [END]


@pytest.mark.parametrize(
    ("table", "kind"),
    [
        (APPLICATION, Application),
        (TESTS, Tests),
        (SOURCE, Source),
        (STREAMMUX, StreamMux),
        (OSD, Osd),
        (TILED_DISPLAY, TiledDisplay),
        (GIE, PrimaryGie),
        (SINK, Sink),
    ],
)
def test_the_tables_fit_the_dataclasses(table: GroupTable, kind: type) -> None:
    names = [key.name for key in table.keys]
    assert len(names) == len(set(names))
    assert {key.field for key in table.keys if key.field} <= set(kind.__dataclass_fields__)  # type: ignore[attr-defined]


def test_every_recorded_config_reads_as_its_console_says(shared: Path) -> None:
    own = re.compile(r"\*\* (WARN|ERROR): <parse_")
    cases = sorted(path for path in shared.glob("gold/*/*/console.log") if list(path.parent.glob("app*.txt")))
    for log in cases:
        console: list[str] = []
        seen: set[int] = set()
        for path in sorted(log.parent.glob("app*.txt")):
            try:
                app_config.load(path, console=console.append, seen_sources=seen)
            except DsbenchError:
                break
        expected = [text for text in log.read_text(errors="replace").splitlines() if own.match(text)]
        assert console == expected, log
    assert len(cases) > 50
