"""``dsbench ci``: the run of a CI job. Every argument may come from an environment variable instead, so that no
workflow has to put a value into a shell line. The exit status is pytest's (docs/ci.md)."""

from __future__ import annotations

import argparse
import os
import shlex
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from dsbench.base import options
from dsbench.base.errors import Code, DsbenchError
from dsbench.base.option import Option
from dsbench.ci.changed import changed_since, model_dirs_of
from dsbench.ci.inputs import INPUTS
from dsbench.ci.outcome import ERROR, IMPORT_STEPS, NO_MODEL
from dsbench.ci.service import CiService, detect
from dsbench.record import baseline

JUNIT = "reports/junit.xml"
SCOPES = ("all", "import")
_REPORT = "report"
"""The step that shows the change which the findings name."""
_PASSED_ON = ("runtime", "video", "min-streams", "baseline")
_NOT_STARTED = {
    3: "pytest ended with an internal error (status 3)",
    4: "pytest did not accept its arguments (status 4)",
    5: "pytest found no step to run (status 5)",
}


def run(arguments: argparse.Namespace, environment: Mapping[str, str] | None = None) -> int:
    """Run pytest on the wanted model directories; returns its status, 0 if no changed file is in a model directory."""
    variables = os.environ if environment is None else environment
    given = {one.name: getattr(arguments, one.name.replace("-", "_")) for one in INPUTS}
    values = {name: text if text is not None else "" for name, text in given.items()}
    values = {one.name: values[one.name] or variables.get(one.variable, "") for one in INPUTS}
    start = Path.cwd()
    service = CiService(detect("auto", variables), start, print, variables)
    try:
        dirs = wanted_dirs(values, start)
        command = pytest_arguments(values, dirs) if dirs else ()
    except DsbenchError as error:
        return _refused(error, service)
    if not dirs:
        text = "No changed file lies in a model directory: nothing to check."
        print(text)
        service.without_run(NO_MODEL, text)
        return 0
    return run_pytest(command, service)


def run_pytest(command: Sequence[str], service: CiService, main: Callable[[list[str]], int] | None = None) -> int:
    """Run pytest in this process; its plugin serves the CI service, except where the run does not start."""
    import pytest

    status = int((main or pytest.main)(list(command)))
    if status in _NOT_STARTED:
        service.without_run(ERROR, f"{_NOT_STARTED[status]}: see the log")
    return status


def _refused(error: DsbenchError, service: CiService) -> int:
    """Print an error of usage, whose text may look like a command of the service; returns pytest's status for it."""
    service.begin()
    print(error.render(), flush=True)
    service.end(None)
    service.without_run(ERROR, error.render())
    return 4


def wanted_dirs(values: Mapping[str, str], start: Path) -> tuple[str, ...]:
    """The model directories, each once: those given, and those of changed files. Raises USAGE if nothing is given."""
    files, revision = _lines(values["changed-files"]), values["changed-since"].strip()
    dirs = _lines(values["model-dirs"])
    if not (dirs or revision or values["changed-files"].strip()):
        names = ", ".join(f"--{name}" for name in ("model-dirs", "changed-files", "changed-since"))
        raise DsbenchError(Code.USAGE, "no model directory is given", fix=f"give one of {names}; docs/ci.md")
    if revision:
        files = (*files, *changed_since(revision, start))
    return tuple(dict.fromkeys((*dirs, *model_dirs_of(files, start))))


def pytest_arguments(values: Mapping[str, str], dirs: Sequence[str]) -> tuple[str, ...]:
    """pytest's command line: every value is one argument with an equals sign, so none can be taken for an option."""
    more = _more(values["arguments"])
    junit = (
        () if any(one.partition("=")[0] in ("--junitxml", "--junit-xml") for one in more) else (f"--junitxml={JUNIT}",)
    )
    return (
        *(f"--model-dir={name}" for name in dirs),
        *(f"--{name}={values[name].strip()}" for name in _PASSED_ON if values[name].strip() and _known(name)),
        *_selection(values["scope"].strip() or SCOPES[0], compared=bool(values["baseline"].strip())),
        *junit,
        *more,
    )


def _lines(text: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in text.splitlines() if line.strip())


def _known(name: str) -> Option[object]:
    """The option of pytest that an input is passed on to. Raises USAGE if this dsbench has none."""
    for option in options.OPTIONS:
        if option.name == name:
            return option
    raise DsbenchError(Code.USAGE, f"this version of dsbench has no --{name}", fix=f"leave the input {name} empty")


def _selection(scope: str, *, compared: bool) -> tuple[str, ...]:
    """``compared``: with a baseline, the accuracy of an import is compared as well."""
    if scope not in SCOPES:
        raise DsbenchError(Code.USAGE, f"scope {scope!r} is not known", fix=f"give one of {', '.join(SCOPES)}")
    names = (*IMPORT_STEPS, *((baseline.ENTRY,) if compared else ()), _REPORT)
    return ("-k", " or ".join(f"test_{name}" for name in names)) if scope == "import" else ()


def _more(text: str) -> tuple[str, ...]:
    try:
        return tuple(shlex.split(text))
    except ValueError as error:
        raise DsbenchError(
            Code.USAGE, f"the arguments for pytest cannot be split: {error}", where=text, fix="close every quote"
        ) from error
