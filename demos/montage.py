"""`montage`: a cut every half second, as music videos are edited; no grid of bars can meet them all."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import numpy as np

from demos.scenes import Scene
from demos.scenes.city import NightRain
from demos.scenes.desert import ChaseRoad, ChaseSide
from demos.scenes.meadow import Meadow
from demos.scenes.sea import DuskSea
from demos.shots import Shot, edit
from demos.truth import Mood, Truth
from demos.writer import write_clip

SHOT_S = 0.5
DURATION_S = 15.0


def make(path: Path, *, seed: int, height: int, fps: float, duration_s: float | None) -> Truth:
    """Draw the montage; see `demos.make.make`."""
    width = 2 * round(height * 8 / 9)
    rng = np.random.default_rng([seed, 71])
    length_s = duration_s or DURATION_S
    scenes: dict[str, Callable[[], Scene]] = {
        "rain": lambda: NightRain(width, height, seed + 1),
        "car": lambda: ChaseSide(width, height, seed + 1),
        "sea": lambda: DuskSea(width, height, seed + 1),
        "wheel": lambda: ChaseSide(width, height, seed + 2, near=True),
        "lamp": lambda: NightRain(width, height, seed + 2, close=True),
        "road": lambda: ChaseRoad(width, height, seed + 1),
        "meadow": lambda: Meadow(width, height, seed + 1),
    }
    # Cuts at multiples of half a second, each rounded to its own frame: no drift at odd frame rates.
    edges = [round(k * SHOT_S * fps) for k in range(round(length_s / SHOT_S) + 1)]
    shots: list[Shot] = []
    last = ""
    place = {"car": "desert", "wheel": "desert", "road": "desert", "rain": "city", "lamp": "city"}
    for start, end in itertools.pairwise(edges):
        choice = [name for name in scenes if place.get(name, name) != place.get(last, last)]
        last = choice[int(rng.integers(len(choice)))]
        shots.append(Shot(last, end - start, starts_s=float(rng.uniform(0.0, 6.0))))
    draw, starts = edit(shots, scenes, fps)
    frames = edges[-1]
    write_clip(path, draw, frames, width=width, height=height, fps=fps)
    return Truth(
        name="montage",
        seed=seed,
        width=width,
        height=height,
        fps=fps,
        duration_s=frames / fps,
        cuts_s=tuple(start / fps for start in starts[1:]),
        moods=(Mood(0.0, frames / fps, "exciting", "many", 0.2, 0.9),),
    )
