"""Fixtures every test may use. Material outside the repository is optional: a fresh clone passes on its own."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker, and set what child processes inherit.

    SIGINT is heard also where a shell has started the tests in the background with SIGINT ignored: some tests interrupt
    their children. Bytecode is kept in one folder: hundreds of children import the same modules, and some of the
    environments in which tests run forbid bytecode beside the sources.
    """
    config.addinivalue_line("markers", "long: takes some ten seconds; runs before the files without this mark")
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    for name in ("GITHUB_ACTIONS", "GITLAB_CI"):  # runs under test write no annotations into the job that tests dsbench
        os.environ.pop(name, None)
    os.environ.setdefault("PYTHONPYCACHEPREFIX", str(REPOSITORY / ".pytest_cache" / "bytecode"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put long files first: a worker that begins one last works alone at the end."""
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


@pytest.fixture(scope="session")
def shared() -> Path:
    """Folder of real models, videos and recordings ($DSBENCH_SHARED, else beside the checkout); skips without it."""
    folder = Path(os.environ.get("DSBENCH_SHARED", REPOSITORY.parent / "shared"))
    if not (folder / "data").is_dir():
        pytest.skip(f"no reference material at {folder}")
    return folder


@pytest.fixture(scope="session")
def gstreamer() -> str:
    """The real gst-launch-1.0 with the plugins that tests use; skips without them, fails where CI must have them."""
    program = shutil.which("gst-launch-1.0")
    if program and all(_has_element(name) for name in ("theoraenc", "qtdemux", "h264parse", "avdec_h264")):
        return program
    why = "GStreamer is not installed (.ci/run lists its packages)"
    if os.environ.get("CI") == "true":
        pytest.fail(why)
    pytest.skip(why)


def _has_element(name: str) -> bool:
    return subprocess.run(["gst-inspect-1.0", name], capture_output=True, timeout=60, check=False).returncode == 0


@pytest.fixture(scope="session")
def repository() -> Path:
    """Root of this checkout."""
    return REPOSITORY
