"""Stream 0's windows as the specification's grep prints them."""

from __future__ import annotations

from pathlib import Path

import pytest

from dsbench.base.errors import Code, DsbenchError
from dsbench.formats.perf.stream0 import stream0_values

HEADER = "**PERF:  FPS 0 (Avg)\tFPS 1 (Avg)\t\n"


def test_stream0_values_are_what_the_specifications_grep_prints(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text(
        f"{HEADER}**PERF:  24.50 (36.57)\t24.00 (35.82)\t\n**PERF:  \n30.00 (1.00)\n**PERF:\t0.00 (0.00)\n"
        "PERF(0): 7.00 (7.00)\n**PERF:  nan (nan)\n**PERF:  inf (0.00)\nx**PERF:8.00**PERF: 9.\n**PERF:  12"
    )
    assert list(stream0_values(log)) == [24.5, 0.0, 8.0, 9.0]


@pytest.mark.parametrize("end", ["**PERF:  2", "**PERF:  29.", "**PERF:  29.9"])
def test_a_number_that_the_end_of_the_log_cuts_does_not_count(tmp_path: Path, end: str) -> None:
    log = tmp_path / "log"
    log.write_text(f"**PERF:  24.50 (36.57)\n**PERF:  25.50\n{end}")
    assert list(stream0_values(log)) == [24.5, 25.5]


def test_a_log_without_newlines_is_read_in_pieces(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_bytes(b"\xff\0" * 3_000_000 + b"\n**PERF:  24.50 (36.57)\t\n")
    assert list(stream0_values(log)) == [24.5]


def test_a_missing_log(tmp_path: Path) -> None:
    with pytest.raises(DsbenchError) as caught:
        list(stream0_values(tmp_path / "no.log"))
    assert caught.value.code is Code.PERF_LOG_INVALID
