"""The page in a real browser: no script of a user's runs, no request, no error, nothing scrolls sideways."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

from dsbench.report import html
from tests.material import write_clip, write_onnx
from tests.plugin.test_plugin import run
from tests.report import browser, pages

pytestmark = pytest.mark.long

NAME = '<img src=x onerror="document.title=1">'
LABEL = "<script>document.title=1</script>"
LOOK = """
  document.querySelectorAll('details').forEach(each => each.open = true);
  const page = document.documentElement, shown = each => each && getComputedStyle(each).display !== 'none';
  const wide = [...document.querySelectorAll('body *')].filter(each => shown(each) && !each.closest('.dsb-scroll, svg')
    && !each.closest('.dsb-hidden') && each.getBoundingClientRect().right > page.clientWidth + 1);
  const rest = {
    scroll: page.scrollWidth - page.clientWidth, width: page.clientWidth, wide: wide.map(each => each.outerHTML.slice(0, 90)),
    images: [...document.images].filter(each => each.src && shown(each) && !each.naturalWidth && each.closest('main')).length,
    rows: document.querySelectorAll('#results-table > tbody').length,
    charts: document.querySelectorAll('.dsb-chart svg').length,
    frames: document.querySelectorAll('svg.dsb-frame').length,
    intruders: document.querySelectorAll('img[onerror], main script, iframe, main [onload], main [onmouseover]').length,
    copies: document.querySelectorAll('.dsb-copy').length,
    lang: page.lang,
  };
  return rest;
"""  # noqa: E501
_OUTCOMES = ("failed", "passed", "skipped", "xfailed", "xpassed", "error", "rerun")
USE = """
  const frames = () => [...document.querySelectorAll('.dsb-gallery figure')].filter(each => !each.hidden).length;
  const boxes = () => [...document.querySelectorAll('.dsb-gallery g')].filter(
    each => getComputedStyle(each).display !== 'none').length;
  const found = { before: [frames(), boxes()] };
  const change = (query, act) => {
    const each = document.querySelector(query);
    act(each);
    each.dispatchEvent(new Event('change', { bubbles: true }));
  };
  change('.dsb-class', each => { each.selectedIndex = [...each.options].findIndex(one => one.text === 'person'); });
  found.person = [frames(), boxes()];
  change('.dsb-class', each => { each.value = ''; });
  change('.dsb-only', each => { each.checked = true; });
  found.alone = boxes();
  change('.dsb-only', each => { each.checked = false; });
  change('.dsb-side[value=dump]', each => { each.checked = false; });
  found.reference = boxes();
  const dialog = document.querySelector('dialog'), key = name => dialog.dispatchEvent(
    new KeyboardEvent('keydown', { key: name, bubbles: true }));
  const caption = () => dialog.querySelector('p').textContent;
  document.querySelector('.dsb-gallery .dsb-open').click();
  found.open = [dialog.open, caption()];
  key('ArrowRight');
  found.next = caption();
  key('ArrowRight');
  found.around = caption();
  key('+');
  found.zoom = dialog.querySelector('.dsb-stage > *').style.transform;
  dialog.close();
  const step = document.getElementById('m1-preflight');
  found.closed = step.open;
  location.hash = '#m1-preflight';
  window.dispatchEvent(new Event('hashchange'));
  found.opened = step.open;
  return found;
"""
AXE = """
  document.querySelectorAll('details').forEach(each => each.open = true);
  const result = await axe.run(document, { resultTypes: ['violations'] });
  return { violations: result.violations.map(one => one.id + ': ' + one.nodes.slice(0, 3).map(
    node => node.html.slice(0, 120) + ' ' + (node.any[0] || node.all[0] || node.none[0] || {}).message).join(' | ')) };
"""


@cache
def carrier() -> str:
    """A document as pytest-html makes it, without tests."""
    import jinja2
    import pytest_html

    folder = Path(pytest_html.__file__).parent / "resources"
    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(folder), autoescape=True)
    return environment.get_template("index.jinja2").render(
        title="dsbench report",
        styles=(folder / "style.css").read_text(encoding="utf-8"),
        self_contained=True,
        run_count="1 test took 1 s.",
        running_state="finished",
        outcomes={name: {"label": name, "value": 1} for name in _OUTCOMES},
        test_data='{"environment": {}, "tests": {}, "renderCollapsed": ["none"], "initialSort": "original"}',
        table_head=['<th class="sortable" data-column-type="result">Result</th>'],
        additional_summary={"prefix": [], "summary": [], "postfix": []},
    )


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A page with everything on it."""
    folder = tmp_path_factory.mktemp("full")
    clip = write_clip(folder / "clip.webm", frames=2, codec="libvpx-vp9")
    return html.report_html(pages.page(pages.everything(clip), folder), carrier())


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two models with hostile texts up to the comparison of boxes: one fails at the gate."""
    workspace = tmp_path_factory.mktemp("browser")
    clip = write_clip(workspace / "clip.mp4", frames=8)
    for name in (NAME, "long_" * 20):
        root = workspace / "models" / name
        write_onnx(root / "model" / "net.onnx", batch=1)
        (root / "config").mkdir()
        (root / "config" / "labels.txt").write_text(f"{LABEL}\nb\n")
    (root / "dsbench.toml").write_text("[class-attrs-all]\npre-cluster-threshold = 0.99\n")
    arguments = ("--model-dir", "models/*", f"--video={clip}")
    done = run(workspace, *arguments, "-k", "import_parity or report")
    (page,) = (workspace / "reports").iterdir()
    assert "kitti_gate FAILED" in done.stdout, done.stdout
    return page


@pytest.mark.parametrize("width", [400, 1400])
def test_a_report_of_a_session(report: Path, tmp_path: Path, width: int) -> None:
    found = browser.opened(report.read_text(encoding="utf-8"), tmp_path, LOOK, width)
    assert (found["log"], found["requests"], found["title"]) == ([], [], "dsbench report")
    assert (found["width"], found["wide"], found["scroll"]) == (width, [], 0)
    assert (found["images"], found["intruders"], found["lang"]) == (0, 0, "en")
    assert found["rows"] >= 18


@pytest.mark.parametrize("width", [400, 1400])
def test_hostile_texts_stay_text(tmp_path: Path, width: int) -> None:
    text = html.report_html(pages.page(pages.hostile(), interrupted_in=pages.HOSTILE[1]), carrier())
    found = browser.opened(text, tmp_path, LOOK, width)
    assert (found["log"], found["requests"], found["title"]) == ([], [], "dsbench report")
    assert (found["intruders"], found["wide"], found["scroll"]) == (0, [], 0)
    assert found["frames"] >= 30


def test_the_gallery_and_links_in_use(full: str, tmp_path: Path) -> None:
    found = browser.opened(full, tmp_path, USE)
    assert "failed" not in found, found
    assert (found["log"], found["requests"]) == ([], [])
    assert found["before"] == [2, 6]
    assert found["person"] == [1, 2]
    assert (found["alone"], found["reference"]) == (4, 3)
    assert found["open"] == [True, "1 of 2: frame 4: 2 missed, 2 extra"]
    assert (found["next"][:6], found["around"][:6]) == ("2 of 2", "1 of 2")
    assert "scale(1.5)" in found["zoom"]
    assert (found["closed"], found["opened"]) == (False, True)


@pytest.mark.parametrize("dark", [False, True])
def test_accessible_by_axe(full: str, tmp_path: Path, dark: bool) -> None:
    """With axe-core, as ``make test`` installs it, or ``AXE_CORE=.../axe.min.js``."""
    axe = browser.find_axe()
    if not axe:
        pytest.skip("axe-core is not here: pip install --no-deps axe-playwright-python")
    found = browser.opened(full, tmp_path, AXE, script=axe, dark=dark)
    assert "failed" not in found, found
    assert found["violations"] == []


def test_on_paper(full: str, tmp_path: Path) -> None:
    pdf = browser.printed(full, tmp_path)
    assert pdf.startswith(b"%PDF")
    assert len(pdf) > 40_000, "texts, charts and frames"
    assert 1 <= len(re.findall(rb"/Type\s*/Page\b", pdf)) <= 12


def test_a_page_is_small(full: str, report: Path) -> None:
    assert len(full.encode("utf-8", "replace")) < 5_000_000
    assert report.stat().st_size < 5_000_000


def test_a_small_video_is_within_the_page(full: str) -> None:
    assert full.count('<video controls muted loop preload="metadata"') == 1
    assert "data:video/webm;base64," in full
