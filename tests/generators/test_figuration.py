"""The figuration keeps a figure for a phrase, and bends it where the picture asks."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from generators.grid import Accent, Bar, BeatGrid
from generators.plan import Plan
from generators.rhythm import compose
from generators.rhythm.band import read_band
from generators.rhythm.figuration import usual_movement
from generators.rhythm.pulse import Pulse, find_pulse
from generators.rhythm.timeline import Timeline
from generators.style import load_style
from tests.generators.plans import bars_of, make

FIGURE = (2, 6, 10, 14)


def moving(asked: list[dict[int, float]], density: float = 0.8) -> Plan:
    """A theme on whose bars something moves on the slots asked for, slot → weight."""
    still = bars_of([4] * len(asked), 90)
    bars = tuple(
        Bar(bar.beats_s, 4, tuple(Accent(s, still.slot_time_s(b, s), w, "accent") for s, w in slots.items()))
        for b, (bar, slots) in enumerate(zip(still.bars, asked, strict=True))
    )
    grid = BeatGrid(bars, still.end_s)
    return make(grid, [("A", "theme", len(asked))], density=[density] * len(asked))


def pulse_of(plan: Plan) -> Pulse:
    return find_pulse(Timeline(plan), read_band(load_style("cinematic")))


def restless(bars: int) -> Plan:
    """A picture that always moves, somewhere else in every bar, and on the figure most of the time."""
    rng = np.random.default_rng(5)
    asked = []
    for _ in range(bars):
        usual = {s: 0.1 for s in FIGURE if rng.random() < 0.7}
        asked.append(usual | {int(s): 0.02 for s in rng.choice(16, 3, replace=False) if s not in usual})
    return moving(asked)


def likeness(patterns: list[set[int]]) -> float:
    return float(np.mean([1 - len(a ^ b) / 16 for a, b in pairwise(patterns)]))


def test_bars_of_a_phrase_are_more_alike_than_what_moves_in_them() -> None:
    plan = restless(8)
    pulse = pulse_of(plan)
    played = [{a.slot for a in bar} for bar in pulse.bars[:-1]]
    moved = [{a.slot for a in bar.accents} for bar in plan.grid.bars[:-1]]
    assert likeness(played) > likeness(moved) + 0.1


def test_what_moves_much_is_answered_whatever_the_figure() -> None:
    asked = [dict.fromkeys(FIGURE, 0.05) for _ in range(4)]
    asked[1] = asked[1] | {13: 0.9}
    asked[1].pop(14)
    assert 13 in {a.slot for a in pulse_of(moving(asked)).bars[1]}


def test_a_place_of_the_figure_where_nothing_moves_is_played_softly() -> None:
    figure = (3, 7, 11, 15)
    asked = [dict.fromkeys(figure, 0.5) for _ in range(4)]
    asked[1] = {3: 0.5, 7: 0.5, 11: 0.5, 1: 0.0001}
    plan = moving(asked, density=0.6)
    kept = [a for a in pulse_of(plan).bars[1] if a.light and a.moved == 0]
    assert [a.slot for a in kept] == [15]
    music = compose(plan)
    harp = next(k for k, voice in enumerate(music.voices) if voice.role == "arpeggio")
    notes = music.score.tracks[harp].notes

    def loudest(bar: int, slot: int) -> int:
        at = plan.grid.slot_time_s(bar, slot)
        return max(n.velocity for n in notes if abs(n.time - at) < 0.05)

    assert loudest(1, 15) < loudest(2, 15) - 4


def test_nothing_is_added_to_a_bar_in_which_little_moves() -> None:
    asked = [dict.fromkeys(FIGURE, 0.1) for _ in range(4)]
    asked[2] = {}
    assert not any(a.light for a in pulse_of(moving(asked)).bars[2])


def test_a_phrase_is_not_swayed_by_bars_of_other_metres() -> None:
    plan = moving([{2: 0.5}] * 4)
    usual = usual_movement(plan.sections, [np.ones(16), np.zeros(8), np.zeros(16), np.zeros(16)])
    assert [len(u) for u in usual] == [16, 8, 16, 16]
    assert usual[0].max() == usual[2].max() == 1 / 3
    assert usual[1].max() == 0
