"""The text of a failure taken apart: its first line, or the errors of a list. Pure."""

from __future__ import annotations

import re
from dataclasses import replace

from dsbench.report.page.views import SCRIPT, ListedError

_LISTED = re.compile(r"(?P<mark>- | {4}(?:where|fix): )(?P<text>.*)")


def first_line(text: str) -> tuple[str, str]:
    """What is wrong, and the lines after it; a line that ends with a colon says it together with the next one."""
    head, _, rest = text.partition("\n")
    if head.endswith(":") and rest:
        following, _, after = rest.partition("\n")
        if SCRIPT.search(following):
            return f"{head.removesuffix(':').removeprefix('- ')} (a script does it, below)", rest
        head, rest = f"{head} {following.strip()}", after
    return head.removeprefix("- "), rest


def listed_errors(what: str) -> list[ListedError]:
    """The errors of a list: ``- WHAT``, then indented ``where: PLACE`` and ``fix: TEXT``; [] for any other text."""
    found: list[ListedError] = []
    for line in what.splitlines():
        entry = _LISTED.fullmatch(line)
        if entry is None or (not found and entry["mark"] != "- "):
            return []
        if entry["mark"] == "- ":
            found.append(ListedError(entry["text"]))
        elif entry["mark"].endswith("where: "):
            found[-1] = replace(found[-1], where=entry["text"])
        else:
            found[-1] = replace(found[-1], fix="\n".join(filter(None, (found[-1].fix, entry["text"]))))
    return found
