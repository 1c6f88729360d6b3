"""Keeps a GPU's video decoder (NVDEC) busy: decodes one file over and over in N threads, and prints frames a second.

    python benchmarks/nvdec_load.py --streams 8 --seconds 30 models/street/street.mp4

Needs a Python package that reaches NVDEC; tried in this order, each first for a second in a process of its own:

    pyav-gpu      PyAV (``pip install av``) with FFmpeg's CUDA acceleration, frames stay on the GPU
    pyav-host     the same, frames copied to memory
    pyav-cuvid    PyAV with FFmpeg's decoder h264_cuvid / hevc_cuvid
    pynvvideocodec  NVIDIA's PyNvVideoCodec

Exit status: 0 when frames were decoded on NVDEC, 1 when no way works (each one's error is printed), 2 for wrong usage.
"""

from __future__ import annotations

import argparse
import importlib
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

PROBE_S = 1.0
PROBE_TIMEOUT_S = 60.0


def pyav(path: str, gpu: int, on_gpu: bool) -> Iterator[int]:
    """Frames decoded by FFmpeg's own parser and NVDEC, a number for each packet, for ever."""
    import av
    from av.codec.hwaccel import HWAccel

    accel = HWAccel("cuda", device=str(gpu), allow_software_fallback=False, is_hw_owned=on_gpu)
    with av.open(path, hwaccel=accel) as container:
        stream = container.streams.video[0]
        packets = [packet for packet in container.demux(stream) if packet.size]
        expected = "cuda" if on_gpu else "nv12"
        yield from _repeated(stream.codec_context, packets, expected)


def pyav_cuvid(path: str, gpu: int) -> Iterator[int]:
    """Frames of FFmpeg's cuvid decoder, copied to memory."""
    import av

    with av.open(path) as container:
        stream = container.streams.video[0]
        packets = [packet for packet in container.demux(stream) if packet.size]
        name = f"{stream.codec_context.name}_cuvid"
        decoder: Any = av.CodecContext.create(name, "r")
        decoder.extradata = stream.codec_context.extradata
        decoder.options = {"gpu": str(gpu)}
        yield from _repeated(decoder, packets, "nv12")


def _repeated(decoder: Any, packets: list[Any], expected: str) -> Iterator[int]:
    while True:
        for packet in packets:
            frames = decoder.decode(packet)
            for frame in frames:
                if frame.format.name != expected:
                    raise RuntimeError(f"frames come as {frame.format.name}, not {expected}: not decoded on the GPU")
            yield len(frames)


def pynvvideocodec(path: str, gpu: int) -> Iterator[int]:
    """Frames of NVIDIA's own package, left on the GPU."""
    nvc: Any = importlib.import_module("PyNvVideoCodec")
    while True:
        demuxer = nvc.CreateDemuxer(filename=path)
        decoder = nvc.CreateDecoder(
            gpuid=gpu, codec=demuxer.GetNvCodecId(), cudacontext=0, cudastream=0, usedevicememory=True
        )
        for packet in demuxer:
            yield sum(1 for _ in decoder.Decode(packet))


BACKENDS: dict[str, Callable[[str, int], Iterator[int]]] = {
    "pyav-gpu": lambda path, gpu: pyav(path, gpu, True),
    "pyav-host": lambda path, gpu: pyav(path, gpu, False),
    "pyav-cuvid": pyav_cuvid,
    "pynvvideocodec": pynvvideocodec,
}


class Load:
    """N threads that decode until told to stop."""

    def __init__(self, backend: str, path: str, gpu: int, streams: int) -> None:
        self.counts = [0] * streams
        self.errors: list[str] = []
        self.stop = threading.Event()
        self._make: Callable[[], Iterator[int]] = lambda: BACKENDS[backend](path, gpu)
        self.threads = [threading.Thread(target=self._work, args=(number,), daemon=True) for number in range(streams)]

    def _work(self, number: int) -> None:
        try:
            for frames in self._make():
                self.counts[number] += frames
                if self.stop.is_set():
                    return
        except Exception as error:
            self.errors.append(f"stream {number}: {type(error).__name__}: {error}")


def run(backend: str, path: str, gpu: int, streams: int, seconds: float) -> int:
    """Decode for ``seconds`` and print the rate of each second; status 0 if every stream worked to the end."""
    load = Load(backend, path, gpu, streams)
    started = last_at = time.monotonic()
    last = 0
    for thread in load.threads:
        thread.start()
    try:
        while time.monotonic() - started < seconds and any(thread.is_alive() for thread in load.threads):
            time.sleep(min(1.0, seconds))
            now, total = time.monotonic(), sum(load.counts)
            print(f"{now - started:6.1f} s  {(total - last) / (now - last_at):8.0f} frames/s", flush=True)
            last, last_at = total, now
    except KeyboardInterrupt:
        pass
    spent, total = time.monotonic() - started, sum(load.counts)
    load.stop.set()
    for thread in load.threads:
        thread.join(5)
    print(f"{backend}: {streams} streams, {total} frames in {spent:.1f} s, {total / spent:.0f} frames/s", flush=True)
    for error in load.errors:
        print(error, file=sys.stderr)
    return 0 if total and not load.errors else 1


def choose(path: str, gpu: int) -> str | None:
    """The first way that decodes frames; says of the others why they do not."""
    for backend in BACKENDS:
        options = ["--backend", backend, "--streams", "1", "--seconds", str(PROBE_S), "--gpu", str(gpu)]
        command = [sys.executable, __file__, *options, path]
        try:
            finished = subprocess.run(command, capture_output=True, text=True, timeout=PROBE_TIMEOUT_S, check=False)
        except subprocess.TimeoutExpired:
            print(f"{backend}: nothing within {PROBE_TIMEOUT_S:.0f} s", file=sys.stderr)
            continue
        if finished.returncode == 0:
            return backend
        why = (finished.stderr.strip() or finished.stdout.strip() or "it said nothing").splitlines()[-1]
        print(f"{backend}: status {finished.returncode}, {why}", file=sys.stderr)
    return None


def main() -> int:
    """Parse the command line, find a way, run it."""
    assert __doc__ is not None
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("video", nargs="?", default=str(Path(__file__).parent.parent / "models/street/street.mp4"))
    parser.add_argument("--streams", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--gpu", type=int, default=0, help="CUDA's number of the GPU")
    parser.add_argument("--backend", choices=BACKENDS, help="this way and no other")
    given = parser.parse_args()
    if given.streams < 1 or given.seconds <= 0:
        parser.error("--streams and --seconds must be above 0")
    if not Path(given.video).is_file():
        parser.error(f"no file at {given.video}")
    backend = given.backend or choose(given.video, given.gpu)
    if backend is None:
        print("no way to NVDEC works: is there a GPU, its driver with libnvcuvid.so.1, and PyAV?", file=sys.stderr)
        return 1
    return run(backend, given.video, given.gpu, given.streams, given.seconds)


if __name__ == "__main__":
    sys.exit(main())
