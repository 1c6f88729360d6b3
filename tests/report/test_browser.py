"""The report in a real browser: no script of a user's runs, no error is logged, nothing scrolls sideways."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from html import unescape
from pathlib import Path

import pytest

from tests.material import write_clip, write_onnx
from tests.plugin.test_plugin import run

pytestmark = pytest.mark.long

NAME = '<img src=x onerror="document.title=1">'
LABEL = "<script>document.title=1</script>"
PROBE = """<script>
const log = [];
window.addEventListener('error', event => log.push('error ' + event.message));
document.addEventListener('securitypolicyviolation', event => log.push('policy'));
window.addEventListener('load', () => {
  document.querySelectorAll('details').forEach(each => each.open = true);
  const page = document.documentElement, shown = each => each && getComputedStyle(each).display !== 'none';
  const rows = document.querySelectorAll('#results-table > tbody');
  const wide = [...document.querySelectorAll('body *')].filter(each =>
    !each.closest('.dsb-scroll') && each.getBoundingClientRect().right > page.clientWidth + 1);
  const result = {
    scroll: page.scrollWidth - page.clientWidth, width: page.clientWidth, title: document.title, log: log,
    rows: rows.length, wide: wide.map(each => each.outerHTML.slice(0, 80)),
    images: [...document.images].filter(each => shown(each) && shown(each.parentElement) && each.src
      && !each.naturalWidth && each.closest('.dsb-step, .dsb-verdict')).length,
    charts: document.querySelectorAll('.dsb-chart').length,
    boxes: [...document.querySelectorAll('.logwrapper')].filter(shown).length,
    intruders: document.querySelectorAll('img[onerror], .dsb-step script, .dsb-verdict script').length,
    environment_below: document.getElementById('environment').getBoundingClientRect().top
      > document.getElementById('results-table').getBoundingClientRect().bottom,
    headings: [...document.querySelectorAll('.dsb-verdict h3, .dsb-facts th')].map(each => getComputedStyle(each).color)
  };
  parent.postMessage(JSON.stringify(result), '*');
});
</script>"""
FRAME = """<iframe src="page.html" width="{width}" height="900" style="border: 0"></iframe><script>
window.addEventListener('message', event => document.documentElement.setAttribute('data-probe', event.data));
</script>"""
"""A window cannot be narrower than 500 pixels; a frame can."""


@pytest.fixture(scope="module")
def chromium() -> str:
    for name in ("chromium", "chromium-browser", "google-chrome"):
        found = shutil.which(name)
        if found:
            return found
    pytest.skip("no Chromium here")


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two models up to run 1, both with hostile texts: one fails at the gate, the other ends with a chart."""
    workspace = tmp_path_factory.mktemp("browser")
    clip = write_clip(workspace / "clip.mp4", frames=8)
    for name in (NAME, "long_" * 20):
        root = workspace / "models" / name
        write_onnx(root / "model" / "net.onnx", batch=1)
        (root / "config").mkdir()
        (root / "config" / "labels.txt").write_text(f"{LABEL}\nb\n")
    (root / "dsbench.toml").write_text("[class-attrs-all]\npre-cluster-threshold = 0.99\n")
    # long enough for a few windows on a busy machine
    measuring = ("--perf-seconds=6", "--perf-interval=1", "--limits=never")
    arguments = ("--model-dir", "models/*", f"--video={clip}", *measuring, "-n", "2", "-v")
    done = run(workspace, *arguments, "-k", "run1_calibration or report", "--prepare=auto")
    (page,) = (workspace / "reports").iterdir()
    assert "kitti_gate FAILED" in done.stdout, done.stdout
    assert "DS Run 1" in done.stdout, done.stdout
    return page


@pytest.mark.parametrize("width", [400, 1400])
def test_in_a_browser(chromium: str, report: Path, tmp_path: Path, width: int) -> None:
    page = tmp_path / "page.html"
    text = report.read_text(encoding="utf-8")
    page.write_text(text.replace("<head>", f"<head>{PROBE}", 1), encoding="utf-8")
    frame = tmp_path / "frame.html"
    frame.write_text(FRAME.format(width=width))
    done = subprocess.run(
        [
            *(chromium, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync"),
            *("--disable-background-networking", "--disable-component-update", "--hide-scrollbars"),
            *(f"--user-data-dir={tmp_path / 'profile'}", "--window-size=1500,950", "--enable-logging=stderr"),
            *("--virtual-time-budget=3000", "--dump-dom", frame.as_uri()),
        ],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    found = re.search(r'data-probe="(.*?)"', done.stdout)
    assert found is not None, done.stderr[-2000:]
    probe = json.loads(unescape(found[1]))
    assert "CONSOLE" not in done.stderr
    assert (probe["log"], probe["title"], probe["intruders"]) == ([], "dsbench report", 0)
    assert probe["width"] == width
    assert probe["scroll"] <= 0, probe["wide"]
    assert probe["wide"] == []
    assert probe["rows"] >= 20
    assert (probe["images"], probe["boxes"]) == (0, 0)
    assert probe["charts"] >= 2
    assert probe["environment_below"]
    assert all(dark(color) for color in probe["headings"]), set(probe["headings"])


def dark(color: str) -> bool:
    """Whether every part of an ``rgb(...)`` text is dark enough to read on white."""
    return all(int(part) <= 100 for part in re.findall(r"\d+", color)[:3])
