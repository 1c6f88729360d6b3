"""The page's view: headlines, problems, gallery, charts, videos and the limits of its size."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from dsbench.base.steps import STEPS
from dsbench.judge.run.reason import Reason, State
from dsbench.record.evidence import AnnotatedVideo, GridColumn, Picture, PictureGrid, Table
from dsbench.record.schema import Figures, ModelVerdict
from dsbench.report import html
from dsbench.report.page import failure_text, gallery, headlines, media
from dsbench.report.page.benchmark import benchmark, time_chart
from tests.report import pages


def test_failures_come_before_what_is_undecided() -> None:
    (model,) = pages.page(pages.everything()).models
    assert [(one.step, one.state) for one in model.problems] == [
        ("import_parity", "failed"),
        ("model_outputs", "inconclusive"),
    ]
    first = model.problems[0]
    assert (first.cause, first.details, first.fix_parts[0]) == ("boxes differ", "F1 0.41", "")
    assert [one.step for one in model.warned] == ["run2_validation"]
    assert model.then == ("# the change", "dsbench fix models/net", "# then", "pytest --model-dir models/net")


def test_a_line_that_ends_with_a_colon_goes_on() -> None:
    assert failure_text.first_line("2 things are wrong:\n  no ONNX\n  no labels") == (
        "2 things are wrong: no ONNX",
        "  no labels",
    )
    script = "python3 - <<'EOF'\nimport onnx\nEOF"
    assert failure_text.first_line(f"export again:\n{script}") == ("export again (a script does it, below)", script)
    assert failure_text.first_line("one:") == ("one:", "")


def test_an_exception_is_a_problem_with_its_traceback() -> None:
    crashed = replace(pages.passed("kitti_gate"), outcome="failed", detail="Traceback\n  x\nValueError: no")
    (model,) = pages.page([crashed]).models
    (one,) = model.problems
    assert (one.cause, one.traceback, one.code) == ("ValueError: no", crashed.detail, "")
    assert model.steps[0].traceback == crashed.detail


def test_what_was_not_measured() -> None:
    done = [pages.passed(step.name) for step in STEPS if step.name not in ("stream_sweep", "accuracy", "report")]
    sweep = pages.log("stream_sweep")
    sweep.left_out = "not requested (--sweep)"
    done.append(pages.result(sweep.snapshot()))
    done.append(pages.skipped("accuracy", "kitti_gate failed"))
    assert headlines.not_measured(done) == (
        "accuracy: kitti_gate failed",
        "stream_sweep: not requested (--sweep)",
        "report: not selected or not reached",
    )
    assert headlines.not_measured(done, "report")[-1] == "report: the run was interrupted in report"
    assert headlines.counts(done) == "18 passed, 2 skipped, 1 not run"


def test_how_sure_the_number_of_streams_is() -> None:
    (model,) = pages.page(pages.everything()).models
    assert model.headlines[1].reason == (
        "slowest stream 33.0 FPS, 95 % interval 32.0 to 34.0; 10 windows after 2.5 s of warm-up"
    )
    (model,) = pages.page([pages.skipped("run1_calibration", "kitti_gate failed")]).models
    assert model.headlines[1].reason == "the benchmark was skipped: kitti_gate failed"


def test_why_the_number_of_streams_is_not_known() -> None:
    reasons = (Reason("other-load", "busy: run again"), Reason("too-few-windows", "4 windows: raise --perf-seconds"))
    run = pages.measurement()
    doubted = replace(run.measurement, state=State.INCONCLUSIVE, reasons=reasons)
    step = pages.passed("run2_validation")
    assert step.page is not None
    step = replace(step, page=replace(step.page, measurements=(replace(run, measurement=doubted),)))
    for streams, said in ((None, ["busy: run again; 4 windows: raise --perf-seconds"]), (1, [])):
        verdict = ModelVerdict("amber", "Yes", "passed", "Not known", "amber", "embedded", streams)
        lines = headlines.lines([step], verdict, Path("/reports"))
        assert [line.text for line in lines if line.name == "Why are the streams not known?"] == said


def test_what_a_line_answers_is_not_among_what_was_not_measured() -> None:
    compared = pages.log("regression")
    compared.fact("Comparison", "nothing to compare with", "there is no earlier good run")
    compared.left_out = "nothing to compare with"
    done = [pages.passed(step.name) for step in STEPS if step.name != "regression"]
    assert headlines.not_measured([*done, pages.result(compared.snapshot())]) == ()


def test_the_gallery_keeps_to_its_size() -> None:
    frames = [pages.boxed(f"frame {number}", ("car", "person", "car")) for number in range(6)]
    shown = gallery.gallery(frames, len(frames[0].base64) * 4)
    assert shown is not None
    assert (len(shown.frames), shown.more, shown.missed, shown.extra) == (4, 2, 12, 12)
    assert shown.labels == ("car", "person")
    assert gallery.gallery([], 10) is None
    agreeing = gallery.gallery([pages.boxed(f"{number}", ("car",), paired=True) for number in range(6)], 10**6)
    assert agreeing is not None
    assert len(agreeing.frames) == 3


def test_a_large_video_is_a_link(tmp_path: Path) -> None:
    (tmp_path / "a b.webm").write_bytes(b"0" * 100)
    file = AnnotatedVideo("a b.webm", "video/webm", str(tmp_path / "a b.webm"))
    (small,) = media.videos([file], 100, tmp_path / "reports")
    assert (small.base64[:4], small.link, small.note) == ("MDAw", "../a%20b.webm", "")
    (large,) = media.videos([file], 99, tmp_path)
    assert (large.base64, large.link) == ("", "a%20b.webm")
    assert "too large for this page" in large.note
    (theora,) = media.videos([replace(file, mime_type="video/ogg")], 100, tmp_path)
    assert (theora.base64, "do not play" in theora.note) == ("", True)
    (gone,) = media.videos([replace(file, path=str(tmp_path / "none"))], 100, tmp_path)
    assert (gone.link, gone.note) == ("", "the file cannot be read: No such file or directory")


def test_many_models_share_the_size(tmp_path: Path) -> None:
    (tmp_path / "net.webm").write_bytes(b"0" * 1_100_000)
    log = pages.log("import_parity")
    picture = Picture("frame 3", "image/png", "A" * 60_000)
    boxes = pages.boxed("frame 4", [f"class {number % 20}" for number in range(80)])
    log.frames(*(replace(boxes, base64="A" * 60_000) for _ in range(9)))
    log.picture("frame 1", "image/png", picture.base64)
    log.grid(PictureGrid("Possible", (GridColumn("1", "a=1", "a=1", (picture,) * 3),) * 4))
    log.video("net.webm", "video/webm", str(tmp_path / "net.webm"))
    for number in range(20):
        log.text(f"file {number}", "line\n" * 4_000)
    for count in (1, 10):
        results = [pages.result(replace(log.snapshot(), model_key=f"{number}")) for number in range(count)]
        page = pages.page(results, tmp_path)
        assert len(html.page_html(page)) < 5_000_000
        assert len({model.anchor for model in page.models}) == count
    (first, *_) = page.models
    assert first.galleries[0].more == 8
    evidence = first.steps[0].evidence
    assert "left out to keep the page small" in evidence.grids[0].title
    assert "left out to keep the page small" in evidence.texts[0].body


def test_the_benchmark_s_charts() -> None:
    results = pages.benchmark()
    made = benchmark(results, pages.state().figures)
    assert [chart.title for chart in made] == [
        "Run 2 at 2 streams",
        "Where a frame's time goes: the run, and each stage alone",
        "Latency of a frame by component, mean",
        "Frames per second and efficiency",
    ]
    run = made[0]
    assert len(run.tables) == 2
    assert "The slowest stream reaches 32.00 to 34.00" in run.note
    assert 'class="warm"' in run.svg
    assert 'class="band"' in run.svg
    assert benchmark([], Figures()) == ()


@pytest.mark.parametrize("cell", ["", "x", "0"])
def test_a_table_without_numbers_is_no_chart(cell: str) -> None:
    table = Table("Run 1 and its ceilings", ("a", "b", "c", "d"), (("run 1", "1", cell, ""),))
    made = time_chart(table)
    assert made is None or "No figures." in made.svg


def test_several_errors_of_a_step_have_a_place_and_a_fix_each() -> None:
    what = "- wrong sizes\n    where: a.cpp\n    fix: swap them\n- no labels\n    fix: write them\n    fix: in order"
    (model,) = pages.page([pages.failed("parser_build", what)]).models
    (one,) = model.problems
    assert (one.cause, one.where, one.fix, one.details) == ("wrong sizes", "a.cpp", "swap them", "")
    assert [(more.what, more.where, more.fix) for more in one.more] == [("no labels", "", "write them\nin order")]
    assert ("What to do?", "swap them") in [(line.name, line.text) for line in model.lines]
    assert failure_text.listed_errors("- one\nand more") == []
    assert failure_text.listed_errors("    fix: alone") == []


@pytest.mark.parametrize(
    ("what", "fix", "repeats"),
    [
        ("topk=3 drops boxes", "set topk=200 in [class-attrs-all]; if you mean it, write accept = []", True),
        ("topk=3 drops boxes (usual: topk=200)", "set topk=200: more boxes", True),
        ("topk=3 drops boxes, eps=1 too", "set topk=200", False),
        ("labels are translations", "set topk=200 in [class-attrs-all]", True),
        ("the scale is not known", "set it", False),
    ],
)
def test_a_question_with_the_cause_of_a_failure_is_named_there(what: str, fix: str, repeats: bool) -> None:
    log = pages.log("import_parity")
    log.inconclusive("config-choices", what, fix)
    gate = pages.failed("kitti_gate", "topk=3 drops boxes (usual: 200)", "set topk=200 in [class-attrs-all]")
    (model,) = pages.page([gate, pages.result(log.snapshot(), "inconclusive")]).models
    assert [one.step for one in model.problems] == ["kitti_gate", *([] if repeats else ["import_parity"])]
    assert bool(model.problems[0].same) is repeats


def test_more_than_the_model_alone_is_explained() -> None:
    figures = pages.state().figures
    assert "cannot be" not in benchmark([], figures)[-1].note
    assert "cannot be" in benchmark([], replace(figures, run2=replace(figures.run2, efficiency=146.0)))[-1].note


@pytest.mark.parametrize(
    ("fix", "words", "code"),
    [
        ("swap the columns", "swap the columns", ""),
        ("make the folder writable", "make the folder writable", ""),
        ("set topk=3\nthe clip shows objects", "set topk=3\nthe clip shows objects", ""),
        ("topk=300\nthe clip shows objects", "topk=300\nthe clip shows objects", ""),
        ("nms-iou-threshold=0.45\ntopk=300", "", "nms-iou-threshold=0.45\ntopk=300"),
        ("run it:\npython3 - <<'EOF'\nimport onnx\nEOF", "run it:", "python3 - <<'EOF'\nimport onnx\nEOF"),
        ("left = cx - width / 2", "", "left = cx - width / 2"),
        ("dsbench init models/x --onnx x.onnx", "", "dsbench init models/x --onnx x.onnx"),
        ("dsbench reads it as UTF-8: save it so", "dsbench reads it as UTF-8: save it so", ""),
        ("", "", ""),
    ],
)
def test_what_of_a_fix_is_to_copy(fix: str, words: str, code: str) -> None:
    (model,) = pages.page([pages.failed("kitti_gate", "x", fix)]).models
    assert model.problems[0].fix_parts == (words, code)
