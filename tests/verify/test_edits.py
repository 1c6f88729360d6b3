"""Edits at random places of honest records: a number, a text, a null, a key or an item that is gone."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dsbench.base.errors import DsbenchError
from dsbench.record import codec, digests, totals
from dsbench.verify import verification
from tests.verify.conftest import WAYS
from tests.verify.material import GONE, Place, edited

pytestmark = pytest.mark.long
KINDS = ("number", "text", "null", "deleted")


@pytest.fixture(params=["finished", "interrupted", "killed", "failed gate", "inconclusive", "deepstream"])
def honest(finished: Callable[[str], str], request: pytest.FixtureRequest) -> dict[str, Any]:
    """A record as each kind of end leaves it."""
    end = request.param
    record = codec.from_json(finished(end if end in WAYS else "finished"))
    if end == "interrupted":
        record = replace(record, interrupted_in="summary", steps=record.steps[:-1])
    if end == "killed":
        record = replace(record, ended=None, steps=record.steps[:-1])
    data: dict[str, Any] = json.loads(codec.to_json(record))
    assert [one.text for one in verification.verify(json.dumps(data)).mismatches] == []
    return data


def leaves(value: Any, place: Place = ()) -> Iterator[tuple[Place, Any]]:
    if isinstance(value, dict | list):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from leaves(item, (*place, key))
    else:
        yield place, value


def changes(data: dict[str, Any], count: int, seed: int) -> Iterator[tuple[Place, str, dict[str, Any]]]:
    """Place, kind, edited record. Digests and totals themselves are not edited."""
    draw = random.Random(seed)
    places = [(place, old) for place, old in leaves(data) if place[0] not in (digests.KEY, totals.KEY)]
    for number in range(count):
        kind = KINDS[number % len(KINDS)]
        usable = [pair for pair in places if _fits(kind, pair[1])]
        place, old = draw.choice(usable)
        yield place, kind, _changed(data, place, old, kind, draw)


def _fits(kind: str, old: Any) -> bool:
    if kind == "number":
        return type(old) in (int, float)
    return isinstance(old, str) if kind == "text" else kind == "deleted" or old is not None


def _changed(data: dict[str, Any], place: Place, old: Any, kind: str, draw: random.Random) -> dict[str, Any]:
    new: object = GONE if kind == "deleted" else None
    if kind == "number":
        new = old + draw.choice((1, -1, 7) if type(old) is int else (0.01, 1.0, -0.1 * old or 0.5))
    if kind == "text":
        number = re.search(r"\d+", old)
        new = f"{old}x" if number is None else old.replace(number[0], str(int(number[0]) + 1), 1)
    return edited(data, place, new)


def holds(data: dict[str, Any]) -> bool:
    try:
        return verification.verify(json.dumps(data)).holds
    except DsbenchError:
        return False  # it is no record any more


def test_only_texts_that_the_docs_name_pass_with_digests_computed_again(
    honest: dict[str, Any], repository: Path
) -> None:
    """With the digests kept nothing passes."""
    missed = []
    for place, kind, data in changes(honest, 32, seed=4):
        again = digests.digests(data)
        assert again != honest[digests.KEY], place
        if holds({**data, digests.KEY: again}):
            missed.append((place, kind))
            assert not holds(data)
    print(f"{len(missed)} of 32 edits pass with digests computed again")
    assert not [place for place, kind in missed if kind == "number"]
    known = uncheckable((repository / "docs" / "record.md").read_text("utf-8"))
    assert not [(place, kind) for place, kind in missed if not any(re.match(one, path(place)) for one in known)]


def path(place: Place) -> str:
    return "".join("[]" if isinstance(key, int) else f".{key}" for key in place).lstrip(".")


def uncheckable(text: str) -> list[str]:
    """The places of the table, as patterns: ``*`` stands for any key."""
    rows = text.partition("What no check can find")[2].partition("\n\n`--model-dir`")[0].splitlines()
    cells = [row.split("|")[1] for row in rows if row.startswith("| `")]
    places = [place for cell in cells for place in re.findall(r"`([^`]+)`", cell)]
    assert len(places) > 10
    return [re.escape(place).replace(r"\*", r"[^.]*") for place in places]
