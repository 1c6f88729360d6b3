"""What is answered at the top of a report beside the three main questions, where a step has an answer."""

from __future__ import annotations

from collections.abc import Sequence

from dsbench.report.collector import StepResult

_QUESTIONS = (
    ("throughput_limit", "Limit", "What limits it?"),
    ("stream_sweep", "Largest number of real-time streams", "The most streams?"),
    ("frame_latency", "Latency under load", "How long does a frame take?"),
)


def beside(results: Sequence[StepResult]) -> tuple[tuple[str, str], ...]:
    """Question and answer, from the facts of the steps that have one; the reason behind the value."""
    found = []
    for step, name, question in _QUESTIONS:
        facts = (fact for result in results if result.evidence.step == step for fact in result.evidence.facts)
        fact = next((fact for fact in facts if fact.name == name and fact.origin), None)
        if fact is not None:
            found.append((question, f"{fact.value}: {fact.origin}"))
    return tuple(found)
