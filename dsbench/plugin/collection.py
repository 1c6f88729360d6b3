"""Models of a session, their test ids, and the steps that the selected steps need."""

from __future__ import annotations

import hashlib
import os
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import pytest

from dsbench.base import reading
from dsbench.base.errors import Code, DsbenchError
from dsbench.base.reading import FileKind
from dsbench.base.steps import STEPS, Step, position, step_of_test
from dsbench.base.text import ascii_name
from dsbench.model import settings
from dsbench.model.layout import ModelLayout
from dsbench.model.settings import Settings

MARKER = "dsbench_step"
"""Marker of tests that are steps of the pipeline; other tests are left alone."""


def readable_settings(layouts: Sequence[ModelLayout]) -> tuple[Settings, ...]:
    """dsbench.toml of each model; unreadable ones are left out, their pre-flight reports them."""
    found = []
    for layout in layouts:
        with suppress(DsbenchError):
            found.append(settings.load(layout.settings_file))
    return tuple(found)


def refuse_models_configuration(config: pytest.Config, layouts: Sequence[ModelLayout], start: Path) -> None:
    """Raise pytest.UsageError if pytest's configuration comes from a file in a model directory.

    Where the user stands in that directory or named the file with ``-c``, it is pytest's rule that takes it.
    """
    found = config.inipath
    if found is None or config.option.inifilename or not _configures_pytest(found):
        return
    if start.resolve().is_relative_to(found.parent.resolve()):
        return
    if any(found.resolve().is_relative_to(layout.root.resolve()) for layout in layouts):
        raise pytest.UsageError(
            f"pytest took its configuration from the model directory: {found}\n"
            "  fix: give the directory with an equals sign (--model-dir=DIR), and install dsbench with pip"
        )


def _configures_pytest(file: Path) -> bool:
    """False for a pyproject.toml without a table of pytest: pytest takes it as a mark of the rootdir only."""
    if file.name != "pyproject.toml":
        return True
    return "pytest" in tomllib.loads(reading.read_text(file, FileKind.SETTINGS)).get("tool", {})


def keep_rootdir(config: pytest.Config, start: Path) -> None:
    """Set the rootdir to ``start`` if there is no configuration file.

    pytest takes the values of --model-dir and --video for test paths when it looks for the rootdir, and would put its
    cache into or above the model directory.
    """
    if config.inipath is None and config.rootpath != start:
        config._rootpath = start  # there is no public API


def collect_whole_files(config: pytest.Config) -> None:
    """Keep --lf from leaving out files during collection: the steps that a failed step needs would be missing."""
    wrapper = config.pluginmanager.get_plugin("lfplugin-collwrapper")
    if wrapper is not None:
        config.pluginmanager.unregister(wrapper)


def test_ids(layouts: Sequence[ModelLayout]) -> list[str]:
    """A readable id for each model; models of the same name also get a hash of their path."""
    names = [ascii_name(layout.name) for layout in layouts]
    return [
        name if names.count(name) == 1 else f"{name}-{layout.key[-8:]}"
        for name, layout in zip(names, layouts, strict=True)
    ]


test_ids.__test__ = False  # type: ignore[attr-defined]  # not a test in spite of its name


def report_name(layouts: Sequence[ModelLayout]) -> str:
    """File name of the HTML report: the names of the models, shortened with a hash if there are many."""
    names = [ascii_name(layout.name) for layout in layouts]
    if len(names) <= 3 and sum(map(len, names)) <= 120:
        return "+".join(names) + ".html"
    digest = hashlib.sha256("\0".join(os.fspath(layout.root) for layout in layouts).encode("utf-8", "surrogateescape"))
    return f"{names[0]}_and_{len(names) - 1}_more-{digest.hexdigest()[:8]}.html"


def keep_start(session: pytest.Session) -> None:
    """Make the directory where pytest was started again if it is gone: pytest returns to it before it gives a session's
    results out, and the report lies in it."""
    with suppress(OSError):
        os.makedirs(session.startpath, exist_ok=True)


def with_lost_directory(item: pytest.Item, error: DsbenchError) -> DsbenchError:
    """``error`` of a step, or what it comes from if the model directory has gone since the run began."""
    layout = layout_of(item)
    if layout is None or error.code in (Code.MODEL_DIR_MISSING, Code.FILE_ACCESS) or os.path.isdir(layout.root):
        return error
    return DsbenchError(
        Code.FILE_ACCESS,
        f"the model directory is gone, removed or renamed during the run: {error.what.splitlines()[0]}",
        where=str(layout.root),
        fix="put it back and run again; leave it alone while dsbench works",
    )


def step_of(item: pytest.Item) -> Step | None:
    """The step that an item proves; None for every other test."""
    if item.get_closest_marker(MARKER) is None or not isinstance(item, pytest.Function):
        return None
    return step_of_test(item.originalname)


def layout_of(item: pytest.Item) -> ModelLayout | None:
    """The model directory that an item is parametrized with."""
    callspec = getattr(item, "callspec", None)
    layout = callspec.params.get("model") if callspec else None
    return layout if isinstance(layout, ModelLayout) else None


def dependency_name(step: str, layout: ModelLayout) -> str:
    """Name under which pytest-dependency knows a step of a model."""
    return f"{step}@{layout.key}"


def deselected_by_name(config: pytest.Config) -> Callable[[pytest.Item], bool]:
    """Whether the user excludes an item by name: ``-k "not NAME"`` or ``--deselect``.

    ``-k NAME`` excludes nothing: the steps that NAME needs are added.
    """
    names = tuple(negated_names(config.option.keyword or ""))
    prefixes = tuple(config.option.deselect or ())

    def excluded(item: pytest.Item) -> bool:
        name = item.nodeid.rpartition("/")[2].lower()
        return item.nodeid.startswith(prefixes) or any(one.lower() in name for one in names)

    return excluded


def negated_names(expression: str) -> Iterator[str]:
    """The names after ``not`` in an expression of ``-k``: ``b`` and ``c`` in ``a and not (b or c)``."""
    negative, flipped, outer = False, False, []
    for token in re.findall(r"[()]|[^\s()]+", expression):
        if token == "(":
            outer.append(negative)
            negative, flipped = negative != flipped, False
        elif token == ")":
            negative = outer.pop() if outer else False
        elif token == "not":
            flipped = not flipped
        elif token not in ("and", "or"):
            if negative != flipped:
                yield token
            flipped = False


def with_prerequisites(
    collected: Sequence[pytest.Item],
    selected: Sequence[pytest.Item],
    excluded: Callable[[pytest.Item], bool] = lambda _: False,
) -> list[pytest.Item]:
    """The selected items and every step of ``collected`` that they need and that is not ``excluded``, with dependency
    markers.

    Steps are sorted by model, then in the order of the pipeline; other tests come first, in collection order. Raises
    pytest.UsageError if a needed step was not collected.
    """
    steps = {}
    for item in collected:
        step, layout = step_of(item), layout_of(item)
        if step and layout:
            steps[step.name, layout.key] = (item, step, layout)
    wanted: set[pytest.Item] = set(selected)
    pending = [entry for entry in steps.values() if entry[0] in wanted]
    while pending:
        item, step, layout = pending.pop()
        for need in (*step.needs, *step.after):
            entry = steps.get((need, layout.key))
            if entry is None:
                raise pytest.UsageError(
                    f"{item.name} needs the step {need!r}, which was not collected: "
                    "give no file arguments (pytest --model-dir ...), or the files of the earlier steps as well"
                )
            if entry[0] not in wanted and not excluded(entry[0]):
                wanted.add(entry[0])
                pending.append(entry)
    for item, step, layout in steps.values():
        depends = [dependency_name(need, layout) for need in step.needs]
        name = dependency_name(step.name, layout)
        item.add_marker(pytest.mark.dependency(name=name, depends=depends, scope="session"))
    chosen = [entry for entry in steps.values() if entry[0] in wanted]
    models = list(dict.fromkeys(layout.key for _, _, layout in steps.values()))
    chosen.sort(key=lambda entry: (models.index(entry[2].key), position(entry[1].name)))
    ordered = [item for item, _, _ in chosen]
    return [item for item in collected if item in wanted and item not in ordered] + ordered


def unknown_steps(items: Iterable[pytest.Item]) -> list[str]:
    """Ids of marked tests that are not a known step; a misspelt name would have no dependencies."""
    return [item.nodeid for item in items if item.get_closest_marker(MARKER) is not None and step_of(item) is None]


def known_step_names() -> str:
    return ", ".join(f"test_{step.name}" for step in STEPS)
