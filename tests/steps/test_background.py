"""Background work of a step: its result, its errors, its end with the session."""

from __future__ import annotations

import threading
import time
from contextlib import ExitStack

import pytest

from dsbench.steps import background


def test_the_result_is_returned() -> None:
    with ExitStack() as at_end:
        found = background.begin(lambda stopped: (stopped(), threading.current_thread()), at_end).result()
    assert found[0] is False
    assert found[1] is not threading.main_thread()


def test_an_error_is_raised_by_the_result() -> None:
    def work(stopped: background.Stopped) -> None:
        raise ValueError("no")

    with ExitStack() as at_end:
        future = background.begin(work, at_end)
        with pytest.raises(ValueError, match="no"):
            future.result()


def test_at_the_end_the_work_is_stopped_and_has_ended() -> None:
    ended = threading.Event()

    def work(stopped: background.Stopped) -> None:
        while not stopped():
            time.sleep(0.01)
        ended.set()

    with ExitStack() as at_end:
        future = background.begin(work, at_end)
        assert not future.done()
    assert ended.is_set()
