"""Sound → the instants at which the music changes: another harmony, another sound, another loudness.

Novelty by a checkerboard kernel along the diagonal of a self-similarity matrix (Foote, "Automatic audio
segmentation using a measure of audio novelty", ICME 2000): an instant is new where what comes before is
like itself, what comes after is like itself, and the two are unlike. Two similarities are taken, of
timbre (levels in bands, and as a whole) and of harmony (pitch classes over two seconds), and their
novelties are averaged. The matrix is only ever needed near its diagonal, and is only made there.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from v2m.alignment.onsets import SAMPLE_RATE
from v2m.alignment.spectra import Chroma, Timbre, chroma, timbre

STEP_S = 0.25
HALF_KERNEL_S = 5.0
"""How far the kernel sees to either side."""
LEAST_NOVELTY = 0.12
"""Of a scale from 0 (no change) to 1 (nothing before is like anything after)."""
LEAST_APART_S = 3.0

# Differences that are as nothing: level in a band, dB, and distance of two pitch-class profiles of length 1.
_TIMBRE_SCALE_DB = 9.0
_HARMONY_SCALE = 0.75
_HARMONY_OVER_S = 2.0
# A kernel's Gaussian taper falls to this many standard deviations at its edge.
_TAPER_SIGMAS = 2.0


def find_changes(
    samples: NDArray[np.float32],
    *,
    least_novelty: float = LEAST_NOVELTY,
    least_apart_s: float = LEAST_APART_S,
) -> NDArray[np.float64]:
    """Where the music changes, float64 `[changes]`, seconds, increasing.

    Args:
        samples: mono at 22,050 Hz.
        least_novelty: how much of a change counts.
        least_apart_s: of two changes nearer than this the greater counts; nor does one count that is
            this near to an end, where there is not enough to compare.

    Raises:
        ValueError: if the samples are not mono or not finite.
    """
    return changes_of(
        timbre(samples),
        chroma(samples),
        len(samples) / SAMPLE_RATE,
        least_novelty=least_novelty,
        least_apart_s=least_apart_s,
    )


def changes_of(
    sound: Timbre,
    harmony: Chroma,
    duration_s: float,
    *,
    least_novelty: float = LEAST_NOVELTY,
    least_apart_s: float = LEAST_APART_S,
) -> NDArray[np.float64]:
    """As `find_changes`, from descriptors that have been made already."""
    times, curve = novelty(sound, harmony, duration_s)
    if not curve.size:
        return np.zeros(0)
    reach = max(1, round(least_apart_s / STEP_S))
    padded = np.pad(curve, reach, constant_values=-np.inf)
    around = np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1)
    # The first of equals.
    highest = (curve > around[:, :reach].max(axis=1, initial=-np.inf)) & (curve >= around.max(axis=1))
    inside = (times >= least_apart_s) & (times <= duration_s - least_apart_s)
    peaks = np.flatnonzero(highest & inside & (curve >= least_novelty))
    before, here, after = curve[peaks - 1], curve[peaks], curve[peaks + 1]
    bend = before - 2 * here + after
    shift = np.divide(0.5 * (before - after), bend, out=np.zeros(len(peaks)), where=bend < 0)
    return np.asarray(times[peaks] + STEP_S * shift, dtype=np.float64)


def novelty(
    sound: Timbre, harmony: Chroma, duration_s: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """How new each instant is, 0 to 1: times every 250 ms inside the clip, and novelty, `[steps]` both."""
    cells = max(int(np.ceil(duration_s / STEP_S)), 1)
    # The level as a whole counts for half as much as all its bands: most of a pure sound's are empty.
    levels = np.column_stack([sound.bands_db, sound.level_db * np.sqrt(sound.bands_db.shape[1] / 2)])
    bands = _cell_means(sound.times_s, levels, cells)
    profiles = _cell_means(harmony.times_s, np.sqrt(harmony.whole), cells)
    width = round(_HARMONY_OVER_S / STEP_S)
    profiles = _running_mean(profiles, width)
    length = np.linalg.norm(profiles, axis=1, keepdims=True)
    profiles = np.divide(profiles, length, out=np.zeros_like(profiles), where=length > 1e-9)
    half = min(round(HALF_KERNEL_S / STEP_S), max(cells // 2, 1))
    curves = [
        _checkerboard(bands / (_TIMBRE_SCALE_DB * np.sqrt(1.5 * sound.bands_db.shape[1])), half),
        _checkerboard(profiles / _HARMONY_SCALE, half),
    ]
    times = STEP_S * np.arange(1, cells, dtype=np.float64)
    return times, np.maximum(np.mean(curves, axis=0), 0.0)


def _checkerboard(cells: NDArray[np.float64], half: int) -> NDArray[np.float64]:
    """Novelty at each boundary between two cells `[cells, D]`, `[cells − 1]`; ends repeat themselves.

    Similarity is exp(−d²) of the cells' distance d. The kernel's quadrants each weigh 1 in all, so
    that 1 is the most.
    """
    padded = np.pad(cells, ((half, half), (0, 0)), mode="edge")
    at = np.arange(-half, half) + 0.5
    taper = np.exp(-0.5 * (_TAPER_SIGMAS * at / half) ** 2)
    taper /= taper[at > 0].sum()
    sign = np.sign(at)
    count = len(cells) - 1
    total = np.zeros(count)
    # Off-diagonal by off-diagonal: cells `apart` cells apart, the kernel's entries along that line.
    for apart in range(2 * half):
        line = taper[: 2 * half - apart] * taper[apart:] * sign[: 2 * half - apart] * sign[apart:]
        gap = padded[apart:] - padded[: len(padded) - apart]
        similar = np.exp(-np.einsum("td,td->t", gap, gap))
        # Boundary k has its kernel over padded cells k + 1 to k + 2 · half.
        seen = np.convolve(similar, line[::-1], mode="valid")[1 : count + 1]
        total += seen * (1.0 if apart == 0 else 2.0)
    return total / 2


def _cell_means(times_s: NDArray[np.float64], values: NDArray[np.float64], cells: int) -> NDArray[np.float64]:
    """Means over cells of `STEP_S`, `[cells, D]`; a cell without a value takes the one before."""
    if not len(times_s):
        return np.zeros((cells, values.shape[1]))
    edges = np.searchsorted(times_s, np.arange(cells + 1) * STEP_S)
    sums = np.concatenate([np.zeros((1, values.shape[1])), np.cumsum(values, axis=0)])
    count = np.diff(edges)
    means = (sums[edges[1:]] - sums[edges[:-1]]) / np.maximum(count, 1)[:, None]
    last = np.maximum.accumulate(np.where(count > 0, np.arange(cells), 0))
    return np.asarray(means[last])


def _running_mean(values: NDArray[np.float64], width: int) -> NDArray[np.float64]:
    """Over `width` cells around each, fewer at the ends, `[cells, D]`."""
    sums = np.concatenate([np.zeros((1, values.shape[1])), np.cumsum(values, axis=0)])
    at = np.arange(len(values))
    low, high = np.maximum(at - width // 2, 0), np.minimum(at - width // 2 + width, len(values))
    return np.asarray((sums[high] - sums[low]) / (high - low)[:, None])
