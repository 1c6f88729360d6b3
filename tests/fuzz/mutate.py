"""A seeded mutator of bytes: it cuts, repeats and swaps, and puts in what breaks parsers."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator
from typing import Any

NASTY = (
    *(
        b"9" * 5000,
        b"-" + b"9" * 400,
        b"1e400",
        b"-1e400",
        b"nan",
        b"inf",
        b"-inf",
        b"29,97",
        b"1_000",
        b"0x10",
        b"1e26",
    ),
    *(
        "\u0663\u0665".encode(),
        "\uff11".encode(),
        b"\xff\xfe",
        b"\xed\xa0\x80",
        b"\0",
        b"\r",
        b"\x1b[31m",
        "\u2028".encode(),
    ),
    *(
        b"[" * 3000,
        b"{" * 3000,
        b'{"a":' * 1500,
        b"&a [*a,*a]",
        b"null",
        b"true",
        b'"',
        b"'",
        b"%1000000d",
        b"%s",
        b"{0}",
    ),
    *(
        b"../../x",
        b"/dev/zero",
        b"\n" * 100,
        b"=" * 50,
        b";" * 2000,
        b"#",
        b"2147483648",
        b"18446744073709551616",
        b"-1",
    ),
)


def mutated(data: bytes, dice: random.Random) -> bytes:
    """``data`` after one to six changes."""
    for _ in range(dice.randint(1, 6)):
        data = dice.choice(_CHANGES)(data, dice)
    return data[: 1 << 18]


def _flip(data: bytes, dice: random.Random) -> bytes:
    if not data:
        return data
    at = dice.randrange(len(data))
    return data[:at] + bytes([dice.randrange(256)]) + data[at + 1 :]


def _cut(data: bytes, dice: random.Random) -> bytes:
    start = dice.randint(0, len(data))
    return data[:start] + data[start + dice.randint(0, 40) :]


def _end(data: bytes, dice: random.Random) -> bytes:
    return data[: dice.randint(0, len(data))]


def _insert(data: bytes, dice: random.Random) -> bytes:
    at = dice.randint(0, len(data))
    return data[:at] + dice.choice(NASTY) + data[at:]


def _number(data: bytes, dice: random.Random) -> bytes:
    """One of the numbers becomes something else."""
    places = [at for at in range(len(data)) if data[at : at + 1].isdigit() and not data[at - 1 : at].isdigit()]
    if not places:
        return _insert(data, dice)
    start = end = dice.choice(places)
    while data[end : end + 1].isdigit() or data[end : end + 1] == b".":
        end += 1
    return data[:start] + dice.choice(NASTY) + data[end:]


def _repeat(data: bytes, dice: random.Random) -> bytes:
    start = dice.randint(0, len(data))
    part = data[start : start + dice.randint(1, 200)]
    return data[:start] + part * dice.randint(2, 20) + data[start:]


def _lines(data: bytes, dice: random.Random) -> bytes:
    lines = data.split(b"\n")
    dice.shuffle(lines)
    return b"\n".join(lines)


_CHANGES = (_flip, _flip, _cut, _end, _insert, _insert, _number, _number, _number, _repeat, _lines)


_ODD_VALUES = (
    *(None, True, 0, -1, 1.5, 1e300, 10**400, -(10**400), 2**63, "", "x", "nan", "\ud800", "\x1b[31m"),
    *([], [0], [None], [[]], ["x"], [[1, 2], [3]], {}, {"x": 1}, {"": None}),
)


def reshaped(data: bytes, dice: random.Random) -> bytes:
    """JSON in which one to four values became something else, of any type, or are gone or doubled."""
    value = json.loads(data)
    for _ in range(dice.randint(1, 4)):
        places = list(_places(value))
        holder, key = dice.choice(places)
        change = dice.randrange(4)
        if change == 0:
            del holder[key]
        elif change == 1 and isinstance(holder, list):
            holder.append(copy.deepcopy(holder[key]))
        elif change == 2:
            other, of = dice.choice(places)
            holder[key] = copy.deepcopy(other[of])
        else:
            holder[key] = copy.deepcopy(dice.choice(_ODD_VALUES))
    return json.dumps(value).encode()


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every container with each of its keys."""
    if isinstance(value, dict | list):
        for key in value if isinstance(value, dict) else range(len(value)):
            yield value, key
            yield from _places(value[key])
