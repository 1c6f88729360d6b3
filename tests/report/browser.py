"""A headless Chromium: opens a page in a frame of a given width and returns what a probe in it finds."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import subprocess
from html import unescape
from pathlib import Path
from typing import Any

import pytest

_LOG = """<script>
const dsbenchLog = [];
window.addEventListener('error', event => {
  const what = event.message || (event.target.closest('main') ? event.target.outerHTML : '');
  if (what) dsbenchLog.push('error ' + what);
}, true);
document.addEventListener('securitypolicyviolation', event => dsbenchLog.push('policy ' + event.blockedURI));
</script>"""
_SEND = """<script>
window.addEventListener('load', async () => {{
  let found;
  try {{ found = await (async () => {{ {probe} }})(); }} catch (error) {{ found = {{ failed: String(error) }}; }}
  const requests = performance.getEntriesByType('resource').map(each => each.name)
    .filter(name => !name.startsWith('data:') && !name.startsWith('blob:'));
  parent.postMessage(JSON.stringify({{ ...found, log: dsbenchLog, requests, title: document.title }}), '*');
}});
</script>"""
_FRAME = """<iframe src="page.html" width="{width}" height="900" style="border: 0"></iframe><script>
window.addEventListener('message', event => document.documentElement.setAttribute('data-probe', event.data));
</script>"""
"""A window cannot be narrower than 500 pixels; a frame can."""


def find_chromium() -> str:
    for name in ("chromium", "chromium-browser", "google-chrome"):
        found = shutil.which(name)
        if found:
            return found
    pytest.skip("no Chromium here")


def find_axe() -> str:
    """The text of axe-core: the file that ``AXE_CORE`` names, else that of axe-playwright-python; "" without one."""
    found = importlib.util.find_spec("axe_playwright_python")
    carried = Path(found.origin).with_name("axe.min.js") if found is not None and found.origin else Path()
    path = Path(os.environ.get("AXE_CORE", carried))
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def opened(text: str, folder: Path, probe: str, width: int = 1400, script: str = "", dark: bool = False) -> Any:
    """What ``probe``, the body of a JavaScript function, returns in the page; with log, requests and title.

    ``script``: is run in the page before the probe.
    """
    folder.mkdir(parents=True, exist_ok=True)
    scripts = (f"<script>{script}</script>" if script else "") + _SEND.format(probe=probe)
    head, found, rest = text.partition("</head>")
    assert found
    text = f"{head.replace('<head>', f'<head>{_LOG}', 1)}{scripts}{found}{rest}"
    (folder / "page.html").write_text(text, encoding="utf-8", errors="replace")
    frame = folder / "frame.html"
    frame.write_text(_FRAME.format(width=width))
    theme = ("--blink-settings=preferredColorScheme=0",) if dark else ()
    done = _chromium(folder, *theme, "--virtual-time-budget=8000", "--dump-dom", frame.as_uri())
    sent = re.search(r'data-probe="(.*?)"', done.stdout)
    assert sent is not None, done.stderr[-2000:]
    console = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
    assert not console, console
    return json.loads(unescape(sent[1]))


def printed(text: str, folder: Path) -> bytes:
    """The page on paper, as PDF."""
    (folder / "page.html").write_text(text, encoding="utf-8", errors="replace")
    made = folder / "page.pdf"
    _chromium(folder, f"--print-to-pdf={made}", (folder / "page.html").as_uri())
    return made.read_bytes()


def _chromium(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    fixed = [
        *(find_chromium(), "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync"),
        *("--disable-background-networking", "--disable-component-update", "--hide-scrollbars"),
        *(f"--user-data-dir={folder / 'profile'}", "--window-size=1500,950", "--enable-logging=stderr"),
    ]
    return subprocess.run([*fixed, *arguments], capture_output=True, text=True, timeout=120, check=False)
