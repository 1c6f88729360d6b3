"""Edits at random places of honest records: a number, a text, a null, a key or an item that is gone."""

from __future__ import annotations

import copy
import json
import random
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dsbench.base.errors import DsbenchError
from dsbench.record import codec, digests, totals
from dsbench.verify import verification
from tests.verify.material import Place, edited

pytestmark = pytest.mark.long
KINDS = ("number", "text", "null", "deleted")


@pytest.fixture(params=["finished", "interrupted", "killed"])
def honest(made: str, request: pytest.FixtureRequest) -> dict[str, Any]:
    """A record as each kind of end leaves it."""
    record = codec.from_json(made)
    changes: dict[str, dict[str, Any]] = {
        "finished": {},
        "interrupted": {"interrupted_in": "summary", "steps": record.steps[:-1]},
        "killed": {"ended": None, "steps": record.steps[:-1]},
    }
    data: dict[str, Any] = json.loads(codec.to_json(replace(record, **changes[request.param])))
    assert verification.verify(json.dumps(data)).holds
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
    if kind == "number":
        return edited(
            data, place, old + draw.choice((1, -1, 7) if type(old) is int else (0.01, 1.0, -0.1 * old or 0.5))
        )
    if kind == "text":
        number = re.search(r"\d+", old)
        new = f"{old}x" if number is None else old.replace(number[0], str(int(number[0]) + 1), 1)
        return edited(data, place, new)
    if kind == "null":
        return edited(data, place, None)
    made = copy.deepcopy(data)
    at: Any = made
    for key in place[:-1]:
        at = at[key]
    del at[place[-1]]
    return made


def holds(data: dict[str, Any]) -> bool:
    try:
        return verification.verify(json.dumps(data)).holds
    except DsbenchError:
        return False  # it is no record any more


def test_every_edit_is_found(honest: dict[str, Any]) -> None:
    missed = [(place, kind) for place, kind, data in changes(honest, 60, seed=3) if holds(data)]
    assert not missed


def test_with_digests_computed_again_only_texts_pass(honest: dict[str, Any], repository: Path) -> None:
    """And only those that docs/record.md names."""
    missed = []
    for place, kind, data in changes(honest, 80, seed=4):
        data[digests.KEY] = digests.digests(data)
        if holds(data):
            missed.append((place, kind))
    print(f"{len(missed)} of 80 edits pass with digests computed again")
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
