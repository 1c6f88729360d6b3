"""The real command in a directory of its own: options, header, exit codes, report files, hostile names."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from html import unescape
from pathlib import Path
from xml.etree import ElementTree

import pytest

from dsbench.base.spec import MIN_DETECTION_RATE
from dsbench.base.steps import STEPS
from tests.material import write_classifier, write_clip, write_onnx
from tests.warm import run_pytest

pytestmark = pytest.mark.long

QUICK = ("--prepare=never",)
ONLY_PREFLIGHT = ("-k", "preflight", "--prepare=never")


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_clip(tmp_path_factory.mktemp("clip") / "clip.mp4", frames=3)


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A user's repository with one model."""
    write_model(tmp_path, "net")
    return tmp_path


def write_model(workspace: Path, name: str) -> Path:
    root = workspace / "models" / name
    write_onnx(root / "model" / "net.onnx")
    (root / "config").mkdir()
    (root / "config" / "labels.txt").write_text("car\nperson\n")
    return root


def run(cwd: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return run_pytest(cwd, "--prepare=never", *arguments, **environment)


def page_data(report: Path) -> dict[str, object]:
    """What pytest-html's page holds, decoded."""
    blob = re.search(r'data-jsonblob="(.*?)"', report.read_text(encoding="utf-8"), re.DOTALL)
    assert blob is not None
    data: dict[str, object] = json.loads(unescape(blob[1]))
    return data


def test_no_model_dir_is_one_line_and_exit_4(repository: Path) -> None:
    done = run(repository)
    assert done.returncode == 4
    assert "No model directory provided. Usage: pytest --model-dir models/<model_name>" in done.stderr
    assert "Traceback" not in done.stdout + done.stderr


def test_nothing_to_run_says_how_to_start(tmp_path: Path) -> None:
    done = run(tmp_path)
    assert done.returncode == 5
    assert "dsbench: No model directory provided. Usage: pytest --model-dir models/<model_name>\n" in done.stdout


def test_a_failed_preflight_keeps_what_an_earlier_run_left(workspace: Path, clip: Path) -> None:
    root, page = workspace / "models/net", workspace / "reports/net.html"
    good = ("--model-dir=models/net", "-k", "model_outputs")
    run(workspace, *good, "--video", str(clip))
    report, record = page.read_bytes(), (root / "reports/benchmark_data.json").read_bytes()
    chart = root / "reports/charts/fps_run1.svg"
    chart.parent.mkdir()
    chart.write_text("<svg/>")
    for _ in range(2):
        done = run(workspace, "--model-dir=models/net", "--video=missing.mp4")
        assert done.returncode == 1
        assert (workspace / "reports/net.previous.html").read_bytes() == report
        assert f"the report of the earlier run was kept: {workspace / 'reports/net.previous.html'}" in done.stdout
        assert page.read_bytes() != report
        assert chart.exists()
    assert (root / "reports/benchmark_data.previous.json").read_bytes() == record


def test_a_run_leaves_its_report_and_header(workspace: Path, clip: Path) -> None:
    done = run(workspace, "--model-dir", "models/net/", *ONLY_PREFLIGHT, "--video", str(clip), "--kitti-frames=7")
    assert done.returncode == 0, done.stdout
    assert "dsbench: runtime embedded (specification: deepstream-app is not on PATH)" in done.stdout
    assert "kitti-frames 7 (command line)" in done.stdout
    assert f"min-detection-rate {MIN_DETECTION_RATE} (specification)" in done.stdout
    assert (workspace / "reports" / "net.html").is_file()
    assert f"report: {workspace / 'reports' / 'net.html'}" in done.stdout


def test_ini_options_and_ds_video(workspace: Path, clip: Path) -> None:
    (workspace / "pytest.ini").write_text(
        "[pytest]\ndsbench_model_dir = models/net\ndsbench_runtime = embedded\ndsbench_min_detection_rate = 0.5\n"
    )
    done = run(workspace, *ONLY_PREFLIGHT, DS_VIDEO=str(clip))
    assert done.returncode == 0, done.stdout
    assert "runtime embedded (pytest ini" in done.stdout
    assert "min-detection-rate 0.5 (pytest ini)" in done.stdout
    assert f"video {clip} (environment)" in done.stdout


def test_the_header_knows_dsbench_toml(workspace: Path, clip: Path) -> None:
    (workspace / "models" / "net" / "dsbench.toml").write_text(
        f'video = "{clip}"\n[gate]\nmin-detection-rate = 0.5\n[benchmark]\nperf-seconds = 8\n'
    )
    done = run(workspace, "--model-dir", "models/net", *ONLY_PREFLIGHT, "--kitti-frames=7")
    assert done.returncode == 0, done.stdout
    assert f"video {clip} (dsbench.toml); kitti-frames 7 (command line); min-detection-rate 0.5" in done.stdout
    assert "perf-seconds 8 (dsbench.toml); perf-interval 2 (specification); perf-precision 2 (default)" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--runtime", "cuda"), "must be one of auto, deepstream, embedded"),
        (("--runtime", "deepstream"), "deepstream-app is not on PATH"),
        (("--kitti-frames", "-1"), "must be at least 0"),
        (("--min-detection-rate", "90"), "must be a number from 0 to 1 (a fraction: 0.9 for 90 %)"),
        (("--perf-seconds", "2", "--perf-interval", "60"), "too short for two PERF windows"),
        (("--prepare", "yes"), "must be one of auto, never"),
        (("--target-fps", "0"), "must be a number above 0"),
        (("--perf-seconds", "1.5"), "must be a whole number"),
        (("--perf-precision", "nan"), "must be a number from 0 to 100"),
        (("--min-streams", "0"), "must be at least 1"),
        (("--video", ""), "must not be empty"),
        (("--model-dir", ""), "No model directory provided. Usage: pytest --model-dir models/<model_name>"),
    ],
)
def test_wrong_usage_is_one_message_and_exit_4(workspace: Path, arguments: tuple[str, ...], said: str) -> None:
    done = run(workspace, "--model-dir", "models/net", *arguments)
    assert done.returncode == 4
    assert said in done.stderr
    assert "Traceback" not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("models/nope", "the model directory does not exist\n"),
        ("models/x*", "the model directory does not exist: no directory matches this pattern\n"),
    ],
)
def test_a_directory_that_is_not_there_is_a_failure(workspace: Path, given: str, said: str) -> None:
    done = run(workspace, "--model-dir", given)
    assert done.returncode == 1
    assert said in done.stdout
    assert "no tests ran" not in done.stdout
    assert "preflight failed [model-dir-missing]" in run(workspace, "--model-dir", given, "-rs").stdout


@pytest.mark.parametrize(
    ("settings", "argument", "refused"),
    [
        ("perf-seconds = 3", "--perf-interval=2", True),
        ("perf-interval = 1", "--perf-seconds=3", False),
    ],
)
def test_runs_shorter_than_two_windows_stop_in_preflight(
    workspace: Path, clip: Path, settings: str, argument: str, refused: bool
) -> None:
    (workspace / "models/net/dsbench.toml").write_text(f"[benchmark]\n{settings}\n")
    done = run(workspace, "--model-dir", "models/net", "--video", str(clip), argument, *ONLY_PREFLIGHT)
    assert done.returncode == int(refused), done.stdout
    assert ("preflight FAILED [usage]" in done.stdout) == refused
    assert ("too short for two PERF windows" in done.stdout) == refused


def test_globs_and_the_same_directory_twice(workspace: Path, clip: Path) -> None:
    write_model(workspace, "net2")
    arguments = ("--model-dir", "models/n*", "--model-dir", "models/net/", "--video", str(clip))
    done = run(workspace, *arguments, *ONLY_PREFLIGHT)
    assert "2 passed" in done.stdout
    assert [path.name for path in (workspace / "reports").iterdir()] == ["net+net2.html"]


def test_two_directories_of_one_name_stay_apart(workspace: Path, clip: Path) -> None:
    shutil.copytree(workspace / "models", workspace / "other")
    (workspace / "other" / "net" / "config" / "labels.txt").unlink()
    done = run(workspace, "--model-dir=models/net", "--model-dir=other/net", "--video", str(clip), *ONLY_PREFLIGHT)
    assert "1 failed, 1 passed" in done.stdout


def test_one_model_s_failure_does_not_stop_another_s_steps(workspace: Path, clip: Path) -> None:
    broken = write_model(workspace, "broken")
    (broken / "config" / "labels.txt").unlink()
    for extra in ((), ("-n", "2")):
        arguments = ("--model-dir", "models/*", "--video", str(clip), "-k", "model_outputs", "-rs")
        done = run(workspace, *arguments, *QUICK, *extra)
        assert "preflight failed [labels-missing]" in done.stdout, done.stdout
        assert "1 skipped" in done.stdout
        assert re.search(r"2 passed|1 passed", done.stdout)


def test_k_pulls_prerequisites_in(workspace: Path) -> None:
    done = run(workspace, "--model-dir", "models/net", "--collect-only", "-q", "-k", "parser_makefile")
    names = re.findall(r"test_(\w+)\[net\]", done.stdout)
    assert names == ["preflight", "model_outputs", "parser_source", "parser_makefile"]


def test_a_step_that_is_excluded_by_name_does_not_run(workspace: Path, clip: Path) -> None:
    arguments = ("--model-dir", "models/net", "--video", str(clip), "-k", "parser_source and not model_outputs", "-rs")
    done = run(workspace, *arguments)
    assert "model_outputs was deselected" in done.stdout
    assert "1 skipped" in done.stdout
    collected = run(workspace, "--model-dir", "models/net", "--collect-only", "-q", "-k", "not run1 and not run2")
    names = re.findall(r"test_(\w+)\[net\]", collected.stdout)
    assert "run1_calibration" not in names
    assert "throughput_limit" in names


@pytest.mark.parametrize("inside", [True, False], ids=["tests in the repository", "tests elsewhere"])
def test_lf_pulls_prerequisites_in(workspace: Path, clip: Path, repository: Path, inside: bool) -> None:
    files: tuple[str, ...] = ()
    if inside:
        shutil.copytree(repository / "tests_pipeline", workspace / "tests_pipeline")
        files = ("tests_pipeline",)
    write_classifier(workspace / "models/net/model/net.onnx")
    given = (*files, "--model-dir=models/net", "--video", str(clip), "-k", "not report")
    assert run(workspace, *given).returncode == 1
    again = run(workspace, *given, "--lf", "-v")
    assert again.returncode == 1, again.stdout
    assert "test_preflight[net] PASSED" in again.stdout
    assert "test_model_outputs[net] FAILED" in again.stdout
    assert "parser_source" not in again.stdout.partition("= FAILURES =")[0]


def test_collect_only_does_not_touch_an_older_report(workspace: Path) -> None:
    report = workspace / "reports" / "net.html"
    report.parent.mkdir()
    report.write_text("good")
    run(workspace, "--model-dir", "models/net", "--collect-only")
    run(workspace, "--model-dir", "models/net", "-k", "nothing_of_that_name")
    assert report.read_text() == "good"


def test_a_users_html_option_stays(workspace: Path, clip: Path) -> None:
    done = run(workspace, "--model-dir", "models/net", "--video", str(clip), *ONLY_PREFLIGHT, "--html=mine.html")
    assert (workspace / "mine.html").is_file()
    assert not (workspace / "reports").exists()
    assert str(workspace / "mine.html") in done.stdout


def test_without_pytest_html_there_is_no_report(workspace: Path, clip: Path) -> None:
    done = run(workspace, "--model-dir", "models/net", "--video", str(clip), *ONLY_PREFLIGHT, "-p", "no:html")
    assert done.returncode == 0, done.stdout + done.stderr
    assert not (workspace / "reports").exists()


def test_hostile_names_stay_text(workspace: Path, clip: Path) -> None:
    name = '<img src=x onerror="document.title=1">'
    root = write_model(workspace, name)
    (root / "config" / "labels.txt").write_text("<script>alert(1)</script>\nb\n")
    junit = workspace / "junit.xml"
    done = run(workspace, f"--model-dir=models/{name}", "--video", str(clip), *ONLY_PREFLIGHT, f"--junitxml={junit}")
    assert done.returncode == 0, done.stdout
    (case,) = ElementTree.parse(junit).getroot().iter("testcase")
    assert {one.attrib["name"]: one.attrib["value"] for one in case.iter("property")}["model"] == name
    (report,) = (workspace / "reports").iterdir()
    assert re.fullmatch(r"[A-Za-z0-9._-]+\.html", report.name)
    assert "<img src=x" not in report.read_text(encoding="utf-8")
    # the page's script puts these texts into the document as HTML
    tests = json.dumps(page_data(report)["tests"])
    assert "&lt;img src=x" in tests
    assert "<img src=x" not in tests
    assert "<script>" not in tests
    assert "<img" not in json.dumps(page_data(report)["environment"])


def test_the_plugin_leaves_other_suites_alone(tmp_path: Path) -> None:
    (tmp_path / "test_own.py").write_text(
        "import pytest\n@pytest.fixture\ndef model(): return 3\ndef test_preflight(model): assert model == 3\n"
    )
    done = run(tmp_path)
    assert "1 passed" in done.stdout
    assert not (tmp_path / "reports").exists()


def test_collection_is_quick(workspace: Path) -> None:
    """Heavy packages are imported by the steps, never while pytest collects."""
    code = (
        "import sys, pytest; pytest.main(['--collect-only', '-q', '--model-dir', 'models/net']); "
        "print('HEAVY', sorted({'numpy', 'onnx', 'onnxruntime', 'av', 'PIL', 'jinja2'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=workspace, capture_output=True, text=True, check=False)
    heavy = re.search(r"HEAVY (.*)", done.stdout)
    assert heavy is not None
    assert heavy[1] in ("[]", "['jinja2']"), "jinja2 is pytest-html's"


STEPS_OF_OURS = """
import pytest

pytestmark = pytest.mark.dsbench_step


def test_preflight(model, evidence):
    pass


def test_model_outputs(model, evidence):
    evidence.inconclusive("preprocessing-unknown", "nobody states net-scale-factor", "set it")


def test_parser_source(model, evidence):
    pass
"""


@pytest.mark.parametrize("more", [(), ("-n1",)], ids=["alone", "xdist"])
def test_an_inconclusive_step_is_neither_passed_nor_failed(workspace: Path, more: tuple[str, ...]) -> None:
    (workspace / "test_steps.py").write_text(STEPS_OF_OURS)
    done = run(workspace, "test_steps.py", "--model-dir=models/net", "--junit-xml=junit.xml", *more)
    assert done.returncode == 1, "CI must not count it as passed"
    assert f"net: 2 of {len(STEPS)} steps passed, 1 INCONCLUSIVE on" in done.stdout
    assert "; not run: parser_makefile," in done.stdout
    assert "net: model_outputs INCONCLUSIVE [preprocessing-unknown]\n  nobody states net-scale-factor" in done.stdout
    assert "2 passed, 1 inconclusive in" in done.stdout, "later steps run"
    suite = ElementTree.parse(workspace / "junit.xml").getroot().find("testsuite")
    assert suite is not None
    assert [suite.get(name) for name in ("tests", "skipped", "failures", "errors")] == ["3", "1", "0", "0"]
    (skipped,) = suite.iter("skipped")
    assert skipped.get("message") == "INCONCLUSIVE [preprocessing-unknown] nobody states net-scale-factor"
    record = json.loads((workspace / "models" / "net" / "reports" / "benchmark_data.json").read_text())
    assert [step["outcome"] for step in record["steps"]] == ["passed", "inconclusive", "passed"]
    assert record["steps"][1]["undecided"][0]["code"] == "preprocessing-unknown"
    report = (workspace / "reports" / "net.html").read_text()
    assert "Not known: the preprocessing is not stated, see model_outputs" in report


@pytest.mark.parametrize(
    ("name", "text"), [("pytest.ini", "[pytest]\nds_runtime = x\n"), ("tox.ini", "[pytest]\naddopts = -q\n")]
)
def test_configuration_in_the_model_directory_is_refused_where_pytest_took_it(
    workspace: Path, name: str, text: str
) -> None:
    (workspace / "models" / "net" / name).write_text(text)
    done = run(workspace, "--model-dir", "models/net", *ONLY_PREFLIGHT)
    assert done.returncode == 4
    assert f"pytest took its configuration from the model directory: {workspace}/models/net/{name}" in done.stderr
    assert "video-missing" in run(workspace, "--model-dir=models/net", *ONLY_PREFLIGHT).stdout
