"""The command line of deepstream-app (semantics a1), parsed as GLib parses it, and dsbench-app's own options."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

HELP = """Usage:
  dsbench-app [OPTION?] DeepStream application configs on the CPU

Help Options:
  -h, --help                        Show help options
  --help-all                        Show all help options
  --help-gst                        Show GStreamer Options

Application Options:
  -v, --version                     Print the version
  -t, --tiledtext                   Display Bounding box labels in tiled mode
  --version-all                     Print the version and those of dependencies
  -c, --cfg-file                    Set the config file
  -i, --input-uri                   Set the input uri (file://stream or rtsp://stream)
  --dump-input-tensor               Write each frame's network input to this folder (.npy)
"""

_FLAGS = {
    "h": "help",
    "help": "help",
    "help-all": "help",
    "help-gst": "help",
    "v": "version",
    "version": "version",
    "version-all": "version-all",
    "t": "tiledtext",
    "tiledtext": "tiledtext",
}
_VALUES = {
    "c": "cfg-file",
    "cfg-file": "cfg-file",
    "i": "input-uri",
    "input-uri": "input-uri",
    "dump-input-tensor": "dump-input-tensor",
}
_GST_WITHOUT_VALUE = (
    "gst-version",
    "gst-fatal-warnings",
    "gst-debug-help",
    "gst-debug-no-color",
    "gst-debug-disable",
    "gst-disable-segtrap",
    "gst-disable-registry-update",
    "gst-disable-registry-fork",
)


class OptionError(Exception):
    """GLib's message about an invalid option."""


@dataclass(slots=True)
class CommandLine:
    """The parsed command line. ``action`` is empty, or help, version, version-all."""

    cfg_files: list[str] = field(default_factory=list)
    input_uris: list[str] = field(default_factory=list)
    tensor_dir: Path | None = None
    tiledtext: bool = False
    action: str = ""


def parse(arguments: list[str]) -> CommandLine:
    """Parse ``arguments`` (without the program's name). Words that are no options are ignored, as in GLib.

    Raises OptionError.
    """
    options = CommandLine()
    words = iter(arguments)
    for word in words:
        if word == "--":
            break
        if word.startswith("--"):
            name, equals, value = word[2:].partition("=")
            _long(options, name, value if equals else None, words)
        elif word.startswith("-") and word != "-":
            _short(options, word[1:], words)
    return options


def _long(options: CommandLine, name: str, value: str | None, words: Iterator[str]) -> None:
    if name.startswith("gst-"):
        if value is None and name not in _GST_WITHOUT_VALUE:
            _value(words, f"--{name}")
    elif name in _VALUES and len(name) > 1:
        _store(options, _VALUES[name], _value(words, f"--{name}") if value is None else value)
    elif name in _FLAGS and len(name) > 1:
        if value is not None:
            raise OptionError(f"Unknown option --{name}={value}")
        _flag(options, _FLAGS[name])
    else:
        raise OptionError(f"Unknown option --{name}")


def _short(options: CommandLine, letters: str, words: Iterator[str]) -> None:
    for position, letter in enumerate(letters):
        if letter in _VALUES:
            rest = letters[position + 1 :]
            _store(options, _VALUES[letter], rest or _value(words, f"-{letter}"))
            return
        if letter not in _FLAGS:
            raise OptionError(f"Unknown option -{letters}")
        _flag(options, _FLAGS[letter])


def _value(words: Iterator[str], option: str) -> str:
    value = next(words, None)
    if value is None:
        raise OptionError(f"Missing argument for {option}")
    return value


def _flag(options: CommandLine, name: str) -> None:
    if name == "tiledtext":
        options.tiledtext = True
    elif not options.action or name == "help":
        options.action = name


def _store(options: CommandLine, name: str, value: str) -> None:
    if name == "cfg-file":
        options.cfg_files.append(value)
    elif name == "input-uri":
        options.input_uris.append(value)
    else:
        options.tensor_dir = Path(value)
