"""deepstream-app's ini file (``-c FILE.txt``), read as DeepStream 9.1 reads it: same order, same defaults, same words.

``load(path, console=...)`` hands every line that ``parse_config_file`` and its helpers print on **stdout** to
``console``, in order, without the newline: ``** WARN: <parse_source:781>: Unknown key 'K' for group [G]`` and, when the
file is refused, the whole chain

    ** ERROR: <parse_gie:1708>: Config file not provided for group 'primary-gie'
    ** ERROR: <parse_gie:1721>: parse_gie failed
    ** ERROR: <parse_config_file:851>: parse_config_file failed

so that the caller only adds ``** ERROR: <main:691>: Failed to parse config file 'F'``, ``Quitting`` and ``App run
failed``. GLib's reason for a bad value is not in the chain: DeepStream keeps it in a debug category that is off. The
DsbenchError that follows does have it: ``what`` is the reason, ``where`` begins with the name of the C function that
failed (``parse_source: app.txt:9 [source0] type``).

Only ``.txt`` is parsed by deepstream-app; ``.yml`` is YAML; any other suffix is not read at all (the caller's
business).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from dsbench.formats.app.groups import (
    AppConfig,
    Application,
    Osd,
    PrimaryGie,
    Sink,
    Source,
    StreamMux,
    Tests,
    TiledDisplay,
)
from dsbench.formats.app.reader import AppReader

__all__ = [
    "AppConfig",
    "Application",
    "Osd",
    "PrimaryGie",
    "Sink",
    "Source",
    "StreamMux",
    "Tests",
    "TiledDisplay",
    "load",
]


def load(
    path: Path | str,
    *,
    console: Callable[[str], None] | None = None,
    seen_sources: set[int] | None = None,
    needs_labels: bool = True,
) -> AppConfig:
    """Read an app config: YAML when its name ends in .yml or .yaml, ini otherwise.

    Raises DsbenchError(KEYFILE_INVALID | CONFIG_VALUE_INVALID), see the module for its texts; CONFIG_ABORTED where the
    YAML reader of DeepStream is ended by an uncaught exception.

    ``seen_sources``: numbers of source groups already read in this process; hand the same set to every ``-c`` file,
    since DeepStream refuses a second ``[source0]`` even in another file. ``needs_labels``: False to read a config whose
    label file is not on this machine.
    """
    reader = AppReader(Path(path), console, seen_sources)
    if str(path).endswith((".yml", ".yaml")):
        from dsbench.formats.app.yaml import AppYamlReader

        reader = AppYamlReader(Path(path), console, None)
    reader.needs_labels = needs_labels
    return reader.load()
