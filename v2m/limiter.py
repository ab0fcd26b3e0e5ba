"""Peaks and energies a hop → a gain a hop that brings music to a loudness under a ceiling.

A look-ahead limiter in closed form: the gain each hop needs, released at a constant rate in
decibels (a running minimum), held to its minimum over the look-ahead, then smoothed by a kernel
no longer than that. A weighted mean of values that are all at most the needed gain never exceeds
it, so the ceiling holds by construction (minimum filter before smoothing: Hämäläinen, "Smoothing
of the Control Signal without Clipped Output in Digital Peak Limiters", DAFx 2002).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from v2m.loudness import hop_samples, integrated_lufs

ATTACK_S = 0.006
# How fast the limiter lets go. Slow is clean; music asked to be louder than that allows (−10 LUFS
# and up) is limited faster, as loud masters are.
RELEASES_DB_PER_S = (35.0, 100.0, 300.0)
MARGIN_DB = 0.15  # between hops the gain is interpolated, and 4× oversampling can miss this much
MAX_GAIN_DB = 40.0
DEEPEST_DB = 12.0
STRETCH = 1 << 14


@dataclass(frozen=True, eq=False)
class Mastering:
    """What to multiply the mix by.

    Attributes:
        gain: one constant factor.
        limit: float32 `[hops]`, at most 1, at hop starts.
        lufs: the loudness this will give.
        deepest_db: the most the limiter takes away at any instant, as a positive number.
        reached: false where the loudness asked for was out of reach.
    """

    gain: float
    limit: NDArray[np.float32]
    lufs: float
    deepest_db: float
    reached: bool


def limit_gain(
    peaks: NDArray[np.float32],
    ceiling: float,
    sample_rate: int,
    release_db_per_s: float = RELEASES_DB_PER_S[0],
) -> NDArray[np.float32]:
    """The limiter's gain, float32 `[hops]`, for oversampled peaks a hop and a linear ceiling."""
    hop_s = hop_samples(sample_rate) / sample_rate
    ahead = round(ATTACK_S / hop_s)
    needed_db = np.minimum(0, 20 * np.log10(np.float32(ceiling) / np.maximum(peaks, np.float32(1e-9))))
    if not (needed_db < 0).any():
        return np.ones(len(peaks), np.float32)
    released_db = released(needed_db, release_db_per_s * hop_s)
    # One hop more on each side: peaks run a few samples late, and gains are interpolated.
    lowest_db = _sliding_minimum(np.pad(released_db, (1, ahead), mode="edge"), ahead + 2)
    kernel = np.hanning(ahead + 2)[1:-1]
    kernel = (kernel / kernel.sum()).astype(np.float32)
    smooth_db = np.convolve(np.pad(lowest_db, (ahead - 1, 0), mode="edge"), kernel, "valid")
    gain: NDArray[np.float32] = np.power(np.float32(10), np.minimum(smooth_db, 0) / np.float32(20))
    return gain


def released(needed_db: NDArray[np.floating], rise_db: float, before: float = 0.0) -> NDArray[np.floating]:
    """The needed gain, which may rise by no more than `rise_db` a hop: a running minimum.

    Args:
        needed_db: `[hops]`, at most 0.
        before: what it was in the hop before.
    """
    held = np.empty_like(needed_db)
    # In stretches, since the slope that is taken off and put back must stay small beside the gain.
    for first in range(0, len(needed_db), STRETCH):
        part = needed_db[first : first + STRETCH]
        slope = rise_db * np.arange(1, len(part) + 1)
        lowest = np.minimum(np.minimum.accumulate(part - slope), before) + slope
        held[first : first + STRETCH] = lowest
        before = float(lowest[-1])
    return held


def _sliding_minimum(values: NDArray[np.float32], width: int) -> NDArray[np.float32]:
    """Minimum over each run of `width` values, `[len - width + 1]`, by doubling."""
    span, lowest = 1, values
    while span * 2 <= width:
        lowest = np.minimum(lowest[:-span], lowest[span:])
        span *= 2
    extra = width - span
    return np.minimum(lowest[: len(lowest) - extra], lowest[extra:]) if extra else lowest


def master(
    peaks: NDArray[np.float32],
    energies: NDArray[np.float32],
    sample_rate: int,
    lufs: float,
    true_peak_dbtp: float,
    max_gain_db: float = MAX_GAIN_DB,
) -> Mastering:
    """Find the gain whose limited result has the loudness asked for.

    Args:
        peaks, energies: a hop, of the unmastered mix (`loudness.Meter`).
        lufs, true_peak_dbtp: the target and the ceiling.
        max_gain_db: music too quiet to begin with is raised no further than this.

    The loudness of a limited mix is foreseen from energy × gain² a hop: the limiter moves
    slowly against the weighting filter, so the two commute to within 0.1 LU.
    """
    hops = min(len(peaks), len(energies))
    peaks, energies = peaks[:hops], energies[:hops]
    ceiling = 10 ** ((true_peak_dbtp - MARGIN_DB) / 20)
    unmastered = integrated_lufs(energies, sample_rate)
    if not np.isfinite(unmastered):
        return Mastering(1.0, np.ones(hops, np.float32), unmastered, 0.0, False)
    for release in RELEASES_DB_PER_S:
        gain_db = min(lufs - unmastered, max_gain_db)
        for _ in range(16):
            gain = 10 ** (gain_db / 20)
            limit = limit_gain(peaks * np.float32(gain), ceiling, sample_rate, release)
            reached = integrated_lufs(energies * (limit * np.float32(gain)) ** 2, sample_rate)
            step = lufs - reached
            if abs(step) < 0.02 or (step > 0 and gain_db >= max_gain_db):
                break
            # Limiting eats part of each step up, so overshoot it a little, within reason.
            gain_db = float(min(gain_db + np.clip(1.3 * step if step > 0 else step, -6, 3), max_gain_db))
        # Pushed further than this below the ceiling, a limiter only flattens.
        deepest = -20 * float(np.log10(max(float(limit.min()), 1e-6)))
        if abs(step) < 0.3 and (deepest < DEEPEST_DB or release == RELEASES_DB_PER_S[-1]):
            break
    return Mastering(float(gain), limit, reached, deepest, abs(step) < 0.3)


def apply(
    block: NDArray[np.float32], first: int, mastering: Mastering, sample_rate: int
) -> NDArray[np.float32]:
    """Master a block, float32 `[2, n]`, that starts at sample `first`."""
    hop = hop_samples(sample_rate)
    n = block.shape[1]
    low = first // hop
    high = min(-(-(first + n) // hop) + 1, len(mastering.limit))
    part = mastering.limit[low:high]
    if (part == 1.0).all():
        return block * np.float32(mastering.gain)
    at = np.arange(low, high) * hop
    curve = np.interp(np.arange(first, first + n), at, part) * mastering.gain
    return block * curve.astype(np.float32)
