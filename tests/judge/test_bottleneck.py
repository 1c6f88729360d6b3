"""What limits throughput, on made-up and recorded evidence with a known answer; nothing is said unmeasured."""

from __future__ import annotations

import csv
import os
import re
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks import consoles
from dsbench.formats.telemetry import Series
from dsbench.judge.bottleneck import Bottleneck, BottleneckEvidence, Ceiling, InferCeiling, Limit, judge
from dsbench.judge.run.telemetry import ColumnSummary, TelemetrySummary, Throttled, summarise

Load = TelemetrySummary


def load(*, throttled: tuple[tuple[str, float], ...] | None = (), **means: float) -> Load:
    """A window's means by column; the 95th percentile is a tenth above, at most 100 for a percentage."""
    columns = tuple(
        ColumnSummary(name, mean, min(100.0, mean * 1.1) if mean <= 100 else mean * 1.1, mean, mean, 20)
        for name, mean in means.items()
    )
    fractions = None if throttled is None else tuple(Throttled(*one) for one in throttled)
    return TelemetrySummary((5.0, 15.0), 20, columns, fractions, ())


CALM = load(nvdec_pct=40, sm_pct=40, cpu_pct=20, cpu_busiest_pct=60, app_cpu_pct=300)
SATURATED = load(nvdec_pct=97.5, sm_pct=14, cpu_pct=21, app_cpu_pct=340)


def gpu(fps: float, alone: float, infer: float | None, seen: Load | None = CALM, **more: object) -> BottleneckEvidence:
    ceiling = None if infer is None else InferCeiling(infer, 64, "trtexec, Steps 4-5")
    evidence = BottleneckEvidence(True, 64, fps, (Ceiling(64, alone, seen),), ceiling, seen, cores=16)
    return replace(evidence, **more)  # type: ignore[arg-type]


def cpu(fps: float, decode: float, infer: float | None, seen: Load | None, **more: object) -> BottleneckEvidence:
    alone = None if infer is None else InferCeiling(infer, 1, "ONNX Runtime alone, measured now")
    evidence = BottleneckEvidence(False, 4, fps, (Ceiling(4, decode),), alone, seen, cores=2)
    return replace(evidence, **more)  # type: ignore[arg-type]


def numbers_of(verdict: Bottleneck) -> set[float]:
    return {float(text) for sentence in verdict.sentences for text in re.findall(r"\d+(?:\.\d+)?", sentence)}


def test_the_plateau_of_the_recorded_decode_runs() -> None:
    # deepstream-app 9.1 on an H100: 8 x 1194 and 64 x 151, NVDEC from the series beside them
    decode = (Ceiling(64, 9664.0, load(nvdec_pct=98.5)), Ceiling(8, 9556.0, load(nvdec_pct=97.5)))
    verdict = judge(gpu(9420.0, 9664.0, 31000.0, SATURATED, decode=decode))
    assert (verdict.limit, verdict.plateau, verdict.name) == (Limit.DECODE, True, "decode (NVDEC)")
    assert verdict.sentences[0].startswith("the run reaches 97% of what decoding alone does, and NVDEC is saturated")
    assert any("9556 frames/s with 8 streams and 9664 with 64" in text for text in verdict.sentences)
    assert any("inference alone: 31000.0 frames/s at batch 64" in text for text in verdict.sentences)


def test_saturation_is_not_at_100_percent() -> None:
    seen = replace(SATURATED, columns=(ColumnSummary("nvdec_pct", 83.5, 94.0, 60.0, 96.0, 30), *SATURATED.columns[1:]))
    decode = (Ceiling(64, 9664.0, seen), Ceiling(32, 9600.0, seen))
    assert judge(gpu(9420.0, 9664.0, None, seen, decode=decode)).plateau


@pytest.mark.parametrize(
    "decode",
    [
        (Ceiling(8, 9556.0, load(nvdec_pct=97.5)), Ceiling(1, 1411.0, load(nvdec_pct=14))),  # still rising
        (Ceiling(2, 1411.0, load(nvdec_pct=14)), Ceiling(1, 1411.0, load(nvdec_pct=14))),  # level, but NVDEC idles
        (Ceiling(8, 9556.0, load(nvdec_pct=97.5)), Ceiling(7, 9500.0, load(nvdec_pct=97))),  # hardly more streams
        (Ceiling(8, 9556.0, None), Ceiling(4, 9556.0, None)),  # NVDEC not known
        (Ceiling(8, 9556.0, load(nvdec_pct=97.5)),),
    ],
)
def test_no_plateau_without_its_evidence(decode: tuple[Ceiling, ...]) -> None:
    verdict = judge(gpu(5000.0, 9556.0, 20000.0, decode=decode, streams=decode[0].streams))
    assert not verdict.plateau
    assert not any("plateau" in text for text in verdict.sentences)


@pytest.mark.parametrize(
    ("evidence", "limit", "words"),
    [
        (gpu(9500, 9664, 31000, SATURATED), Limit.DECODE, "98% of what decoding alone does, and NVDEC is saturated"),
        (gpu(8200, 9664, 31000, SATURATED), Limit.DECODE, "NVDEC is saturated in the run itself"),
        (gpu(1380, 1411, 31000, load(nvdec_pct=14, cpu_pct=5)), Limit.DECODE, "this number of decoders is no faster"),
        (gpu(1380, 1411, 31000, None), Limit.DECODE, "how busy NVDEC was is not known"),
        (gpu(1380, 1411, 31000, load(nvdec_pct=40, cpu_pct=96)), Limit.CPU, "the cores that feed it are"),
        (gpu(2700, 9664, 3000, CALM), Limit.COMPUTE, "90% of what inference alone does"),
        (gpu(2000, 9664, 3000, load(nvdec_pct=30, sm_pct=97, cpu_pct=10)), Limit.COMPUTE, "SM utilisation mean 97"),
        (gpu(2000, 9664, 3000, load(nvdec_pct=30, sm_pct=40, cpu_pct=95)), Limit.CPU, "the cores are busy"),
        (
            gpu(2000, 9664, 3000, load(nvdec_pct=30, sm_pct=40, cpu_pct=20, app_cpu_pct=1550)),
            Limit.CPU,
            "the app uses the 16 cores",
        ),
        (
            gpu(2000, 9664, 3000, load(nvdec_pct=30, sm_pct=40, cpu_pct=20, cpu_busiest_pct=99)),
            Limit.CPU,
            "one core is busy all the time",
        ),
        (
            gpu(2000, 9664, 3000, load(nvdec_pct=30, sm_pct=40, cpu_pct=20, cpu_throttled_pct=60)),
            Limit.CPU,
            "quota was used up",
        ),
        (gpu(1000, 9664, 3000, CALM), Limit.BATCH_WAIT, "nothing is busy: NVDEC utilisation mean 40"),
        (gpu(1000, 9664, 3000, load(nvdec_pct=40, cpu_pct=10)), Limit.UNCLEAR, "not known: SM utilisation"),
        (gpu(1000, 9664, 3000, load(nvdec_pct=75, sm_pct=60, cpu_pct=10)), Limit.UNCLEAR, "busy all the time"),
        (gpu(1000, 9664, 3000, None), Limit.UNCLEAR, "not known: NVDEC"),
        (
            gpu(2700, 9664, 3000, load(throttled=(("SwPowerCap", 0.6),), nvdec_pct=30, sm_pct=97, cpu_pct=5)),
            Limit.THROTTLED,
            "SwPowerCap in 60% of the samples",
        ),
        (
            gpu(9500, 9664, 31000, load(throttled=(("HwThermalSlowdown", 0.4),), nvdec_pct=98, cpu_pct=5)),
            Limit.THROTTLED,
            "HwThermalSlowdown in 40%",
        ),
        (
            gpu(9500, 9664, 31000, load(throttled=(("SwPowerCap", 0.4),), nvdec_pct=98, cpu_pct=5)),
            Limit.DECODE,
            "NVDEC is saturated",
        ),
        (gpu(2700, 9664, 3000, load(throttled=(("SwPowerCap", 0.1),), nvdec_pct=30, sm_pct=97)), Limit.COMPUTE, "90%"),
    ],
)
def test_on_a_gpu(evidence: BottleneckEvidence, limit: Limit, words: str) -> None:
    verdict = judge(evidence)
    assert verdict.limit is limit, verdict.sentences
    assert words in verdict.sentences[0]


BUSY = load(cpu_pct=97, app_cpu_pct=190)


@pytest.mark.parametrize(
    ("evidence", "limit", "words"),
    [
        (cpu(200, 900, 300, BUSY), Limit.COMPUTE, "67% inference, 22% decoding, 11% everything else"),
        (cpu(300, 400, 2000, BUSY), Limit.DECODE, "15% inference, 75% decoding, 10% everything else"),
        (cpu(100, 500, 500, BUSY), Limit.CPU, "20% inference, 20% decoding, 60% everything else"),
        (cpu(188, 632, 229, BUSY), Limit.COMPUTE, "82% inference, 30% decoding (more than 100%: the machine was"),
        (cpu(188, 240, 340, BUSY), Limit.DECODE, "55% inference, 78% decoding (more than 100%: the machine was"),
        (cpu(200, 900, None, BUSY), Limit.UNCLEAR, "22% decoding; what inference takes of it is not known"),
        (cpu(200, 300, None, BUSY), Limit.DECODE, "67% decoding"),
        (cpu(100, 0, 300, BUSY), Limit.UNCLEAR, "33% inference; what decoding takes of it is not known"),
        (cpu(200, 0, 300, BUSY), Limit.COMPUTE, "67% inference"),
        (cpu(200, 900, 300, load(cpu_pct=60, app_cpu_pct=195)), Limit.COMPUTE, "the app uses the 2 cores it may use"),
        (cpu(200, 900, 300, load(cpu_pct=40, app_cpu_pct=80)), Limit.BATCH_WAIT, "nothing is busy"),
        (cpu(200, 900, 300, load(cpu_pct=40, app_cpu_pct=80, cpu_throttled_pct=50)), Limit.COMPUTE, "quota"),
        (cpu(200, 900, 300, None), Limit.UNCLEAR, "not known: CPU utilisation"),
        (cpu(290, 900, 300, None), Limit.COMPUTE, "97% of what inference alone does"),
    ],
)
def test_on_a_cpu_the_stages_share_the_cores(evidence: BottleneckEvidence, limit: Limit, words: str) -> None:
    verdict = judge(evidence)
    assert verdict.limit is limit, verdict.sentences
    assert words in verdict.sentences[0]


def test_frames_that_are_not_inferred_do_not_count_for_inference() -> None:
    verdict = judge(cpu(270, 300, 100, BUSY, interval=2))
    assert verdict.limit is Limit.COMPUTE, "90 of 270 frames are inferred, 90 % of what the network does alone"
    assert any("270.0, 90.0 of them inferred (90% of it)" in text for text in verdict.sentences)


@pytest.mark.parametrize(
    ("evidence", "words"),
    [
        (gpu(3000, 2000, 9000), "150% of what decoding alone does, which cannot be"),
        (cpu(300, 2000, 200, BUSY), "150% of what inference alone does, which cannot be"),
        (gpu(3000, 0, None), "neither decoding alone nor inference alone has a figure"),
        (gpu(0.0, 2000, 9000), "the run has no throughput"),
        (gpu(1000, 9664, 3000, distrust="unstable: 20 %"), "the run's own figure does not hold: unstable: 20 %"),
    ],
)
def test_evidence_that_does_not_hold_gives_no_verdict(evidence: BottleneckEvidence, words: str) -> None:
    verdict = judge(evidence)
    assert verdict.limit is Limit.UNCLEAR
    assert words in verdict.sentences[0]


def test_every_number_said_is_a_number_measured() -> None:
    evidence = gpu(2345.6, 9876.5, 3210.9, load(nvdec_pct=31, sm_pct=42, cpu_pct=53, cpu_busiest_pct=64))
    said = numbers_of(judge(evidence))
    derived = {24.0, 73.0}  # 2345.6 / 9876.5 and / 3210.9 in percent
    assert said <= {2345.6, 9876.5, 3210.9, 64.0, 31.0, 42.0, 53.0, 34.0, 46.0, 58.0, 95.0, 4.0, 5.0} | derived, said


def test_a_machine_that_others_use_gives_no_verdict() -> None:
    verdict = judge(cpu(40, 290, 110, load(cpu_pct=100, app_cpu_pct=64, others_cpu_pct=134)))
    assert verdict.limit is Limit.UNCLEAR
    assert verdict.sentences[0].startswith(
        "other programs took part of the machine: CPU time of other programs mean 134"
    )
    large_host = load(cpu_pct=50, app_cpu_pct=195, others_cpu_pct=3000)
    assert judge(cpu(200, 900, 300, large_host)).limit is Limit.COMPUTE, "there are cores left for the app"
    busy_but_idle_gpu = load(nvdec_pct=97, cpu_pct=30, others_cpu_pct=400)
    assert judge(gpu(9500, 9664, None, busy_but_idle_gpu)).limit is Limit.DECODE, "NVDEC is the app's all the same"


GOLD = Path(os.environ.get("DSBENCH_GOLD", "/nowhere")) / "nvml"


def recorded(name: str, streams: int) -> Ceiling:
    """A decode-only run on an H100: its last PERF rows, and NVML's series once all streams have started."""
    folder = GOLD / name
    rows = [row.fps for row in consoles.rows(consoles.lines(folder / "console.log")) if len(row.fps) == streams][-4:]
    with (folder / "nvml.csv").open(newline="") as file:
        samples = [row for row in csv.DictReader(file) if float(row["t_rel"]) > 4 and row["dec_util"]]
    names = {"nvdec_pct": "dec_util", "sm_pct": "sm_util", "cpu_pct": "cpu_all_pct"}
    series = Series(
        (),
        ("seconds", *names),
        tuple((float(row["t_rel"]), *(float(row[column]) for column in names.values())) for row in samples),
    )
    return Ceiling(streams, sum(map(sum, rows)) / len(rows), summarise(series, (4.0, 60.0)))


@pytest.mark.skipif(not GOLD.is_dir(), reason="DSBENCH_GOLD names no recordings")
def test_nvdec_s_plateau_in_the_recordings() -> None:
    one, eight, many = (recorded(f"decode_n{streams}_720p", streams) for streams in (1, 8, 64))
    assert 9000 < eight.fps < 10_500
    assert 9000 < many.fps < 10_500
    reached = judge(gpu(0.97 * many.fps, 0, 40_000.0, many.load, decode=(many, eight)))
    assert (reached.limit, reached.plateau) == (Limit.DECODE, True), reached.sentences
    rising = judge(gpu(0.97 * eight.fps, 0, 40_000.0, eight.load, decode=(eight, one), streams=8))
    assert (rising.limit, rising.plateau) == (Limit.DECODE, False), "from 1 to 8 streams it still rises"
    alone = judge(gpu(0.97 * one.fps, 0, 40_000.0, one.load, decode=(one,), streams=1))
    assert "NVDEC is not saturated" in alone.sentences[0], "one decoder is as fast as it can be at 14 %"
