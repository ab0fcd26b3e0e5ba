"""Correlations second by second: against scipy's, their lag, and what chance gives to slow curves."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import spearmanr

from v2m.alignment import curves


def slow(seed: int, steps: int = 60) -> np.ndarray:
    """A curve that swells over some seconds, as loudness and motion do."""
    rng = np.random.default_rng(seed)
    return np.convolve(rng.normal(size=steps + 8), np.hanning(9), "valid")


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(-5, 5), st.integers(-5, 5)), min_size=5, max_size=40))
def test_spearman_is_that_of_scipy_with_ties(pairs) -> None:
    a, b = (np.array(values, np.float64) for values in zip(*pairs, strict=True))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ours, theirs = curves.spearman(a, b), float(spearmanr(a, b).statistic)
    assert ours == pytest.approx(theirs, abs=1e-12, nan_ok=True)


def test_perfect_is_1_whatever_the_scale_and_opposite_is_minus_1() -> None:
    curve = slow(1)
    assert curves.spearman(curve, curve) == 1.0
    assert curves.spearman(np.exp(3 * curve), curve) == 1.0
    assert curves.spearman(-curve, curve) == -1.0


def test_seconds_that_say_nothing_are_left_out() -> None:
    music, picture = slow(1), slow(1)
    music[10:20] = np.nan
    picture[30:35] = np.nan
    scored = curves.correlation("curves", "x", music, picture)
    assert (scored.score, scored.count) == (1.0, 45)


def test_the_lag_is_found_and_positive_where_the_music_is_late() -> None:
    picture = slow(2)
    for lag in (-2, -1, 0, 1, 2):
        music = np.roll(picture, lag)
        lag_s, at_lag = curves.best_lag(music, picture)
        assert lag_s == lag
        assert at_lag == pytest.approx(1.0, abs=0.02)
    # Four steps a second: quarters of a second.
    assert curves.best_lag(np.roll(picture, 3), picture, rate_hz=4.0)[0] == 0.75
    assert curves.best_lag(np.roll(picture, 3), picture)[0] != 3
    assert curves.best_lag(picture, picture, most_lag_s=0.0) == (0.0, 1.0)


def test_evaluate_names_every_pair_that_is_given() -> None:
    motion = slow(3)
    rng = np.random.default_rng(0)
    scored = curves.evaluate(
        loudness=motion + 0.05 * rng.normal(size=60), density=slow(4), motion=motion, arousal=slow(5)
    )
    names = [m.name for m in scored]
    assert names == ["loudness_motion", "loudness_arousal", "density_motion", "density_arousal"]
    follows = scored[0]
    assert follows.score > 0.95
    assert follows.details["lag_s"] == 0.0
    assert follows.chance.p_value == 0.0
    assert follows.chance.gain > 0.6
    assert math.isnan(follows.chance.lift)
    assert curves.evaluate(loudness=motion) == ()
    assert curves.evaluate(loudness=motion, motion=motion, shifts=0)[0].chance is None


def test_turning_keeps_slow_swells_so_that_luck_is_not_taken_for_fit() -> None:
    """Of unrelated slow curves a twentieth or so reaches p ≤ 0.05; tables would pass a third of them."""
    ours, tables = 0, 0
    for seed in range(60):
        music, picture = slow(seed), slow(seed + 1000)
        chance = curves.correlation("curves", "x", music, picture, seed=seed).chance
        assert chance is not None
        ours += chance.p_value <= 0.05
        tables += spearmanr(music, picture, alternative="greater").pvalue <= 0.05
    assert ours <= 8
    assert tables >= 10


@pytest.mark.parametrize("pair", [([], []), ([1.0] * 9, list(range(9)))])
def test_empty_and_constant_are_nan_with_a_warning(pair) -> None:
    with pytest.warns(UserWarning, match="empty|constant"):
        assert math.isnan(curves.spearman(*pair))


def test_what_cannot_be_compared_is_undefined_and_says_why() -> None:
    (few,) = curves.evaluate(loudness=[1.0, 2.0], motion=[1.0, 2.0])
    assert math.isnan(few.score)
    assert "fewer than 5" in few.note
    flat = curves.evaluate(loudness=np.ones(9), motion=np.arange(9.0))[0]
    assert "music's curve is constant" in flat.note
    flat = curves.evaluate(loudness=np.arange(9.0), motion=np.ones(9))[0]
    assert "picture's curve is constant" in flat.note
    nothing = curves.evaluate(loudness=np.full(9, np.nan), motion=np.arange(9.0))[0]
    assert nothing.count == 0


def test_what_is_no_curve_is_refused() -> None:
    for pair, words in (
        (([[1.0]], [1.0]), "one-dimensional"),
        (([1.0, 2.0], [1.0]), "one clock"),
        (([np.inf, 1.0], [1.0, 2.0]), "finite"),
    ):
        with pytest.raises(ValueError, match=words):
            curves.spearman(*pair)
    with pytest.raises(ValueError, match="most_lag_s"):
        curves.best_lag([1.0], [1.0], most_lag_s=-1.0)
    with pytest.raises(ValueError, match="rate_hz"):
        curves.best_lag([1.0], [1.0], rate_hz=0.0)


def test_per_second_means_and_rates() -> None:
    times = [0.0, 0.5, 1.0, 1.9, 3.2, 9.0]
    found = curves.per_second(times, [1.0, 3.0, np.nan, 4.0, 5.0, 9.0], 4.4)
    assert found == pytest.approx([2.0, 4.0, np.nan, 5.0], nan_ok=True)
    assert curves.events_per_second([0.1, 0.2, 2.0, 4.2], 4.4) == pytest.approx([2, 0, 1, 0])
    assert curves.events_per_second([0.1, 0.6], 1.0, rate_hz=2.0) == pytest.approx([2, 2])
    # A last second of less than half its length is left out, but for the only one.
    assert [curves.count_steps(s) for s in (0.2, 1.4, 1.6, 2.0)] == [1, 1, 2, 2]
    with pytest.raises(ValueError, match="length"):
        curves.per_second([0.0], [1.0], 0.0)
    with pytest.raises(ValueError, match=r"\[N\]"):
        curves.per_second([0.0], [1.0, 2.0], 1.0)
    with pytest.raises(ValueError, match="one-dimensional"):
        curves.events_per_second([[0.0]], 1.0)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(0, 40))
def test_moving_both_by_whole_seconds_changes_nothing(seed: int, by: int) -> None:
    rng = np.random.default_rng(seed)
    music, picture = rng.normal(size=30), rng.normal(size=30)
    silent = np.full(by, np.nan)
    here = curves.spearman(music, picture)
    moved = curves.spearman(np.concatenate([silent, music]), np.concatenate([silent, picture]))
    assert moved == pytest.approx(here, abs=1e-12)
