"""The README's picture of a report: ``python docs/screenshot.py reports/street.html docs/report.png``.

Needs Chromium on PATH (Debian: ``apt-get install chromium``). ``make screenshot`` runs the demo and then this.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

WIDTH, HEIGHT = 1200, 900
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def main(report: Path, picture: Path) -> int:
    """Open ``report`` in a headless browser and save the top of the page as PNG."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        print("Chromium is not on PATH: install it (Debian: apt-get install chromium)", file=sys.stderr)
        return 1
    if not report.is_file():
        print(f"{report} does not exist: run make demo first", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as profile:
        command = [
            *(browser, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run"),
            *("--disable-background-networking", f"--user-data-dir={profile}", f"--window-size={WIDTH},{HEIGHT}"),
            *(f"--screenshot={picture.resolve()}", report.resolve().as_uri()),
        ]
        return subprocess.run(command, timeout=120, check=False, stderr=subprocess.DEVNULL).returncode


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
