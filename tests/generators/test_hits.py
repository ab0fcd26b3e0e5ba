"""Where the grid meets what happens in the picture, and what it lets go."""

from __future__ import annotations

import numpy as np
import pytest

from generators.grid import Bar, BeatGrid
from generators.hits import LEAN_S, MOVE_MISS_S, place_hits
from generators.targets import Targets

# Quarters of half a second: a slot every 125 ms, towards which or from which players lean by 37.5 ms.
GRID = BeatGrid(tuple(Bar((b * 2.0, b * 2.0 + 0.5, b * 2.0 + 1.0, b * 2.0 + 1.5)) for b in range(4)), 8.0)
LEAN = min(0.3 * 0.125, LEAN_S)


@pytest.mark.parametrize("late_s", [0.0, 0.03, -0.03, 0.055, -0.055])
def test_a_movement_near_a_slot_is_played_there(late_s: float) -> None:
    """As near as players lean, and what is left over is too little to be heard."""
    targets = Targets(np.array([3.0 + late_s]), np.array([0.3]), ("accent",))
    grid, hits = place_hits(GRID, targets, 8.0)
    assert hits == ()
    (accent,) = [a for bar in grid.bars for a in bar.accents]
    assert accent.slot == 8
    assert abs(accent.time_s - (3.0 + late_s)) <= MOVE_MISS_S
    assert abs(accent.time_s - 3.0) <= LEAN + 1e-4


def test_of_two_movements_on_one_slot_one_is_played() -> None:
    targets = Targets(np.array([2.97, 3.03]), np.array([0.2, 0.4]), ("accent", "accent"))
    grid, _ = place_hits(GRID, targets, 8.0)
    assert [a.time_s for bar in grid.bars for a in bar.accents] == pytest.approx([3.03])
