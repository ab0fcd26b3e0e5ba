"""The tempo map meets the picture, and a listener hears no jolt."""

from __future__ import annotations

import numpy as np
import pytest

from generators.grid import BeatGrid
from generators.targets import Targets
from generators.tempo_map import DANCE, DEVIATION, FILM, Costs, find_grid


def targets(times: list[float], kind: str = "cut", weight: float = 1.0) -> Targets:
    return Targets(np.array(times), np.full(len(times), weight), (kind,) * len(times))


def grid_for(
    found: Targets, duration_s: float, costs: Costs = FILM, bpm: tuple[float, float] = (66, 132)
) -> BeatGrid:
    prefer = float(np.sqrt(bpm[0] * bpm[1]))
    return find_grid(found, duration_s, tempo_bpm=bpm, prefer_bpm=prefer, metres=(4, 3), costs=costs)


def misses(grid: BeatGrid, times: list[float]) -> np.ndarray:
    return np.abs(np.asarray(times)[:, None] - grid.beats_s).min(axis=1)


@pytest.mark.parametrize("bpm", [72.0, 90.0, 101.0, 120.0])
def test_cuts_on_a_steady_pulse_are_met_on_beats(bpm: float) -> None:
    times = [60 / bpm * k for k in (4, 9, 16, 22, 24, 33)]
    grid = grid_for(targets(times), times[-1] + 2)
    assert misses(grid, times).max() < 0.015


def test_irregular_cuts_are_met_at_least_on_sixteenths_and_mostly_on_beats() -> None:
    rng = np.random.default_rng(5)
    on_beat, on_slot = [], []
    for _ in range(4):
        times = np.cumsum(rng.uniform(1.5, 4.5, 9)).tolist()
        grid = grid_for(targets(times), times[-1] + 3)
        slots = grid.time_s(np.arange(4 * len(grid.beats_s)) / 4)
        on_beat += (misses(grid, times) < 0.04).tolist()
        on_slot += (np.abs(np.asarray(times)[:, None] - slots).min(axis=1) < 0.05).tolist()
    assert np.mean(on_beat) >= 0.6
    assert np.mean(on_slot) >= 0.97


def test_sections_get_downbeats_even_at_the_price_of_a_short_bar() -> None:
    times = [5.0, 11.0, 19.0]
    grid = grid_for(targets(times, "section", 2.0), 26.0)
    assert np.abs(np.asarray(times)[:, None] - grid.downbeats_s).min(axis=1).max() < 0.02


def test_a_picture_that_turns_every_three_beats_gets_a_waltz() -> None:
    beat = 60 / 96
    every_three = grid_for(targets([3 * beat * k for k in range(1, 14)], "section", 1.0), 27.0, bpm=(90, 102))
    every_four = grid_for(targets([4 * beat * k for k in range(1, 11)], "section", 1.0), 27.0, bpm=(90, 102))
    assert {bar.beats for bar in every_three.bars[:-1]} == {3}
    assert {bar.beats for bar in every_four.bars[:-1]} == {4}


def test_no_tempo_change_is_a_jolt() -> None:
    rng = np.random.default_rng(1)
    times = np.cumsum(rng.uniform(1.2, 5, 20)).tolist()
    intervals = np.diff(grid_for(targets(times), 70.0).beats_s)
    base = (intervals.min() + intervals.max()) / 2
    assert np.abs(intervals / base - 1).max() <= DEVIATION + 0.002
    assert np.abs(np.diff(intervals) / base).max() <= 0.0105


@pytest.mark.parametrize("bpm", [84.0, 108.0, 126.0])
def test_a_dancer_sets_tempo_and_phase(bpm: float) -> None:
    period = 60 / bpm
    rng = np.random.default_rng(2)
    times = (0.21 + period * np.arange(int(19 / period)) + rng.normal(0, 0.012, int(19 / period))).tolist()
    grid = grid_for(targets(times, "beat", 0.8), 20.0, DANCE, (78, 140))
    assert np.median(np.diff(grid.beats_s)) == pytest.approx(period, rel=0.01)
    assert (misses(grid, times) < 0.06).mean() == 1.0


def test_dense_cutting_gets_the_grid_that_explains_it() -> None:
    times = (np.arange(1, 30) * 0.5).tolist()
    grid = grid_for(targets(times, weight=0.4), 15.0)
    slots = grid.time_s(np.arange(2 * len(grid.beats_s)) / 2)
    assert np.abs(np.asarray(times)[:, None] - slots).min(axis=1).max() < 0.02


def test_a_picture_that_asks_for_nothing_gets_the_preferred_tempo_and_whole_bars() -> None:
    grid = grid_for(targets([]), 20.0)
    assert grid.bars[0].start_s == 0.0
    assert 60 / np.diff(grid.beats_s).mean() == pytest.approx(np.sqrt(66 * 132), rel=0.02)
    assert {bar.beats for bar in grid.bars[:-1]} == {4}


@pytest.mark.parametrize("duration_s", [0.5, 1.0, 1.4, 3.0])
def test_a_very_short_clip_still_gets_a_grid_within_it(duration_s: float) -> None:
    grid = grid_for(targets([]), duration_s)
    assert 0 <= grid.beats_s[-1] < duration_s
    assert grid.end_s >= duration_s - 1e-9


def test_the_grid_reaches_the_end_of_a_ten_minute_clip() -> None:
    times = np.arange(3.0, 600, 3.7).tolist()
    grid = grid_for(targets(times), 600.0, bpm=(90, 100))
    assert grid.end_s >= 600 - 1e-6
    assert grid.beats_s[-1] < 600
