"""Loads the plugin, nothing more."""

pytest_plugins = ["dsbench.plugin"]
