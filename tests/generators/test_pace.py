"""A dancer's pace: read from even rests, and from the figure where the rests are uneven."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from encoders.stream import Stream, Streams
from generators.pace import dancer_pace_bpm, figure_length_s
from generators.plan import make_plan
from generators.wishes import Wishes
from tests.generators.streams_by_hand import beats, clip, curve, cuts

JOINTS = tuple(f"{axis}{joint}" for joint in range(6) for axis in "xyzv")


def figures(beat_s: float, duration_s: float, seed: int, strays: float = 0.0) -> Stream:
    """Six joints that go round in two or four beats, on a body that wanders about the room."""
    rng = np.random.default_rng(seed)
    stream = curve("pose", duration_s, 1 / 30, **dict.fromkeys(JOINTS, 0.0))
    values = np.zeros(stream.values.shape)
    walk = np.cumsum(rng.normal(0, 0.004, (2, len(values))), axis=1)
    for column, name in enumerate(JOINTS):
        if name[0] in "xy":
            turn = 2 * np.pi * stream.times_s / (beat_s * rng.choice([2, 4, 4]))
            values[:, column] = 0.05 * np.sin(turn + rng.uniform(0, 6)) + walk["xy".index(name[0])]
    values += rng.normal(0, 0.01 + strays, values.shape)
    return replace(stream, values=values.astype(np.float32))


def uneven_rests(beat_s: float, duration_s: float, seed: int) -> Stream:
    """Rests on about half of the eighths."""
    rng = np.random.default_rng(seed)
    eighths = 0.2 + np.arange(int((duration_s - 0.3) / beat_s * 2)) * beat_s / 2
    on_beat = np.arange(len(eighths)) % 2 == 0
    return beats(np.sort(eighths[rng.random(len(eighths)) < np.where(on_beat, 0.7, 0.3)]).tolist())


def dancer(bpm: float, duration_s: float = 24.0, seed: int = 1) -> Streams:
    beat_s = 60 / bpm
    limbs = curve("limbs", duration_s, 0.07, speed=3.0)
    return clip(
        duration_s, cuts([]), figures(beat_s, duration_s, seed), uneven_rests(beat_s, duration_s, seed), limbs
    )


@pytest.mark.parametrize("bpm", [84.0, 98.0, 112.0, 126.0, 150.0])
@pytest.mark.parametrize("seed", [1, 2])
def test_the_figure_tells_the_tempo_where_the_rests_do_not(bpm: float, seed: int) -> None:
    streams = dancer(bpm, seed=seed)
    assert dancer_pace_bpm(streams) == pytest.approx(bpm, rel=0.02)
    plan = make_plan(streams, Wishes(mode="dance"))
    assert 60 / np.median(np.diff(plan.grid.beats_s)) == pytest.approx(bpm, rel=0.02)


@pytest.mark.parametrize(
    ("rests_bpm", "pace_bpm"), [(50.0, 100.0), (120.0, 120.0), (200.0, 100.0), (30.0, 120.0)]
)
def test_half_and_double_time_are_brought_to_where_people_dance(rests_bpm: float, pace_bpm: float) -> None:
    rests = beats((0.3 + 60 / rests_bpm * np.arange(int(20 * rests_bpm / 60))).tolist())
    assert dancer_pace_bpm(clip(21.0, rests)) == pytest.approx(pace_bpm, rel=0.01)


def test_who_only_shifts_about_has_no_figure_and_no_pace() -> None:
    rng = np.random.default_rng(3)
    still = figures(1e6, 24.0, 3, strays=0.02)
    assert figure_length_s(still) is None
    rests = beats(np.sort(rng.uniform(0, 24, 40)).tolist())
    assert dancer_pace_bpm(clip(24.0, still, rests)) is None


def test_what_was_seen_too_briefly_is_not_believed() -> None:
    assert figure_length_s(figures(0.5, 3.0, 1)) is None
