"""Rests that are known by construction are found when they are, whatever the sampling."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from encoders.body import body_height, one_person_runs, plausible
from encoders.kinematics import GRID_HZ, joint_motion, kinematic_beats

ASPECT = 16 / 9

# x to the right and y down, in body heights from the middle of the hips, of somebody standing.
STANDING = {
    0: (0.0, -0.42),
    11: (0.115, -0.288),
    12: (-0.115, -0.288),
    13: (0.15, -0.12),
    14: (-0.15, -0.12),
    15: (0.17, 0.03),
    16: (-0.17, 0.03),
    23: (0.06, 0.0),
    24: (-0.06, 0.0),
    25: (0.065, 0.24),
    26: (-0.065, 0.24),
    27: (0.07, 0.48),
    28: (-0.07, 0.48),
}
HEIGHT = 0.7


def figure(offsets: NDArray[np.float64]) -> NDArray[np.float32]:
    """Landmarks `[N, 33, 4]` of a body that is moved by `offsets` `[N, 33, 2]`, in body heights."""
    landmarks = np.zeros((len(offsets), 33, 4), np.float32)
    body = np.tile(np.array([0.0, -0.42]), (33, 1))
    for joint, place in STANDING.items():
        body[joint] = place
    xy = (body + offsets) * HEIGHT
    landmarks[..., 0] = 0.5 + xy[..., 0] / ASPECT
    landmarks[..., 1] = 0.55 + xy[..., 1]
    landmarks[..., 3] = 1.0
    return landmarks


def dance(times_s: NDArray[np.float64], beats_s: NDArray[np.float64], seed: int = 0) -> NDArray[np.float64]:
    """Offsets `[N, 33, 2]` of limbs that move from rest to rest (minimum jerk) between the beats."""
    rng = np.random.default_rng(seed)
    places = rng.normal(0, 0.09, (len(beats_s), 33, 2))
    places[:, [11, 12, 23, 24]] *= 0.2
    after = np.clip(np.searchsorted(beats_s, times_s, side="right"), 1, len(beats_s) - 1)
    u = np.clip((times_s - beats_s[after - 1]) / (beats_s[after] - beats_s[after - 1]), 0, 1)
    eased = (u**3 * (10 - 15 * u + 6 * u**2))[:, None, None]
    return np.asarray(places[after - 1] + eased * (places[after] - places[after - 1]))


def find(times_s: NDArray[np.float64], landmarks: NDArray[np.float32]) -> NDArray[np.float64]:
    grid_s = np.arange(times_s[0], times_s[-1], 1 / GRID_HZ)
    return kinematic_beats(grid_s, joint_motion(times_s, landmarks, ASPECT, grid_s).mean_speed)[0]


def nearest(found_s: NDArray[np.float64], true_s: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.array([found_s[np.abs(found_s - time).argmin()] - time for time in true_s])


@pytest.mark.parametrize("bpm", [80.0, 108.0, 140.0])
@pytest.mark.parametrize("rate_hz", [10.0, 12.5, 15.0, 30.0])
def test_rests_are_found_at_their_time(bpm: float, rate_hz: float) -> None:
    beats_s = 0.37 + 60 / bpm * np.arange(30)
    times_s = np.arange(0.0, beats_s[-1], 1 / rate_hz)
    jitter = np.random.default_rng(1).normal(0, 0.003, (len(times_s), 33, 2))
    found_s = find(times_s, figure(dance(times_s, beats_s) + jitter))
    true_s = beats_s[1:-1]
    error_s = nearest(found_s, true_s)
    assert (np.abs(error_s) < 0.04).mean() >= 0.95
    assert abs(np.median(error_s)) < 0.008
    assert np.abs(error_s).max() < 0.06
    assert len(found_s) <= len(true_s) + 1


def test_irregular_times_do_not_move_the_beats() -> None:
    rng = np.random.default_rng(2)
    beats_s = 0.5 + 0.55 * np.arange(20)
    times_s = np.cumsum(rng.uniform(0.034, 0.1, 200))
    times_s = times_s[times_s < beats_s[-1]]
    error_s = nearest(find(times_s, figure(dance(times_s, beats_s))), beats_s[1:-1])
    assert np.abs(error_s).max() < 0.04
    assert abs(error_s.mean()) < 0.008


def test_a_rest_between_a_quick_move_and_a_slow_one_leans_to_neither() -> None:
    beats_s = np.array([0.3, 0.7, 1.5, 1.9, 2.7, 3.1, 3.9, 4.3, 5.1, 5.5])
    times_s = np.arange(0, 5.5, 1 / 30)
    for seed in range(4):
        found_s = find(times_s, figure(dance(times_s, beats_s, seed)))
        assert np.abs(nearest(found_s, beats_s[1:-1])).max() < 0.035


def test_a_long_rest_is_met_in_its_middle() -> None:
    """Moves of 0.4 s, rests of 0.5 s between them."""
    starts_s = 0.2 + 0.9 * np.arange(6)
    times_s = np.arange(0, 5.5, 1 / 30)
    # The same moves on a clock that stands still during the rests.
    since_s = times_s - 0.2
    clock_s = 0.2 + np.where(since_s < 0, since_s, since_s // 0.9 * 0.4 + np.minimum(since_s % 0.9, 0.4))
    offsets = dance(clock_s, 0.2 + 0.4 * np.arange(8))
    error_s = nearest(find(times_s, figure(offsets)), starts_s[1:] - 0.25)
    assert np.abs(error_s).max() < 0.03


def test_a_long_run_is_fitted_as_its_parts_are() -> None:
    times_s = np.arange(0, 100, 1 / 10)
    landmarks = figure(dance(times_s, 0.5 + 0.7 * np.arange(150)))
    grid_s = np.arange(0, 99.5, 1 / GRID_HZ)
    whole = joint_motion(times_s, landmarks, ASPECT, grid_s)
    part = joint_motion(times_s, landmarks, ASPECT, grid_s[3000:5000])
    np.testing.assert_allclose(whole.velocity[3000:5000], part.velocity, atol=1e-9)
    assert whole.weight.shape == (len(grid_s), 13)


def test_a_dancer_who_crosses_the_floor_still_has_beats() -> None:
    beats_s = 0.5 + 0.6 * np.arange(12)
    times_s = np.arange(0, beats_s[-1], 1 / 15)
    drift = np.zeros((len(times_s), 33, 2))
    drift[..., 0] = 0.08 * times_s[:, None]
    error_s = nearest(find(times_s, figure(dance(times_s, beats_s) + drift)), beats_s[1:-1])
    assert np.abs(error_s).max() < 0.04


def test_no_beats_where_nobody_comes_to_rest() -> None:
    times_s = np.arange(0, 10, 1 / 15)
    jitter = np.random.default_rng(3).normal(0, 0.003, (len(times_s), 33, 2))
    assert len(find(times_s, figure(jitter))) == 0
    glide = np.zeros((len(times_s), 33, 2))
    glide[..., 0] = 0.5 * times_s[:, None]
    assert len(find(times_s, figure(glide + jitter))) == 0


def test_the_least_of_two_close_minima_is_the_beat() -> None:
    times_s = np.arange(0, 3, 1 / GRID_HZ)
    curve = (
        0.8
        - 0.70 * np.exp(-(((times_s - 1.0) / 0.04) ** 2))
        - 0.6 * np.exp(-(((times_s - 1.13) / 0.04) ** 2))
    )
    found_s, strength = kinematic_beats(times_s, curve)
    np.testing.assert_allclose(found_s, [1.0], atol=0.01)
    assert 0.8 < strength[0] <= 1.0
    apart = (
        0.8 - 0.70 * np.exp(-(((times_s - 1.0) / 0.04) ** 2)) - 0.6 * np.exp(-(((times_s - 1.3) / 0.04) ** 2))
    )
    found_s, strength = kinematic_beats(times_s, apart)
    np.testing.assert_allclose(found_s, [1.0, 1.3], atol=0.01)
    assert strength[0] > strength[1]


def test_too_short_for_a_beat() -> None:
    assert len(kinematic_beats(np.zeros(0), np.zeros(0))[0]) == 0
    assert len(kinematic_beats(np.array([0.0, 0.1]), np.array([1.0, 0.0]))[0]) == 0


def test_speed_is_in_body_heights_a_second_and_has_a_direction() -> None:
    times_s = np.arange(0, 2, 1 / 15)
    down = np.zeros((len(times_s), 33, 2))
    down[..., 1] = 0.4 * times_s[:, None]
    landmarks = figure(down)
    assert body_height(landmarks, ASPECT) == pytest.approx(HEIGHT, rel=0.01)
    motion = joint_motion(times_s, landmarks, ASPECT, times_s)
    np.testing.assert_allclose(motion.mean_speed, 0.4, rtol=0.02)
    np.testing.assert_allclose(motion.directions.sum(axis=1), motion.mean_speed, rtol=1e-6)
    # Bin 2 of 8, counted from rightward towards down, is downward.
    assert (motion.directions.argmax(axis=1) == 2).all()


def test_joints_that_are_not_seen_do_not_count() -> None:
    times_s = np.arange(0, 2, 1 / 15)
    noise = np.random.default_rng(4).normal(0, 0.2, (len(times_s), 33, 2))
    noise[:, [joint for joint in range(33) if joint not in (27, 28)]] = 0
    landmarks = figure(noise)
    landmarks[:, [27, 28], 3] = 0.05
    assert joint_motion(times_s, landmarks, ASPECT, times_s).mean_speed.max() < 0.01


def test_a_run_ends_where_the_person_cannot_have_gone_on() -> None:
    times_s = np.arange(40) / 15
    landmarks = figure(np.zeros((40, 33, 2)))
    landmarks[20:, :, 0] += 0.4
    found = plausible(landmarks, ASPECT)
    assert found.all()
    none = np.zeros(0)
    assert one_person_runs(times_s, landmarks, found, none, ASPECT) == [slice(0, 20), slice(20, 40)]
    still = figure(np.zeros((40, 33, 2)))
    assert one_person_runs(times_s, still, found, none, ASPECT) == [slice(0, 40)]
    cut_s = times_s[[10]]
    assert one_person_runs(times_s, still, found, cut_s, ASPECT) == [slice(0, 10), slice(10, 40)]
    found[5] = False
    assert one_person_runs(times_s, still, found, none, ASPECT) == [slice(0, 5), slice(6, 40)]
    zoomed = figure(np.zeros((40, 33, 2)))
    zoomed[20:, :, :2] = 0.5 + 2.2 * (zoomed[20:, :, :2] - 0.5)
    seen = np.ones(40, np.bool_)
    assert one_person_runs(times_s, zoomed, seen, none, ASPECT) == [slice(0, 20), slice(20, 40)]
    assert one_person_runs(none, landmarks[:0], found[:0], none, ASPECT) == []


def test_what_cannot_be_a_person() -> None:
    body = figure(np.zeros((4, 33, 2)))
    body[0] = np.nan
    body[1, :, 3] = 0.2
    body[2, :, :2] = 0.5 + 0.05 * (body[2, :, :2] - 0.5)
    np.testing.assert_array_equal(plausible(body, ASPECT), [False, False, False, True])
