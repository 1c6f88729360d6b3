"""Turned frames."""

from __future__ import annotations

import numpy as np
import pytest

from dsbench.embedded.probes import views
from dsbench.embedded.video.frame import YuvFrame
from dsbench.jobs.probe import Turn


@pytest.mark.parametrize(("degrees", "corner"), [(0, (0, 0)), (90, (0, -1)), (180, (-1, -1)), (270, (-1, 0))])
def test_the_top_left_corner_goes_where_a_clockwise_turn_takes_it(degrees: Turn, corner: tuple[int, int]) -> None:
    y, u = np.zeros((4, 8), np.uint8), np.zeros((2, 4), np.uint8)
    y[0, 0] = u[0, 0] = 200
    frame = views.turned(YuvFrame(y, u, u.copy(), 8, 4, "bt601", False, 0), degrees)
    assert (frame.width, frame.height) == ((8, 4) if degrees in (0, 180) else (4, 8))
    assert frame.y.shape == (frame.height, frame.width)
    assert frame.y[corner] == frame.u[corner] == frame.v[corner] == 200
    assert frame.y.flags.c_contiguous
