"""Fixtures of the embedded runtime's tests."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.embedded.app_support import World, build_world, compile_parser


@pytest.fixture(scope="session")
def means_parser(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The library of app_support.PARSER."""
    return compile_parser(tmp_path_factory.mktemp("parser"))


@pytest.fixture
def world(tmp_path: Path, means_parser: Path) -> Iterator[World]:
    """A model, a clip and configs to run the app on; leftovers are ended by their process group."""
    made = build_world(tmp_path, means_parser)
    yield made
    for process in made.processes:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        if process.stdout is not None:
            process.stdout.close()
        if process.stdin is not None:
            process.stdin.close()
