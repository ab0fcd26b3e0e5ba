"""Form: the same place brings back its theme and its key; the music turns where the picture does."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from itertools import pairwise

import numpy as np
import pytest

from encoders.stream import Streams
from generators.key import Key
from generators.music import SymbolicMusic
from generators.plan import Plan, make_plan
from generators.rhythm import compose
from generators.wishes import Wishes
from tests.generators.streams_by_hand import clip, curve, cuts

SCENE_S = 24.0
NAMES = tuple(f"{channel}{cell}" for channel in "lab" for cell in range(9))


def film(places: str, energy: dict[str, float], valence: dict[str, float] | None = None) -> Streams:
    """Scenes of 24 s, each in a place of its own look, with a cut every 6 s that leaves the place or not."""
    duration_s = SCENE_S * len(places)
    looks = {place: np.random.default_rng(ord(place)).uniform(0.2, 0.8, 27) for place in set(places)}

    def by_scene(values: dict[str, object], times_s: np.ndarray) -> np.ndarray:
        return np.array([values[places[int(t // SCENE_S)]] for t in times_s], dtype=np.float32)

    colour = curve("colour", duration_s, 0.2, **dict.fromkeys(NAMES, 0.0))
    motion = curve("motion", duration_s, 1 / 30, energy=0.0)
    affect = curve("affect", duration_s, 0.5, valence=0.0, arousal=0.0, tension=0.2)
    feels = np.zeros((len(affect), 3), dtype=np.float32)
    if valence is not None:
        feels[:, 0] = by_scene(valence, affect.times_s)
    return clip(
        duration_s,
        cuts(np.arange(6.0, duration_s - 1, 6.0).tolist()),
        replace(colour, values=by_scene(looks, colour.times_s)),
        replace(motion, values=by_scene(energy, motion.times_s)[:, None]),
        replace(affect, values=feels),
    )


@cache
def there_and_back(seed: int) -> tuple[Plan, SymbolicMusic]:
    plan = make_plan(
        film("XYX", {"X": 0.05, "Y": 0.4}), Wishes(style="piano", key=Key(0, "major"), seed=seed)
    )
    return plan, compose(plan)


def by_scene(plan: Plan) -> dict[int, set[str]]:
    """Scene → the labels of the sections that begin in it."""
    labels: dict[int, set[str]] = {}
    for section in plan.sections:
        scene = int((plan.grid.bars[section.start_bar].start_s + 0.5) // SCENE_S)
        labels.setdefault(scene, set()).add(section.label)
    return labels


def tune(plan: Plan, music: SymbolicMusic, scene: int) -> list[tuple[int, int]]:
    """(sixteenth of the bar, pitch class) of each melody note of a scene, in order."""
    voice = next(i for i, v in enumerate(music.voices) if v.role == "melody")
    notes = music.score.tracks[voice].notes.numpy()
    inside = (notes["time"] >= scene * SCENE_S - 0.1) & (notes["time"] < (scene + 1) * SCENE_S - 0.5)
    out = []
    for start, pitch in zip(notes["time"][inside], notes["pitch"][inside], strict=True):
        bar = plan.grid.bar_at(float(start) + 0.05)
        beat = float(plan.grid.beat_at(float(start))) - float(plan.grid.first_beat[bar])
        out.append((round(4 * beat), int(pitch) % 12))
    return out


def shared(a: list[tuple[int, int]], b: list[tuple[int, int]]) -> float:
    """Share of the successive pairs of notes of `a` (steps and places in the bar) that `b` has too."""

    def figures(tune: list[tuple[int, int]]) -> list[tuple[int, int, int]]:
        return [(p, q, (n - m) % 12) for (p, m), (q, n) in pairwise(tune)]

    known = set(figures(b))
    return float(np.mean([figure in known for figure in figures(a)]))


def test_a_place_that_comes_back_brings_back_its_theme_varied() -> None:
    same, other = [], []
    for seed in range(3):
        plan, music = there_and_back(seed)
        labels = by_scene(plan)
        assert labels[0] == labels[2] == {"A"}
        assert labels[1] == {"B"}
        first, between, again = (tune(plan, music, scene) for scene in range(3))
        assert again != first
        same.append(shared(again, first))
        other.append(shared(again, between))
    assert np.mean(same) >= 1.5 * np.mean(other)
    assert np.mean(same) >= 0.4


def test_a_busy_place_lifts_the_key_and_home_comes_back() -> None:
    plan, _ = there_and_back(0)
    assert {s.key for s in plan.sections if s.label == "A"} == {Key(0, "major")}
    assert {s.key for s in plan.sections if s.label == "B"} == {Key(7, "major")}


@pytest.mark.parametrize(
    ("valence", "home", "away"),
    [(-0.6, Key(0, "major"), Key(9, "minor")), (0.6, Key(9, "minor"), Key(0, "major"))],
)
def test_a_turn_of_mood_goes_to_the_relative_key(valence: float, home: Key, away: Key) -> None:
    streams = film("XYX", {"X": 0.2, "Y": 0.2}, {"X": 0.0, "Y": valence})
    plan = make_plan(streams, Wishes(style="piano", key=home))
    assert {s.key for s in plan.sections if s.label == "A"} == {home}
    assert {s.key for s in plan.sections if s.label == "B"} == {away}


def test_several_minutes_of_four_places_keep_a_theme_and_a_key_for_each() -> None:
    places = "XYXZYXWX"
    energy = {"X": 0.1, "Y": 0.35, "Z": 0.02, "W": 0.2}
    plan = make_plan(film(places, energy), Wishes(style="cinematic"))
    labels = by_scene(plan)
    of_place: dict[str, set[str]] = {}
    for scene, place in enumerate(places):
        of_place.setdefault(place, set()).update(labels.get(scene, set()))
    assert all(len(found) == 1 for found in of_place.values())
    assert len(set.union(*of_place.values())) == 4
    keys = {
        label: {s.key for s in plan.sections if s.label == label} for label in set.union(*of_place.values())
    }
    assert all(len(own) == 1 for own in keys.values())
