"""Where it fits and how late it is: planted offsets are found, and the score falls as they grow."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.v2m.alignment.sounds import RATE, clicks, tone
from v2m.alignment import local
from v2m.alignment.attacks import attacks
from v2m.alignment.onsets import detect_onsets
from v2m.alignment.trains import Train, pairs

OFFSETS_S = (0.0, 0.04, 0.08, 0.16, 0.32)


def planted(late_s: float, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, float]:
    """Accents, and music that plays them late, a little loosely, among two other notes for each."""
    rng = np.random.default_rng(seed)
    accents = np.cumsum(rng.uniform(0.7, 2.2, 30))
    duration_s = float(accents[-1]) + 1.5
    others = rng.uniform(0, duration_s, 60)
    played = accents + rng.normal(0, 0.008, 30) + late_s
    times, strengths = np.concatenate([played, others]), np.concatenate([np.ones(30), np.full(60, 0.5)])
    order = np.argsort(times)
    return times[order], strengths[order], accents, rng.uniform(0.4, 1.0, 30), duration_s


@pytest.mark.parametrize("seed", range(3))
def test_planted_offsets_are_found_and_the_score_falls(seed: int) -> None:
    scores = []
    for late_s in OFFSETS_S:
        onsets, strengths, accents, weights, duration_s = planted(late_s, seed)
        given_ = {"onset_strengths": strengths, "accent_strengths": weights}
        score, lag = local.evaluate(onsets, accents, duration_s, **given_)
        scores.append(score.score)
        assert lag.score == pytest.approx(late_s, abs=0.01)
        assert lag.details["lag_p"] == 0.0
        curve = local.local_alignment(onsets, accents, duration_s, **given_)
        assert np.abs(curve.lag_s - late_s).max() < 0.02
        assert curve.lag_known.mean() > 0.6
    assert (np.diff(scores) < -0.02).all()


def test_planted_offsets_are_heard_in_the_sound() -> None:
    """From samples: detected onsets name a frame of 23 ms, their attacks the millisecond."""
    rng = np.random.default_rng(3)
    accents = np.cumsum(rng.uniform(0.6, 1.6, 25))
    levels = rng.uniform(0.2, 0.8, 25)
    scores = []
    for late_s in OFFSETS_S:
        samples = clicks(accents + late_s, 32.0, levels=levels)
        onsets, strengths = attacks(samples, detect_onsets(samples))
        assert len(onsets) == 25
        assert np.abs(onsets - accents - late_s).max() < 0.006
        assert strengths == pytest.approx(levels / levels.max(), abs=0.05)
        score, lag = local.evaluate(onsets, accents, 32.0, onset_strengths=strengths, accent_strengths=levels)
        assert lag.score == pytest.approx(late_s, abs=0.008)
        scores.append(score.score)
    assert (np.diff(scores) < -0.03).all()
    assert scores[0] > 0.99


def test_a_lag_longer_than_half_a_beat_is_told_by_the_ends() -> None:
    accents = np.arange(0.5, 29.5, 0.5)
    for late_s in OFFSETS_S:
        curve = local.local_alignment(accents + late_s, accents, 30.0)
        assert np.abs(curve.lag_s - late_s).max() < 0.02
        # Turned by some beats, a metronome is as much in time as before.
        assert curve.lag_known[5:25].mean() < 0.3


def test_the_curve_sees_where_the_music_fits_and_where_it_does_not() -> None:
    """On the accents for 30 s, anywhere for 30 s, then 120 ms late."""
    rng = np.random.default_rng(4)
    accents = np.cumsum(rng.uniform(0.5, 1.5, 90))
    duration_s = float(accents[-1])
    first, second = accents[30], accents[60]
    loose = np.sort(rng.uniform(first, second, 30))
    music = np.concatenate([accents[:30], loose, accents[60:] + 0.12])
    curve = local.local_alignment(music, accents, duration_s)
    fits, random, late = (
        curve.times_s < first - 4,
        (curve.times_s > first + 4) & (curve.times_s < second - 4),
        curve.times_s > second + 4,
    )
    assert curve.gain[fits].min() > 0.3
    assert np.median(curve.gain[random]) < 0.15
    assert curve.p_value[fits].max() < 0.05
    assert np.abs(curve.lag_s[fits]).max() < 0.005
    assert np.abs(curve.lag_s[late] - 0.12).max() < 0.01
    assert curve.lag_known[fits | late].all()
    assert curve.lag_known[random].mean() < 0.4


def test_a_drift_is_followed() -> None:
    rng = np.random.default_rng(5)
    accents = np.cumsum(rng.uniform(0.4, 1.2, 75))
    duration_s = float(accents[-1]) + 1
    curve = local.local_alignment(accents * 1.004 - 0.1, accents, duration_s)
    assert curve.lag_s == pytest.approx(curve.times_s * 0.004 - 0.1, abs=0.02)


# Empty, invalid, perfect


def test_empty_trains_score_0_with_a_warning() -> None:
    for onsets, accents in (([], [1.0]), ([1.0], []), ([], [])):
        with pytest.warns(UserWarning, match="empty"):
            assert local.accent_alignment(onsets, accents) == 0.0
        with pytest.warns(UserWarning, match="empty"):
            assert math.isnan(local.lag(onsets, accents))
    with pytest.warns(UserWarning, match="empty"):
        assert local.accent_alignment([1.0], [1.0], onset_strengths=[0.0]) == 0.0


def test_nothing_to_meet_is_undefined_and_nothing_that_meets_is_0() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        still = local.evaluate([1.0], [], 9.0)
        silent = local.evaluate([], [1.0, 4.0], 9.0)
        far = local.evaluate([8.0], [2.0], 9.0, shifts=0)
    assert [m.name for m in still] == ["accent_alignment", "lag"]
    assert all(math.isnan(m.score) and m.note and m.count == 0 for m in still)
    assert (silent[0].score, silent[0].chance.mean) == (0.0, 0.0)
    assert math.isnan(silent[1].score)
    assert (far[0].score, far[0].chance) == (pytest.approx(0.0), None)
    assert math.isnan(far[1].score)


def test_windows_without_events_say_nothing() -> None:
    curve = local.local_alignment([1.0, 2.0, 30.0], [1.0, 2.0, 15.0], 40.0, shifts=5)
    said = ~np.isnan(curve.score)
    assert said[:5].all()
    assert not said[12:].any()
    assert np.isnan(curve.lag_s[~said]).all()
    assert np.isnan(curve.chance[~said]).all()
    assert np.isnan(local.local_alignment([1.0], [1.0], 9.0, shifts=0).chance).all()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (([[1.0]], [1.0]), "one-dimensional"),
        (([2.0, 1.0], [1.0]), "decrease"),
        (([np.nan], [1.0]), "finite"),
        (([1.0], [1.0], [1.0, 2.0]), "as many"),
        (([1.0], [1.0], [-1.0]), "negative"),
        (([1.0], [1.0], [np.inf]), "finite"),
    ],
)
def test_what_cannot_be_trains_is_refused(arguments, words) -> None:
    with pytest.raises(ValueError, match=words):
        local.validate(*arguments)


def test_lengths_that_are_none_are_refused() -> None:
    with pytest.raises(ValueError, match="sigma_s"):
        local.accent_alignment([1.0], [1.0], sigma_s=0.0)
    with pytest.raises(ValueError, match="positive"):
        local.lag([1.0], [1.0], most_lag_s=0.0)
    with pytest.raises(ValueError, match="positive"):
        local.local_alignment([1.0], [1.0], 0.0)
    with pytest.raises(ValueError, match="length"):
        local.evaluate([1.0], [1.0], math.nan)


def test_the_same_train_scores_1_and_golden_by_hand() -> None:
    times = [1.0, 2.0, 3.5]
    assert local.accent_alignment(times, times) == pytest.approx(1.0, abs=1e-12)
    # Strengths matter by their ratios alone.
    loud = local.accent_alignment(
        times, times, onset_strengths=[0.1, 0.2, 0.3], accent_strengths=[10, 20, 30]
    )
    assert loud == pytest.approx(1.0, abs=1e-12)
    # One of two onsets on the one accent: cos = 1 / √2, the other 10 s away.
    assert local.accent_alignment([1.0, 11.0], [1.0]) == pytest.approx(math.sqrt(0.5), abs=1e-12)
    # 120 ms off is one standard deviation.
    assert local.accent_alignment([1.12], [1.0]) == pytest.approx(math.exp(-0.5), abs=1e-12)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(-9.0, 9.0), st.floats(-0.3, 0.3))
def test_moving_both_changes_nothing_and_moving_one_is_its_lag(seed, by_s, late_s) -> None:
    rng = np.random.default_rng(seed)
    accents, weights = np.sort(rng.uniform(0, 60, 40)), rng.uniform(0.1, 1, 40)
    music, strengths = np.sort(rng.uniform(0, 60, 80)), rng.uniform(0.1, 1, 80)
    given_ = {"onset_strengths": strengths, "accent_strengths": weights}
    here = local.accent_alignment(music, accents, **given_)
    assert here == pytest.approx(local.accent_alignment(music + by_s, accents + by_s, **given_), abs=1e-9)
    assert 0.0 <= here <= 1.0
    found = local.lag(accents + late_s, accents, onset_strengths=weights, accent_strengths=weights)
    assert found == pytest.approx(late_s, abs=0.003)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(0, 9), max_size=12), st.lists(st.floats(0, 9), max_size=12), st.floats(0.01, 3))
def test_pairs_are_all_that_lie_near(first, second, reach_s) -> None:
    a, b = np.sort(np.array(first)), np.sort(np.array(second))
    i, j, apart = pairs(a, b, reach_s)
    slack = 1e-9
    near = np.abs(a[:, None] - b[None, :])
    assert set(zip(i.tolist(), j.tolist(), strict=True)) >= set(
        map(tuple, np.argwhere(near < reach_s - slack))
    )
    assert (np.abs(apart) <= reach_s + slack).all()
    assert apart == pytest.approx(a[i] - b[j])


def test_local_lags_are_those_of_the_faded_trains_one_by_one() -> None:
    """The fast sums over pairs, against fading both trains by hand in one window."""
    rng = np.random.default_rng(6)
    music = Train.of(np.sort(rng.uniform(0, 20, 50)), rng.uniform(0.2, 1, 50))
    picture = Train.of(np.sort(rng.uniform(0, 20, 20)), rng.uniform(0.2, 1, 20))
    middles = np.arange(0.0, 21.0)
    grid = local.LagGrid(0.4, 0.005, 0.03)
    fine = music.local_lags(picture, grid, middles, 6.0)
    cosine = music.local_cosine(picture, 0.12, middles, 6.0)

    def faded(train: Train) -> Train:
        off = train.times_s - 11.0
        fade = np.where(np.abs(off) < 3, 0.5 + 0.5 * np.cos(2 * np.pi * off / 6), 0.0)
        return Train(train.times_s, train.strengths * fade)

    a, b = faded(music), faded(picture)
    assert cosine[11] == pytest.approx(a.cosine(b, 0.12), abs=1e-9)
    for step in (0, 40, 80, 130):
        moved = Train(b.times_s + grid.lags_s[step], b.strengths)
        assert fine[11, step] == pytest.approx(a.cosine(moved, 0.03), abs=2e-3)


# Attacks


def test_attacks_of_tones_that_set_in_at_once_and_slowly() -> None:
    starts = np.array([0.5, 1.21, 1.987, 2.7])
    samples = np.zeros(4 * RATE, np.float32)
    for start, pitch in zip(starts, (57, 60, 64, 69), strict=True):
        note = tone([pitch], 0.5) * np.exp(-np.arange(RATE // 2) / RATE / 0.12).astype(np.float32)
        first = round(start * RATE)
        samples[first : first + len(note)] += note
    times, strengths = attacks(samples, starts + np.array([0.02, -0.02, 0.03, 0.0]))
    # The tones fade in within 10 ms.
    assert times == pytest.approx(starts + 0.005, abs=0.005)
    assert strengths.max() == 1.0
    assert strengths.min() > 0.5


def test_attacks_of_nothing() -> None:
    silent = np.zeros(RATE, np.float32)
    times, strengths = attacks(silent, [0.25, 0.5])
    assert times == pytest.approx([0.25, 0.5])
    assert (strengths == 1).all()
    assert attacks(silent, [])[0].size == 0
    # At the very ends too.
    assert attacks(clicks([0.0, 0.99], 1.0), [0.0, 0.99])[0] == pytest.approx([0.0, 0.99], abs=0.01)
    with pytest.raises(ValueError, match="mono"):
        attacks(np.zeros((2, 9), np.float32), [0.0])
    with pytest.raises(ValueError, match="one-dimensional"):
        attacks(silent, [[0.0]])
