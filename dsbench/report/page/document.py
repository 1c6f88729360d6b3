"""The page's place in pytest-html's file: above its table, which needs scripts. Text in, text out."""

from __future__ import annotations

import re

_VIEWPORT = '<meta name="viewport" content="width=device-width, initial-scale=1">'
_FILTER = re.compile(r'(<input [^>]*class="filter"[^>]*data-test-result="([\w-]+)")')
_H1 = re.compile(r'<h1 id="title">(.*?)</h1>', re.DOTALL)
_FOLDED = """<section class="dsb-pytest" aria-label="pytest's own table"><details>
<summary>pytest's own table of tests</summary>
{}
</details></section>
"""


def carried(text: str, page: str, style: str, script: str) -> str:
    """pytest-html's file ``text`` with ``page`` first and its own table folded below.

    ``style`` and ``script`` are added after its own. A file of another shape is kept and gets the page at its end.
    """
    head, body_tag, rest = text.partition("<body>")
    if not body_tag:
        return f"{text}\n<style>{style}</style>\n{page}\n<script>{script}</script>\n"
    inner, _, after = rest.rpartition("</body>")
    head = head.replace("<html>", '<html lang="en">', 1)
    head = head.replace("</head>", f"{_VIEWPORT}\n<style>{style}</style>\n</head>", 1)
    inner = inner.replace('<img src="" />', '<img alt="" />')
    inner = _FILTER.sub(r'\1 aria-label="show tests: \2"', inner)
    inner = _H1.sub(r'<h2 id="title">\1</h2>', inner, count=1)
    folded = _FOLDED.format(inner) if inner else ""
    return f'{head}<body class="dsb">\n{page}\n{folded}<script>{script}</script>\n</body>{after}'
