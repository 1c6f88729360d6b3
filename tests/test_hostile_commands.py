"""Hostile texts in models, configs, logs and records: what the commands print and the files that they write."""

from __future__ import annotations

import json
import re
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any

import onnx
import pytest

from dsbench import cli
from dsbench.base.errors import Code, DsbenchError
from dsbench.record import store
from dsbench.record.schema import Record
from tests import finished_records as records
from tests.hostile_names import HOSTILE, obeyed, unseen, without_blocks
from tests.material import write_onnx

NAMES = [name for name in HOSTILE if not re.search("[\udc00-\udfff\ud800]", name)]
COMMANDS = [name for name in NAMES if obeyed(name)]
KEPT = {"code", "outcome", "step", "verdict", "runtime", "version", "started", "ended", "state", "kind", "model_key"}
"""Fields that have a word of dsbench's own, or a format."""
ACTIVE = re.compile(r"<(?:script>alert|img src=x|svg onload)")


def poisoned(value: Any, text: str, name: str = "") -> Any:
    """``value`` with ``text`` in front of every string that may come from a model or a file."""
    if isinstance(value, str) and type(value) is str and name not in KEPT and value:
        return text + value
    if is_dataclass(value) and not isinstance(value, type):
        changed = {one.name: poisoned(getattr(value, one.name), text, one.name) for one in fields(value) if one.init}
        return replace(value, **changed)
    if isinstance(value, tuple) and type(value) is tuple:
        return tuple(poisoned(one, text, name) for one in value)
    return value


def poisoned_record(folder: Path) -> Path:
    record: Record = records.embedded(folder, "net")
    hostile = "\n".join(NAMES)
    changed = replace(
        record,
        model_name=hostile,
        handover=poisoned(record.handover, hostile),
        steps=poisoned(record.steps, hostile),
        options=poisoned(record.options, hostile),
        video=poisoned(record.video, hostile),
    )
    path = folder / "reports" / "benchmark_data.json"
    path.parent.mkdir(parents=True)
    store.write(path, changed)
    return path


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """What ``dsbench ARGUMENTS`` prints, checked: nothing of it is obeyed by a terminal or a runner."""
    cli.main(arguments)
    done = capsys.readouterr()
    text = done.out + done.err
    assert text
    assert not unseen(text), ascii(unseen(text))
    assert not obeyed(text)
    assert "Traceback" not in text
    return done.out


def no_pdf(page: str) -> bytes:
    raise DsbenchError(Code.REPORT_TOOL_MISSING, "no PDF")


def hostile_onnx(path: Path, name: str) -> Path:
    """A detector whose output, producer and metadata have a hostile name."""
    model = onnx.load(str(write_onnx(path)))
    model.graph.output[0].name = model.graph.node[-1].output[0] = name
    model.producer_name = model.producer_version = model.doc_string = model.graph.name = name
    onnx.helper.set_model_props(model, {"names": str({0: name, 1: "b"}), name: name, "task": name, "stride": name})
    onnx.save(model, str(path))
    return path


@pytest.mark.parametrize("name", ["".join(NAMES), COMMANDS[0]], ids=lambda name: ascii(name)[:20])
def test_a_model(tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    path = hostile_onnx(tmp_path / "net.onnx", name)
    printed(capsys, "inspect", str(path))
    json.loads(printed(capsys, "inspect", "--json", str(path)))
    printed(capsys, "init", str(tmp_path / "new"), "--onnx", str(path))
    for file in (tmp_path / "new").rglob("*.t*t"):
        assert not unseen(file.read_text(encoding="utf-8")), file
    printed(capsys, "lint", str(tmp_path / name.replace("/", "_")))


def test_a_config_and_a_log(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config, log = tmp_path / "config_infer.txt", tmp_path / "app.log"
    rows = "onnx-file={0}\nlabelfile-path={0}\n{0}={0}\n[{0}]\n[property]\n"
    config.write_text("[property]\n" + "".join(rows.format(name) for name in NAMES), encoding="utf-8")
    log.write_text("".join(f"{name}\nERROR from {name}: {name}\nCould not open {name}\n" for name in NAMES))
    printed(capsys, "lint", str(config))
    json.loads(printed(capsys, "lint", "--json", str(config)))
    printed(capsys, "explain", str(log))
    json.loads(printed(capsys, "explain", "--json", str(log)))


def test_a_record(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    path = poisoned_record(tmp_path / "m")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("dsbench.report.step8.page.pdf", no_pdf)  # the same text again, and slow
    printed(capsys, "verify", str(path))
    printed(capsys, "compare", str(path), str(path))
    json.loads(printed(capsys, "compare", "--json", str(path), str(path)))
    printed(capsys, "index", str(path))
    printed(capsys, "fleet", "merge", str(path), "-o", "merged")
    printed(capsys, "report", str(path))
    printed(capsys, "export", str(path), "--model-card", str(tmp_path / "card.md"))
    pages = [*tmp_path.rglob("*.html"), *tmp_path.rglob("*.md")]
    assert {"index.html", "benchmark_report.html", "benchmark_report.md", "card.md"} <= {page.name for page in pages}
    for page in pages:
        text = page.read_text(encoding="utf-8")
        assert not unseen(text), page
        assert not ACTIVE.search(without_blocks(text)), page
        assert page.suffix != ".md" or not re.search(r"(?<!\w)@octocat", without_blocks(text))


def test_an_exception_that_nobody_expected(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(arguments: object) -> int:
        raise ValueError("\n".join(NAMES))

    monkeypatch.setattr("dsbench.cli._sdk", fail)
    assert cli.main(["sdk"]) == 1
    text = capsys.readouterr().err
    assert "Traceback" in text
    assert not unseen(text)
    assert not obeyed(text)


@pytest.mark.parametrize("name", [*COMMANDS[::4], *NAMES[::4]], ids=ascii)
def test_wrong_arguments(tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    for command in ("inspect", "explain", "verify", "report", "prepare", "fix", "lint", "index", "parser-check"):
        text = re.sub("^-", "x-", name)
        printed(capsys, command, str(tmp_path / text))
    with pytest.raises(SystemExit):
        printed(capsys, name)
    done = capsys.readouterr()
    assert not unseen(done.out + done.err)
    assert not obeyed(done.out + done.err)
