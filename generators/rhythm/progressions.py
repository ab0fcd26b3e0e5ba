"""What follows what in songs: a chord model counted from human music, small enough to ship.

Chords are symbols relative to the tonic (`chord_space`). The next chord's odds given the two before
are an interpolated modified Kneser-Ney estimate (Kneser and Ney 1995; Chen and Goodman 1999) from
counts of the major and the minor songs of each corpus, mixed as a style wants them. Trigrams are
short enough for exact inference under any constraint (`chord_chain`), and longer contexts gain
nothing here (`benchmarks/harmony.py`).

`generators/weights/progressions.md` says where the counts come from; `datasets/progressions.py`
makes them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import NDArray

from generators.grid import PlanError
from generators.rhythm.chord_space import MAJOR_MODES, SYMBOLS

WEIGHTS = "progressions.npz"
START = SYMBOLS  # stands before the first chord
TONALITIES = ("major", "minor")
SOURCES = ("billboard", "pop909")
PLACES = ("first", "inner", "last")  # in a phrase
PHRASE_HALF_BARS = 8  # harmonic rhythm is counted in phrases of four bars

# Chosen on the validation songs: how much a corpus is itself rather than all songs of its tonality.
OWN_SHARE = 0.6
# The same for how much the place in the phrase says.
PLACE_POWER = 0.5


@dataclass(frozen=True, eq=False)
class Progressions:
    """The counts.

    Attributes:
        trigrams: (tonality, source) → float32 `[73, 73, 72]`, how many songs go from two chords to a
            third (a song counts at most twice). Index 72 is `START`.
        places: float32 `[2, 3, 72]`, tonality × place in the phrase × chord.
        half_bar_rhythms: source → float64 `[256]`, phrases of four 4/4 bars by which half bars bring
            a new chord: bit 7 is the first.
        bar_rhythms: source → float64 `[16]`, the same by bars, for other metres.
        vectors: float32 `[2, 72, D]`, tonality × chord: chords that stand in the same places are near.
    """

    trigrams: Mapping[tuple[str, str], NDArray[np.float32]]
    places: NDArray[np.float32]
    half_bar_rhythms: Mapping[str, NDArray[np.float64]]
    bar_rhythms: Mapping[str, NDArray[np.float64]]
    vectors: NDArray[np.float32]

    def __post_init__(self) -> None:
        shapes = {counts.shape for counts in self.trigrams.values()}
        if shapes != {(SYMBOLS + 1, SYMBOLS + 1, SYMBOLS)} or self.places.shape != (2, 3, SYMBOLS):
            raise PlanError("the progression counts are not of this program's chords")

    def transitions(self, mode: str, sources: Mapping[str, float]) -> NDArray[np.float32]:
        """float32 `[73, 73, 72]`: the odds of a third chord after two, each row summing to 1.

        Args:
            mode: the mode of the music.
            sources: corpus → its share, of those in `SOURCES`.
        """
        tonality = tonality_of(mode)
        everyone = sum(self.trigrams[tonality, source] for source in SOURCES)
        odds = (1 - OWN_SHARE) * kneser_ney(np.asarray(everyone))[2]
        total = sum(sources.values())
        for source, share in sources.items():
            if share > 0:
                odds += OWN_SHARE * share / total * kneser_ney(self.trigrams[tonality, source])[2]
        # What counts is what comes next, not how often the same chord is named.
        odds[:, np.arange(SYMBOLS), np.arange(SYMBOLS)] = 0.0
        normal: NDArray[np.float32] = odds / odds.sum(axis=2, keepdims=True)
        return normal

    def place_odds(self, mode: str) -> NDArray[np.float64]:
        """float64 `[3, 72]`: how much likelier a chord is at a place of the phrase than anywhere."""
        counts = self.places[TONALITIES.index(tonality_of(mode))].astype(np.float64)
        everywhere = (counts.sum(axis=0) + 0.5) / (counts.sum() + 0.5 * SYMBOLS)
        few = 50.0  # as many chords of the usual kind are believed in before any is counted
        here = (counts + few * everywhere) / (counts.sum(axis=1, keepdims=True) + few)
        odds: NDArray[np.float64] = (here / everywhere) ** PLACE_POWER
        return odds

    def likeness(self, mode: str) -> NDArray[np.float64]:
        """float64 `[72, 72]`: cosine of two chords' vectors, 0 for chords too rare to have one."""
        vectors = self.vectors[TONALITIES.index(tonality_of(mode))].astype(np.float64)
        length = np.linalg.norm(vectors, axis=1, keepdims=True)
        unit = np.divide(vectors, length, out=np.zeros_like(vectors), where=length > 0)
        alike: NDArray[np.float64] = unit @ unit.T
        return alike

    def rhythms(self, half_bars: bool, sources: Mapping[str, float]) -> NDArray[np.float64]:
        """float64 `[256]` or `[16]`: the odds of each harmonic rhythm of a phrase; see the attributes."""
        counted = self.half_bar_rhythms if half_bars else self.bar_rhythms
        total = sum(sources.values())
        odds = np.sum([share / total * counted[s] / counted[s].sum() for s, share in sources.items()], axis=0)
        return np.asarray(odds, dtype=np.float64)


def tonality_of(mode: str) -> str:
    """Which songs a mode is learnt from: those with a major or a minor tonic chord."""
    return "major" if mode in MAJOR_MODES else "minor"


def kneser_ney(counts: NDArray[np.float32]) -> tuple[NDArray[np.float32], ...]:
    """Interpolated modified Kneser-Ney estimates of order 1, 2 and 3.

    Args:
        counts: `[A + 1, A + 1, A]`, trigram counts.

    Returns:
        `[A]`, `[A + 1, A]` and `[A + 1, A + 1, A]`: the odds of the last given those before it. The
        lower orders count in how many contexts a chord is found, not how often.
    """
    pairs = (counts > 0).sum(axis=0).astype(np.float32)
    single = (pairs > 0).sum(axis=0).astype(np.float32)
    even = np.full(single.shape, 1.0 / len(single), dtype=np.float32)
    one = discounted(single, even)
    two = discounted(pairs, one)
    return one, two, discounted(counts, two)


def discounted(counts: NDArray[np.float32], lower: NDArray[np.float32]) -> NDArray[np.float32]:
    """One order of the estimate: each count loses what its kind loses on new text, to the shorter context.

    Args:
        counts: `[..., A]`.
        lower: the odds given the shorter context, of a shape that `counts` broadcasts with.
    """
    seen = np.bincount(np.minimum(counts, 5.0).astype(np.int64).ravel(), minlength=6).astype(np.float64)
    ones, twos, threes, fours = np.maximum(seen[1:5], 1.0)
    y = ones / (ones + 2 * twos)
    steps = np.array([0.0, 1 - 2 * y * twos / ones, 2 - 3 * y * threes / twos, 3 - 4 * y * fours / threes])
    steps = np.clip(steps, 0.0, [0.0, 1.0, 2.0, 3.0]).astype(np.float32)
    lost = steps[np.minimum(counts, 3.0).astype(np.int64)]
    total = counts.sum(axis=-1, keepdims=True)
    safe = np.where(total > 0, total, 1.0)
    kept = np.where(total > 0, lost.sum(axis=-1, keepdims=True) / safe, 1.0)
    return np.asarray((counts - lost) / safe + kept * lower, dtype=np.float32)


@cache
def load_progressions() -> Progressions:
    """The counts that ship."""
    with (resources.files("generators") / "weights" / WEIGHTS).open("rb") as file:
        return unpack(dict(np.load(file, allow_pickle=False).items()))


def pack(model: Progressions) -> dict[str, NDArray[Any]]:
    """The arrays of a weights file: trigrams as rows of (chord, chord, chord, count)."""
    arrays: dict[str, NDArray[Any]] = {
        "places": model.places.astype(np.float32),
        "vectors": model.vectors.astype(np.float16),
    }
    for (tonality, source), counts in model.trigrams.items():
        at = np.argwhere(counts > 0)
        arrays[f"trigrams.{tonality}.{source}"] = np.column_stack([at, counts[tuple(at.T)]]).astype(np.int16)
    for source in SOURCES:
        arrays[f"half_bar_rhythms.{source}"] = model.half_bar_rhythms[source].astype(np.int32)
        arrays[f"bar_rhythms.{source}"] = model.bar_rhythms[source].astype(np.int32)
    return arrays


def unpack(arrays: Mapping[str, NDArray[Any]]) -> Progressions:
    """The inverse of `pack`.

    Raises:
        PlanError: if something is missing or of another shape.
    """
    try:
        trigrams = {}
        for tonality in TONALITIES:
            for source in SOURCES:
                rows = arrays[f"trigrams.{tonality}.{source}"].astype(np.int64)
                counts = np.zeros((SYMBOLS + 1, SYMBOLS + 1, SYMBOLS), dtype=np.float32)
                counts[rows[:, 0], rows[:, 1], rows[:, 2]] = rows[:, 3]
                trigrams[tonality, source] = counts
        return Progressions(
            trigrams=trigrams,
            places=arrays["places"],
            half_bar_rhythms={s: arrays[f"half_bar_rhythms.{s}"].astype(np.float64) for s in SOURCES},
            bar_rhythms={s: arrays[f"bar_rhythms.{s}"].astype(np.float64) for s in SOURCES},
            vectors=arrays["vectors"].astype(np.float32),
        )
    except (KeyError, IndexError) as error:
        raise PlanError(f"the progression counts lack something: {error!r}") from error
