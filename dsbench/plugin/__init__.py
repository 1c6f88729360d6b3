"""pytest options, fixtures and hooks. No logic: each hook calls a function that is tested elsewhere."""

from __future__ import annotations

import shlex
import tempfile
import traceback
from collections.abc import Generator, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Literal

import pytest

from dsbench.base import interrupts, jsonable, option_levels, options, resources
from dsbench.base.errors import DsbenchError
from dsbench.base.option import add_argument, help_of
from dsbench.base.option_kinds import Flag, Texts
from dsbench.base.option_levels import Options
from dsbench.base.os_errors import as_dsbench_error
from dsbench.base.text import console
from dsbench.ci import junit
from dsbench.ci.junit import JunitNames
from dsbench.ci.outcome import session_outcome
from dsbench.ci.service import CiService, detect
from dsbench.model import given_dirs
from dsbench.model.layout import ModelLayout
from dsbench.plugin import collection, live, lost_output, selection, terminal_guard
from dsbench.plugin.lost_output import LostOutput
from dsbench.record import codec
from dsbench.record.evidence import EvidenceLog, StepFailure
from dsbench.record.ledger import Ledger
from dsbench.record.recorder import Recorder, Recorders
from dsbench.record.schema import StepRecord, outcome_of
from dsbench.report import collector as step_collector
from dsbench.report import html_file, html_page, terminal
from dsbench.report.collector import PROPERTY, RECORD_PROPERTY, StepCollector
from dsbench.runtimes import select
from dsbench.steps.model_run import NO_MODEL_DIR, ModelRun

OPTIONS = pytest.StashKey[Options]()
LAYOUTS = pytest.StashKey[Sequence[ModelLayout]]()
SELECTED = pytest.StashKey[select.Selected]()
LEDGER = pytest.StashKey[Ledger]()
COLLECTOR = pytest.StashKey[StepCollector]()
EVIDENCE_LOG = pytest.StashKey[EvidenceLog]()
RECORDERS = pytest.StashKey[Recorders]()
REPORT_FILE = pytest.StashKey[html_file.ReportFile]()
CI = pytest.StashKey[CiService]()
LOST_OUTPUT = pytest.StashKey[LostOutput]()
STREAMS = pytest.StashKey[live.Streams]()
_INI_TYPES: dict[type, Literal["bool", "linelist"]] = {Flag: "bool", Texts: "linelist"}


def pytest_addoption(parser: pytest.Parser) -> None:
    lost_output.open_streams()
    group = parser.getgroup("dsbench", "dsbench: validate and benchmark a detector for DeepStream")
    for option in options.OPTIONS:
        add_argument(group.addoption, option)
        parser.addini(option.ini, help_of(option), type=_INI_TYPES.get(type(option.kind)))


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", f"{collection.MARKER}: a step of the pipeline")
    # Python 3.12 warns of a preexec_fn in a process with threads (telemetry, numpy): the one of dsbench takes no lock
    config.addinivalue_line("filterwarnings", "ignore:.*multi-threaded:DeprecationWarning")
    config.stash[LEDGER] = Ledger()
    config.stash[COLLECTOR] = StepCollector()
    config.stash[RECORDERS] = Recorders()
    start = Path(config.invocation_params.dir)
    try:
        given = config.stash[OPTIONS] = _read_options(config)
        model_dirs = given.resolve(options.MODEL_DIRS).value
        config.stash[LAYOUTS] = given_dirs.expand_model_dirs(model_dirs, start)
        if not model_dirs:
            return
        collection.refuse_models_configuration(config, config.stash[LAYOUTS], start)
        if given.resolve(options.ISOLATE).value:
            from dsbench.steps import isolation

            isolation.require()
        config.stash[SELECTED] = select.select(given.resolve(options.RUNTIME).value)
    except (DsbenchError, OSError) as error:
        raise pytest.UsageError(as_dsbench_error(error).render()) from None
    config.add_cleanup(interrupts.install())
    config.stash[STREAMS] = live.Streams.copied(config)
    config.pluginmanager.register(selection.Interruption(config.stash[RECORDERS]), "dsbench.interruption")
    _begin_ci(config, start)
    config.pluginmanager.register(config.stash[COLLECTOR], "dsbench.collector")
    if config.args_source is not pytest.Config.ArgsSource.ARGS:
        config.args[:] = [str(resources.data_folder("tests_pipeline"))]
        collection.keep_rootdir(config, start)
    try:
        junit.clear_place(config, start)
        path = html_file.configure(config, start / "reports" / collection.report_name(config.stash[LAYOUTS]))
    except DsbenchError as error:
        raise pytest.UsageError(error.render()) from None
    if path is not None:
        config.stash[REPORT_FILE] = html_file.ReportFile(path, config.stash[COLLECTOR])


def _begin_ci(config: pytest.Config, start: Path) -> None:
    if config.option.collectonly or hasattr(config, "workerinput"):
        return
    service = detect(config.stash[OPTIONS].resolve(options.CI).value)
    config.stash[CI] = CiService(service, start, partial(terminal.print_line, config))
    config.stash[CI].begin()
    names = JunitNames(config, config.stash[COLLECTOR], start, partial(_report_path, config))
    config.pluginmanager.register(names, "dsbench.junit")


def _report_path(config: pytest.Config) -> Path | None:
    report = config.stash.get(REPORT_FILE, None)
    return report.path if report is not None else None


def _read_options(config: pytest.Config) -> Options:
    given = option_levels.read(
        {option.name: config.getoption(option.flag) for option in options.OPTIONS},
        {option.name: config.getini(option.ini) for option in options.OPTIONS},
    )
    if any(
        not text.strip() for text in config.getoption(options.MODEL_DIRS.flag) or ()
    ):  # an unset variable of a script
        raise pytest.UsageError(NO_MODEL_DIR)
    given.check()
    return given


def pytest_report_header(config: pytest.Config) -> list[str]:
    selected = config.stash.get(SELECTED, None)
    if selected is None:
        return []
    origin = config.stash[OPTIONS].resolve(options.RUNTIME).origin
    runtime = f"dsbench: runtime {selected.runtime.name} ({origin}: {selected.reason})"
    return [runtime, *_header(config)]


def _header(config: pytest.Config) -> tuple[str, ...]:
    settings = collection.readable_settings(config.stash[LAYOUTS])
    return config.stash[OPTIONS].header([one.options for one in settings])


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if metafunc.definition.get_closest_marker(collection.MARKER) is None or "model" not in metafunc.fixturenames:
        return
    layouts = metafunc.config.stash[LAYOUTS]
    metafunc.parametrize("model", layouts, indirect=True, scope="session", ids=collection.test_ids(layouts))


@pytest.hookimpl(tryfirst=True)
def pytest_collection(session: pytest.Session) -> None:
    # registered last, so that its wrapper encloses those of -k, -m and --lf
    stash = session.config.stash
    selected = selection.Selection(stash[LAYOUTS], stash[LEDGER])
    session.config.pluginmanager.register(selected, "dsbench.selection")
    if stash[LAYOUTS]:
        collection.collect_whole_files(session.config)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    if SELECTED not in config.stash:
        return None
    from dsbench.plugin.xdist_scheduler import ModelScheduling

    return ModelScheduling(config, log)


@pytest.fixture(scope="session")
def model(request: pytest.FixtureRequest) -> Iterator[ModelRun]:
    """The run of the model directory under test, with the results of its steps so far."""
    from dsbench.steps import isolation, regression

    stash = request.config.stash
    with tempfile.TemporaryDirectory(prefix="dsbench-") as scratch, ExitStack() as at_end:
        recorder, say = stash[RECORDERS].get(request.param.key), partial(_say, request.config)
        run = ModelRun(
            layout=request.param,
            options=stash[OPTIONS],
            selected=stash[SELECTED],
            scratch=Path(scratch),
            start=Path(request.config.invocation_params.dir),
            progress=live.progress(request.config, stash[STREAMS]),
            at_end=at_end,
            recorder=recorder,
        )
        isolation.enter(run)
        at_end.callback(regression.keep, run, recorder, say)  # after finish: last in, first out
        at_end.callback(recorder.finish)
        yield run


def _say(config: pytest.Config, text: str) -> None:
    """Print on a line of its own past pytest's capture; not in a worker of xdist, whose output is its protocol."""
    if not hasattr(config, "workerinput"):
        start = "\n" if config.get_terminal_writer().width_of_current_line else ""
        terminal.print_line(config, start + console(text))


@pytest.fixture
def evidence(request: pytest.FixtureRequest) -> EvidenceLog:
    """The evidence log of the step; kept if the step fails."""
    log: EvidenceLog = request.node.stash[EVIDENCE_LOG]
    return log


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """From the moment at which a step's name is shown until its result is, an interrupt is one in that step."""
    step, layout = collection.step_of(item), collection.layout_of(item)
    if step is not None and layout is not None:
        item.config.stash[COLLECTOR].running = f"{step.name} of {layout.given}"
        item.config.stash[RECORDERS].begin(layout.key, step.name)
    result = yield
    item.config.stash[COLLECTOR].running = ""
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, None, None]:
    step, layout = collection.step_of(item), collection.layout_of(item)
    if step is None or layout is None:
        return (yield)
    log = EvidenceLog(step.name, layout.name, layout.key, item.config.stash[SELECTED].runtime.label)
    item.stash[EVIDENCE_LOG] = log
    _begin_record(item.config, layout).running = step.name
    cause = item.config.stash[LEDGER].cause_to_skip(layout.key, step)
    if cause is not None:
        log.skipped_for = str(cause)
        pytest.skip(str(cause))
    try:
        return (yield)
    except (DsbenchError, OSError) as error:
        raise _failed(item, log, error) from None


def _failed(item: pytest.Item, log: EvidenceLog, error: DsbenchError | OSError) -> BaseException:
    """The failure of a step for pytest; kept in the evidence."""
    shown = collection.with_lost_directory(item, as_dsbench_error(error))
    log.failure = StepFailure(str(shown.code), shown.what, shown.where, shown.fix)
    if isinstance(error, OSError):
        log.text("where dsbench was", "".join(traceback.format_exception(error)))
    return pytest.fail.Exception(shown.render(), pytrace=False)


def _begin_record(config: pytest.Config, layout: ModelLayout) -> Recorder:
    from dsbench.steps import recording

    stash = config.stash
    make = partial(recording.recorder, layout, stash[OPTIONS], stash[SELECTED])
    return stash[RECORDERS].get(layout.key, make)


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, object, object]:
    log = pyfuncitem.stash.get(EVIDENCE_LOG, None)
    try:
        return (yield)
    except (DsbenchError, OSError) as error:
        if log is None:
            raise
        raise _failed(pyfuncitem, log, error) from None


@pytest.hookimpl(wrapper=True)
def pytest_runtestloop(session: pytest.Session) -> Generator[None, object, object]:
    try:
        return (yield)
    finally:
        if SELECTED in session.config.stash:
            collection.keep_start(session)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    log = item.stash.get(EVIDENCE_LOG, None)
    if log is None or not (call.when == "call" or (call.when == "setup" and call.excinfo is not None)):
        return (yield)
    from dsbench.steps import recording

    evidence = log.snapshot()
    report = yield
    terminal_guard.guard_report(report)
    # not in item.user_properties: JUnit would have the evidence of every step as a property
    report.user_properties.append((PROPERTY, jsonable.dumps(codec.without_bulk(evidence))))
    item.config.stash[LEDGER].note(log.model_key, log.step, report.outcome, log.failure)
    recorder = item.config.stash[RECORDERS].get(log.model_key)
    step = StepRecord(evidence, outcome_of(evidence, report.outcome), call.duration)
    recording.after_step(recorder, item.funcargs.get("model"), step)  # type: ignore[attr-defined]
    report.user_properties.append((RECORD_PROPERTY, jsonable.dumps(recorder.state)))
    step_collector.attach(report, evidence, recorder.record)
    return report


def pytest_report_teststatus(report: pytest.TestReport) -> tuple[str, str, tuple[str, dict[str, bool]]] | None:
    return step_collector.shown_status(report) if isinstance(report, pytest.TestReport) else None


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> Generator[None, None, None]:
    collector = session.config.stash[COLLECTOR]
    if exitstatus == 0 and (collector.proves_nothing or collector.record_trouble or collector.undecided):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
    yield
    report = session.config.stash.get(REPORT_FILE, None)
    if report is not None:
        html_file.close(session.config, report)
        if report.trouble and session.exitstatus == 0:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, exitstatus: int, config: pytest.Config) -> None:
    collector = config.stash[COLLECTOR]
    if exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED and not config.stash[LAYOUTS] and not config.option.collectonly:
        terminalreporter.write_line(f"dsbench: {NO_MODEL_DIR}")
    if collector.running:
        terminalreporter.write_line(f"dsbench: interrupted in {console(collector.running)}", red=True)
    report = config.stash.get(REPORT_FILE, None)
    path = report.path if report and report.written else None
    if path is not None and not collector.results:
        terminalreporter.write_line(f"report: {console(str(path))}")
    if collector.results:
        terminalreporter.ensure_newline()
        terminalreporter.section("dsbench")
        verbose = config.option.verbose > 0
        for line in terminal.summary_lines(collector.results, path, verbose, collector.running):
            terminalreporter.write_line(line)
    if report and report.kept:
        terminalreporter.write_line(f"the report of the earlier run was kept: {report.kept}")
    if report and report.trouble:
        terminalreporter.write_line(f"dsbench: {console(report.trouble)}", red=True)


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


@pytest.hookimpl(wrapper=True)  # before pytest prints its header
def pytest_sessionstart(session: pytest.Session) -> Generator[None, None, None]:
    if SELECTED in session.config.stash and session.config.pluginmanager.hasplugin("terminalreporter"):
        session.config.stash[LOST_OUTPUT] = LostOutput(session.config.get_terminal_writer())
        terminal_guard.guard(session.config.get_terminal_writer())
    yield
    if REPORT_FILE in session.config.stash:
        html_file.take_over_writing(session.config, session.config.stash[REPORT_FILE])
    if SELECTED in session.config.stash:
        stash = session.config.stash
        runtime = stash[SELECTED].runtime
        gpu_id = stash[OPTIONS].resolve(options.GPU_ID).value
        versions = {one.component: one.version for one in runtime.versions(gpu_id)}
        html_page.environment(session.config, _header(session.config), runtime.label, versions)


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    if CI in config.stash:
        _end_ci(config)
    session = config.pluginmanager.getplugin("session")
    if LOST_OUTPUT in config.stash and session is not None:
        report = config.stash.get(REPORT_FILE, None)
        config.stash[LOST_OUTPUT].end(session, str(report.path) if report and report.written else "")


def _end_ci(config: pytest.Config) -> None:
    service = config.stash[CI]
    collector, report = config.stash[COLLECTOR], config.stash.get(REPORT_FILE, None)
    session = session_outcome(
        collector.results,
        service.start,
        report=report.path if report and report.written else None,
        running=collector.running,
        trouble=report.trouble if report else "",
    )
    command = shlex.join(("pytest", *config.invocation_params.args))
    service.end(replace(session, command=command) if collector.results else None)
