"""7b: errors that stop Step 7 before its first run."""

from __future__ import annotations

import dataclasses

import pytest

from dsbench.base.errors import Code, DsbenchError
from dsbench.model import preflight
from dsbench.steps import benchmark_config
from dsbench.steps.preflight_engine import PreparedEngine
from tests.steps.bench import Bench


def test_without_a_throughput_step_7_stops(bench: Bench) -> None:
    facts = preflight.run(bench.layout, bench.model().preflight_request())
    with pytest.raises(DsbenchError) as caught:
        benchmark_config.require_throughput(
            PreparedEngine(dataclasses.replace(facts, throughput=None), "--prepare never")
        )
    assert caught.value.code == Code.TRTEXEC_LOG_MISSING
    assert "--prepare auto" in caught.value.fix
    failure = DsbenchError(Code.ENGINE_PREPARATION, "measuring failed")
    with pytest.raises(DsbenchError, match="measuring failed"):
        benchmark_config.require_throughput(PreparedEngine(facts, "it failed", failure=failure))
