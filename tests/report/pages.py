"""Results of steps for tests of the page: a run with everything on it, and texts that are not to become markup."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from dsbench.judge.run.measurement import Measurement, State
from dsbench.judge.run.statistics import Interval
from dsbench.record.evidence import (
    BoxedFrame,
    Evidence,
    EvidenceLog,
    GridColumn,
    MarkedBox,
    Picture,
    PictureGrid,
    StepFailure,
)
from dsbench.record.schema import Figures, RecordState, RunMeasurement, StreamFigures, TrtexecFigures
from dsbench.report.collector import OtherTest, PageEvidence, StepResult
from dsbench.report.page.build import Session, page_of
from dsbench.report.page.views import PageView

HOSTILE = (
    "<script>document.title=1</script>",
    '<img src=x onerror="document.title=1">',
    "<svg/onload=document.title=1>",
    '"><script>document.title=1</script>',
    "'><img src=x onerror=document.title=1>",
    '" onmouseover="document.title=1',
    "' autofocus onfocus='document.title=1",
    "</title><script>document.title=1</script>",
    "</style><script>document.title=1</script>",
    "</script><script>document.title=1</script>",
    "</textarea><img src=x onerror=document.title=1>",
    "</pre><iframe src=javascript:parent.document.title=1>",
    "</svg><image href=x onerror=document.title=1>",
    "<details open ontoggle=document.title=1>",
    "<math><mtext><img src=x onerror=document.title=1>",
    "<!--<img src=x onerror=document.title=1>-->",
    "--><img src=x onerror=document.title=1>",
    "<![CDATA[<img src=x onerror=document.title=1>]]>",
    "javascript:document.title=1",
    "{{ 7 * 7 }}{% raw %}",
    "${document.title=1}",
    "`;document.title=1;//",
    "\\';document.title=1;//",
    "&lt;img src=x onerror=document.title=1&gt;",
    "&#60;script&#62;",
    "\u202e\u2066right to left\u2069",
    "a\x00b\x1b[31mc\x07",
    "lone \udcff surrogate",
    "../../../etc/passwd",
    "W" * 300,
    "模型 🚗 " * 3,
    "",
)
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
_RUN = "Run 2"


def result(evidence: Evidence, outcome: str = "passed", **more: object) -> StepResult:
    """A step's result; its page has the evidence too, as in a session."""
    page = (
        PageEvidence(evidence, (measurement(),))
        if evidence.step.startswith("run") and not evidence.skipped_for
        else PageEvidence(evidence)
    )
    return StepResult(evidence, outcome, 1.25, "", page=page, **more)  # type: ignore[arg-type]


def log(step: str, name: str = "net") -> EvidenceLog:
    return EvidenceLog(step, name, "key", "embedded")


def passed(step: str, *facts: tuple[str, str, str]) -> StepResult:
    made = log(step)
    for fact in facts:
        made.fact(*fact)
    return result(made.snapshot())


def failed(step: str, what: str, fix: str = "", code: str = "parser-boxes") -> StepResult:
    made = log(step)
    made.failure = StepFailure(code, what, "a/file.txt", fix)
    return result(made.snapshot(), "failed")


def skipped(step: str, why: str) -> StepResult:
    made = log(step)
    made.skipped_for = why
    return result(made.snapshot(), "skipped")


def measurement(streams: int = 2) -> RunMeasurement:
    each = tuple(Interval(34.0 - number, 33.0 - number, 35.0 - number) for number in range(streams))
    found = Measurement(State.VALID, (), streams, 30.0, 2.5, 10, Interval(67, 65, 69), each, ())
    return RunMeasurement(_RUN, found)


def state() -> RecordState:
    figures = Figures(
        max_bs=4,
        bsmax=TrtexecFigures(10, 1, 2, 40.0),
        run1=StreamFigures(2, 30.0, 15.0, 75.0),
        run2=StreamFigures(2, 66.0, 33.0, 90.0),
        target_fps=30.0,
        confirmed_streams=2,
        every_stream="YES",
    )
    return RecordState(figures, "", "/models/net/reports/benchmark_data.json")


def boxed(title: str, labels: Sequence[str], paired: bool = False) -> BoxedFrame:
    boxes = [
        MarkedBox(side, paired, label, 0.5, 4.0 * place, 8.0, 30.0, 20.0)
        for place, label in enumerate(labels)
        for side in ("reference", "dump")
    ]
    return BoxedFrame(title, "image/png", PIXEL, 160, 90, tuple(boxes))  # type: ignore[arg-type]


def benchmark(name: str = "net") -> list[StepResult]:
    """Run 2, the ceilings and a latency by component."""
    run = log("run2_validation", name)
    rows = [(f"{second}", f"{30 + second % 3}", f"{29 + second % 4}") for second in range(14)]
    run.table(f"FPS of each stream over time, {_RUN} at 2 streams", ("seconds", "stream 0", "stream 1"), rows)
    loads = [(f"{second / 2}", "80", "99") for second in range(28)]
    run.table(f"Load over time, {_RUN}, 2 streams", ("seconds", "CPU, all cores", "busiest core"), loads)
    run.warn("2 windows are lost")
    limit = log("throughput_limit", name)
    limit.fact("Limit", "compute", "inference alone is as slow")
    columns = ("what", "streams", "frames per second", "run 1 as a fraction of it")
    rates = [("run 1", "2", "50.0", ""), ("decoding alone", "2", "200.0", "25%"), ("inference alone, x", "", "80", "")]
    limit.table("Run 1 and its ceilings", columns, rates)
    latency = log("frame_latency", name)
    latency.table("Latency by component", ("component", "frames", "mean ms", "median ms", "longest ms"), [
        ("decoder", "10", "3.5", "3", "9"), ("<nvinfer>", "10", "12.5", "12", "19"),
    ])  # fmt: skip
    return [result(run.snapshot(), record=state()), result(limit.snapshot()), result(latency.snapshot())]


def everything(video: Path | None = None) -> list[StepResult]:
    """A run with a failure, an undecided step, warnings, frames, pictures, grids, charts and a video."""
    undecided = log("model_outputs")
    undecided.inconclusive("preprocessing-unknown", "net-scale-factor is not known\ntwo are possible", "set it")
    picture = Picture("frame 3", "image/png", PIXEL)
    columns = (GridColumn("1", "a=1", "a=1", (picture,)), GridColumn("2", "a=2", "a=2", (picture,)))
    undecided.grid(PictureGrid("Possible", columns))
    visual = log("visual_validation")
    visual.picture("frame 7", "image/png", PIXEL)
    if video is not None:
        visual.video("net_output.webm", "video/webm", str(video))
    parity = log("import_parity")
    parity.frames(boxed("frame 4: 2 missed, 2 extra", ("car", "person")), boxed("frame 9: agrees", ("car",), True))
    parity.command("deepstream-app", "-c", "a b.txt")
    parity.text("app.log", "line\n" * 30)
    parity.table("Classes", ("", "reference"), [("car", 1)])
    parity.failure = StepFailure(
        "import-parity", "boxes differ\nF1 0.41", "samples", "nms-iou-threshold=0.45\ntopk=300"
    )
    report = log("report")
    report.diff("c.txt", "--- net/c.txt\n+++ net/c.txt\n@@ -1,2 +1,2 @@\n [property]\n-topk=1\n+topk=200")
    report.shell("# the change", "dsbench fix models/net", "# then", "pytest --model-dir models/net", "# not this")
    return [
        passed("preflight", ("ONNX", "net.onnx", "first by name")),
        result(undecided.snapshot(), "inconclusive"),
        result(visual.snapshot()),
        result(parity.snapshot(), "failed"),
        skipped("accuracy", "no ground truth"),
        *benchmark(),
        result(report.snapshot()),
    ]


def hostile() -> list[StepResult]:
    """Every text of a step is hostile, one step for each text."""
    return [
        StepResult(one, outcome, 1.0, text, page=PageEvidence(one))
        for number, text in enumerate(HOSTILE)
        for outcome in ("failed" if number % 3 else "passed",)
        for one in (_hostile(text, failing=outcome == "failed"),)
    ]


def _hostile(text: str, *, failing: bool) -> Evidence:
    made = EvidenceLog("kitti_gate", text, text, text)
    made.fact(text, text, text)
    made.note(text)
    made.warn(text)
    made.print(text)
    made.table(text, (text,), [(text,)])
    made.table(f"FPS of each stream over time, {text}", ("s", text), [(1, 30), (2, 31)])
    made.command(text)
    made.text(text, text)
    made.inconclusive(text, text, text)
    picture = Picture(text, "image/png", PIXEL)
    made.picture(text, "image/png", PIXEL)
    made.video(text, "video/webm", "/none" + text.replace("\0", ""))
    made.grid(PictureGrid(text, (GridColumn(text, text, text, (picture,)),)))
    made.frames(boxed(text, (text, "car")))
    made.diff(text, f"--- {text}\n+{text}\n-{text}")
    if failing:
        listed = f"- {text}\n    where: {text}\n    fix: {text}\n- {text}\n    fix: {text}"
        made.failure = StepFailure(text, listed if len(text) % 2 else text, text, text)
    return made.snapshot()


def page(results: Sequence[StepResult], folder: Path = Path("/reports"), interrupted_in: str = "") -> PageView:
    environment = (("Python", "3.11"), ("Command", HOSTILE[0]))
    others = (OtherTest("a.py::test_b", "passed", ""), OtherTest(HOSTILE[1], "failed", HOSTILE[3]))
    return page_of(results, Session(folder, "2026-01-02 03:04", interrupted_in, environment, others))
