"""The page's place in pytest-html's document."""

from __future__ import annotations

from dsbench.report.page.document import carried

DOCUMENT = """<!DOCTYPE html>
<html>
  <head>
    <meta charset="utf-8"/>
    <title id="head-title">dsbench report</title>
  </head>
  <body>
    <h1 id="title">dsbench report</h1>
    <img src="" />
    <input checked="true" class="filter" name="filter_checkbox" type="checkbox" data-test-result="failed" >
  </body>
</html>
"""


def test_the_page_comes_first() -> None:
    made = carried(DOCUMENT, "<main>page</main>", "p { color: red }", "act()")
    assert made.startswith('<!DOCTYPE html>\n<html lang="en">')
    assert made.index("p { color: red }") < made.index("</head>")
    assert made.index("<main>page</main>") < made.index("pytest's own table") < made.index("<script>act()</script>")
    assert 'name="viewport"' in made
    assert made.count("<h1") == 0, "the page has the heading"


def test_what_is_not_accessible_in_pytest_html_is_corrected() -> None:
    made = carried(DOCUMENT, "", "", "")
    assert 'data-test-result="failed" aria-label="show tests: failed"' in made
    assert '<img alt="" />' in made


def test_an_unknown_document_is_kept() -> None:
    made = carried("<p>other</p>", "<main>page</main>", "", "")
    assert made.startswith("<p>other</p>")
    assert "<main>page</main>" in made
