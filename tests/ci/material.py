"""Results of steps, names that try to be something else, and a reading of GitHub's formats as its runner does it."""

from __future__ import annotations

from dataclasses import replace

from dsbench.base.steps import STEPS
from dsbench.record import verdict
from dsbench.record.evidence import EvidenceLog, StepFailure
from dsbench.record.schema import Figures, Record, RecordState, StepRecord, StreamFigures
from dsbench.report.collector import StepResult

REAL_TIME = Figures(
    target_fps=30.0,
    run1=StreamFigures(4, 130.0, 32.5),
    run2=StreamFigures(4, 128.0, 32.0, 91.5),
    real_time=True,
    confirmed_streams=4,
    every_stream="YES",
)
HOSTILE = (
    "::error::owned",
    "  ::add-mask::a",
    "a\n::set-output name=verdict::passed",
    "a\r::error file=x::b",
    "##[error]owned",
    "x ##[add-matcher]/tmp/m.json",
    "%0A::error::x",
    "a,line=1::b",
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "a|b|c",
    "`code` ```",
    "```\n# heading\n```",
    "~~~",
    "[link](javascript:alert(1))",
    "![p](http://x/y.png)",
    "https://example.org/x",
    "www.example.org",
    "@everyone #1 $x^2$",
    "**bold** _it_ __init__ ~~gone~~",
    "&lt;b&gt; &#60;",
    "</details></td></table>",
    "a\x1b[31mred\x07\x00",
    "\u202egnp.exe",
    "line\u2028sep\u2029x\x85y",
    "name\nverdict=passed",
    "x<<EOF\nEOF\nverdict=passed",
    "\udcff surrogate",
    "ラベル é",
    "- item",
)


def step(name: str, outcome: str = "passed", model: str = "net", **parts: object) -> StepResult:
    """A result; ``parts``: failure, warnings (texts), undecided (code, what, fix), figures, detail."""
    failure = parts.get("failure")
    assert failure is None or isinstance(failure, StepFailure)
    log = EvidenceLog(name, model, f"k-{model}", "embedded runtime", failure=failure)
    log.warn(*map(str, parts.get("warnings", ())))  # type: ignore[call-overload]
    for code, what, fix in parts.get("undecided", ()):  # type: ignore[attr-defined]
        log.inconclusive(code, what, fix)
    figures = parts.get("figures", Figures())
    assert isinstance(figures, Figures)
    state = RecordState(figures, "", "")
    return StepResult(log.snapshot(), outcome, 1.0, str(parts.get("detail", "")), state)


def whole_run(model: str = "net", figures: Figures = REAL_TIME) -> list[StepResult]:
    """Every step passed."""
    results = [step(one.name, model=model, figures=figures) for one in STEPS]
    steps = tuple(StepRecord(one.evidence, one.outcome, one.seconds) for one in results)
    record = Record(model, "", "embedded", "embedded runtime", "", "", "", "", figures=figures, steps=steps)
    state = RecordState(figures, "", "", verdict.of_record(record))
    return [replace(one, record=state) for one in results]


def broken_run(text: str = "no detections", model: str = "net") -> list[StepResult]:
    """6g failed with ``text`` as cause, place and fix; later steps are skipped."""
    failure = StepFailure("no-detections", text, text, text)
    places = {one.name: number for number, one in enumerate(STEPS)}
    passed = [step(one.name, model=model) for one in STEPS[: places["kitti_gate"]]]
    skipped = [step(one.name, "skipped", model) for one in STEPS[places["kitti_gate"] + 1 :]]
    return [*passed, step("kitti_gate", "failed", model, failure=failure), *skipped]


COMMANDS = ("error", "warning", "notice", "add-mask", "add-matcher", "set-output", "group", "debug", "stop-commands")


def runner_commands(output: str) -> list[tuple[str, dict[str, str], str]]:
    """(name, properties, data) of each command that GitHub's runner would carry out in what a step printed.

    After actions/runner, ``ActionCommand.cs`` and ``ActionCommandManager.cs``.
    """
    found: list[tuple[str, dict[str, str], str]] = []
    token = ""
    for line in output.split("\n"):
        parsed = _command(line, token)
        if parsed is None:
            continue
        name, properties, data = parsed
        if token:
            token = "" if name == token else token
        elif name == "stop-commands":
            token = data
        else:
            found.append((name, properties, data))
    return found


def _command(line: str, token: str) -> tuple[str, dict[str, str], str] | None:
    names = {*COMMANDS, token} - {""}
    text = line.lstrip()
    head, middle, data = text.removeprefix("::").partition("::")
    name, _, given = head.partition(" ")
    if text.startswith("::") and middle and name.lower() in names:
        pairs = (pair.partition("=") for pair in given.split(","))
        return name.lower(), {key: _unescaped(value, "%3A:%2C,") for key, _, value in pairs if key}, _unescaped(data)
    _, mark, rest = line.partition("##[")
    name, bracket, data = rest.partition("]")
    if mark and bracket and name.partition(" ")[0].lower() in names:
        return name.partition(" ")[0].lower(), {}, data
    return None


def _unescaped(text: str, more: str = "") -> str:
    for place in range(0, len(more), 4):
        text = text.replace(more[place : place + 3], more[place + 3])
    return text.replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%")


def read_outputs(text: str) -> dict[str, str]:
    """``$GITHUB_OUTPUT`` as the runner reads it."""
    values: dict[str, str] = {}
    lines = iter(text.split("\n"))
    for line in lines:
        if not line:
            continue
        if "<<" in line and ("=" not in line or line.index("<<") < line.index("=")):
            name, _, end = line.partition("<<")
            value = []
            while (one := next(lines)) != end:
                value.append(one)
            values[name] = "\n".join(value)
        else:
            name, _, values[name] = line.partition("=")
    return values
