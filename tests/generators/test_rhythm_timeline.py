"""When slots sound, patterns in other metres, and held notes that follow the loudness curve."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from generators.plan import Plan
from generators.rhythm import compose
from generators.rhythm.meter import fit_pattern, onsets
from generators.rhythm.swells import swells
from generators.rhythm.timeline import Timeline, metric_weight
from tests.generators.plans import bars_of, compound, film, make, odd, waltz, with_accents


@pytest.mark.parametrize(
    "plan", [film(), odd(), compound(), waltz()], ids=["film", "odd", "compound", "waltz"]
)
def test_every_slot_sounds_when_the_grid_says(plan: Plan) -> None:
    line = Timeline(plan)
    for b, bar in enumerate(plan.grid.bars):
        for slot in range(bar.slots):
            at = int(line.first_slot[b]) + slot
            assert line.seconds(at) == pytest.approx(plan.grid.played_time_s(b, slot), abs=1e-9)
            assert line.bar_of(at) == b
    assert (np.diff(line.played_s) > 0).all()
    assert line.played_s[line.final_slot] == pytest.approx(plan.final_s, abs=1e-9)


def test_swing_is_a_triplet_off_the_beat_and_leaves_what_moves_alone() -> None:
    grid = bars_of([4] * 2, 60)
    plan = make(grid, [("A", "theme", 2)])
    eighths = Timeline(plan, 1.0, "eighth")
    assert [eighths.seconds(s) for s in (0, 2, 4, 6)] == pytest.approx([0, 2 / 3, 1, 5 / 3])
    sixteenths = Timeline(plan, 1.0, "sixteenth")
    assert [sixteenths.seconds(s) for s in (0, 1, 2, 3)] == pytest.approx([0, 1 / 3, 1 / 2, 5 / 6])
    assert (np.diff(eighths.played_s) > 0).all()
    moved = with_accents(grid, 16)
    swung = Timeline(make(moved, [("A", "theme", 2)]), 1.0, "eighth")
    assert swung.seconds(2) == pytest.approx(moved.played_time_s(0, 2))


def test_the_downbeat_weighs_most_and_the_half_bar_next() -> None:
    four = [metric_weight(s, 4, 4) for s in range(16)]
    assert four[0] > four[8] > four[4] == four[12] > four[2] > four[1]
    three = [metric_weight(s, 3, 4) for s in range(12)]
    assert three[0] > three[4] == three[8]


@pytest.mark.parametrize(
    ("beats", "per"), [(2, 4), (3, 4), (5, 4), (6, 4), (7, 4), (4, 3), (2, 3), (1, 4), (1, 6)]
)
def test_patterns_fit_any_metre(beats: int, per: int) -> None:
    kick, snare = (fit_pattern(p, beats, per) for p in ("X.......x.......", "....x.......x..."))
    assert len(kick) == len(snare) == beats * per
    assert kick[0] == "X"
    assert 0 not in onsets(snare)
    assert not set(onsets(kick)) & set(onsets(snare))
    assert beats == 1 or onsets(snare)


def test_held_notes_swell_with_the_loudness_curve() -> None:
    plan = film(loudness=[0.2] * 10 + [0.9] * 12)
    times_s, values = swells(Timeline(plan))
    assert (np.diff(times_s) >= 0).all()
    assert ((values >= 0) & (values <= 127)).all()
    step_s = plan.grid.bars[10].start_s
    quiet, build = (
        (times_s < plan.grid.bars[9].start_s),
        (times_s >= plan.grid.bars[9].start_s) & (times_s < step_s),
    )
    assert values[times_s >= step_s].min() > values[quiet].max() + 20
    assert (np.diff(values[build]) >= 0).all()
    assert values[build].max() > values[quiet].max()
    music = compose(plan)
    for track, voice in zip(music.score.tracks, music.voices, strict=True):
        # Whoever bows or blows the last chord lets it die; before it only held parts swell.
        before = [control for control in track.controls if control.time < plan.final_s - 0.1]
        assert bool(before) == (voice.role in ("pad", "counter"))


def test_a_curve_edited_by_hand_is_heard() -> None:
    plan = film()
    quiet = replace(plan, curves=replace(plan.curves, loudness=(0.1,) * len(plan.grid.bars)))
    loud = replace(plan, curves=replace(plan.curves, loudness=(0.9,) * len(plan.grid.bars)))
    means = [
        np.mean(np.concatenate([t.notes.numpy()["velocity"] for t in compose(p).score.tracks]))
        for p in (quiet, loud)
    ]
    assert means[1] > means[0] + 30
