"""Text for CI services. Every text that a model, a file or another program wrote passes one of these functions.

GitHub's runner takes a line for a command if it begins with ``::`` after blanks, or has ``##[`` anywhere in it (source:
actions/runner, ``ActionCommand.cs``). Everything between ``stop_commands`` and ``resume_commands`` is only text to it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from dsbench.base.text import console, plain

_DATA = {"%": "%25", "\r": "%0D", "\n": "%0A"}
_PROPERTY = {**_DATA, ":": "%3A", ",": "%2C"}
_MARKUP = re.compile(
    r"[\\`*\[\]<>#|~$@&]"  # emphasis, code, links, HTML, references, table borders, mathematics, mentions, entities
    r"|(?<![A-Za-z0-9_])_+|_+(?![A-Za-z0-9_])"  # emphasis, but not within a word
    r"|(?<=:)//|(?<=www)\.",  # addresses that become links
    re.IGNORECASE,
)
_CUT = " [...]"


def workflow_command(name: str, message: str, properties: Mapping[str, str]) -> str:
    """One line that GitHub's runner carries out, ``::error file=...::message``; empty properties are left out.

    It obeys no second command within the line, as other services that read it might: a blank is put into ``##[``.
    """
    given = ",".join(
        f"{key}={_escaped(one_line(console(text)), _PROPERTY)}" for key, text in properties.items() if text
    )
    return f"::{name}{' ' if given else ''}{given}::{_escaped(console(message), _DATA)}"


def stop_commands(token: str) -> str:
    """The line after which the runner takes no line for a command, until ``resume_commands`` of the same token."""
    return f"::stop-commands::{token}"


def resume_commands(token: str) -> str:
    """The line that ends ``stop_commands``, on a line of its own whatever was printed before."""
    return f"\n::{token}::"


def one_line(text: str) -> str:
    """``text`` on one line."""
    return " ".join(plain(text).split())


def clipped(text: str, limit: int) -> str:
    """At most ``limit`` characters of ``text``."""
    return text if len(text) <= limit else text[: limit - len(_CUT)] + _CUT


def markdown(text: str) -> str:
    """``text`` as one line of a Markdown paragraph or table cell: no markup, HTML, link, mention or table border."""
    return _MARKUP.sub(lambda found: "".join(f"&#{ord(one)};" for one in found[0]), one_line(text))


def markdown_code(text: str) -> str:
    """``text`` in a fixed-width font within a Markdown line or table cell."""
    return f"<code>{markdown(text)}</code>"


def markdown_block(text: str) -> str:
    """Lines as they are, in a fenced block that no line of them can close."""
    body = plain(text).strip("\n")
    fence = "`" * max(3, 1 + max(map(len, re.findall("`+", body)), default=0))
    return f"{fence}text\n{body}\n{fence}"


def _escaped(text: str, table: Mapping[str, str]) -> str:
    return "".join(table.get(char, char) for char in text)
