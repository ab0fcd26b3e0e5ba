"""Pitch classes → the quality of the chord, and whether an emotion allows it.

Metrics
-------
* `affective_correspondence` (Video2Music: Kang, Poria & Herremans, "Video2Music: suitable music
  generation from videos using an affective multimodal transformer model", Expert Systems with
  Applications 249, 2024): of the seconds in which the picture's emotion is certain (probability ≥ 0.80)
  and not neutral, the share in which the chord's quality is one that this emotion allows. Undefined
  without such a second.

The chord of a second is that whose tones, of twelve roots and thirteen qualities, point most in the
direction of what sounds (template matching: Fujishima, ICMC 1999), a root in the bass counting for it:
C6 and Am7, Csus2 and Gsus4 have the same tones.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np
from numpy.typing import ArrayLike, NDArray

from v2m.alignment.tonality import validate as validate_profiles

QUALITIES: Mapping[str, tuple[int, ...]] = MappingProxyType(
    {
        "maj": (0, 4, 7),
        "dim": (0, 3, 6),
        "sus4": (0, 5, 7),
        "min7": (0, 3, 7, 10),
        "min": (0, 3, 7),
        "sus2": (0, 2, 7),
        "aug": (0, 4, 8),
        "dim7": (0, 3, 6, 9),
        "maj6": (0, 4, 7, 9),
        "hdim7": (0, 3, 6, 10),
        "7": (0, 4, 7, 10),
        "min6": (0, 3, 7, 9),
        "maj7": (0, 4, 7, 11),
    }
)
"""Video2Music's thirteen qualities, in semitones from the root."""

NO_CHORD = "N"

EMOTIONS = ("exciting", "fearful", "tense", "sad", "relaxing", "neutral")
"""In the order of the emotion encoder's probabilities."""

ALLOWED: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "exciting": frozenset({"maj", "sus4", "7"}),
        "fearful": frozenset({"dim", "min7", "dim7", "hdim7"}),
        "tense": frozenset({"dim", "sus4", "min7", "7"}),
        "sad": frozenset({"min7", "min", "sus2"}),
        "relaxing": frozenset({"maj", "maj6", "maj7"}),
    }
)
CERTAIN = 0.80

# A root in the bass is worth this much of a perfect match; below this match there is no chord.
_BASS_SHARE = 0.15
_LEAST_MATCH = 0.6
# Loud tones should not drown the others: magnitudes are taken to this power.
_COMPRESSION = 0.5


def chords(
    whole: NDArray[np.float64], bass: NDArray[np.float64]
) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """The chord of each step.

    Args:
        whole: float64 `[T, 12]`, how much of each pitch class sounds, C first.
        bass: float64 `[T, 12]`, the same of the lowest tones.

    Returns:
        root: int64 `[T]`, 0–11 from C; −1 where there is no chord.
        quality: T names in `QUALITIES`, or `NO_CHORD`.

    Raises:
        ValueError: if a profile is not `[T, 12]`, finite and not negative, or they are not as many.
    """
    validate_profiles(whole)
    validate_profiles(bass)
    if len(whole) != len(bass):
        raise ValueError(f"{len(whole)} profiles need as many of the bass, not {len(bass)}")
    names = list(QUALITIES)
    templates = np.zeros((len(names) * 12, 12))
    for k, name in enumerate(names):
        for root in range(12):
            templates[k * 12 + root, [(root + step) % 12 for step in QUALITIES[name]]] = 1.0
    templates /= np.linalg.norm(templates, axis=1, keepdims=True)
    heard = whole**_COMPRESSION
    length = np.linalg.norm(heard, axis=1, keepdims=True)
    match = np.divide(
        heard @ templates.T, length, out=np.zeros((len(whole), len(templates))), where=length > 0
    )
    deep = bass.sum(axis=1, keepdims=True)
    rooted = np.divide(bass, deep, out=np.zeros_like(bass), where=deep > 0)
    best = (match + _BASS_SHARE * np.tile(rooted, len(names))).argmax(axis=1)
    found = match[np.arange(len(whole)), best] >= _LEAST_MATCH
    roots = np.where(found, best % 12, -1).astype(np.int64)
    return roots, tuple(names[k // 12] if yes else NO_CHORD for k, yes in zip(best, found, strict=True))


def validate(emotions: ArrayLike, qualities: Sequence[str]) -> tuple[NDArray[np.float64], tuple[str, ...]]:
    """Emotion probabilities `[T, 6]` and the qualities of T chords, checked.

    Raises:
        ValueError: if they are not as many, a probability is not 0 to 1, or a quality is not known.

    Warns:
        UserWarning: if they are empty.
    """
    chances, names = np.asarray(emotions, dtype=np.float64), tuple(qualities)
    if chances.ndim != 2 or chances.shape[1] != len(EMOTIONS):
        raise ValueError(f"emotion probabilities are [T, {len(EMOTIONS)}], not {list(chances.shape)}")
    if len(chances) != len(names):
        raise ValueError(f"{len(chances)} seconds of emotion need as many chords, not {len(names)}")
    if not ((chances >= 0) & (chances <= 1 + 1e-6)).all():
        raise ValueError("emotion probabilities lie between 0 and 1")
    unknown = set(names) - set(QUALITIES) - {NO_CHORD}
    if unknown:
        raise ValueError(f"chord quality {min(unknown)!r} is none of {', '.join(QUALITIES)}")
    if not names:
        warnings.warn("there is no second to compare", stacklevel=3)
    return chances, names


def affective_correspondence(
    emotions: ArrayLike, qualities: Sequence[str], *, certain: float = CERTAIN
) -> float:
    """Share of the certain seconds whose chord the emotion allows, 0 to 1; nan if there is none.

    Args:
        emotions: `[T, 6]`, probabilities in the order of `EMOTIONS`.
        qualities: T names in `QUALITIES`, or `NO_CHORD`, which no emotion allows.
        certain: the least probability that counts.

    Raises:
        ValueError: see `validate`.
    """
    chances, names = validate(emotions, qualities)
    judged = certain_seconds(chances, certain=certain)
    if not len(judged):
        return float("nan")
    strongest = chances.argmax(axis=1)
    return float(np.mean([names[k] in ALLOWED[EMOTIONS[strongest[k]]] for k in judged]))


def certain_seconds(emotions: NDArray[np.float64], *, certain: float = CERTAIN) -> NDArray[np.int64]:
    """Indices of the seconds that count: one emotion is certain, and it is not neutral."""
    strongest = emotions.argmax(axis=1)
    sure = (emotions.max(axis=1, initial=0.0) >= certain) & (strongest != EMOTIONS.index("neutral"))
    return np.flatnonzero(sure)
