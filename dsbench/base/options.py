"""Every option of ``pytest --model-dir``: one row of ``OPTIONS`` each.

From a row come pytest's option and its help, the ini option, the key of dsbench.toml, the bounds on every level, the
header line, the record's entry and the row of README's table (``python -m dsbench.base.options`` prints that table).

Precedence: command line, environment, dsbench.toml, pytest ini, default. ``origin`` of a row says whose default it is:
the specification's or, of what the specification does not know, dsbench's.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Generic, TypeVar

from dsbench.base import spec
from dsbench.base.errors import Code, DsbenchError
from dsbench.base.option_kinds import Flag, Fraction, Number, OneOf, OptionKind, Text, Texts, Whole

T = TypeVar("T")

COMMAND_LINE = "command line"
ENVIRONMENT = "environment"
SETTINGS = "dsbench.toml"
INI = "pytest ini"
SPECIFICATION = "specification"
DEFAULT = "default"

_NOTHING: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True)
class Value(Generic[T]):
    """An effective value and its origin."""

    value: T
    origin: str

    def __str__(self) -> str:
        return f"{self.value} ({self.origin})"


@dataclass(frozen=True, eq=False)
class Option(Generic[T]):
    """One option. ``help`` is one phrase, for pytest's help and for README."""

    name: str
    kind: OptionKind[T]
    default: T
    help: str
    metavar: str = "X"
    origin: str = SPECIFICATION
    environment: str = ""
    """The environment variable that gives it, if any."""
    table: str | None = None
    """The table of dsbench.toml that its key is in, "" for the top; None if dsbench.toml does not know it."""
    docs: str = ""
    """The page with details."""
    show: Callable[[T], str] = str
    """Formats a value for the header and the help."""
    default_text: str = ""
    """The default in words, if ``show`` does not give it."""
    header_line: int = 3
    """Line of the header that shows it, from 0; -1: none."""
    recorded: bool = True
    """The record lists it among the options; if not, the record has a field for it."""

    @property
    def flag(self) -> str:
        return f"--{self.name}"

    @property
    def ini(self) -> str:
        return f"dsbench_{self.name.replace('-', '_')}"

    @property
    def default_shown(self) -> str:
        return self.default_text or self.show(self.default)


def _numeral(value: float) -> str:
    """30 instead of 30.0."""
    return f"{value:g}"


_AUTO_OR_NEVER = OneOf("auto", "never")

MODEL_DIRS: Option[tuple[str, ...]] = Option(
    "model-dir",
    Texts(),
    (),
    "model directory to validate; repeatable, shell globs allowed",
    metavar="DIR",
    show=", ".join,
    header_line=0,
    recorded=False,
)
RUNTIME_CHOICE = OneOf("auto", "deepstream", "embedded")
RUNTIME = Option(
    "runtime",
    RUNTIME_CHOICE,
    "auto",
    "`auto` takes deepstream if `deepstream-app` is on PATH, else embedded",
    header_line=-1,  # the header has a separate line for the selected runtime
)
VIDEO = Option(
    "video",
    Text(),
    spec.SAMPLE_VIDEO,
    "video to run the model on",
    metavar="FILE",
    environment="DS_VIDEO",
    table="",
    default_text="DeepStream's sample_720p.mp4",
    header_line=1,
    recorded=False,
)
KITTI_FRAMES = Option(
    "kitti-frames",
    Whole(0),
    spec.KITTI_FRAMES,
    "frames of the KITTI dump; 0: the whole video",
    metavar="N",
    table="gate",
    header_line=1,
)
VISUAL_FRAMES = Option(
    "visual-frames",
    Whole(0),
    300,
    "frames of 6f's video with boxes, 0: the whole clip; the embedded runtime draws `--kitti-frames` by default",
    metavar="N",
    origin=DEFAULT,
    docs="docs/visual-check.md",
)
MIN_DETECTION_RATE = Option(
    "min-detection-rate",
    Fraction(),
    spec.MIN_DETECTION_RATE,
    "fraction of frames that must have detections, 0 to 1",
    metavar="R",
    table="gate",
    header_line=1,
)
GROUND_TRUTH: Option[str | None] = Option(
    "ground-truth",
    Text(),
    None,
    "annotated boxes of the video, or of pictures: KITTI or YOLO label files, COCO JSON",
    metavar="PATH",
    origin=DEFAULT,
    table="",
    docs="docs/accuracy.md",
    default_text="none",
    header_line=1,
)
MIN_MAP: Option[float | None] = Option(
    "min-map",
    Fraction(),
    None,
    "fail accuracy when mAP@0.5:0.95 against the ground truth is lower, 0 to 1",
    metavar="M",
    origin=DEFAULT,
    table="gate",
    docs="docs/accuracy.md",
    default_text="none",
    header_line=1,
)
GPU_ID = Option(
    "gpu-id",
    Whole(0),
    0,
    "the GPU to use, as CUDA counts: every `gpu-id` key, trtexec's `--device`",
    metavar="N",
    header_line=1,
)
PREPARE = Option(
    "prepare",
    _AUTO_OR_NEVER,
    "auto",
    "`auto`: the embedded runtime does Steps 4-5 itself where their results are missing",
    header_line=1,
)
REPLACE_RESULTS = Option(
    "replace-results",
    Flag(),
    False,
    "replace results of the other runtime in this directory",
    header_line=1,
)
PERF_SECONDS = Option(
    "perf-seconds",
    Whole(1),
    spec.PERF_SECONDS,
    "how long each benchmark run lasts at most, the app's start included",
    metavar="S",
    table="benchmark",
    header_line=2,
)
PERF_INTERVAL = Option(
    "perf-interval",
    Whole(1),
    spec.PERF_INTERVAL,
    f"seconds of one `**PERF:` window; the last {spec.LAST_WINDOWS} windows count",
    metavar="S",
    table="benchmark",
    header_line=2,
)
PERF_PRECISION = Option(
    "perf-precision",
    Number(0, 100),
    2.0,
    "end a run early once the 95-percent confidence interval of FPS is at most ±P percent and the verdict is clear; "
    "0: never",
    metavar="P",
    origin=DEFAULT,
    table="benchmark",
    show=_numeral,
    header_line=2,
)
TARGET_FPS = Option(
    "target-fps",
    Number(0, 1e6, above=True),
    spec.TARGET_FPS,
    "frames per second of one real-time stream",
    metavar="F",
    table="benchmark",
    show=_numeral,
    header_line=2,
)
MIN_STREAMS: Option[int | None] = Option(
    "min-streams",
    Whole(1),
    None,
    "fail run2_validation when fewer real-time streams are confirmed: the gate for CI",
    metavar="N",
    table="benchmark",
    default_text="none",
    header_line=2,
)
BASELINE: Option[str | None] = Option(
    "baseline",
    Text(),
    None,
    "record, or folder of records, to compare with: a regression fails the step `regression`",
    metavar="PATH",
    origin=DEFAULT,
    docs="docs/baselines.md",
    default_text="the blessed record or last good run in `reports/history`",
    header_line=-1,
)
BLESS = Option(
    "bless",
    Flag(),
    False,
    "make the record of this run the baseline, where `--baseline` reads it",
    origin=DEFAULT,
    docs="docs/baselines.md",
    header_line=-1,
)
MAX_REGRESSION: Option[float | None] = Option(
    "max-regression",
    Number(0, 100),
    None,
    "percent by which a run may be slower than its baseline",
    metavar="P",
    origin=DEFAULT,
    table="gate",
    docs="docs/baselines.md",
    default_text="5, on a CPU 10",
    header_line=-1,
)
LIMITS = Option(
    "limits",
    _AUTO_OR_NEVER,
    "auto",
    "whether to measure what limits throughput: decoding alone, inference alone",
    origin=DEFAULT,
    docs="docs/limits.md",
)
SWEEP = Option(
    "sweep",
    Flag(),
    False,
    "search for the largest number of real-time streams, up to MAX_BS, in several more benchmark runs",
    origin=DEFAULT,
    docs="docs/limits.md",
)
ABLATION = Option(
    "ablation",
    Flag(),
    False,
    "say what each way costs in which the app differs from the ideal: scaling, padding, filters, keys of the config",
    origin=DEFAULT,
    docs="docs/parity.md",
)
LATENCY = Option(
    "latency",
    Flag(),
    False,
    "measure the latency of each frame in one more benchmark run",
    origin=DEFAULT,
    docs="docs/limits.md",
)
ISOLATE = Option(
    "isolate",
    Flag(),
    False,
    "run everything that executes the model directory's own code in a sandbox: no network, nothing else to write",
    origin=DEFAULT,
    docs="docs/security.md",
    header_line=1,
)
CI = Option(
    "ci",
    OneOf("auto", "github", "gitlab", "none"),
    "auto",
    "annotations, job summary and outputs for a CI service; `auto` sees from the environment which one it is",
    origin=DEFAULT,
    docs="docs/ci.md",
    header_line=-1,
    recorded=False,
)

OPTIONS: tuple[Option[Any], ...] = tuple(row for row in tuple(globals().values()) if isinstance(row, Option))
"""Every row above, in this order: that of pytest's help, the header, the record and README."""


@dataclass(frozen=True)
class Given:
    """The texts of one option by level, before a model directory is read; None: not given."""

    command_line: Any = None
    environment: Any = None
    ini: Any = None

    @property
    def levels(self) -> tuple[tuple[Any, str], ...]:
        """Each level with what it gives, the highest first."""
        return (self.command_line, COMMAND_LINE), (self.environment, ENVIRONMENT), (self.ini, INI)


@dataclass(frozen=True)
class Options:
    """The texts that the user gave, by option name."""

    given: Mapping[str, Given] = field(default_factory=dict)

    def resolve(self, option: Option[T], settings: Mapping[str, Any] = _NOTHING) -> Value[T]:
        """The value of the highest level that has one. ``settings``: values of a model's dsbench.toml, by name.

        Raises USAGE with option and level if a text cannot be read.
        """
        given = self.given.get(option.name, Given())
        for text, origin in ((given.command_line, COMMAND_LINE), (given.environment, ENVIRONMENT)):
            if text is not None:
                return Value(_parse(option, text, origin), origin)
        if option.name in settings:
            return Value(settings[option.name], SETTINGS)
        if given.ini is not None:
            return Value(_parse(option, given.ini, INI), INI)
        return Value(option.default, option.origin)

    def check(self) -> None:
        """Raise USAGE if a text cannot be read, or a run would be too short.

        Called before any model directory is read: a value of dsbench.toml is checked in pre-flight.
        """
        for option in OPTIONS:
            for text, origin in self.given.get(option.name, Given()).levels:
                if text is not None:
                    _parse(option, text, origin)
        seconds, interval = self.resolve(PERF_SECONDS), self.resolve(PERF_INTERVAL)
        if seconds.origin == interval.origin == COMMAND_LINE:
            require_two_windows(seconds, interval)

    def header(self, settings: Sequence[Mapping[str, Any]] = ()) -> tuple[str, ...]:
        """Lines of pytest's header: effective values and their origins.

        ``settings``: the options of each readable dsbench.toml; if models differ, all values are shown.
        """
        every = settings or (_NOTHING,)
        lines: dict[int, list[str]] = {}
        for option in OPTIONS:
            shown = dict.fromkeys(_shown(option, self.resolve(option, one)) for one in every)
            lines.setdefault(option.header_line, []).append(f"{option.name} {' | '.join(shown)}")
        return tuple(f"dsbench: {'; '.join(lines[number])}" for number in sorted(lines) if number >= 0)


def require_two_windows(seconds: Value[int], interval: Value[int]) -> None:
    """Raise USAGE if a run is shorter than two PERF windows: the first window contains the app's start."""
    if seconds.value < 2 * interval.value:
        raise DsbenchError(
            Code.USAGE,
            f"--perf-seconds {seconds} is too short for two PERF windows of --perf-interval {interval} seconds",
            fix=f"give at least {spec.LAST_WINDOWS + 2} intervals, so that start-up is not among the last "
            f"{spec.LAST_WINDOWS} windows",
        )


def read(
    command_line: Mapping[str, Any] = _NOTHING,
    ini: Mapping[str, Any] = _NOTHING,
    environment: Mapping[str, str] | None = None,
) -> Options:
    """Options from the texts of each level, by name; ``environment`` is os.environ by default.

    None counts as not given, and so does an empty value of the ini file or the environment.
    """
    variables = os.environ if environment is None else environment
    by_variable = {row.name: variables[row.environment] for row in OPTIONS if variables.get(row.environment)}
    names = {*command_line, *by_variable, *ini}
    return Options(
        {name: Given(command_line.get(name), by_variable.get(name), ini.get(name) or None) for name in names}
    )


def read_arguments(arguments: argparse.Namespace, options: Iterable[Option[Any]]) -> Options:
    """Options of a command, from its arguments and the environment."""
    return read({option.name: getattr(arguments, option.name.replace("-", "_")) for option in options})


def _parse(option: Option[T], text: Any, origin: str) -> T:
    try:
        return option.kind.parse(text)
    except ValueError as error:
        raise DsbenchError(
            Code.USAGE,
            f"{option.flag} = {text!r} ({origin}): {error}",
            fix=f"`--help` shows what {option.flag} takes",
        ) from None


def _shown(option: Option[T], value: Value[T]) -> str:
    text = option.default_shown if value.origin == option.origin else option.show(value.value)
    return str(Value(text, value.origin))


def add_argument(add: Callable[..., Any], option: Option[Any]) -> None:
    """Add an option with ``add``: a parser's ``add_argument`` or pytest's ``addoption``. Not given is None."""
    arguments: dict[str, Any] = {"metavar": _metavar(option)}
    if isinstance(option.kind, Flag):
        arguments = {"action": "store_true"}
    elif isinstance(option.kind, Texts):
        arguments["action"] = "append"
    add(option.flag, default=None, help=help_of(option), **arguments)


def help_of(option: Option[Any]) -> str:
    """The help text with the default."""
    default = "" if isinstance(option.kind, (Flag, Texts)) else f" (default: {_defaults(option, plain=True)})"
    return option.help.replace("`", "") + (f"; see {option.docs}" if option.docs else "") + default


def markdown_table() -> str:
    """README's table of options."""
    lines = ["| option | pytest ini | dsbench.toml | default | what it does |", "|---|---|---|---|---|"]
    for option in OPTIONS:
        key = f"`[{option.table}] {option.name}`" if option.table else f"`{option.name}`"
        cells = (
            f"`{option.flag}{_placeholder(option)}`",
            f"`{option.ini}`",
            "" if option.table is None else key,
            _defaults(option),
            option.help + (f" ([{option.docs}]({option.docs}))" if option.docs else ""),
        )
        escaped = (cell.replace("|", "\\|") for cell in cells)
        lines.append("|" + "|".join(f" {cell} " if cell else " " for cell in escaped) + "|")
    return "\n".join(lines)


def _defaults(option: Option[Any], *, plain: bool = False) -> str:
    if isinstance(option.kind, Flag):
        return "off"
    default = f"`{option.default}`" if isinstance(option.kind, OneOf) else option.default_shown
    text = f"`{option.environment}`, else {default}" if option.environment else default
    return text.replace("`", "") if plain else text


def _metavar(option: Option[Any]) -> str:
    return "|".join(option.kind.allowed) if isinstance(option.kind, OneOf) else option.metavar


def _placeholder(option: Option[Any]) -> str:
    return "" if isinstance(option.kind, Flag) else f" {_metavar(option)}"


if __name__ == "__main__":
    print(markdown_table())
