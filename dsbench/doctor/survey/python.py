"""Python and the packages that dsbench requires."""

from __future__ import annotations

import importlib.metadata
import os
import re
import sys
import sysconfig

from dsbench.doctor.ask import ask
from dsbench.doctor.inventory import Package, Python
from dsbench.doctor.survey.ask import QUESTION_S, child

_MODULES = {
    "pytest-dependency": "pytest_dependency",
    "pytest-html": "pytest_html",
    "pyelftools": "elftools",
    "pillow": "PIL",
    "pyyaml": "yaml",
}


def stated_requirements() -> tuple[str, ...]:
    """dsbench's requirements as its metadata states them, extras left out; none where it was not installed."""
    try:
        stated = importlib.metadata.requires("dsbench") or []
    except importlib.metadata.PackageNotFoundError:
        return ()
    return tuple(line for line in stated if ";" not in line)


async def packages(requirements: tuple[str, ...]) -> tuple[Package, ...]:
    """Versions, and whether each can really be imported: this finds a broken wheel before a run does."""
    packages = [Package(line, version(Package(line, None).name)) for line in requirements]
    modules = {p.name: _MODULES.get(p.name, p.name) for p in packages if p.version is not None}
    troubles: dict[str, str] = {}
    left = list(dict.fromkeys(modules.values()))
    while left:
        said = await ask(child("imports", *left), QUESTION_S)
        ended = dict(re.findall(r"^end (\S+) ?(.*)$", said.text, re.MULTILINE))
        begun = re.findall(r"^begin (\S+)$", said.text, re.MULTILINE)
        troubles.update(ended)
        if len(ended) < len(left):  # the import that had begun ended the program
            last = begun[-1] if begun and begun[-1] not in ended else left[0]
            troubles[last] = f"importing it: {said.trouble or 'the program ended'}"
        left = [module for module in left if module not in troubles]
    return tuple(Package(p.requirement, p.version, troubles.get(modules.get(p.name, ""), "")) for p in packages)


def version(name: str) -> str | None:
    """The installed version of a distribution; None without one."""
    try:
        return importlib.metadata.version(name)
    except (importlib.metadata.PackageNotFoundError, ValueError):
        return None


def python() -> Python:
    """The Python that runs dsbench."""
    virtual = sys.prefix != sys.base_prefix
    managed = not virtual and os.path.exists(os.path.join(sysconfig.get_path("stdlib"), "EXTERNALLY-MANAGED"))
    return Python("{}.{}.{}".format(*sys.version_info[:3]), sys.executable, virtual, managed)
