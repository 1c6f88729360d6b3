"""One run of trtexec: what is said while it works, and how its end is read."""

from __future__ import annotations

from pathlib import Path

import pytest

from dsbench.base import process
from dsbench.base.errors import Code, DsbenchError
from dsbench.build.trtexec_commands import Target
from dsbench.machine import hardware
from dsbench.model.layout import ModelLayout
from dsbench.model.onnx import graph as onnx_model
from dsbench.trtexec import program
from dsbench.trtexec.program import Built, Failed, Trtexec
from tests.material import write_onnx
from tests.trtexec import fake_trtexec


@pytest.fixture
def target(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Target:
    monkeypatch.chdir(tmp_path)
    layout = ModelLayout.at("net", tmp_path)
    return Target(layout, onnx_model.inspect(write_onnx(layout.onnx_dir / "net.onnx")), (32, 64))


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def tool(tmp_path: Path, said: list[str]) -> Trtexec:
    return Trtexec(str(fake_trtexec.install(tmp_path / "bin")), 60.0, said.append)


def test_a_build_that_takes_its_time_says_so(
    target: Target, tool: Trtexec, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(program, "_STILL_AT_IT_S", 0.0)
    monkeypatch.setenv("FAKE_BUILD", "time.sleep(1)")  # longer than whoever waits for it looks away
    built = program.build(tool, target, 8)
    assert isinstance(built, Built)
    assert built.part.name == "net_dynamic_b8.engine.part"
    assert built.part.stat().st_size > 0
    assert not target.engine(8).exists(), "whoever takes it gives it its name"
    assert said[0].startswith("building net_dynamic_b8.engine with trtexec (minutes); log: net/benchmarks/engines/net_")
    assert said[1] == "still building net_dynamic_b8.engine (0 min)"


def failed(tool: Trtexec, target: Target, monkeypatch: pytest.MonkeyPatch, code: str) -> Failed:
    monkeypatch.setenv("FAKE_BUILD", code)
    result = program.build(tool, target, 8)
    assert isinstance(result, Failed)
    assert result.error().code == Code.ENGINE_PREPARATION
    assert not list(target.layout.engines.glob("*.engine*"))
    return result


def test_a_full_disk_is_named(target: Target, tool: Trtexec, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "disk_full", lambda path: True)
    error = failed(tool, target, monkeypatch, "sys.exit(1)").error()
    assert "no space left on the disk" in error.what
    assert "df -h" in error.fix


def test_a_crash_with_a_known_cause_tells_both(target: Target, tool: Trtexec, monkeypatch: pytest.MonkeyPatch) -> None:
    code = "out('[E] [TRT] CUDA initialization failure with error: 35. Please'); os.kill(os.getpid(), signal.SIGABRT)"
    error = failed(tool, target, monkeypatch, code).error()
    assert "driver is too old" in error.what
    assert "ended by SIGABRT" in error.what
    assert "trtexec: [11/20/2026-10:00:00] [E] [TRT] CUDA initialization failure with error: 35" in error.what


def test_killed_by_the_kernel(target: Target, tool: Trtexec, monkeypatch: pytest.MonkeyPatch) -> None:
    error = failed(tool, target, monkeypatch, "os.kill(os.getpid(), signal.SIGKILL)").error()
    assert "SIGKILL" in error.what
    assert "memory" in error.fix


def test_failed_is_believed_whatever_the_status(target: Target, tool: Trtexec, monkeypatch: pytest.MonkeyPatch) -> None:
    code = "open(options['--saveEngine'], 'w').write('x'); print('&&&& FAILED TensorRT.trtexec'); sys.exit(0)"
    assert "ended with 0" in failed(tool, target, monkeypatch, code).error().what


def test_a_full_disk_says_nothing_of_the_batch(target: Target, tool: Trtexec, monkeypatch: pytest.MonkeyPatch) -> None:
    assert failed(tool, target, monkeypatch, "fail('No space left on device')").of_disk
    assert not failed(tool, target, monkeypatch, "fail('Error Code 2: OutOfMemory (no further information)')").of_disk


def test_finding_the_program(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(hardware, "TRTEXEC_PLACES", (str(tmp_path / "elsewhere" / "trtexec"),))
    with pytest.raises(DsbenchError) as caught:
        program.find_program()
    assert caught.value.code == Code.BUILD_TOOL_MISSING
    elsewhere = fake_trtexec.install(tmp_path / "elsewhere")
    assert program.find_program() == str(elsewhere)
    on_path = fake_trtexec.install(tmp_path)
    assert program.find_program() == str(on_path)
