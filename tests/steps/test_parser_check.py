"""The parser check on a whole model directory: as a command, as a step's functions, and where it cannot run."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest

from dsbench import cli
from dsbench.base import option_levels
from dsbench.base.errors import Code, DsbenchError
from dsbench.judge.lint import ERROR, WARNING, Finding
from dsbench.model import preflight
from dsbench.model.layout import ModelLayout
from dsbench.model.preflight import Request
from dsbench.record.evidence import EvidenceLog
from dsbench.runtimes import parser_harness
from dsbench.runtimes.embedded import EmbeddedRuntime
from dsbench.runtimes.parser_harness import SanitizersMissing
from dsbench.steps import model_outputs, parser_check
from dsbench.steps.parser_check import ParserCheckResult
from tests.material import write_clip, write_onnx

PARSER = """\
#include "nvdsinfer_custom_impl.h"
extern "C" bool NvDsInferParseCustomTiny(std::vector<NvDsInferLayerInfo> const &layers, NvDsInferNetworkInfo const &,
    NvDsInferParseDetectionParams const &params, std::vector<NvDsInferObjectDetectionInfo> &objects) {
  float const *values = static_cast<float const *>(layers[0].buffer);
  NvDsInferObjectDetectionInfo object{};
  object.width = object.height = 8;
  object.detectionConfidence = values[layers[0].inferDims.numElements];  // one past the end
  objects.push_back(object);
  return params.numClassesConfigured > 0;
}
"""
FINDING = Finding("parser-leak", ERROR, "80 bytes", "parser/p.cpp:7", "delete it")


@pytest.fixture
def model_dir(tmp_path: Path) -> Path:
    folder = tmp_path / "a model"
    write_onnx(folder / "model" / "tiny.onnx")
    (folder / "config").mkdir()
    (folder / "config" / "labels.txt").write_text("car\nperson\n")
    write_clip(tmp_path / "clip.mp4")
    return folder


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def sanitized() -> None:
    program = parser_harness.runner()
    if isinstance(program, SanitizersMissing):
        pytest.skip(program.reason)


def check(folder: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    status = cli.main(["parser-check", str(folder), "--video", str(folder.parent / "clip.mp4")])
    return status, capsys.readouterr().out


def test_the_familys_parser_is_clean_and_nothing_is_written(
    model_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sanitized()
    before = files(model_dir)
    status, shown = check(model_dir, capsys)
    assert status == 0
    assert "cases, 0 findings" in shown
    assert files(model_dir) == before


def test_a_users_parser_is_named_by_rule_file_and_line(model_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sanitized()
    source = model_dir / "parser" / "src" / "mine.cpp"
    source.parent.mkdir(parents=True)
    source.write_text(PARSER)
    (model_dir / "parser" / "tiny.cpp").write_text('#include "src/mine.cpp"\n')
    (model_dir / "dsbench.toml").write_text('[property]\nparse-bbox-func-name = "NvDsInferParseCustomTiny"\n')
    before = files(model_dir)
    status, shown = check(model_dir, capsys)
    assert status == 1
    assert "error: parser-out-of-bounds: reads 4 bytes 0 bytes past the end of output 'output'" in shown
    assert "where: parser/src/mine.cpp:7" in shown
    assert files(model_dir) == before


def test_a_parser_that_does_not_build_at_all_is_an_error(model_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (model_dir / "parser").mkdir()
    (model_dir / "parser" / "tiny.cpp").write_text("#include <not_there.h>\n")
    status = cli.main(["parser-check", str(model_dir), "--video", str(model_dir.parent / "clip.mp4")])
    said = capsys.readouterr().err
    assert status == 1
    assert "[parser-compile] the parser does not compile" in said
    assert "not_there.h" in said


def test_a_failed_sanitized_build_is_reported_and_passes(model_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sanitized()
    (model_dir / "parser").mkdir()
    (model_dir / "parser" / "tiny.cpp").write_text(
        "#ifdef __SANITIZE_ADDRESS__\n#include <not_there.h>\n#endif\n" + PARSER
    )
    status, shown = check(model_dir, capsys)
    assert status == 0
    assert "not run: the parser was not built with sanitizers" in shown
    assert "not_there.h" in shown


def test_without_sanitizers_the_step_passes_and_reports_it(
    model_dir: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        parser_harness, "runner", lambda: SanitizersMissing("libasan missing", "apt-get install libasan8")
    )
    status, shown = check(model_dir, capsys)
    assert (status, shown) == (0, "not run: libasan missing\n  fix: apt-get install libasan8\n")
    log = EvidenceLog("parser_check", "tiny", "tiny-1", "embedded")
    parser_check.add_evidence(log, ParserCheckResult(not_run="libasan missing", fix="apt-get install libasan8"))
    assert log.snapshot().facts[0].value == "not run: libasan missing"
    assert "apt-get install libasan8" in log.snapshot().notes


def test_errors_fail_the_step_warnings_do_not() -> None:
    warning = Finding("parser-undefined", WARNING, "nan to int", "parser/p.cpp:9", "check it")
    parser_check.require(ParserCheckResult((warning,)))
    with pytest.raises(DsbenchError, match="parser-leak: 80 bytes") as caught:
        parser_check.require(ParserCheckResult((FINDING, warning)))
    assert caught.value.code is Code.PARSER_CHECK
    assert (caught.value.where, caught.value.fix) == ("parser/p.cpp:7", "delete it")
    with pytest.raises(
        DsbenchError, match=r"parser-undefined: nan to int\n    where: parser/p.cpp:9\n    fix: check it$"
    ):
        parser_check.require(ParserCheckResult((FINDING, replace(warning, severity=ERROR))))
    log = EvidenceLog("parser_check", "tiny", "tiny-1", "embedded")
    parser_check.add_evidence(log, ParserCheckResult((FINDING, warning), 35, 4))
    shown = log.snapshot()
    assert [row[0] for row in shown.tables[0].rows] == ["parser-leak", "parser-undefined"]
    assert len(shown.warnings) == 1, "an error is the step's failure, not a warning"


def test_a_cancelled_check_ends(model_dir: Path, tmp_path: Path) -> None:
    sanitized()
    (model_dir / "parser").mkdir()
    (model_dir / "parser" / "tiny.cpp").write_text(PARSER)
    building = tmp_path / "building"
    (model_dir / "parser" / "Makefile").write_text(f"all:\n\ttouch '{building}'; sleep 120\n")
    layout = ModelLayout.at(str(model_dir), tmp_path)
    given = option_levels.read({"video": str(tmp_path / "clip.mp4")})
    facts = preflight.run(layout, Request("embedded", given, tmp_path, replace_results=True))
    outputs = model_outputs.probe(facts, tmp_path)
    begun = time.monotonic()
    with pytest.raises(DsbenchError, match="the build was stopped"):
        parser_check.check(facts, outputs, EmbeddedRuntime(), tmp_path, building.is_file)
    assert time.monotonic() - begun < 60
