"""Motion beats on one clock: the published definitions at 60 fps, and the same at any other rate."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter1d
from scipy.signal import argrelextrema

from v2m.alignment import motion_beats
from v2m.alignment.motion_beats import MotionBeats

# At no rate does a rest lie in the middle between two frames, where strict minima see two equals.
RESTS_S = np.arange(0.4107, 9.9, 0.5003)


def dancer(rate_hz: float, duration_s: float = 10.0, first_s: float = 0.0, dimensions: int = 3):
    """Joints that swing on sines and stand still at `RESTS_S`, `[T, 5, dimensions]`, and their times."""
    times = first_s + np.arange(round(duration_s * rate_hz)) / rate_hz
    swing = -np.cos(np.pi * (times - 0.4107) / 0.5003)
    reach = np.linspace(0.2, 1.0, 5 * dimensions).reshape(5, dimensions)
    return swing[:, None, None] * reach, times


@pytest.mark.parametrize("rate_hz", [24.0, 25.0, 30.0, 60.0, 120.0])
@pytest.mark.parametrize("find", [motion_beats.aistpp_motion_beats, motion_beats.bailando_motion_beats])
def test_rests_are_found_at_any_rate(find, rate_hz: float) -> None:
    found = find(*dancer(rate_hz))
    inner = RESTS_S[1:-1]
    nearest = np.abs(found[:, None] - inner[None, :]).min(axis=0)
    # Half a frame of the coarsest rate, and the frame by which speeds are told late.
    assert nearest.max() < 0.5 / rate_hz + 0.02
    assert abs(len(found) - len(RESTS_S)) <= 2


def test_the_definitions_at_60_fps_frame_by_frame() -> None:
    rng = np.random.default_rng(2)
    joints = np.cumsum(gaussian_filter1d(rng.normal(size=(600, 24, 3)), 6, axis=0), axis=0)
    times = np.arange(600) / 60
    speed = np.sqrt((np.diff(joints, axis=0) ** 2).sum(axis=2))
    envelope = np.concatenate([[0.0], speed.sum(axis=1)])
    expected = argrelextrema(envelope, np.less, order=10)[0] / 60
    assert motion_beats.aistpp_motion_beats(joints, times) == pytest.approx(expected, abs=1e-9)
    expected = argrelextrema(gaussian_filter1d(speed.mean(axis=1), 5), np.less)[0] / 60
    assert motion_beats.bailando_motion_beats(joints, times) == pytest.approx(expected, abs=1e-9)
    # Scores in frames with σ = 3 are scores in seconds with σ = 50 ms.
    music = np.sort(rng.integers(0, 600, 20))
    motion = np.rint(motion_beats.aistpp_motion_beats(joints, times) * 60)
    in_frames = np.mean([np.exp(-np.min((m - music) ** 2.0) / (2 * 3**2)) for m in motion])
    assert motion_beats.aistpp(motion / 60, music / 60) == pytest.approx(in_frames, abs=1e-12)
    in_frames = np.mean([np.exp(-np.min((motion - m) ** 2.0) / (2 * 9)) for m in music])
    assert motion_beats.bailando(motion / 60, music / 60) == pytest.approx(in_frames, abs=1e-12)


def test_by_hand_and_in_which_direction() -> None:
    # One of two motion beats is met, 50 ms off; all three music beats lie at 1 s, 50 ms off or far.
    motion, music = [1.0, 5.0], [1.05, 2.0, 3.0]
    near = math.exp(-0.5)
    assert motion_beats.aistpp(motion, music) == pytest.approx(near / 2, abs=1e-12)
    assert motion_beats.bailando(motion, music) == pytest.approx(near / 3, abs=1e-12)
    assert motion_beats.aistpp(motion, music, sigma_s=10.0) > 0.9
    assert motion_beats.aistpp(music, music) == motion_beats.bailando(music, music) == 1.0


def test_a_body_lost_from_sight_breaks_the_run() -> None:
    joints, times = dancer(30.0)
    seen = (times < 4.0) | (times > 6.0)
    runs = motion_beats.resample(joints[seen], times[seen])
    assert len(runs) == 2
    beats = motion_beats.aistpp_motion_beats(joints[seen], times[seen])
    assert not ((beats > 4.0) & (beats < 6.0)).any()
    # A dropped frame or two does not.
    few = np.ones(len(times), bool)
    few[100:102] = False
    assert len(motion_beats.resample(joints[few], times[few])) == 1
    assert motion_beats.resample(joints[:1], times[:1]) == []
    assert motion_beats.aistpp_motion_beats(joints[:1], times[:1]).size == 0


def test_evaluate_gives_what_it_was_given_inputs_for() -> None:
    joints, times = dancer(30.0, dimensions=2)
    body = MotionBeats.of([(joints, times)])
    scored = motion_beats.evaluate(RESTS_S, 10.0, body=body, motion_beats_s=RESTS_S)
    assert [m.name for m in scored] == ["aistpp", "bailando", "aistpp_given", "bailando_given"]
    assert [m.score for m in scored[2:]] == [1.0, 1.0]
    assert min(m.score for m in scored[:2]) > 0.8
    # A beat every half second, turned anywhere: the beats come to lie between the rests as often as on them.
    assert all(m.chance.lift > 1.5 for m in scored)
    assert motion_beats.evaluate(RESTS_S, 10.0) == ()
    at_rest = MotionBeats.of([(np.zeros((90, 5, 2)), np.arange(90) / 30)])
    (still, _) = motion_beats.evaluate(RESTS_S, 10.0, body=at_rest)
    assert math.isnan(still.score)
    assert still.note == "no motion beat was seen"
    silent = motion_beats.evaluate([], 10.0, motion_beats_s=RESTS_S, shifts=0)
    assert [(m.score, m.chance) for m in silent] == [(0.0, None), (0.0, None)]


def test_empty_is_0_with_a_warning() -> None:
    for metric in (motion_beats.aistpp, motion_beats.bailando):
        for pair in (([], [1.0]), ([1.0], []), ([], [])):
            with pytest.warns(UserWarning, match="empty"):
                assert metric(*pair) == 0.0


@pytest.mark.parametrize(
    ("joints", "times", "words"),
    [
        (np.zeros((3, 4)), [0, 1, 2], "T, J"),
        (np.zeros((3, 4, 5)), [0, 1, 2], "T, J"),
        (np.zeros((3, 4, 2)), [0, 1], "as many times"),
        (np.zeros((3, 4, 2)), [0, 1, 1], "increase"),
        (np.full((3, 4, 2), np.nan), [0, 1, 2], "finite"),
    ],
)
def test_what_cannot_be_joints_is_refused(joints, times, words) -> None:
    with pytest.raises(ValueError, match=words):
        motion_beats.aistpp_motion_beats(joints, times)


def test_what_else_is_refused() -> None:
    with pytest.raises(ValueError, match="sigma_s"):
        motion_beats.aistpp([1.0], [1.0], sigma_s=0.0)
    with pytest.raises(ValueError, match="decrease"):
        motion_beats.bailando([2.0, 1.0], [1.0])
    with pytest.raises(ValueError, match="rate_hz"):
        motion_beats.resample(*dancer(30.0), rate_hz=0.0)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(0.0, 50.0))
def test_moving_body_and_music_together_changes_nothing(seed: int, by_s: float) -> None:
    rng = np.random.default_rng(seed)
    music = np.sort(rng.uniform(0, 10, 20))
    joints, times = gaussian_filter1d(rng.normal(size=(300, 5, 2)), 4, axis=0), np.arange(300) / 30
    for find, metric in (
        (motion_beats.aistpp_motion_beats, motion_beats.aistpp),
        (motion_beats.bailando_motion_beats, motion_beats.bailando),
    ):
        here = metric(find(joints, times), music)
        assert metric(find(joints, times + by_s), music + by_s) == pytest.approx(here, abs=1e-6)
