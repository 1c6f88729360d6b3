"""Reads the small text files that exporters leave. They may be hostile: size, links, nesting and types are checked.

Nothing outside the model directory is read and nothing is executed. A file that cannot be read is a problem in words,
never an error.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dsbench.base import numbers as _numbers
from dsbench.base import reading
from dsbench.base.reading import FileKind

MAX_FILES = 200
"""Entries of one folder that are looked at, by name."""


@dataclass(frozen=True, slots=True)
class Files:
    """Read access to the files of one model directory; ``problems`` collects what could not be read."""

    root: Path
    problems: list[str] = field(default_factory=list)

    def shown(self, path: Path) -> str:
        """The path below the model directory."""
        return str(path.relative_to(self.root)) if path.is_relative_to(self.root) else path.name

    def in_folder(self, folder: Path, *suffixes: str) -> Iterator[Path]:
        """Regular files of a folder with one of the suffixes, by name."""
        try:
            names = sorted(entry.name for entry in folder.iterdir() if entry.suffix.lower() in suffixes)
        except OSError:
            return
        for name in names[:MAX_FILES]:
            if (folder / name).is_file():
                yield folder / name

    def text(self, path: Path, kind: FileKind = FileKind.EXPORTER_TEXT) -> str | None:
        """The file's text; None if there is none, or if it is not read."""
        try:
            if not path.is_file():
                return None
            if not path.resolve().is_relative_to(self.root.resolve()):
                raise ValueError("it is a link that leaves the model directory")
            return reading.read_text(path, kind, encoding="utf-8-sig")
        except (OSError, ValueError) as error:
            self.problem(path, error)
            return None

    def json_object(self, path: Path) -> dict[str, Any]:
        """The object of a JSON file; empty if there is none."""
        text = self.text(path, FileKind.EXPORTER_JSON)
        return {} if text is None else self._mapping(path, lambda: reading.parse_json(text), "a JSON object")

    def yaml_mapping(self, path: Path) -> dict[str, Any]:
        """The mapping of a YAML file; empty if there is none. Tags build nothing but plain values."""
        import yaml

        from dsbench.formats import yaml_loader

        def load() -> Any:
            try:
                return yaml_loader.plain_values(text or "")
            except yaml.YAMLError as error:
                raise ValueError(str(error).splitlines()[0]) from error

        text = self.text(path)
        return {} if not text else self._mapping(path, load, "a mapping")

    def _mapping(self, path: Path, load: Any, what: str) -> dict[str, Any]:
        try:
            data = load()
        except (ValueError, RecursionError, MemoryError) as error:
            self.problem(path, error)
            return {}
        if not isinstance(data, dict):
            self.problem(path, ValueError(f"not {what}"))
            return {}
        return data

    def problem(self, path: Path, error: Exception) -> None:
        """Notes a file that is not read."""
        said = getattr(error, "strerror", None) or str(error) or type(error).__name__
        reason = said.splitlines()[0]
        self.problems.append(f"{path.name} is not read: {reason}")


def number(value: object) -> float | None:
    """A finite number, no boolean."""
    return float(value) if _numbers.finite(value) else None  # type: ignore[arg-type]


def numbers(value: object, max_length: int = 4) -> tuple[float, ...]:
    """A list of finite numbers; empty if it is not one."""
    if not isinstance(value, list | tuple) or not 0 < len(value) <= max_length:
        return ()
    found = tuple(number(item) for item in value)
    return tuple(item for item in found if item is not None) if None not in found else ()


def size(value: object) -> tuple[int, int] | None:
    """Two positive whole numbers."""
    found = numbers(value, 2)
    if len(found) != 2 or min(found) < 1 or max(found) > 65536 or any(item != int(item) for item in found):
        return None
    return int(found[0]), int(found[1])


MAX_CLASSES = 1_000_000


def names_by_id(value: object) -> tuple[str, ...]:
    """Names by class id, of a list or of a mapping with whole numbers as keys; "" for ids without a name."""
    if isinstance(value, list | tuple):
        return tuple(map(str, value)) if all(isinstance(item, str | int | float) for item in value) else ()
    if not isinstance(value, dict) or not value:
        return ()
    try:
        by_id = {_numbers.whole(str(key)): str(name) for key, name in value.items() if not isinstance(key, float)}
    except (TypeError, ValueError):
        return ()
    if len(by_id) != len(value) or min(by_id) < 0 or max(by_id) >= MAX_CLASSES:
        return ()
    return tuple(by_id.get(index, "") for index in range(max(by_id) + 1))
