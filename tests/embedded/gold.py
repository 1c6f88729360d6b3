"""Recordings of the real deepstream-app as test cases: find them, fill in their placeholders, run and compare."""

from __future__ import annotations

import gzip
import itertools
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from dsbench.base.cpp import SDK
from dsbench.formats import kitti

REPOSITORY = Path(__file__).resolve().parents[2]
TOLERANCE = 0.01
_PLACEHOLDER_FILES = ("app.txt", "app.cfg", "nvinfer.txt", "app1.txt", "app2.txt")


SHARED = Path(os.environ.get("DSBENCH_SHARED", REPOSITORY.parent / "shared"))
KINDS = ("kitti", "pre", "err", "err2")


def named() -> bool:
    """True when DSBENCH_GOLD names the recordings to try: all of them are then meant."""
    return bool(os.environ.get("DSBENCH_GOLD"))


def folder() -> Path | None:
    """Where the recordings are: $DSBENCH_GOLD, else beside the checkout; None without them or their network."""
    path = Path(os.environ.get("DSBENCH_GOLD") or SHARED / "gold").resolve()
    complete = path.is_dir() and resource(path, "parser.cpp").is_file() and network(path).is_file()
    if named() and not complete:
        raise FileNotFoundError(f"DSBENCH_GOLD={path} is no folder of recordings, or their network is missing")
    return path if complete else None


def resource(gold: Path, name: str) -> Path:
    """``videos``, ``model`` or ``parser.cpp``: the recordings' own, else those beside the checkout."""
    return gold / name if (gold / name).exists() else SHARED / "gold" / name


def network(gold: Path) -> Path:
    """The network of the recordings, in the data folder beside them or in $DSBENCH_SHARED."""
    found = (root / "data" / "models" / "yolox_nano" / "model.onnx" for root in (gold.parent, SHARED))
    return next((path for path in found if path.is_file()), Path("missing"))


def cases(gold: Path) -> list[str]:
    """Every recorded case, ``kind/name``."""
    folders = (case for kind in KINDS if (gold / kind).is_dir() for case in sorted((gold / kind).iterdir()))
    return [f"{case.parent.name}/{case.name}" for case in folders if (case / "meta.json").is_file()]


_REORDERED = 4
"""Packets behind the last frame that is compared: frames leave the decoder in another order than they enter."""


def shortened(video: Path, target: Path, frames: int) -> None:
    """The first packets of a clip, copied as they are; nothing is encoded."""
    import av

    with av.open(str(video)) as source, av.open(str(target), "w") as out:
        stream = source.streams.video[0]
        copy = out.add_stream_from_template(stream)
        for packet in itertools.islice(source.demux(stream), frames):
            if packet.size:
                packet.stream = copy
                out.mux(packet)


@dataclass(frozen=True)
class Ran:
    """What our app did on a case. ``status`` as subprocess counts it: minus the signal."""

    status: int
    console: str
    case: Path


@dataclass(frozen=True)
class Stage:
    """A place with everything that the cases' placeholders stand for."""

    gold: Path
    root: Path
    frames: int = 0
    """How many frames of a clip are run; 0: all."""

    @classmethod
    def build(cls, gold: Path, root: Path, frames: int = 0) -> Stage:
        """Compiles the parser against our headers and lays model and video folders out."""
        model, parser, videos = root / "model", root / "parser", root / "videos"
        for made in (model, parser, videos):
            made.mkdir(parents=True)
        for file in resource(gold, "model").iterdir():
            shutil.copy(file, model / file.name)
        for file in resource(gold, "videos").iterdir():
            (videos / file.name).symlink_to(file.resolve())
        os.symlink(network(gold), model / "yolox_nano.onnx")
        (model / "bad.engine").write_bytes(b"not an engine")
        for batch in (1, 8):
            (model / f"yolox_nano_b{batch}.engine").write_bytes(b"stand-in")
        include = SDK / "sources" / "includes"
        command = ["g++", "-std=c++11", "-O2", "-shared", "-fPIC", "-I", include]
        subprocess.run([*command, resource(gold, "parser.cpp"), "-o", parser / "libparser.so"], check=True)
        stage = cls(gold, root, frames)
        if frames:
            for file in resource(gold, "videos").iterdir():
                stage._shorten(file)
        return stage

    def _shorten(self, video: Path) -> None:
        import av.error

        short = self.root / "videos" / video.name
        short.unlink()
        try:
            shortened(video, short, self.frames + _REORDERED)
        except (av.error.FFmpegError, IndexError):  # broken on purpose
            short.unlink(missing_ok=True)
            short.symlink_to(video.resolve())

    def prepare(self, name: str) -> Path:
        """The case's folder with its configs, placeholders filled in."""
        case = self.root / "cases" / name
        shutil.rmtree(case, ignore_errors=True)
        case.mkdir(parents=True)
        recorded = self.gold / name
        for file in _PLACEHOLDER_FILES:
            if (recorded / file).is_file():
                (case / file).write_text(self.fill((recorded / file).read_text(), case))
        self._onnx_of(recorded.name, case)
        if (recorded / "kitti.gz").is_file():
            (case / "kitti").mkdir()
        base = self.root / "out" / "smoke" / "base" / "nvinfer.txt"
        if not base.is_file():
            base.parent.mkdir(parents=True)
            smoke = resource(self.gold, "kitti/walk120_mar1/nvinfer.txt")
            base.write_text(self.fill(smoke.read_text() if smoke.is_file() else "", base.parent))
        return case

    def _onnx_of(self, name: str, case: Path) -> None:
        network = case / "model.onnx"
        if name == "onnx_text":
            network.write_text("this is not a network\n")
        elif name == "onnx_empty":
            network.write_bytes(b"")
        elif not name.startswith(("onnx_missing", "engine_and_onnx")):
            os.symlink((self.root / "model" / "yolox_nano.onnx").resolve(), network)

    def fill(self, text: str, case: Path) -> str:
        """Placeholders to paths."""
        for placeholder, path in (
            ("@CASE@", case),
            ("@VIDEOS@", self.root / "videos"),
            ("@MODEL@", self.root / "model"),
            ("@PARSER@", self.root / "parser"),
            ("@OUT@", self.root / "out"),
            ("@DS@", self.root),
        ):
            text = text.replace(placeholder, str(path))
        return text

    def run(self, name: str, *extra: str, timeout: float = 120) -> Ran:
        """Our app with the case's own arguments, under the muxer of the recordings."""
        case = self.prepare(name)
        arguments = json.loads((self.gold / name / "meta.json").read_text())["args"][1:]
        command = [sys.executable, "-m", "dsbench.embedded.app"]
        command += [self.fill(word, case) for word in arguments] + list(extra)
        environment = dict(os.environ, USE_NEW_NVSTREAMMUX="yes")
        done = subprocess.run(
            command,
            check=False,
            cwd=case,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=timeout,
        )
        return Ran(done.returncode, done.stdout.decode(errors="surrogateescape"), case)

    def status(self, name: str) -> int:
        """The recorded exit status."""
        return int(json.loads((self.gold / name / "meta.json").read_text())["rc"])


def recorded_kitti(path: Path, frames: int = 0) -> dict[str, list[str]]:
    """Lines by file name, of the first ``frames`` frames (0: all). Only newlines end a line: labels may hold others."""
    files: dict[str, list[str]] = {}
    lines: list[str] = []
    for line in gzip.decompress(path.read_bytes()).decode(errors="surrogateescape").split("\n"):
        if line.startswith("@@ "):
            lines = files.setdefault(line[3:], [])
        else:
            lines.append(line)
    limit = frames or len(files)
    return {name: [line for line in found if line] for name, found in files.items() if int(name[-10:-4]) < limit}


def written_kitti(directory: Path, frames: int = 0) -> dict[str, list[str]]:
    """Lines by file name of a dump that we made, of the first ``frames`` frames (0: all)."""
    return {
        frame.path.name: [line for line in frame.path.read_bytes().decode(errors="surrogateescape").split("\n") if line]
        for frame in kitti.list_frames(directory)
        if not frames or _frame(frame.path.name) < frames
    }


def _frame(name: str) -> int:
    """The number at the end of a KITTI file's name."""
    return int(name.removesuffix(".txt").rpartition("_")[2])


def compare_frame(expected: list[str], found: list[str]) -> str:
    """Empty when both hold the same objects in the same order; else what differs first."""
    if len(expected) != len(found):
        return f"{len(found)} lines, recorded {len(expected)}"
    for ours, theirs in zip(found, expected, strict=True):
        (a,), (b,) = kitti.parse(ours), kitti.parse(theirs)
        if a.label != b.label:
            return f"label {a.label!r}, recorded {b.label!r}"
        pairs = zip(_numbers(a), _numbers(b), strict=True)
        if any(not (x == y or (x != x and y != y) or abs(x - y) <= TOLERANCE) for x, y in pairs):
            return f"{ours!r}, recorded {theirs!r}"
    return ""


def _numbers(obj: kitti.KittiObject) -> tuple[float, ...]:
    return obj.left, obj.top, obj.right, obj.bottom, obj.confidence


_NOT_OURS = (
    "max_fps_dur",
    "nvstreammux: Successfully handled EOS",
    "Opening in BLOCKING MODE",
    "GStreamer-",
    "nvvideoconvert",
    "[parser]",
    "Engine Info]",
    "INPUT  kFLOAT",
    "OUTPUT kFLOAT",
    "[TRT]",
    # a story about an engine that no CPU has
    "deserialize",
    "Deserialize engine failed from file",
    "Use deserialized engine model",
    "serialize cuda engine",
    "Trying to create engine",
    "Backend has maxBatchSize",
    "engine file",
)
_ELF = re.compile(r"\x1b\[[0-9;]*m")
_CONTEXT = re.compile(r"^.*\[UID = \d+\]: ")
_WARN_ERROR = re.compile(r"^\d:\d\d:.*?<primary_gie> ?(?=error: |\[UID)")
_MACRO_LINE = re.compile(r"<(\w+):\d+>")
_SOURCE_LINE = re.compile(r"^Debug info: .*?([\w-]+\.(?:c|cpp))\(\d+\)")


def distinctive(console: str) -> list[str]:
    """Lines that say what happened, without clocks, numbers of source lines and what is not ours to print."""
    lines: list[str] = []
    for line in console.replace("\r", "").split("\n"):
        line = _ELF.sub("", line).rstrip()
        if not line or any(text in line for text in _NOT_OURS) or line.startswith("dsbench-app: "):
            continue
        line = _CONTEXT.sub("", line)
        line = _WARN_ERROR.sub("", line)
        line = _SOURCE_LINE.sub(r"Debug info: \1", line)
        line = line.replace("\u201c", "?").replace("\u201d", "?").replace("\ufffd", "?")
        lines.append(_MACRO_LINE.sub(r"<\1>", line))
    return lines


def crashed(status: int) -> bool:
    """True for the recorded crashes, where a clear error is what we want instead."""
    return status == -signal.SIGSEGV
