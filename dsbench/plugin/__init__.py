"""pytest options, fixtures and hooks. No logic: each hook calls a function that is tested elsewhere."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Generator, Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from dsbench.base import interrupts, jsonable, resources
from dsbench.base import options as option_values
from dsbench.base.errors import DsbenchError
from dsbench.base.options import COMMAND_LINE, DEFAULT, INI, SPECIFICATION, Given, Value
from dsbench.model.layout import ModelLayout
from dsbench.plugin import collection
from dsbench.record import codec
from dsbench.record.evidence import EvidenceLog, Failure
from dsbench.record.ledger import Ledger
from dsbench.record.recorder import Recorder, Recorders
from dsbench.record.schema import StepRecord
from dsbench.report import html_file, html_page, terminal
from dsbench.report.collector import PROPERTY, RECORD_PROPERTY, Collector
from dsbench.runtimes import select
from dsbench.steps.model_run import NO_MODEL_DIR, ModelRun, RunOptions

OPTIONS = pytest.StashKey[RunOptions]()
LAYOUTS = pytest.StashKey[Sequence[ModelLayout]]()
SELECTED = pytest.StashKey[select.Selected]()
LEDGER = pytest.StashKey[Ledger]()
COLLECTOR = pytest.StashKey[Collector]()
EVIDENCE_LOG = pytest.StashKey[EvidenceLog]()
RECORDERS = pytest.StashKey[Recorders]()
REPORT_FILE = pytest.StashKey[html_file.ReportFile]()

_OPTIONS = (
    ("model-dir", "model directory to validate; repeatable, shell globs allowed"),
    ("runtime", "auto (deepstream if deepstream-app is on PATH), deepstream or embedded; default auto"),
    ("video", "video to run on; default: DS_VIDEO, video in dsbench.toml, DeepStream's sample_720p.mp4"),
    ("kitti-frames", "frames of the KITTI dump, 0 for the whole video; default 100"),
    ("min-detection-rate", "share of frames that must have detections, 0 to 1; default 0.9"),
    ("gpu-id", "GPU for every gpu-id key; default 0"),
    ("prepare", "auto: make a missing stand-in engine (embedded runtime); never; default auto"),
    ("perf-seconds", "how long each benchmark run of the app lasts, its start included; default 60"),
    ("perf-interval", "seconds of one PERF window; default 2"),
    ("perf-precision", "end a run early once FPS are known to so many percent; 0: never; default 2"),
    ("target-fps", "frames per second of one real-time stream; default 30"),
    ("min-streams", "fail run2_validation when fewer real-time streams are confirmed; default none"),
    ("limits", "auto: measure what limits throughput (decoding alone, inference alone); never; default auto"),
    ("sweep", "look for the largest number of real-time streams, up to MAX_BS: several more benchmark runs"),
    ("latency", "measure the latency of each frame in one more run"),
    ("replace-results", "go on although the directory holds results of the other runtime"),
)

_FLAGS = ("replace-results", "sweep", "latency")


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("dsbench", "dsbench: validate and benchmark a detector for DeepStream")
    for name, text in _OPTIONS:
        ini = f"dsbench_{name.replace('-', '_')}"
        if name == "model-dir":
            group.addoption(f"--{name}", action="append", default=None, metavar="DIR", help=text)
            parser.addini(ini, text, type="linelist", default=[])
        elif name in _FLAGS:
            group.addoption(f"--{name}", action="store_true", default=None, help=text)
            parser.addini(ini, text, type="bool", default=False)
        else:
            group.addoption(f"--{name}", default=None, metavar="X", help=text)
            parser.addini(ini, text, default=None)


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", f"{collection.MARKER}: a step of the pipeline")
    # Python 3.12 warns of a preexec_fn beside other threads (telemetry, numpy's): ours take no lock they may hold
    config.addinivalue_line("filterwarnings", "ignore:.*multi-threaded:DeprecationWarning")
    config.stash[LEDGER] = Ledger()
    config.stash[COLLECTOR] = Collector()
    config.stash[RECORDERS] = Recorders()
    try:
        options = _read_options(config)
        config.stash[OPTIONS] = options
        config.stash[LAYOUTS] = collection.expand_model_dirs(options.model_dirs, options.start)
        if not options.model_dirs:
            return
        config.stash[SELECTED] = select.select(options.runtime.value)
    except DsbenchError as error:
        raise pytest.UsageError(error.render()) from None
    config.add_cleanup(interrupts.install())
    config.pluginmanager.register(config.stash[COLLECTOR], "dsbench.collector")
    if config.args_source is not pytest.Config.ArgsSource.ARGS:
        config.args[:] = [str(resources.data_folder("tests_pipeline"))]
        collection.keep_rootdir(config, options.start)
    try:
        path = html_file.configure(config, options.start / "reports" / collection.report_name(config.stash[LAYOUTS]))
    except DsbenchError as error:
        raise pytest.UsageError(error.render()) from None
    if path is not None:
        config.stash[REPORT_FILE] = html_file.ReportFile(path, config.stash[COLLECTOR])


def _read_options(config: pytest.Config) -> RunOptions:
    given = config.getoption("--model-dir")
    from_ini = config.getini("dsbench_model_dir")
    if any(not text.strip() for text in given or ()):  # an unset variable of a script
        raise pytest.UsageError(NO_MODEL_DIR)
    runtime = _given(config, "runtime").resolve(option_values.choice(*select.NAMES), None, "auto")
    prepare = _given(config, "prepare").resolve(option_values.choice("auto", "never"), None, "auto")
    options = RunOptions(
        model_dirs=tuple(given or from_ini),
        model_dirs_origin=COMMAND_LINE if given else INI,
        start=Path(config.invocation_params.dir),
        runtime=runtime,
        video=_given(config, "video", environment=os.environ.get("DS_VIDEO") or None),
        kitti_frames=_given(config, "kitti-frames"),
        min_detection_rate=_given(config, "min-detection-rate"),
        gpu_id=_given(config, "gpu-id").resolve(option_values.whole(0), None, 0),
        prepare=prepare,
        replace_results=_flag(config, "replace-results"),
        perf_seconds=_given(config, "perf-seconds"),
        perf_interval=_given(config, "perf-interval"),
        target_fps=_given(config, "target-fps"),
        min_streams=_given(config, "min-streams"),
        limits=_given(config, "limits").resolve(option_values.choice("auto", "never"), None, "auto", DEFAULT),
        sweep=_flag(config, "sweep", DEFAULT),
        latency=_flag(config, "latency", DEFAULT),
        perf_precision=_given(config, "perf-precision"),
    )
    options.check()
    return options


def _given(config: pytest.Config, name: str, environment: str | None = None) -> Given:
    ini = config.getini(f"dsbench_{name.replace('-', '_')}")
    return Given(f"--{name}", config.getoption(f"--{name}"), environment, ini or None)


def _flag(config: pytest.Config, name: str, default_origin: str = SPECIFICATION) -> Value[bool]:
    if config.getoption(f"--{name}"):
        return Value(True, COMMAND_LINE)
    if config.getini(f"dsbench_{name.replace('-', '_')}"):
        return Value(True, INI)
    return Value(False, default_origin)


def pytest_report_header(config: pytest.Config) -> list[str]:
    selected = config.stash.get(SELECTED, None)
    if selected is None:
        return []
    options = config.stash[OPTIONS]
    runtime = f"dsbench: runtime {selected.runtime.name} ({options.runtime.origin}: {selected.reason})"
    return [runtime, *_header(config)]


def _header(config: pytest.Config) -> tuple[str, ...]:
    return config.stash[OPTIONS].header(collection.readable_settings(config.stash[LAYOUTS]))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if metafunc.definition.get_closest_marker(collection.MARKER) is None or "model" not in metafunc.fixturenames:
        return
    layouts = metafunc.config.stash[LAYOUTS]
    metafunc.parametrize("model", layouts, indirect=True, scope="session", ids=collection.test_ids(layouts))


@pytest.hookimpl(tryfirst=True)
def pytest_collection(session: pytest.Session) -> None:
    # registered as the last one, so that its wrapper is around -k, -m and --lf
    session.config.pluginmanager.register(_Selection(), "dsbench.selection")
    if session.config.stash[LAYOUTS]:
        collection.collect_whole_files(session.config)


class _Selection:
    """Brings back the steps that the selected ones need."""

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_collection_modifyitems(
        self, config: pytest.Config, items: list[pytest.Item]
    ) -> Generator[None, None, None]:
        collected = list(items)
        yield
        steps = [item for item in collected if item.get_closest_marker(collection.MARKER)]
        if not steps:
            return
        if not config.stash[LAYOUTS]:
            if not config.option.collectonly:
                raise pytest.UsageError(NO_MODEL_DIR)
            return
        unknown = collection.unknown_steps(steps)
        if unknown:
            raise pytest.UsageError(f"{unknown[0]} is no known step; steps are {collection.known_step_names()}")
        items[:] = collection.with_prerequisites(collected, items)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    if SELECTED not in config.stash:
        return None
    from dsbench.plugin.xdist_scheduler import ModelScheduling

    return ModelScheduling(config, log)


@pytest.fixture(scope="session")
def model(request: pytest.FixtureRequest) -> Iterator[ModelRun]:
    """The model directory under test and what its steps have found so far."""
    stash = request.config.stash
    with tempfile.TemporaryDirectory(prefix="dsbench-") as scratch, ExitStack() as at_end:
        announce = partial(terminal.announce, request.config)
        recorder = stash[RECORDERS].get(request.param.key)
        at_end.callback(recorder.finish)
        yield ModelRun(request.param, stash[OPTIONS], stash[SELECTED], Path(scratch), announce, at_end, recorder)


@pytest.fixture
def evidence(request: pytest.FixtureRequest) -> EvidenceLog:
    """Where a step leaves what it found; kept when the step fails."""
    log: EvidenceLog = request.node.stash[EVIDENCE_LOG]
    return log


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    step, layout = collection.step_of(item), collection.layout_of(item)
    if step is None or layout is None:
        return
    log = EvidenceLog(step.name, layout.name, layout.key, item.config.stash[SELECTED].runtime.label)
    item.stash[EVIDENCE_LOG] = log
    item.config.stash[COLLECTOR].running = f"{step.name} of {layout.given}"
    _begin_record(item.config, layout).running = step.name
    cause = item.config.stash[LEDGER].cause_to_skip(layout.key, step)
    if cause is not None:
        log.skipped_for = str(cause)
        pytest.skip(str(cause))


def _begin_record(config: pytest.Config, layout: ModelLayout) -> Recorder:
    from dsbench.steps import recording

    stash = config.stash
    make = partial(recording.recorder, layout, stash[OPTIONS], stash[SELECTED])
    return stash[RECORDERS].get(layout.key, make)


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, object, object]:
    try:
        return (yield)
    except DsbenchError as error:
        log = pyfuncitem.stash.get(EVIDENCE_LOG, None)
        if log is None:
            raise
        log.failure = Failure(str(error.code), error.what, error.where, error.fix)
        raise pytest.fail.Exception(error.render(), pytrace=False) from None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    log = item.stash.get(EVIDENCE_LOG, None)
    if log is None or not (call.when == "call" or (call.when == "setup" and call.excinfo is not None)):
        return (yield)
    from dsbench.steps import recording

    evidence = log.snapshot()
    item.user_properties.append((PROPERTY, jsonable.dumps(codec.without_bulk(evidence))))
    report = yield
    item.config.stash[LEDGER].note(log.model_key, log.step, report.outcome, log.failure)
    recorder = item.config.stash[RECORDERS].get(log.model_key)
    step = StepRecord(evidence, report.outcome, call.duration)
    recording.after_step(recorder, item.funcargs.get("model"), step)  # type: ignore[attr-defined]
    report.user_properties.append((RECORD_PROPERTY, jsonable.dumps(recorder.state)))
    html_page.add_evidence(report, evidence, recorder.record.figures.target_fps)
    item.config.stash[COLLECTOR].running = ""
    return report


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> Generator[None, None, None]:
    collector = session.config.stash[COLLECTOR]
    if exitstatus == 0 and (collector.proves_nothing or collector.record_trouble):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
    yield
    report = session.config.stash.get(REPORT_FILE, None)
    if report is not None:
        html_file.close(session.config, report)
        if report.trouble and session.exitstatus == 0:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    collector = config.stash[COLLECTOR]
    if collector.running:
        terminalreporter.write_line(f"dsbench: interrupted in {terminal.printable(collector.running)}", red=True)
    if collector.results:
        terminalreporter.ensure_newline()
        terminalreporter.section("dsbench")
        report = config.stash.get(REPORT_FILE, None)
        for line in terminal.summary_lines(collector.results, report.path if report and report.written else None):
            terminalreporter.write_line(line)
        if report and report.trouble:
            terminalreporter.write_line(f"dsbench: {terminal.printable(report.trouble)}", red=True)


@pytest.hookimpl(optionalhook=True)
def pytest_html_report_title(report: Any) -> None:
    html_page.set_title(report)


@pytest.hookimpl(optionalhook=True)
def pytest_html_results_table_header(cells: list[str]) -> None:
    html_page.header_cells(cells)


@pytest.hookimpl(optionalhook=True)
def pytest_html_results_table_row(report: pytest.TestReport, cells: list[str]) -> None:
    html_page.row_cells(report, cells)


@pytest.hookimpl(optionalhook=True)
def pytest_html_results_table_html(report: pytest.TestReport, data: list[str]) -> None:
    html_page.row_log(report, data)


@pytest.hookimpl(optionalhook=True)
def pytest_html_results_summary(prefix: list[str], session: pytest.Session) -> None:
    html_page.add_summary(prefix, session.config.stash[COLLECTOR])


def pytest_sessionstart(session: pytest.Session) -> None:
    if REPORT_FILE in session.config.stash:
        html_file.take_over_writing(session.config, session.config.stash[REPORT_FILE])
    if SELECTED in session.config.stash:
        stash = session.config.stash
        runtime = stash[SELECTED].runtime
        versions = {one.component: one.version for one in runtime.versions(stash[OPTIONS].gpu_id.value)}
        html_page.environment(session.config, _header(session.config), runtime.label, versions)
