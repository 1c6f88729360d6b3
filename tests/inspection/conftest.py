"""The model's probe runs in the test's process: the child is tested once in each file, by the real command."""

from __future__ import annotations

from pathlib import Path

import pytest

from dsbench.embedded.probes import model as probe
from dsbench.jobs.probe import ProbeJob
from dsbench.runtimes import probes
from dsbench.runtimes.probes import Probed


@pytest.fixture(autouse=True)
def _in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    def run(job: ProbeJob, scratch: Path) -> Probed:
        tensors = scratch / "probe.npz"
        return Probed(probe.run(job, tensors), tensors)

    monkeypatch.setattr(probes, "probe_model", run)
