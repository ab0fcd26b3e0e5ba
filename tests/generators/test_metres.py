"""In six-eight the band plays two dotted beats, and through a bar of 3/8 it keeps its pace."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from generators.grid import DOTTED_SLOTS, BeatGrid
from generators.plan import Plan
from generators.rhythm import compose
from generators.rhythm.band import read_band
from generators.rhythm.harmony import harmonise
from generators.rhythm.meter import fit_pattern, onsets
from generators.rhythm.timeline import Timeline, metric_weight
from generators.style import load_style
from tests.generators.plans import bars_of, make
from v2m.alignment.piece import read_midi
from v2m.midi import write_midi
from v2m.midi_reading import read_tracks

COMPOUND = ("waltz", "piano", "cinematic", "ambient")
BASS = {"waltz": "Basses", "piano": "Left hand", "cinematic": "Basses", "ambient": "Ground"}


def six_eight(style: str, density: float = 0.55) -> Plan:
    grid = bars_of([2] * 16, 66.0, slots_per_beat=3)
    form = [("A", "theme", 8), ("B", "theme", 8)]
    return make(grid, form, style=style, density=[density] * 16, loudness=[0.5] * 16)


def slots_played(plan: Plan, track: str | None = None) -> np.ndarray:
    """Int `[notes]`: the slot of its bar nearest to where each note starts."""
    grid = plan.grid
    places = [(grid.slot_time_s(b, s), s) for b, bar in enumerate(grid.bars) for s in range(bar.slots)]
    times_s, slots = np.array([t for t, _ in places]), np.array([s for _, s in places])
    tracks = [t for t in compose(plan).score.tracks if track in (None, t.name)]
    starts = np.array([note.start for t in tracks for note in t.notes])
    return slots[np.abs(starts[:, None] - times_s).argmin(axis=1)]


def test_an_eighth_of_a_dotted_beat_weighs_more_than_what_lies_between_eighths() -> None:
    assert [metric_weight(s, 2, 3) for s in range(6)] == [1.0, 0.25, 0.25, 0.7, 0.25, 0.25]
    assert [metric_weight(s, 1, DOTTED_SLOTS) for s in range(6)] == [1.0, 0.05, 0.25, 0.05, 0.25, 0.05]


def test_two_eighths_become_three_and_a_waltz_becomes_a_barcarolle() -> None:
    assert fit_pattern("X.o.x.x.X.o.x.x.", 2, 3) == "Xooxxx"
    assert onsets(fit_pattern("X...........", 2, 3)) == [0, 3]
    assert onsets(fit_pattern("....x...x...", 2, 3)) == [1, 2, 4, 5]
    assert fit_pattern("X...x.o.X...x...", 1, DOTTED_SLOTS) == "X...x."


@pytest.mark.parametrize("style", [style for style in COMPOUND if style != "waltz"])
def test_the_band_stresses_both_dotted_beats_and_plays_the_eighths_between(style: str) -> None:
    counts = np.bincount(slots_played(six_eight(style)), minlength=6)
    one, two, three, four, five, six = counts.tolist()
    assert min(one, four) > max(two, five)
    assert two + three + five + six > 0.05 * counts.sum()


@pytest.mark.parametrize("style", COMPOUND)
def test_the_bass_walks_in_dotted_beats(style: str) -> None:
    slots = slots_played(six_eight(style), BASS[style])
    assert len(slots) >= 12
    assert np.isin(slots, (0, 3)).mean() >= 0.7


def test_a_waltz_in_six_eight_answers_the_bass_on_the_eighths() -> None:
    plan = six_eight("waltz", density=0.7)
    counts = np.bincount(slots_played(plan, "After-beats"), minlength=6)
    after, on = counts[[1, 2, 4, 5]], counts[[0, 3]]
    assert (after[:2] > 2 * on.max()).all()
    assert after[2:].max() > 2 * on.max()


@pytest.mark.parametrize("style", COMPOUND)
def test_chords_change_on_dotted_beats(style: str) -> None:
    plan = six_eight(style)
    line = Timeline(plan)
    harmony = harmonise(line, read_band(load_style(style)))
    changes = {int(line.within_bar(span.start)[1]) for span in harmony.spans}
    assert changes <= {0, 3}


def with_dotted_bar(style: str) -> Plan:
    """Four bars of 4/4, one of 3/8, four of 4/4, at 96 bpm."""
    beat_s = 60 / 96
    head, tail = bars_of([4] * 4, 96.0), bars_of([4] * 4, 96.0, start_s=17.5 * beat_s)
    dotted = replace(bars_of([1], 64.0, start_s=16 * beat_s).bars[0], slots_per_beat=DOTTED_SLOTS)
    return make(BeatGrid((*head.bars, dotted, *tail.bars), tail.end_s), [("A", "theme", 9)], style=style)


@pytest.mark.parametrize("style", ["cinematic", "tense", "piano", "ambient", "rock", "hiphop"])
def test_music_goes_through_a_bar_of_three_eighths_at_its_own_pace(style: str) -> None:
    """Any style plays it, as a plan edited by hand may ask; nothing sounds between its sixteenths."""
    plan = with_dotted_bar(style)
    start_s, end_s = plan.grid.bars[4].start_s, plan.grid.bar_end_s(4)
    sixteenth_s = 60 / 96 / 4
    starts = np.array([note.start for track in compose(plan).score.tracks for note in track.notes])
    inside = starts[(starts > start_s - 0.04) & (starts < end_s - 0.08)]
    assert len(inside) >= 3
    off = (inside - start_s) / sixteenth_s
    assert (np.abs(off - off.round()) * sixteenth_s).max() < 0.06
    after = starts[np.abs(starts - end_s) < 0.07]
    assert len(after) >= 2


@pytest.mark.parametrize("style", ["cinematic", "piano"])
def test_a_bar_of_three_eight_is_read_back_as_it_was_written(style: str, tmp_path: Path) -> None:
    """By who keeps its tracks and by who scores its notes; and the tempo that is told is the pace."""
    plan = with_dotted_bar(style)
    path = write_midi(compose(plan), plan.grid, tmp_path / "dotted.mid")
    grid = read_tracks(path).grid
    assert grid is not None
    count = len(grid.bars)
    assert count >= 8
    assert [(b.beats, b.slots_per_beat) for b in grid.bars] == [
        (b.beats, b.slots_per_beat) for b in plan.grid.bars[:count]
    ]
    assert grid.beats_s == pytest.approx(plan.grid.beats_s[: len(grid.beats_s)], abs=1e-3)
    piece = read_midi(path)
    assert piece.beats_s == pytest.approx(plan.grid.beats_s[: len(piece.beats_s)], abs=1e-3)
    assert [plan.grid.tempo_bpm(b) for b in range(9)] == pytest.approx([96.0] * 9, abs=0.5)
