"""deepstream-app's console as facts: the engine that was used, whether the pipeline ran, how the app reported its end.

Only texts that come from nvinfer's and deepstream-app's own sources are read, without line numbers, which change
between releases. nvinfer logs through GStreamer, so its lines begin with GStreamer's clock (``0:00:00.559445090``, time
since gst_init): they give the length of an engine build to the millisecond.
Lines such as ``layers num: 0`` carry no information and are not read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from dsbench.base import logs, numbers
from dsbench.base.text import without_escapes

_CLOCK = re.compile(r"\s*([0-9]+):([0-9][0-9]):([0-9][0-9]\.[0-9]+)\s")
_LONGEST = 4096

_LOADED = re.compile(r"deserialized trt engine from :(.*)")
_USED = re.compile(r"Use deserialized engine model: (.*)")
_BUILDING = "Trying to create engine from model files"
_SAVED = re.compile(r"serialize cuda engine to file: (.*?) successfully")
_NOT_SAVED = re.compile(r"failed to serialize (?:cude|cuda) engine to file: (.*)")
_BUILD_OVER = ("build engine file failed", "build backend context failed", "Load new model:")
_RUNNING = re.compile(r"<bus_callback:[0-9]+>: Pipeline running")
OTHER_ENGINE = "frames are counted on "
"""How the embedded runtime begins to say that another engine than ONNX Runtime is used."""
DECODED_AT_ONCE = "rounds of a stream's clip are decoded at once"
"""What it says, behind ``up to N``, of more processors than streams."""
_OWN = re.compile(rf"dsbench-app: ((?:DSBENCH_|{OTHER_ENGINE}|the network |up to [0-9]+ {DECODED_AT_ONCE}).*)")
_MOST_REMARKS = 8
_WORDS = ("ngine", "Load new model", "bus_callback", "App run", "ackend", "Version tag", "dsbench-app: ")
"""A line without any of these says nothing of interest: logs are long, most lines are passed over by this."""
_WORDS_AS_BYTES = tuple(map(str.encode, _WORDS))
_REASONS = (
    re.compile(r"Deserialize engine failed because file path: .* open error"),
    re.compile(r"Deserialize engine failed from file: .*"),
    re.compile(r"Version tag does not match.*?(?=\)|$)"),
    re.compile(r"Backend has maxBatchSize [0-9]+ whereas [0-9]+ has been requested"),
    re.compile(r"backend can not support dims:\S+"),
    re.compile(r"deserialized backend context :.* failed to match config params"),
)


@dataclass(frozen=True)
class Console:
    """The facts of a console so far.

    ``engine_loaded``: file the engine was read from and used; ``build_began``: an engine was (or is being) built from
    the model file, ``build_ended``; ``build_s`` seconds by the log's own clock, None where it does not say;
    ``saved_as``: where nvinfer put the built engine; ``not_saved``: where it could not; ``reasons``: why the engine
    that the config names was not used, in nvinfer's words; ``running``: the pipeline ran;
    ``closing``: ``successful`` or ``failed``, as the app's last line says; ``remarks``: what the embedded runtime says
    of its engine, its threads and the environment variables that choose them.
    """

    engine_loaded: str = ""
    build_began: bool = False
    build_ended: bool = False
    build_s: float | None = None
    saved_as: str = ""
    not_saved: str = ""
    reasons: tuple[str, ...] = ()
    running: bool = False
    closing: str = ""
    remarks: tuple[str, ...] = ()

    @property
    def building(self) -> bool:
        """An engine is being built right now."""
        return self.build_began and not self.build_ended


@dataclass
class ConsoleReader:
    """Reads a console line by line, in constant memory."""

    _loaded: str = ""
    _used: str = ""
    _began: bool = False
    _ended: bool = False
    _began_at: float | None = None
    _ended_at: float | None = None
    _saved: str = ""
    _not_saved: str = ""
    _reasons: list[str] = field(default_factory=list)
    _running: bool = False
    _closing: str = ""
    _remarks: list[str] = field(default_factory=list)

    def feed_block(self, block: bytes) -> None:
        """Take in whole lines."""
        for line in logs.lines_with(block, _WORDS_AS_BYTES):
            self.feed(line[:_LONGEST].decode("utf-8", "replace"))

    def feed(self, raw: str) -> None:
        """Take in one line; what is longer than any line of interest is cut."""
        line = raw[:_LONGEST]
        if not any(word in line for word in _WORDS):
            return
        line = without_escapes(line).rstrip()
        if own := _OWN.match(line):
            if own[1] not in self._remarks and len(self._remarks) < _MOST_REMARKS:
                self._remarks.append(own[1])
            return
        self._engine(line)
        if _RUNNING.search(line):
            self._running = True
            self._build_is_over(line)
        elif line in ("App run successful", "App run failed"):
            self._closing = line.removeprefix("App run ")

    def _engine(self, line: str) -> None:
        if found := _LOADED.search(line):
            self._loaded = found[1]
        elif found := _USED.search(line):
            self._used = found[1]
        elif _BUILDING in line:
            self._began, self._ended = True, False
            self._began_at = _clock(line)
        elif found := _SAVED.search(line):
            self._saved = found[1]
            self._build_is_over(line)
        elif found := _NOT_SAVED.search(line):
            self._not_saved = found[1]
            self._build_is_over(line)
        elif any(text in line for text in _BUILD_OVER):
            self._build_is_over(line)
        elif not self._began:
            self._reason(line)

    def _reason(self, line: str) -> None:
        for pattern in _REASONS:
            if (found := pattern.search(line)) and found[0] not in self._reasons:
                self._reasons.append(found[0])
                return

    def _build_is_over(self, line: str) -> None:
        if self._began and not self._ended:
            self._ended = True
            self._ended_at = _clock(line)

    @property
    def build_began(self) -> bool:
        return self._began

    @property
    def building(self) -> bool:
        return self._began and not self._ended

    @property
    def console(self) -> Console:
        """The facts so far."""
        began, ended = self._began_at, self._ended_at
        seconds = round(ended - began, 3) if began is not None and ended is not None and ended >= began else None
        return Console(
            # a loaded engine that then does not fit is not used
            engine_loaded=self._loaded if self._loaded and not self._began else self._used,
            build_began=self._began,
            build_ended=self._ended,
            build_s=seconds if self._ended else None,
            saved_as=self._saved,
            not_saved=self._not_saved,
            reasons=tuple(self._reasons),
            running=self._running,
            closing=self._closing,
            remarks=tuple(self._remarks),
        )


def read(lines: Iterable[str]) -> Console:
    """The facts of a whole console."""
    reader = ConsoleReader()
    for line in lines:
        reader.feed(line)
    return reader.console


def _clock(line: str) -> float | None:
    """GStreamer's clock at the head of a line, in seconds."""
    found = _CLOCK.match(line)
    return numbers.whole(found[1]) * 3600 + numbers.whole(found[2]) * 60 + float(found[3]) if found else None
