"""A parser that ends its process: the fix depends on how it ended."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest

from dsbench.base.errors import Code, DsbenchError
from dsbench.jobs.probe import ParserJob
from dsbench.runtimes import probes

SOURCE = """
#include <cstdlib>
#include "nvdsinfer_custom_impl.h"
extern void nowhere();
%s
extern "C" bool NvDsInferParseCustomBad(std::vector<NvDsInferLayerInfo> const &, NvDsInferNetworkInfo const &,
    NvDsInferParseDetectionParams const &, std::vector<NvDsInferObjectDetectionInfo> &) { %s return true; }
"""


def job(folder: Path, repository: Path, globals_: str, body: str) -> ParserJob:
    (folder / "p.cpp").write_text(SOURCE % (globals_, body))
    includes = repository / "dsbench" / "embedded" / "sdk" / "sources" / "includes"
    subprocess.run(
        ["g++", "-shared", "-fPIC", "-std=c++11", f"-I{includes}", "-o", folder / "p.so", folder / "p.cpp"], check=True
    )
    np.savez(folder / "t.npz", k0=np.ones(1, np.float32))
    tensors = str(folder / "t.npz")
    library = str(folder / "p.so")
    return ParserJob(library, "NvDsInferParseCustomBad", tensors, ("out",), (("k0",),), 64, 64, 3, 2, 0.25)


@pytest.mark.parametrize(
    ("globals_", "body", "what", "fix"),
    [
        ("", "std::abort();", "was killed by SIGABRT on the model's outputs", "output tensor shape mismatch"),
        ("", "std::exit(0);", "ended with 0", "ended the whole process"),
        ("", "nowhere();", "undefined symbol", "define the missing function"),
        ("", "for (volatile int i = 0;; ++i) {}", "did not end within", "loops for ever"),
        ("struct A { A() { std::abort(); } } a;", "", "while its library was being loaded", "constructors"),
    ],
    ids=["abort", "exit", "undefined", "endless", "constructor"],
)
def test_how_a_parser_ended(
    tmp_path: Path,
    repository: Path,
    monkeypatch: pytest.MonkeyPatch,
    globals_: str,
    body: str,
    what: str,
    fix: str,
) -> None:
    if "for" in body:
        monkeypatch.setattr(probes, "PARSER_DEADLINE_S", 4.0)
    monkeypatch.setattr(probes.process, "_GRACE_S", 0.2)
    with pytest.raises(DsbenchError) as caught:
        probes.probe_parser(job(tmp_path, repository, globals_, body), tmp_path)
    assert caught.value.code == Code.PARSER_CRASHED
    assert what in caught.value.what
    assert fix in caught.value.fix
