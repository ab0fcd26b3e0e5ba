"""The chance level itself: what is turned, how it is compared, and what music that knows nothing scores."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from v2m.alignment import chance, sync
from v2m.alignment.measure import Measure, beside_straw_men, measure_curve, measure_events, undefined
from v2m.alignment.onsets import SAMPLE_RATE, detect_onsets

CUTS_S = np.array([1.3, 3.1, 4.6, 7.9, 10.2, 12.55, 15.0, 18.4, 21.7, 25.1])


def test_what_cannot_be_turned_is_refused() -> None:
    with pytest.raises(ValueError, match="length"):
        chance.against_chance(len, np.array([1.0]), 0.0)
    with pytest.raises(ValueError, match="shift"):
        chance.against_chance(len, np.array([1.0]), 1.0, shifts=0)
    with pytest.raises(ValueError, match="one-dimensional"):
        chance.against_chance(len, np.zeros((2, 2)), 1.0)
    with pytest.raises(ValueError, match="tempo"):
        chance.metronome(1.0, 0.0)
    with pytest.raises(ValueError, match="not empty"):
        chance.curve_against_chance(np.sum, np.zeros(0))
    with pytest.raises(ValueError, match="shift"):
        chance.curve_against_chance(np.sum, np.ones(3), shifts=0)


def test_chance_of_a_single_event_is_its_share_of_the_circle() -> None:
    # One target, one event: a turn meets it only by coming round, never with shifts of 10-90 %.
    found = chance.against_chance(lambda e: sync.cut_hits(e, [5.0]), np.array([5.0]), 10.0)
    assert (found.score, found.mean, found.lift, found.p_value) == (1.0, 0.0, float("inf"), 0.0)
    assert found.gain == 1.0
    # An event that is nowhere near, and never comes there by this one turn.
    nothing = chance.compare(0.0, np.array([0.0]))
    assert math.isnan(nothing.lift)
    assert nothing.p_value == 1.0


def test_turning_is_circular_and_shifts_stay_in_their_range() -> None:
    assert chance.turn(np.array([1.0, 9.0]), 2.0, 10.0) == pytest.approx([1.0, 3.0])
    shifts = chance.draw_shifts(50.0)
    assert len(shifts) == 60
    assert shifts.min() >= 5.0
    assert shifts.max() <= 45.0
    assert (shifts == chance.draw_shifts(50.0)).all()


def test_turns_without_a_score_do_not_count() -> None:
    found = chance.compare(0.5, np.array([np.nan, 0.25, 0.75]), ratio=False)
    assert (found.mean, found.p_value) == (0.5, 0.5)
    assert math.isnan(found.lift)
    empty = chance.compare(0.5, np.array([np.nan]))
    assert all(math.isnan(value) for value in (empty.mean, empty.lift, empty.p_value, empty.gain))


def test_a_curve_is_turned_by_whole_steps_within_its_range() -> None:
    curve = np.arange(50.0)
    firsts: set[float] = set()

    def score(turned):
        assert sorted(turned) == sorted(curve)
        firsts.add(float(turned[0]))
        return float(turned[0] == 0.0)

    found = chance.curve_against_chance(score, curve)
    assert (found.score, found.mean, found.p_value) == (1.0, 0.0, 0.0)
    assert min(firsts - {0.0}) >= 5
    assert max(firsts) <= 45


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(-20.0, 20.0))
def test_shifting_both_by_the_same_time_changes_no_score(seed: int, by_s: float) -> None:
    rng = np.random.default_rng(seed)
    onsets = np.round(np.sort(rng.uniform(0, 60, 90)), 3)
    cuts = np.round(np.sort(rng.uniform(0, 60, 25)), 3)
    by_s = round(by_s, 3)
    assert sync.cut_hits(onsets, cuts) == sync.cut_hits(onsets + by_s, cuts + by_s)
    assert sync.section_match(onsets, cuts) == sync.section_match(onsets + by_s, cuts + by_s)
    frame_s = 1 / 29.97
    assert sync.av_align(onsets, cuts, frame_s=frame_s) == sync.av_align(
        onsets + by_s, cuts + by_s, frame_s=frame_s
    )


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_music_turned_at_random_lifts_nothing(seed: int) -> None:
    """Onsets on the cuts lift far above 1; the same onsets turned anywhere have a lift of about 1."""
    rng = np.random.default_rng(seed)
    cuts = np.sort(rng.uniform(0, 600, 300))
    onsets = np.sort(np.concatenate([cuts, rng.uniform(0, 600, 600)]))

    def lift(events) -> float:
        return chance.against_chance(lambda e: sync.cut_hits(e, cuts), events, 600.0, seed=seed % 97).lift

    assert lift(onsets) > 3
    turned = [lift(chance.turn(onsets, rng.uniform(60, 540), 600.0)) for _ in range(6)]
    # The standard error of one lift is about 0.08.
    assert np.mean(turned) == pytest.approx(1.0, abs=0.15)


def test_dense_music_scores_high_and_lifts_nothing() -> None:
    """The reason for the lift: eight notes a second meet every cut, wherever they are."""
    found = chance.against_chance(lambda e: sync.cut_hits(e, CUTS_S), np.arange(0, 28, 0.125), 28.0)
    assert found.score == 1.0
    assert found.lift == pytest.approx(1.0, abs=0.01)


def test_straw_men_know_nothing() -> None:
    men = {name: chance.straw_man(name, 28.0, 120.0) for name in chance.STRAW_MEN}
    with pytest.raises(ValueError, match="silence, noise, metronome"):
        chance.straw_man("hum", 28.0, 120.0)
    assert {len(samples) for samples in men.values()} == {28 * SAMPLE_RATE}
    assert detect_onsets(men["silence"]).size == 0
    beats = detect_onsets(men["metronome"])
    assert np.diff(beats) == pytest.approx(np.full(len(beats) - 1, 0.5), abs=0.03)
    noise = chance.against_chance(lambda e: sync.cut_hits(e, CUTS_S), detect_onsets(men["noise"]), 28.0)
    assert noise.lift < 1.6
    assert 20 * np.log10(men["noise"].std()) == pytest.approx(-20, abs=0.1)


def test_a_measure_is_beside_its_straw_men_by_task_and_name() -> None:
    ours = (Measure("sync", "cut_hits", 0.9), Measure("sync", "av_align", 0.2))
    theirs = {
        "silence": (undefined("sync", "cut_hits", "no onset"),),
        "metronome": (Measure("beats", "cut_hits", 0.7), Measure("sync", "cut_hits", 0.5)),
    }
    cut_hits, av_align = beside_straw_men(ours, theirs)
    assert cut_hits.straw["metronome"] == 0.5
    assert math.isnan(cut_hits.straw["silence"])
    assert math.isnan(av_align.straw["metronome"])


def test_no_shifts_no_chance_level() -> None:
    events = measure_events("sync", "x", lambda e: 0.5, np.array([1.0]), 9.0, shifts=0, seed=0, count=3)
    assert (events.score, events.chance, events.count) == (0.5, None, 3)
    curve = measure_curve("curves", "x", lambda e: 0.5, np.arange(9.0), shifts=0, seed=0)
    assert (curve.score, curve.chance) == (0.5, None)
    with pytest.raises(ValueError, match="does not say why"):
        Measure("sync", "x", math.nan)
