"""An engine build is seen in a log while it is written."""

from __future__ import annotations

from pathlib import Path

from dsbench.runtimes.build_watch import BuildWatch

BUILDING = "0:00:01.000000000 7 0x1 INFO nvinfer x [UID = 1]: Trying to create engine from model files\n"
BUILT = "0:00:03.500000000 7 0x1 INFO nvinfer x: serialize cuda engine to file: /m/x_b2.engine successfully\n"


def test_a_build_begins_and_ends(tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    watch = BuildWatch(log)
    watch.look()
    assert (watch.steps, watch.building) == (0, False), "a log that is not there yet"
    log.write_text(BUILDING)
    watch.look()
    assert (watch.steps, watch.building) == (1, True)
    with log.open("a") as more:
        more.write(BUILT)
    assert watch.console().build_s == 2.5
    assert (watch.steps, watch.building) == (2, False)
