"""Sound and its onsets → each attack's exact instant and strength.

Onset detectors work on frames of 23 ms and say which frame; how late music is against a picture is
asked in milliseconds. Around each onset the rise of the magnitude spectrum (spectral flux: Bello,
Daudet, Abdallah, Duxbury, Davies & Sandler, "A tutorial on onset detection in music signals", IEEE
Trans. SAP 13(5), 2005) is followed on a fine grid. With a window centred on its frame, the
magnitude of a tone that sets in at t₀ grows as the window slides over t₀, fastest when it is
centred there: the flux of *linear* magnitudes peaks at the attack, where decibels would peak as
soon as the window's edge touched it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from v2m.alignment.onsets import SAMPLE_RATE
from v2m.alignment.windows import windows

HOP_SAMPLES = 64
WINDOW_SAMPLES = 512
REACH_S = 0.035
"""How far an attack may lie from the frame that the detector named: one and a half of its hops."""

_BLOCK_FRAMES = 8192


def attacks(
    samples: NDArray[np.float32],
    onsets_s: ArrayLike,
    *,
    rise: NDArray[np.float64] | None = None,
    reach_s: float = REACH_S,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Where each onset's attack is, and how strong.

    Args:
        samples: mono `[samples]` at 22,050 Hz.
        onsets_s: detected onsets `[onsets]`, non-decreasing.
        rise: `flux` of the samples, where it has been taken already.
        reach_s: how far an attack is looked for on either side of its onset.

    Returns:
        times_s: float64 `[onsets]`, non-decreasing; the parabola's top through the flux around its
            largest value, or the onset itself where nothing rises.
        strengths: float64 `[onsets]`, the flux summed over the attack, 1 for the strongest.

    Raises:
        ValueError: if the samples are not mono and finite, or the onsets are not one-dimensional.
    """
    onsets = np.asarray(onsets_s, dtype=np.float64)
    if samples.ndim != 1 or not np.isfinite(samples).all():
        raise ValueError("attacks are looked for in mono, finite samples")
    if onsets.ndim != 1:
        raise ValueError("onsets must be one-dimensional")
    if not onsets.size:
        return onsets, np.zeros(0)
    hop_s = HOP_SAMPLES / SAMPLE_RATE
    reach = max(1, round(reach_s / hop_s))
    rise = flux(samples) if rise is None else rise
    at = np.rint(onsets / hop_s).astype(np.int64)[:, None] + np.arange(-reach - 1, reach + 2)
    # One frame more on either side than may be the largest, for the parabola.
    around = np.where((at >= 0) & (at < len(rise)), rise[np.clip(at, 0, len(rise) - 1)], 0.0)
    top = 1 + np.argmax(around[:, 1:-1], axis=1)
    row = np.arange(len(onsets))
    before, here, after = around[row, top - 1], around[row, top], around[row, top + 1]
    bend = before - 2 * here + after
    shift = np.divide(0.5 * (before - after), bend, out=np.zeros(len(onsets)), where=bend < 0)
    times = np.where(here > 0, (at[row, top] + np.clip(shift, -0.5, 0.5)) * hop_s, onsets)
    strengths = around.sum(axis=1)
    largest = strengths.max()
    return np.maximum.accumulate(times), strengths / largest if largest > 0 else np.ones(len(onsets))


def flux(samples: NDArray[np.float32]) -> NDArray[np.float64]:
    """How much the magnitude spectrum rises around each instant of a grid, float64 `[frames]`.

    Entry k belongs to k · `HOP_SAMPLES` samples: it compares the spectra of two windows, centred half a
    hop before and half a hop after.
    """
    window = np.hanning(WINDOW_SAMPLES + 1)[:-1].astype(np.float32)
    half = WINDOW_SAMPLES // 2
    lead = half + HOP_SAMPLES // 2
    count = 1 + (len(samples) + lead + half + HOP_SAMPLES - WINDOW_SAMPLES) // HOP_SAMPLES
    samples = samples.astype(np.float32, copy=False)
    rises = []
    before: NDArray[np.float32] | None = None
    for frames in windows(samples, WINDOW_SAMPLES, HOP_SAMPLES, lead=lead, count=count, block=_BLOCK_FRAMES):
        block = np.abs(np.fft.rfft(frames * window, axis=1))
        joined = block if before is None else np.concatenate([before, block])
        rises.append(np.maximum(np.diff(joined, axis=0), 0.0).sum(axis=1, dtype=np.float64))
        before = block[-1:]
    return np.concatenate(rises)
