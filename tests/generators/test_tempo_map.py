"""The tempo map meets the picture, and a listener hears no jolt."""

from __future__ import annotations

import numpy as np
import pytest

from generators.grid import BeatGrid
from generators.targets import EDITED_SECTION, Targets
from generators.tempo_map import AROUND_HOME, DANCE, DEVIATION, FILM, Costs, find_grid


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


def test_irregular_cuts_are_met_on_sixteenths_and_nearly_all_on_beats() -> None:
    on_beat, on_slot = [], []
    for seed in range(6):
        times = np.cumsum(np.random.default_rng(seed).uniform(1.5, 4.5, 14)).tolist()
        grid = grid_for(targets(times), times[-1] + 3)
        slots = grid.time_s(np.arange(4 * len(grid.beats_s)) / 4)
        on_beat += (misses(grid, times) < 0.08).tolist()
        on_slot += (np.abs(np.asarray(times)[:, None] - slots).min(axis=1) < 0.05).tolist()
    assert np.mean(on_beat) >= 0.85
    assert np.mean(on_slot) >= 0.97


def test_sections_get_downbeats_even_at_the_price_of_a_short_bar() -> None:
    times = [5.0, 11.0, 19.0]
    grid = grid_for(targets(times, "section", 2.0), 26.0)
    assert np.abs(np.asarray(times)[:, None] - grid.downbeats_s).min(axis=1).max() < 0.02


def test_cuts_half_a_beat_off_get_a_bar_of_three_eighths_where_the_style_has_it() -> None:
    """At a fixed tempo, four cuts on the beat, then four on what was between beats."""
    beat = 60 / 100
    times = [4 * beat, 7 * beat, 11 * beat, 13 * beat, 17.5 * beat, 20.5 * beat, 24.5 * beat, 27.5 * beat]

    def grid_at(dotted_bars: bool) -> BeatGrid:
        return find_grid(
            targets(times),
            20.0,
            tempo_bpm=(99, 101),
            prefer_bpm=100,
            metres=(4,),
            dotted_bars=dotted_bars,
            costs=FILM,
        )

    grid = grid_at(True)
    (dotted,) = [number for number, bar in enumerate(grid.bars) if bar.dotted]
    bar = grid.bars[dotted]
    length_s = grid.bar_end_s(dotted) - bar.start_s
    assert length_s == pytest.approx(1.5 * beat, rel=0.05)
    assert 13 * beat - 0.1 < bar.start_s < 17 * beat
    assert misses(grid, times).max() < 0.08
    # Its six sixteenths keep the pace of the others.
    steps = np.diff([grid.slot_time_s(dotted, slot) for slot in range(bar.slots + 1)])
    assert len(steps) == 6
    assert np.abs(steps * 4 / beat - 1).max() < 0.06
    assert not any(bar.dotted for bar in grid_at(False).bars)
    assert misses(grid_at(False), times).max() > 0.08


def test_cuts_on_a_pulse_get_no_irregular_bar() -> None:
    beat = 60 / 100
    times = [beat * k for k in (4, 7, 12, 14, 20, 23, 29, 32, 36)]
    grid = find_grid(
        targets(times), 24.0, tempo_bpm=(70, 130), prefer_bpm=100, metres=(4, 3), dotted_bars=True, costs=FILM
    )
    assert {bar.slots for bar in grid.bars[1:-1]} == {16}


def test_a_picture_that_turns_every_three_beats_gets_a_waltz() -> None:
    beat = 60 / 96
    every_three = grid_for(targets([3 * beat * k for k in range(1, 14)], "section", 1.0), 27.0, bpm=(90, 102))
    every_four = grid_for(targets([4 * beat * k for k in range(1, 11)], "section", 1.0), 27.0, bpm=(90, 102))
    assert {bar.beats for bar in every_three.bars[:-1]} == {3}
    assert {bar.beats for bar in every_four.bars[:-1]} == {4}


def test_no_tempo_change_within_a_section_is_a_jolt() -> None:
    times = np.cumsum(np.random.default_rng(1).uniform(1.2, 5, 20)).tolist()
    beats = grid_for(targets(times), 70.0).beats_s
    intervals = np.diff(beats)
    change = np.abs(np.diff(intervals)) / np.minimum(intervals[1:], intervals[:-1])
    # At a cut that stands alone the tempo may give way, by as much as a conductor would.
    at_cut = np.abs(beats[1:-1, None] - np.array(times)).min(axis=1) < 0.05
    assert change[~at_cut].max() <= 0.0105
    assert 0.03 < change.max() <= FILM.most_yield / (1 - FILM.most_yield) + 0.0105
    assert np.abs(intervals / np.median(intervals) - 1).max() <= (1 + AROUND_HOME) * (1 + DEVIATION) - 1


def test_the_tempo_turns_and_breathes_where_a_section_begins_and_yields_at_a_cut_alone() -> None:
    """Sections of 11 beats at 96 bpm and of 13 at 106: no single tempo has both."""
    slow, fast = 60 / 96, 60 / 106
    starts = np.cumsum([12 * slow, 16 * fast, 12 * slow + 0.2, 16 * fast]).tolist()
    within = [starts[0] + 4 * fast, starts[0] + 8 * fast, starts[1] + 4 * slow, starts[2] + 8 * fast]
    found = targets([*starts, *within])
    found = Targets(
        np.sort(found.times_s),
        np.where(np.isin(np.sort(found.times_s), starts), EDITED_SECTION, 1.0),
        tuple("section" if t in starts else "cut" for t in np.sort(found.times_s)),
    )
    grid = grid_for(found, starts[-1] + 6)
    assert np.abs(np.array(starts)[:, None] - grid.downbeats_s).min(axis=1).max() < 0.03
    assert misses(grid, within).max() < 0.06
    intervals = np.diff(grid.beats_s)
    jolts = grid.beats_s[1:-1][np.abs(np.diff(intervals)) / intervals.min() > 0.0105]
    assert len(jolts)
    jolts = jolts[np.abs(jolts[:, None] - np.array(within)).min(axis=1) > 0.05]
    # A breath is a jolt on both sides of the held beat: at the boundary and one beat before it.
    assert all(
        -0.03 < start - jolt < 1.1
        for jolt in jolts
        for start in [min(starts, key=lambda s: abs(s - jolt - 0.4))]
    )


def test_a_picture_that_moves_in_threes_gets_six_eight() -> None:
    third = 60 / 80 / 3
    thirds = [k * third for k in range(1, 90) if k % 6]
    bars = [6 * k * third for k in range(1, 15)]
    times = np.array(sorted([*thirds, *bars]))
    heavy = np.isin(times, bars)
    found = Targets(times, np.where(heavy, 1.0, 0.3), tuple("cut" if h else "accent" for h in heavy))
    grids = {
        m: find_grid(found, 23.0, tempo_bpm=(70, 90), prefer_bpm=80, metres=m, costs=FILM)
        for m in ((4, 6), (4, 3))
    }
    six_eight = grids[4, 6]
    assert {(bar.beats, bar.slots_per_beat) for bar in six_eight.bars[1:-1]} == {(2, 3)}
    slots = six_eight.time_s(np.arange(3 * len(six_eight.beats_s)) / 3)
    assert np.abs(times[:, None] - slots).min(axis=1).max() < 0.03
    assert {bar.slots_per_beat for bar in grids[4, 3].bars} == {4}


@pytest.mark.parametrize("bpm", [84.0, 108.0, 126.0])
def test_a_dancer_sets_tempo_and_phase(bpm: float) -> None:
    period = 60 / bpm
    rng = np.random.default_rng(2)
    times = (0.21 + period * np.arange(int(19 / period)) + rng.normal(0, 0.012, int(19 / period))).tolist()
    grid = grid_for(targets(times, "beat", 0.8), 20.0, DANCE, (78, 140))
    assert np.median(np.diff(grid.beats_s)) == pytest.approx(period, rel=0.01)
    assert (misses(grid, times) < 0.06).mean() == 1.0


@pytest.mark.parametrize("drift", [0.06, -0.06])
def test_the_tempo_follows_a_dancer_who_drifts(drift: float) -> None:
    """A minute that ends 6 % faster or slower than it began, rests seen 15 ms off and one in eight unseen."""
    rng = np.random.default_rng(4)
    intervals = 60 / 112 / np.linspace(1, 1 + drift, 110)
    beats_s = 0.35 + np.cumsum(intervals)
    seen = beats_s[rng.random(len(beats_s)) > 0.125]
    grid = grid_for(
        targets((seen + rng.normal(0, 0.015, len(seen))).tolist(), "beat", 0.8), 60.0, DANCE, (78, 140)
    )
    inside = beats_s[beats_s < grid.beats_s[-1]]
    assert (misses(grid, inside.tolist()) < 0.06).mean() >= 0.98
    early, late = (np.mean(part) for part in np.array_split(np.diff(grid.beats_s), 10)[::9])
    assert early / late == pytest.approx(1 + 0.9 * drift, abs=0.012)


@pytest.mark.parametrize("seed", range(3))
def test_dense_cutting_gets_the_grid_that_explains_it(seed: int) -> None:
    """Two cuts a second, a third of them missing, and some that belong to no grid."""
    rng = np.random.default_rng(seed)
    pulse = np.arange(1, 60) * 0.5
    pulse = pulse[rng.random(len(pulse)) > 0.33]
    stray = rng.uniform(1, 29, 5)
    times = np.sort(np.concatenate([pulse, stray]))
    grid = grid_for(targets(times.tolist(), weight=0.4), 30.0)
    eighths = grid.time_s(np.arange(2 * len(grid.beats_s)) / 2)
    assert np.abs(pulse[:, None] - eighths).min(axis=1).max() < 0.03
    assert np.median(np.diff(grid.beats_s)) == pytest.approx(0.5, rel=0.01)


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


def test_a_long_clip_is_covered_to_its_end_and_is_the_same_however_it_is_divided(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    times = np.arange(3.0, 240, 3.7).tolist()
    grid = grid_for(targets(times), 240.0, bpm=(90, 100))
    assert grid.end_s >= 240 - 1e-6
    assert grid.beats_s[-1] < 240
    monkeypatch.setattr("generators.beat_paths.STRETCH", 5000)
    assert grid_for(targets(times), 240.0, bpm=(90, 100)) == grid
