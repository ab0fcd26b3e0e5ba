"""Pitch classes → which key they are in, how clearly, and how much it is a major one.

Key strength is the correlation of pitch classes with the profile of each key: how well each tone fits
after a context in that key, as listeners rated it (Krumhansl & Kessler, "Tracing the dynamic changes in
perceived tonal organization in a spatial representation of musical keys", Psych. Review 89, 1982;
Krumhansl, "Cognitive Foundations of Musical Pitch", 1990). Majorness, the strongest major key's strength
less the strongest minor key's, is the measure of mode of Eerola, Lartillot & Toiviainen (ISMIR 2009).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# Krumhansl & Kessler 1982, from the tonic up.
MAJOR_PROFILE = (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88)
MINOR_PROFILE = (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17)


def validate(profiles: NDArray[np.float64]) -> None:
    """Check pitch-class profiles.

    Raises:
        ValueError: if they are not `[T, 12]`, finite and not negative.
    """
    if profiles.ndim != 2 or profiles.shape[1] != 12:
        raise ValueError(f"pitch-class profiles are [T, 12], not {list(profiles.shape)}")
    if not np.isfinite(profiles).all() or (profiles < 0).any():
        raise ValueError("pitch-class profiles must be finite and not negative")


def key_strengths(profiles: NDArray[np.float64]) -> NDArray[np.float64]:
    """Correlation with each key, float64 `[T, 24]`: C major to B major, then C minor to B minor.

    0 where a profile is empty or flat.

    Raises:
        ValueError: see `validate`.
    """
    validate(profiles)
    keys = np.array([np.roll(p, tonic) for p in (MAJOR_PROFILE, MINOR_PROFILE) for tonic in range(12)])
    keys -= keys.mean(axis=1, keepdims=True)
    keys /= np.linalg.norm(keys, axis=1, keepdims=True)
    centred = profiles - profiles.mean(axis=1, keepdims=True)
    length = np.linalg.norm(centred, axis=1, keepdims=True)
    found = np.divide(centred @ keys.T, length, out=np.zeros((len(profiles), 24)), where=length > 1e-9)
    return np.asarray(found, dtype=np.float64)


def majorness(profiles: NDArray[np.float64]) -> NDArray[np.float64]:
    """Strongest major key less strongest minor key, float64 `[T]`, −1 to 1; nan where nothing sounds.

    Raises:
        ValueError: see `validate`.
    """
    strengths = key_strengths(profiles)
    difference = strengths[:, :12].max(axis=1) - strengths[:, 12:].max(axis=1)
    return np.where(profiles.sum(axis=1) > 0, difference, np.nan)


def keys_over_time(profiles: NDArray[np.float64]) -> NDArray[np.int64]:
    """The strongest key of each profile, int64 `[T]`: 0–11 major, 12–23 minor, by tonic from C.

    Raises:
        ValueError: see `validate`.
    """
    return np.asarray(key_strengths(profiles).argmax(axis=1), dtype=np.int64)


def over_context(values: NDArray[np.float64], steps: int) -> NDArray[np.float64]:
    """Sums over a window of `steps` around each step, fewer at the ends, `[T, …]`.

    The centre of an even window is the later of its two middle steps.

    Raises:
        ValueError: if the window is empty.
    """
    if steps < 1:
        raise ValueError("a context needs at least one step")
    sums = np.concatenate([np.zeros((1, *values.shape[1:])), np.cumsum(values, axis=0)])
    at = np.arange(len(values))
    low = np.maximum(at - steps // 2, 0)
    high = np.minimum(at - steps // 2 + steps, len(values))
    return np.asarray(sums[high] - sums[low])
