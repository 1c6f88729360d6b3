"""Loads the plugin, nothing more: a checkout works like an installation, whose entry point loads it already."""

from __future__ import annotations

import pytest


def pytest_addoption(pluginmanager: pytest.PytestPluginManager) -> None:
    # not `pytest_plugins`: pytest refuses that below the rootdir, which it takes from --model-dir at times
    pluginmanager.import_plugin("dsbench.plugin")
