"""A voice's own rhythm: what is kept of it in sparse and full bars, and how it bends to the picture."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from generators.grid import Accent, Bar, BeatGrid
from generators.plan import Plan
from generators.rhythm.band import Band, Part, read_band
from generators.rhythm.chords import Chord
from generators.rhythm.idiom import as_held, own_pulse, power_chords
from generators.rhythm.notes import Note
from generators.rhythm.pulse import Pulse, find_pulse
from generators.rhythm.timeline import Timeline
from generators.style import load_style
from tests.generators.plans import bars_of, make

PATTERN = "X..ox..oX..ox..o"


def player(role: str, *rhythms: str) -> tuple[Band, Part]:
    band = read_band(load_style("funk"))
    part = next(p for p in band.parts if p.voice.role == role)
    return band, replace(part, rhythms=rhythms)


def attacks_of(plan: Plan, role: str, *rhythms: str) -> Pulse:
    band, part = player(role, *rhythms)
    timeline = Timeline(plan)
    return own_pulse(timeline, part, find_pulse(timeline, band))


def test_bars_fill_with_the_weaker_strokes() -> None:
    bars = 8
    plan = make(bars_of([4] * bars, 100), [("A", "theme", bars)], density=list(np.linspace(0.05, 0.95, bars)))
    kept = [[a.slot for a in attacks] for attacks in attacks_of(plan, "chords", PATTERN).bars[:-1]]
    counts = [len(slots) for slots in kept]
    assert counts == sorted(counts)
    assert counts[0] < counts[-1]
    assert all({0, 8} <= set(slots) for slots in kept)
    assert set(kept[0]) <= {0, 4, 8, 12}
    assert set(kept[-1]) <= {slot for slot, char in enumerate(PATTERN) if char != "."}


def moving(slots: tuple[int, ...], density: float) -> Plan:
    """Four bars, on whose slots something moves a lot."""
    still = bars_of([4] * 4, 100)
    bars = tuple(
        Bar(bar.beats_s, 4, tuple(Accent(s, still.slot_time_s(b, s), 0.95, "accent") for s in slots))
        for b, bar in enumerate(still.bars)
    )
    return make(BeatGrid(bars, still.end_s), [("A", "theme", 4)], density=[density] * 4)


def test_a_stroke_beside_what_moves_goes_there() -> None:
    assert [a.slot for a in attacks_of(moving((5,), 0.1), "chords", "X...X...X...X...").bars[0]] == [
        0,
        5,
        8,
        12,
    ]


def test_only_a_figuration_answers_where_the_pattern_rests() -> None:
    plan = moving((6,), 0.9)
    assert 6 in [a.slot for a in attacks_of(plan, "arpeggio", "X...........X...").bars[0]]
    assert 6 not in [a.slot for a in attacks_of(plan, "chords", "X...........X...").bars[0]]


@pytest.mark.parametrize(("mode", "free"), [("film", True), ("dance", False)])
def test_a_film_has_air_before_a_heavy_hit(mode: str, free: bool) -> None:
    plan = make(
        bars_of([4] * 4, 100), [("A", "theme", 4)], mode=mode, density=[0.9] * 4, hits=[(1, 8, 1.0, "cut")]
    )
    slots = [a.slot for a in attacks_of(plan, "chords", "XXXXXXXXXXXXXXXX").bars[1]]
    assert (7 not in slots) == free
    assert 8 in slots


def test_two_voices_with_the_same_patterns_choose_the_same_one() -> None:
    plan = make(bars_of([4] * 8, 100), [("A", "theme", 4), ("B", "theme", 4)], density=[0.9] * 8)
    rows = ("X.x.X.x.X.x.X.x.", "X..xX..xX..xX..x", "X.....x.X.....x.")
    one, other = (attacks_of(plan, role, *rows) for role in ("chords", "bass"))
    assert one.bars == other.bars


def test_without_patterns_the_ensemble_is_followed() -> None:
    plan = make(bars_of([4] * 4, 100), [("A", "theme", 4)])
    band, part = player("chords")
    timeline = Timeline(plan)
    pulse = find_pulse(timeline, band)
    assert own_pulse(timeline, part, pulse) is pulse


def test_notes_are_held_for_their_share() -> None:
    _, part = player("bass")
    notes = [Note(0, 4, 40, 0.5), Note(8, 2, 45, 0.5)]
    assert [n.length for n in as_held(notes, replace(part, hold=0.5))] == [2, 1]
    assert as_held(notes, replace(part, hold=1.0)) == notes


def test_power_chords_are_root_fifth_and_octave() -> None:
    chords = [Chord(0, "maj", 0), Chord(11, "dim", 11), Chord(4, "min7", 7)]
    assert power_chords(chords, 40, 64) == [(48, 55, 60), (47, 59), (40, 47, 52)]
