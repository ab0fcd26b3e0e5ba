"""What each hit is said to have cost is what the tempo and the bars did on the way to it."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from generators.grid import DOTTED_SLOTS, Bar, BeatGrid
from generators.hits import Hit
from generators.prices import price_hits
from generators.tempo_map import FILM


def grid_of(intervals_s: list[float], bars: list[int]) -> BeatGrid:
    beats = np.concatenate([[0.0], np.cumsum(intervals_s)])
    edges = np.cumsum([0, *bars])
    return BeatGrid(
        tuple(Bar(tuple(beats[a:b].tolist())) for a, b in pairwise(edges)),
        float(beats[edges[-1]]),
    )


def hit_at(grid: BeatGrid, bar: int, beat: int = 0, planned: bool = True) -> Hit:
    time_s = grid.bars[bar].beats_s[beat]
    return Hit(time_s, "section", 1.0, planned, time_s, bar, 4 * beat, "here")


def test_a_steady_way_is_free_and_a_hit_let_go_costs_nothing() -> None:
    grid = grid_of([0.5] * 16, [4] * 4)
    priced = price_hits(grid, (hit_at(grid, 1), hit_at(grid, 2, planned=False), hit_at(grid, 3)), FILM)
    assert [hit.cost for hit in priced] == [0.0, 0.0, 0.0]
    assert {hit.why for hit in priced} == {"here"}


def test_a_short_bar_is_paid_by_the_hit_after_it() -> None:
    grid = grid_of([0.5] * 18, [4, 4, 2, 4, 4])
    first, second, third = price_hits(grid, tuple(hit_at(grid, bar) for bar in (1, 3, 4)), FILM)
    assert (first.cost, second.cost, third.cost) == (0.0, pytest.approx(FILM.short_bar), 0.0)
    assert second.why == "here; bar 3 is cut to 2 beats"


def test_a_beat_and_a_half_is_a_bar_not_a_breath() -> None:
    plain = grid_of([0.5] * 8 + [0.75] + [0.5] * 8, [4, 4, 1, 4, 4])
    bars = (*plain.bars[:2], replace(plain.bars[2], slots_per_beat=DOTTED_SLOTS), *plain.bars[3:])
    grid = BeatGrid(bars, plain.end_s)
    before, after, later = price_hits(grid, tuple(hit_at(grid, bar) for bar in (2, 3, 4)), FILM)
    assert (before.cost, after.cost, later.cost) == (0.0, pytest.approx(FILM.dotted_bar), 0.0)
    assert after.why == "here; bar 3 is a beat and a half"


def test_a_breath_and_a_turn_are_told_apart() -> None:
    breath = grid_of([0.5] * 7 + [0.6] + [0.5] * 8, [4] * 4)
    (hit,) = price_hits(breath, (hit_at(breath, 2),), FILM)
    assert hit.why == "here; the beat before it is held 100 ms longer"
    assert hit.cost == pytest.approx(FILM.breath + 0.2 * FILM.breath_beat, abs=1e-3)
    turn = grid_of([0.5] * 8 + [0.55] * 8, [4] * 4)
    (hit,) = price_hits(turn, (hit_at(turn, 2),), FILM)
    assert hit.why == "here; the tempo turns from 120 to 109 bpm"
    assert hit.cost == pytest.approx(FILM.change + FILM.change_octave * np.log2(1.1), abs=1e-3)


def test_a_tempo_that_gives_way_within_a_bar_is_told_with_its_place() -> None:
    grid = grid_of([0.5] * 10 + [0.53] * 6, [4] * 4)
    before, after = price_hits(grid, (hit_at(grid, 2), hit_at(grid, 3)), FILM)
    assert (before.cost, before.why) == (0.0, "here")
    assert after.why == "here; the tempo gives way from 120 to 113 bpm on beat 3 of bar 3"
    assert after.cost == pytest.approx(FILM.change + FILM.change_octave * np.log2(1.06), abs=1e-3)


def test_drift_is_told_once_for_the_whole_way() -> None:
    intervals = (0.5 * 0.99 ** np.arange(8)).tolist() + [0.5 * 0.99**7] * 8
    grid = grid_of(intervals, [4] * 4)
    first, second = price_hits(grid, (hit_at(grid, 2), hit_at(grid, 3)), FILM)
    assert first.why == "here; the tempo drifts by +7 % on the way"
    assert first.cost == pytest.approx(7 * FILM.turn, abs=0.002)
    assert (second.cost, second.why) == (0.0, "here")
