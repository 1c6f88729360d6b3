"""``dsbench prepare``: its page shows the defaults that its options have."""

from __future__ import annotations

from pathlib import Path

from dsbench.base.options import TARGET_FPS
from dsbench.trtexec.options import OPTIONS


def test_the_page_shows_each_option_with_its_default(repository: Path) -> None:
    page = (repository / "docs" / "prepare.md").read_text(encoding="utf-8")
    for option in OPTIONS:
        default = f"dsbench.toml, else {option.default_shown}" if option is TARGET_FPS else option.default_shown
        assert f"| `{option.flag} {option.metavar}` | {default} |" in page
