"""Sound whose facts are known, made when a test runs."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

RATE = 22_050


def clicks(times_s: ArrayLike, duration_s: float, *, levels: ArrayLike = 0.5) -> NDArray[np.float32]:
    """Clicks at the times, mono at the scoring rate."""
    times = np.asarray(times_s, np.float64)
    samples = np.zeros(round(duration_s * RATE), np.float32)
    shape = np.exp(-np.arange(600) / 90) * np.sin(np.arange(600) * 0.35)
    for time_s, level in zip(times, np.broadcast_to(levels, times.shape), strict=True):
        first = round(time_s * RATE)
        room = samples[first : first + 600]
        room += (level * shape).astype(np.float32)[: len(room)]
    return samples


def tone(
    pitches: ArrayLike, seconds: float, *, level: float = 0.1, harmonics: int = 6
) -> NDArray[np.float32]:
    """MIDI pitches sounding together, each with harmonics that fall as 1/n, faded in and out."""
    at = np.arange(round(seconds * RATE)) / RATE
    wave = np.zeros(len(at))
    for pitch in np.asarray(pitches, np.float64):
        hz = 440.0 * 2 ** ((pitch - 69) / 12)
        for n in range(1, harmonics + 1):
            if n * hz < 0.45 * RATE:
                wave += level / n * np.sin(2 * np.pi * n * hz * at)
    fade = np.minimum(1.0, np.minimum(at, at[::-1]) / 0.01)
    return (wave * fade).astype(np.float32)
