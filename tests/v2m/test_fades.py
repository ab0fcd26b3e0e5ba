"""Curves that let music die away in its silences."""

from __future__ import annotations

import numpy as np
import pytest

from v2m.fades import OPEN_AHEAD_S, RING_OUT_S, hushes

RATE = 8000


def test_without_silences_nothing_is_touched() -> None:
    assert (hushes(0, 100, (), RATE) == 1).all()
    assert (hushes(0, 100, ((1.0, 2.0),), RATE) == 1).all()


def test_it_falls_steadily_to_nothing_and_is_back_ahead_of_the_end() -> None:
    curve = hushes(0, 4 * RATE, ((1.0, 3.0),), RATE)
    assert (curve[:RATE] == 1).all()
    falling = curve[RATE : round((1.0 + RING_OUT_S) * RATE)]
    assert (np.diff(falling) <= 0).all()
    assert -np.diff(curve)[:RATE].min() < 0.005
    assert (curve[round((1.0 + RING_OUT_S) * RATE) : round((3.0 - OPEN_AHEAD_S - 0.004) * RATE)] == 0).all()
    assert (curve[round((3.0 - OPEN_AHEAD_S) * RATE) :] == 1).all()


@pytest.mark.parametrize("step", [1, 333, 4000])
def test_blocks_join_without_a_seam(step: int) -> None:
    silences = ((0.0, 0.3), (0.5, 0.9))
    whole = hushes(0, RATE, silences, RATE)
    parts = [hushes(first, min(step, RATE - first), silences, RATE) for first in range(0, RATE, step)]
    np.testing.assert_array_equal(np.concatenate(parts), whole)


def test_a_short_silence_is_silent_for_half_of_it() -> None:
    curve = hushes(0, RATE, ((0.2, 0.8),), RATE)
    assert (curve[round(0.48 * RATE) : round(0.73 * RATE)] == 0).all()
