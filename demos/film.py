"""`film`: a short film in ten shots: a bright meadow, a night in the rain, a chase, dusk, the meadow again.

The moods are far apart and the first place returns, so that a soundtrack has a form to find;
cuts come 1.2 to 5 seconds apart and on no grid, with a fade from black and one to black.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from demos.scenes import Scene
from demos.scenes.city import NightRain
from demos.scenes.desert import ChaseRoad, ChaseSide
from demos.scenes.meadow import Meadow
from demos.scenes.sea import DuskSea
from demos.shots import Shot, edit
from demos.truth import Fade, Mood, Truth
from demos.writer import write_clip

FADE_IN_S, FADE_OUT_S = 1.2, 1.5

SHOTS = (
    ("meadow", 4.63, 0.0),
    ("tree", 3.57, 0.0),
    ("rain", 4.37, 0.0),
    ("lamp", 2.83, 0.0),
    ("car", 1.77, 0.0),
    ("road", 1.33, 0.0),
    ("wheel", 1.23, 0.4),
    ("road", 1.60, 3.0),
    ("sea", 4.90, 0.0),
    ("golden", 4.53, 6.0),
)
"""(scene, seconds at seed 0, the scene's clock at the start)."""

MOODS = {
    "meadow": ("joyful", "meadow", 0.7, 0.1),
    "tree": ("joyful", "meadow", 0.7, 0.1),
    "rain": ("melancholy", "city at night", -0.5, -0.4),
    "lamp": ("melancholy", "city at night", -0.5, -0.4),
    "car": ("exciting", "desert", 0.0, 0.9),
    "road": ("exciting", "desert", 0.0, 0.9),
    "wheel": ("exciting", "desert", 0.0, 0.9),
    "sea": ("calm", "sea", 0.3, -0.7),
    "golden": ("tender", "meadow", 0.6, -0.2),
}
"""scene → (mood, place, valence, arousal)."""


def make(path: Path, *, seed: int, height: int, fps: float, duration_s: float | None) -> Truth:
    """Draw the film; see `demos.make.make`. Another length stretches every shot."""
    width = 2 * round(height * 8 / 9)
    rng = np.random.default_rng([seed, 7])
    stretch = 1.0 if duration_s is None else duration_s / sum(seconds for _, seconds, _ in SHOTS)
    shots = []
    for name, seconds, clock in SHOTS:
        wander = 1.0 if seed == 0 else rng.uniform(0.86, 1.16)
        shots.append(Shot(name, max(round(seconds * wander * stretch * fps), 2), clock))
    scenes: dict[str, Callable[[], Scene]] = {
        "meadow": lambda: Meadow(width, height, seed),
        "tree": lambda: Meadow(width, height, seed, close=True),
        "rain": lambda: NightRain(width, height, seed),
        "lamp": lambda: NightRain(width, height, seed, close=True),
        "car": lambda: ChaseSide(width, height, seed),
        "wheel": lambda: ChaseSide(width, height, seed, near=True),
        "road": lambda: ChaseRoad(width, height, seed),
        "sea": lambda: DuskSea(width, height, seed),
        "golden": lambda: Meadow(width, height, seed, golden=True),
    }
    draw, starts = edit(shots, scenes, fps, fade_in_s=FADE_IN_S, fade_out_s=FADE_OUT_S)
    frames = sum(shot.frames for shot in shots)
    write_clip(path, draw, frames, width=width, height=height, fps=fps)
    length_s = frames / fps
    ends = [*starts[1:], frames]
    moods: list[Mood] = []
    for shot, start, end in zip(shots, starts, ends, strict=True):
        name, place, valence, arousal = MOODS[shot.scene]
        if moods and (moods[-1].name, moods[-1].place) == (name, place):
            start_s = moods.pop().start_s
        else:
            start_s = start / fps
        moods.append(Mood(start_s, end / fps, name, place, valence, arousal))
    return Truth(
        name="film",
        seed=seed,
        width=width,
        height=height,
        fps=fps,
        duration_s=length_s,
        cuts_s=tuple(start / fps for start in starts[1:]),
        fades=(Fade(0.0, FADE_IN_S, "in"), Fade(length_s - FADE_OUT_S, length_s, "out")),
        moods=tuple(moods),
    )
