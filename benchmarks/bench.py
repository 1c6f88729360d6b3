"""How fast the embedded runtime is: against the bare loop that bounds it, and against what one would write instead.

    make bench
    .venv/bin/python -m benchmarks.bench --models street --streams 2 --seconds 1 --rounds 2

docs/speed.md says what is printed and how to read it. Exit status 0, or 1 when the boxes of a candidate differ so much
that its speed says nothing.
"""

from __future__ import annotations

import argparse
import json
import math
import platform
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from benchmarks import app_run, boxes, figures, peers, stages, workload
from benchmarks.candidates import BOUND, PEERS, Candidate, Sample
from benchmarks.workload import Workload
from dsbench.base.cpus import usable_cpus
from dsbench.formats.app.console import OTHER_ENGINE

_SAME = 0.9
_COMPARED_FRAMES = 30
_STAGE_FRAMES = 200
_MEMORY_STREAMS = 4
_NO_ULTRALYTICS = "ultralytics predict: left out, neither network has a head that it decodes (both are YOLOX)"


def main(argv: Sequence[str] | None = None) -> int:
    """Everything, or what the options leave of it."""
    options = _options(argv)
    kept: dict[str, object] = {"machine": machine()}
    print(f"{machine()}\n")
    with tempfile.TemporaryDirectory(prefix="dsbench-bench-") as folder:
        works = [workload.prepare(name, Path(folder) / name) for name in options.models]
        for work in works:
            kept[work.name] = _model(work, Path(folder), options)
        if options.memory_minutes > 0:
            kept["memory"] = _memory(works[0], options.memory_minutes)
    if options.json:
        options.json.write_text(json.dumps(kept, indent=1) + "\n")
    return 0 if all(_same(work, kept) for work in works) else 1


def machine() -> str:
    """Processor, usable cores, versions."""
    import importlib.metadata

    model = platform.processor() or platform.machine()
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.split(":", 1)[1].strip()
            break
    names = ("onnxruntime", "av", "numpy", "opencv-python-headless", "supervision", "openvino")
    versions = []
    for name in names:
        try:
            versions.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            versions.append(f"{name} missing")
    return f"{model}, {usable_cpus()} cores; Python {platform.python_version()}, {', '.join(versions)}"


def _options(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bench")
    parser.add_argument("--models", type=_words, default=["street", "nano"])
    parser.add_argument("--streams", type=_numbers, default=[1, 2, 4, 8])
    parser.add_argument("--seconds", type=float, default=2.0, help="of one measurement (of the app: rounded up)")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--peers", type=_words, default=list(PEERS), help="of " + ", ".join(PEERS) + "; '' for none")
    parser.add_argument("--fast", action=argparse.BooleanOptionalAction, default=True, help="the optional engine too")
    parser.add_argument("--memory-minutes", type=float, default=1.0, help="default 1; the goal is judged by 10")
    parser.add_argument("--json", type=Path, help="all samples as JSON")
    return parser.parse_args(argv)


def _words(text: str) -> list[str]:
    return [word for word in text.split(",") if word]


def _numbers(text: str) -> list[int]:
    return [int(word) for word in _words(text)]


def _model(work: Workload, folder: Path, options: argparse.Namespace) -> dict[str, object]:
    print(f"== {work.name}: {work.note}; threshold {work.threshold}")
    path = work.write(folder / f"{work.name}.json")
    agreements = _compare(work, path, options.peers)
    _stages(work)
    engine = app_run.engine_line(work) if options.fast else ""
    print(f"fast engine: {engine or 'left out'}")
    able = [name for name in options.peers if name in agreements]
    print(f"\n{'streams':>7}  {'candidate':<46} {'fps':>6} {'others':>6} {'alone':>6} {'+-':>4} {'cpu ms':>7}"
          f" {'/bound':>7} {'app is':>7}")  # fmt: skip
    tables = {}
    for streams in options.streams:
        names = [figures.FAST, *able] if engine.startswith(OTHER_ENGINE) else able
        rounds = _rounds(work, path, streams, names, options)
        tables[streams] = {name: [asdict(sample) for sample in samples] for name, samples in rounds.items()}
        _print(streams, rounds)
    print()
    return {"agreement": agreements, "samples": tables}


def _compare(work: Workload, path: Path, names: Sequence[str]) -> dict[str, float]:
    """Boxes of every peer against the app's; a peer that cannot run is named with the reason."""
    ours = app_run.boxes(work, _COMPARED_FRAMES)
    print(f"boxes of the first {_COMPARED_FRAMES} frames: dsbench-app {sum(map(len, ours))}")
    found: dict[str, float] = {}
    for name in names:
        reason = peers.missing(name)
        if not reason:
            try:
                candidate = Candidate(name, path, 1, 1)
            except RuntimeError:
                reason = "it ended by itself"
        if reason:
            print(f"  {name}: left out, {reason}")
            continue
        agreement = boxes.compare(ours, candidate.boxes(_COMPARED_FRAMES))
        candidate.close()
        found[name] = agreement.f1
        print(f"  {name:<16} {agreement.second:>5} boxes, {agreement.matched} the same (F1 {agreement.f1:.3f})")
    print(f"  {_NO_ULTRALYTICS}")
    return found


def _stages(work: Workload) -> None:
    split = stages.measure(work, _STAGE_FRAMES)
    total = sum(split.milliseconds)
    parts = [
        f"{name} {value:.2f} ({100 * value / total:.1f} %)"
        for name, value in zip(stages.NAMES, split.milliseconds, strict=True)
    ]
    print(f"a frame's {total:.2f} ms of processor time: {', '.join(parts)}; {split.boxes:.1f} boxes")


def _rounds(
    work: Workload, path: Path, streams: int, names: Sequence[str], options: argparse.Namespace
) -> dict[str, list[Sample]]:
    """Everybody's samples, round by round, every second round in the opposite order."""
    cpus = usable_cpus()
    others = {name: Candidate(name, path, streams, cpus) for name in (BOUND, *names) if name != figures.FAST}
    rounds: dict[str, list[Sample]] = {name: [] for name in (figures.APP, BOUND, *names)}
    rows = max(2, math.ceil(options.seconds))
    try:
        for number in range(options.rounds):
            order = list(rounds) if number % 2 == 0 else list(reversed(rounds))
            for name in order:
                if name in (figures.APP, figures.FAST):
                    environment = app_run.FAST_ENGINE if name == figures.FAST else {}
                    rounds[name].append(app_run.measure(work, streams, rows, environment))
                else:
                    rounds[name].append(others[name].run(options.seconds))
    finally:
        for candidate in others.values():
            candidate.close()
    return rounds


def _print(streams: int, rounds: dict[str, list[Sample]]) -> None:
    found = figures.lines(rounds)
    for line in found:
        title = PEERS.get(line.name, line.name)
        spread = f"{100 * line.spread:.0f}%" if len(rounds[line.name]) > 1 else "-"
        faster = f"{line.of_app:.2f} x" if line.name != figures.APP else ""
        print(
            f"{streams:>7}  {title:<46} {line.fps:>6.1f} {line.others:>6.2f} {line.alone:>6.1f} "
            f"{spread:>4} {line.cpu_ms:>7.2f} {line.of_bound:>7.3f} {faster:>7}",
            flush=True,
        )
    app, bound = found[0], found[1]
    print(
        f"{streams:>7}  => {app.of_bound:.3f} of the bound by rate, {bound.cpu_ms / app.cpu_ms:.3f} by processor time"
        f" a frame{_against_peers(found, rounds)}",
        flush=True,
    )


def _against_peers(found: Sequence[figures.Line], rounds: dict[str, list[Sample]]) -> str:
    best = figures.best_peer(found)
    if best is None:
        return ""
    text = f"; {best.of_app:.2f} times the best peer ({best.name}) by rate, {best.cpu_ms / found[0].cpu_ms:.2f} by time"
    if figures.FAST in rounds:
        other = next(line for line in found if line.name == figures.FAST)
        text += f"; with the fast engine {best.of_app / other.of_app:.2f} and {best.cpu_ms / other.cpu_ms:.2f}"
    return text


def _memory(work: Workload, minutes: float) -> dict[str, object]:
    started = time.perf_counter()
    rows = list(app_run.run(work, _MEMORY_STREAMS, max(10, round(60 * minutes))))
    grown = figures.growth([row.at - started for row in rows], [row.rss for row in rows])
    print(
        f"== memory: {work.name}, {_MEMORY_STREAMS} streams for {minutes:g} minutes"
        f"{'' if minutes >= 10 else ' (shortened: --memory-minutes 10)'}: "
        f"{grown.first:.0f} MiB in the first quarter, {grown.last:.0f} MiB in the last "
        f"({grown.per_minute:+.2f} MiB a minute)"
    )
    return {"minutes": minutes, "first": grown.first, "last": grown.last, "rss": [row.rss for row in rows]}


def _same(work: Workload, kept: dict[str, object]) -> bool:
    model = kept[work.name]
    assert isinstance(model, dict)
    return not work.detects or all(share >= _SAME for share in model["agreement"].values())


if __name__ == "__main__":
    sys.exit(main())
