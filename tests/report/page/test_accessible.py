"""The usual rules of accessibility, checked without a browser; axe-core checks more where it is installed."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from itertools import pairwise

import pytest

from dsbench.base import resources
from dsbench.report import html
from tests.report import pages

VOID = frozenset({"img", "input", "br", "meta", "link"})
CSS = (resources.data_folder("templates") / "report" / "page.css").read_text(encoding="utf-8")


class Page(HTMLParser):
    """Collects the elements, and what is open at each."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str], tuple[str, ...]]] = []
        self.open: list[str] = []
        self.wrong: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}, tuple(self.open)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}, tuple(self.open)))

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID:
            return
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)


@pytest.fixture(scope="module", params=["everything", "hostile"])
def page(request: pytest.FixtureRequest) -> Page:
    results = pages.everything() if request.param == "everything" else pages.hostile()
    return Page(html.page_html(pages.page(results)))


def test_every_element_is_closed(page: Page) -> None:
    assert (page.wrong, page.open) == ([], [])


def test_pictures_have_texts(page: Page) -> None:
    assert [attrs for tag, attrs, _ in page.elements if tag == "img" and "alt" not in attrs] == []
    titles = sum(tag == "title" and inside[-1] == "svg" for tag, _, inside in page.elements)
    assert titles == sum(tag == "svg" for tag, _, _ in page.elements)


def test_controls_have_labels(page: Page) -> None:
    for tag, attrs, inside in page.elements:
        if tag in ("input", "select"):
            assert "label" in inside or "aria-label" in attrs, attrs


def test_headings_skip_no_level(page: Page) -> None:
    levels = [int(tag[1]) for tag, _, _ in page.elements if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(below <= above + 1 for above, below in pairwise(levels)), levels


def test_ids_are_unique(page: Page) -> None:
    ids = [attrs["id"] for _, attrs, _ in page.elements if "id" in attrs]
    assert len(ids) == len(set(ids))


def test_links_lead_somewhere(page: Page) -> None:
    ids = {attrs["id"] for _, attrs, _ in page.elements if "id" in attrs}
    links = [attrs["href"] for tag, attrs, _ in page.elements if tag == "a"]
    assert [link for link in links if link.startswith("#") and link[1:] not in ids] == []
    assert [link for link in links if re.match(r"\w+:", link)] == [], "no link leaves the folder"


def variables(block: str) -> dict[str, str]:
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{3,6});", block))


def luminance(color: str) -> float:
    """Relative luminance (WCAG 2.2)."""
    digits = color[1:] if len(color) == 7 else "".join(2 * one for one in color[1:])
    parts = [int(digits[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("theme", range(2))
def test_texts_stand_out_from_their_grounds(theme: int) -> None:
    """Contrast of at least 4.5 (WCAG 2.2, 1.4.3) in the light and the dark theme."""
    blocks = [variables(block) for block in re.findall(r"\.dsb \{[^}]*--bg[^}]*\}", CSS)]
    colors = blocks[theme]
    for text in ("fg", "mut", "link", "ok", "bad", "am"):
        for ground in ("bg", "soft", "ok-bg", "bad-bg", "am-bg"):
            bright, dark = sorted((luminance(colors[text]), luminance(colors[ground])), reverse=True)
            assert (bright + 0.05) / (dark + 0.05) >= 4.5, (text, ground)
