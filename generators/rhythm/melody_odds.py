"""How tunes go in songs: the rhythms of their bars, and which step follows which.

`generators/weights/melodies.json`, which `datasets.melodies` makes, holds:

    songs       how many were counted
    rhythms     one 4/4 bar in sixteenths, `x` where a note begins → in how many songs
    steps       the kind of the step before (`KINDS`) → how often −12 … 12 semitones followed
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache, cached_property
from importlib import resources

import numpy as np
from numpy.typing import NDArray

from generators.grid import PlanError
from generators.key import Key

LIBRARY = "melodies.json"
SLOTS = 16
OCTAVE = 12
KINDS = ("fall", "skip down", "step down", "same", "step up", "skip up", "rise")
"""Movements by size: to a fourth and more, thirds, seconds, none."""
_EDGES = (-4.5, -2.5, -0.5, 0.5, 2.5, 4.5)
PRIOR = 0.5  # added to every count


@dataclass(frozen=True)
class MelodyOdds:
    """The counts.

    Attributes:
        rhythms: one-bar rhythm of 16 characters → songs.
        steps: int64 `[7, 25]`, kind of the step before × step of −12 … 12 semitones.
    """

    rhythms: dict[str, int]
    steps: NDArray[np.int64]

    def __post_init__(self) -> None:
        if not self.rhythms or any(len(r) != SLOTS or set(r) - set("x.") for r in self.rhythms):
            raise PlanError("a tune's rhythms are bars of 16 characters, x or a dot")
        if self.steps.shape != (len(KINDS), 2 * OCTAVE + 1) or (self.steps < 0).any():
            raise PlanError("a tune's steps are counts of −12 to 12 semitones after each kind of step")

    @cached_property
    def rarity(self) -> NDArray[np.float64]:
        """float64 `[8, 25]`: how rare a step is after each kind of step (in nats); the last, after any.

        Of a step that the scale has: a scale offers whole tones on five of its notes and semitones on two,
        so that one of either is as welcome as all seconds that were counted.
        """
        counts = np.vstack([self.steps, self.steps.sum(axis=0)]) + PRIOR
        return np.asarray(-np.log(counts / counts.sum(axis=1, keepdims=True) / _offered()))


def kind_of_step(step: int) -> str:
    """Which of `KINDS` a step of so many semitones is."""
    return KINDS[int(np.searchsorted(_EDGES, step))]


def _offered() -> NDArray[np.float64]:
    """float64 `[25]`: the share of a major scale's notes from which a step of −12 … 12 leads to another."""
    scale = np.isin(np.arange(OCTAVE), Key(0, "major").scale)
    steps = range(-OCTAVE, OCTAVE + 1)
    return np.array([(scale & np.roll(scale, -step)).sum() / scale.sum() for step in steps])


@cache
def load_melodies() -> MelodyOdds:
    """The counts that ship."""
    text = (resources.files("generators") / "weights" / LIBRARY).read_text(encoding="utf-8")
    table = json.loads(text)
    return MelodyOdds(table["rhythms"], np.array([table["steps"][kind] for kind in KINDS], dtype=np.int64))
