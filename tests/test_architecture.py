"""Which room may import which: one table. Imports are read from the code, those inside functions included."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

import dsbench

PACKAGE = Path(dsbench.__file__).resolve().parent

# A room may import the rooms of its row and nothing else of dsbench. A row only names rooms that stand above it.
ALLOWED = {
    "base": "",
    "formats": "base",
    "model": "base formats",
    "families": "base model",
    "build": "base formats model families",
    "jobs": "base",
    "machine": "base formats",
    "runtimes": "base formats jobs machine",
    "embedded": "base formats jobs",
    "judge": "base formats model families jobs",
    "record": "base formats judge",
    "report": "base record",
    "steps": "base formats model families build jobs machine runtimes embedded judge record report",
    "inspection": "base formats model families judge steps",
    "doctor": "base formats model machine runtimes",
    "trtexec": "base formats model build machine record",
    "advice": "base formats judge",
    "repair": "base model build machine judge runtimes steps",
    "selftest": "base formats model build runtimes judge steps",
    "configdiff": "base formats model build judge record report runtimes steps",
    "verify": "base formats model judge record repair steps",
    "ci": "base model record report",
    "comparison": "base judge record report",
    "handover": "base formats model embedded record report",
    "fleet": "base formats model machine comparison record report",
    "plugin": "base model record report runtimes steps ci",
    "cli": "base runtimes steps doctor trtexec inspection advice repair selftest configdiff ci verify comparison"
    " handover fleet",
}


def _name(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def modules() -> dict[str, frozenset[str]]:
    """Every module of dsbench and the modules of dsbench that it imports."""
    paths = {_name(path): path for path in PACKAGE.rglob("*.py") if "_data" not in path.parts}
    return {name: frozenset(_imports(path, name, set(paths))) for name, path in paths.items()}


def _imports(path: Path, importer: str, known: set[str]) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{importer}: write imports in full"
            for alias in node.names:
                below = f"{node.module}.{alias.name}"
                found.add(below if below in known else str(node.module))
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in ("importlib.import_module", "__import__"):
            assert "dsbench" not in ast.unparse(node), f"{importer}: import modules of dsbench by a statement"
    return (found & known) - {importer}


def room(module: str) -> str:
    """The room that a module lies in; "" for the package itself."""
    return module.partition(".")[2].partition(".")[0]


def test_every_folder_is_a_room_and_every_room_a_folder() -> None:
    assert {room(name) for name in modules()} - {""} == set(ALLOWED)


def test_rooms_only_import_rooms_above_them() -> None:
    order = list(ALLOWED)
    for name, allowed in ALLOWED.items():
        assert all(order.index(other) < order.index(name) for other in allowed.split()), name


@pytest.mark.parametrize("name", ALLOWED)
def test_arrows_between_rooms(name: str) -> None:
    allowed = {"", name, *ALLOWED[name].split()}
    wrong = [
        f"{importer} imports {imported}"
        for importer, every in sorted(modules().items())
        for imported in sorted(every)
        if room(importer) == name and room(imported) not in allowed
    ]
    assert not wrong


def test_every_allowed_arrow_is_used() -> None:
    used = {(room(importer), room(imported)) for importer, every in modules().items() for imported in every}
    unused = [f"{name} -> {other}" for name in ALLOWED for other in ALLOWED[name].split() if (name, other) not in used]
    assert not unused


def test_the_documentation_has_the_same_table(repository: Path) -> None:
    rows = re.findall(r"^\| `(\w+)(?:\.py)?` \| .* \| ([\w ]+) \|$", _rooms(repository), re.MULTILINE)
    steps = ALLOWED["steps"]
    assert {name: {"nothing": "", "all of the above": steps}.get(may, may) for name, may in rows} == ALLOWED


def test_every_file_that_the_documentation_names_is_there(repository: Path) -> None:
    for page in (*(repository / "docs").glob("*.md"), repository / "README.md"):
        named = re.findall(rf"`((?:dsbench/)?(?:{'|'.join(ALLOWED)})/[\w/]+\.py)`", page.read_text(encoding="utf-8"))
        for path in named:
            assert (PACKAGE / path.removeprefix("dsbench/")).is_file(), f"{page.name}: {path}"


def _rooms(repository: Path) -> str:
    text = (repository / "docs" / "architecture.md").read_text(encoding="utf-8")
    return text.partition("## The rooms")[2].partition("\n## ")[0]


def test_no_cycle_between_modules() -> None:
    graph, done, path = modules(), set[str](), list[str]()

    def visit(module: str) -> None:
        assert module not in path, f"cycle: {' -> '.join([*path[path.index(module) :], module])}"
        if module in done:
            return
        path.append(module)
        for imported in sorted(graph[module]):
            visit(imported)
        path.pop()
        done.add(module)

    for module in graph:
        visit(module)


def test_a_class_name_is_used_once() -> None:
    """``_Name`` counts as ``Name``: a reader meets both under the same name."""
    places: dict[str, list[str]] = {}
    for path in PACKAGE.rglob("*.py"):
        if "_data" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                places.setdefault(node.name.strip("_"), []).append(_name(path))
    assert not {name: modules for name, modules in places.items() if len(modules) > 1}
