"""Hostile names, and what nobody may find of them in a terminal, a CI log or a document."""

from __future__ import annotations

import re
import unicodedata

HOSTILE = (
    # C0 and DEL
    "a\rb", "a\x1b[2Jb", "a\x1b[31mred", "a\x1b]0;title\x07b", "a\x07b", "a\x08b", "a\x0bb", "a\x0cb", "a\x7fb",
    "a\x1fb",
    "a\x1b]8;;https://x.test\x1b\\link", "a\x1bcb", "a\x1b[6n",
    # C1
    "a\x80b", "a\x85b", "a\x90b", "a\x9b31mb", "a\x9d0;title\x9c", "a\x9fb",
    # ends of lines and paragraphs
    "a\nb", "a\r\nb", "a\u2028b", "a\u2029b",
    # direction
    "a\u202egnp.exe", "a\u202db", "a\u2066b\u2069", "a\u200fb", "a\u200eb", "a\u061cb", "a\u206ab",
    # without width, tags, surrogates, no characters
    "a\u200bb", "a\u200db", "a\u2060b", "a\ufeffb", "a\xadb", "a\u180eb", "a\u3164b", "a\U000e0041b",
    "a\U000e0001",
    "a\udcffb", "a\ud800b", "a\ufffeb", "a\U0001fffeb", "a\ue000b", "a\u034fb",
    # commands of CI runners
    "::error::x", "::set-output name=a::b", "::stop-commands::x", "::add-mask::x", " ::warning file=a::b",
    "\u3000::error::x",
    "x\n::error::y", "x\r::error::y", "x\u2028::error::y", "##[error]x", "##[set-env name=a]b",
    "x ##[command]y", "##vso[task.setvariable]x",
    "##teamcity[x]", "section_start:1:a\r\x1b[0Kx", "\x1b[0Ksection_end:1:a\r\x1b[0K",
    # markup
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "\"><svg onload=alert(1)>", "a|b|c",
    "`code` ```", "[x](javascript:alert(1))",
    "@octocat #1", "$(touch x)", "`touch x`", "-n", "--help", "a b", "'; touch x; '", "{{ 7*7 }}", "{% x %}",
    "]]>", "&lt;", "%0A::error::x", "=1+1",
)  # fmt: skip
"""Names of models, files, labels, tensors; texts of logs and errors."""

_OBEYED = re.compile(r"^\s*::|##[A-Za-z]*\[", re.MULTILINE)


def unseen(text: str) -> list[str]:
    """Characters of ``text`` that do not show, but for tabs and line ends; markup of colours counts."""
    return [one for one in text if one not in "\t\n" and _is_unseen(one)]


def obeyed(text: str) -> list[str]:
    """Texts that GitHub's or Azure's runner takes for a command."""
    return [match[0] for match in _OBEYED.finditer(text)]


def without_blocks(markdown: str) -> str:
    """Markdown without its fenced blocks, whose text is shown as it is."""
    return re.sub(r"(?ms)^(`{3,})\w+$.*?^\1$", "", markdown)


def _is_unseen(char: str) -> bool:
    return (
        unicodedata.category(char) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
        or char in "\u034f\u115f\u1160\u3164\uffa0"
    )
