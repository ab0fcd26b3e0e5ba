"""Affect goes where its sources send it."""

from __future__ import annotations

import numpy as np
import pytest

from encoders.affect import AffectSense, feel
from encoders.stream import Stream
from tests.encoders.scenes import shot, show
from tests.generators.streams_by_hand import curve, cuts

DURATION_S = 40.0
EMOTIONS = ("exciting", "fearful", "tense", "sad", "relaxing", "neutral")


def colour(brightness: object, saturation: object) -> Stream:
    return curve(
        "colour",
        DURATION_S,
        0.2,
        brightness=brightness,
        saturation=saturation,
        colourfulness=0.4,  # type: ignore[arg-type]
    )


def motion(energy: object, camera: object = 0.0) -> Stream:
    return curve("motion", DURATION_S, 0.04, energy=energy, camera=camera)  # type: ignore[arg-type]


def felt(*streams: Stream) -> Stream:
    return feel({stream.name: stream for stream in streams}, DURATION_S)


def mean(stream: Stream, column: str) -> float:
    return float(stream.column(column).mean())


def test_bright_and_saturated_is_pleasant() -> None:
    bright, dark = felt(colour(0.75, 0.5)), felt(colour(0.15, 0.1))
    assert mean(bright, "valence") > 0.5
    assert mean(dark, "valence") < -0.5
    # Valdez & Mehrabian: brightness counts three times as much as saturation.
    by_light = mean(felt(colour(0.62, 0.28)), "valence")
    by_colour = mean(felt(colour(0.45, 0.43)), "valence")
    assert by_light > 2 * by_colour > 0


def test_black_and_white_is_not_sad_for_having_no_colour() -> None:
    grey = curve("colour", DURATION_S, 0.2, brightness=0.45, saturation=0.0, colourfulness=0.0)
    assert mean(felt(grey), "valence") == pytest.approx(0, abs=0.05)


def test_motion_stirs() -> None:
    levels = [mean(felt(motion(energy)), "arousal") for energy in (0.0, 0.02, 0.1, 0.5)]
    assert (np.diff(levels) > 0.1).all()


def test_the_camera_stirs_half_as_much() -> None:
    own, camera, half = felt(motion(0.2)), felt(motion(0.0, 0.2)), felt(motion(0.1))
    assert mean(camera, "arousal") == pytest.approx(mean(half, "arousal"), abs=1e-3)
    assert mean(camera, "arousal") < mean(own, "arousal")


def test_fast_cutting_stirs_where_it_is() -> None:
    both = felt(motion(0.05), cuts(np.arange(20.5, 40, 0.5).tolist()))
    arousal = both.column("arousal")
    assert arousal[both.times_s > 25].min() > arousal[both.times_s < 15].max() + 0.2


def test_a_dancer_in_a_wide_shot_is_not_calm() -> None:
    limbs = curve("limbs", DURATION_S, 1 / 15, speed=4.0)
    assert mean(felt(motion(0.015), limbs), "arousal") > mean(felt(motion(0.015)), "arousal") + 0.3


def test_dark_and_restless_is_tense() -> None:
    tense = felt(colour(0.12, 0.1), motion(0.4))
    calm = felt(colour(0.7, 0.4), motion(0.02))
    assert mean(tense, "tension") > 0.6
    assert mean(calm, "tension") < 0.15


def test_smooth_and_yet_shots_differ() -> None:
    halves = np.repeat([0.15, 0.8], 200)
    stream = felt(colour(halves.tolist(), 0.3))
    valence = stream.column("valence")
    assert np.abs(np.diff(valence)).max() < 0.35
    assert valence[stream.times_s > 24].min() - valence[stream.times_s < 16].max() > 0.8


@pytest.mark.parametrize(
    ("emotion", "valence", "arousal"), [("sad", -1, -1), ("exciting", 1, 1), ("relaxing", 1, -1)]
)
def test_meaning_draws_the_curves(emotion: str, valence: int, arousal: int) -> None:
    seen = {name: 0.95 if name == emotion else 0.01 for name in EMOTIONS}
    plain = felt(colour(0.45, 0.28), motion(0.25))
    meant = felt(colour(0.45, 0.28), motion(0.25), curve("emotion", DURATION_S, 1.0, **seen))
    assert valence * (mean(meant, "valence") - mean(plain, "valence")) > 0.15
    assert arousal * (mean(meant, "arousal") - mean(plain, "arousal")) > 0.1


def test_meaning_that_cannot_tell_changes_nothing() -> None:
    unsure = curve("emotion", DURATION_S, 1.0, **dict.fromkeys(EMOTIONS, 1 / 6))
    plain = felt(colour(0.6, 0.4), motion(0.1))
    assert np.allclose(felt(colour(0.6, 0.4), motion(0.1), unsure).values, plain.values, atol=1e-4)


def test_twice_a_second_over_the_whole_clip_and_in_range() -> None:
    stream = felt(colour(0.9, 0.9), motion(3.0), cuts([0.5, 1.0]))
    assert np.diff(stream.times_s) == pytest.approx(0.5)
    assert stream.times_s[0] == 0
    assert DURATION_S - stream.times_s[-1] <= 0.5
    assert np.abs(stream.values).max() <= 1
    assert stream.column("tension").min() >= 0


def test_nothing_seen_says_nothing() -> None:
    stream = show(AffectSense(), [shot(1)] * 50)["affect"]
    assert not stream.says_something
    assert stream.times_s.tolist() == [0, 0.5, 1.0, 1.5, 2.0]
