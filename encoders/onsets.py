"""Motion over time → visual onsets: the instants at which a movement peaks or sets in.

What music is to meet. Two readings of motion are peak-picked: the magnitude of the flow, whose strict
local maxima are the video peaks of AV-Align (Yariv et al. 2024), and the flux of the directogram
(Davis & Agrawala 2018), which shows a movement that sets in or turns while the total hardly grows.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# AV-Align's floor: mean flow magnitude in pixels a frame at 180 lines.
LEAST_FLOW = 0.1
# A peak's height is measured over the valleys within this reach.
_REACH_S = 0.4
# Prominences that are as strong as it gets, at least: below them a clip's peaks are tremor.
_FULL_FLOW = 0.25
_FULL_FLUX = 0.12
_FULL_SHARE = 92.0
_WEAKEST = 0.03
# A flow peak is at least this share as strong as the flux peak of the same movement; a flux peak stands
# for itself if it is this strong and no flow peak is this near.
_FLUX_SHARE = 0.7
_STRONG_FLUX = 0.5
_SAME_S = 0.07
# Accents: this strong, this many deviations above the onsets around, this far apart.
_ACCENT_STRENGTH = 0.35
_ACCENT_Z = 0.75
_AROUND_S = 3.0
_APART_S = 0.25


def find_onsets(
    times_s: NDArray[np.float64],
    flow: NDArray[np.float64],
    flux: NDArray[np.float64],
    barrier: NDArray[np.bool_],
    repeats: NDArray[np.bool_],
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
    """Peaks of motion.

    Args:
        times_s: float64 `[T]`.
        flow: `[T]`, mean flow magnitude in pixels a frame at 180 lines, interpolated over repeats.
        flux: `[T]`, positive flux of the directogram, picture heights a second.
        barrier: `[T]`, true at the first frame of a shot: no peak there, nor on the frames beside it,
            which the change of picture overshadows; valleys don't reach across.
        repeats: `[T]`, true where a frame only repeats the one before. AV-Align sees no flow there and
            a peak beside it; such a peak is listed, but as the weakest there is.

    Returns:
        times `[K]` in s; strengths `[K]`, 0–1; accents `[K]`, true for those that stand out.
    """
    main = _peaks(np.where(repeats, 0.0, flow), barrier, LEAST_FLOW)
    extra = _peaks(flux, barrier, 0.0)
    main_strength = np.maximum(_strengths(times_s, flow, barrier, main, _FULL_FLOW), _WEAKEST)
    extra_strength = _strengths(times_s, flux, barrier, extra, _FULL_FLUX)
    main_strength = _raised(times_s, main, main_strength, extra, extra_strength)
    alone = extra_strength >= _STRONG_FLUX
    if len(main):
        alone &= _gap(times_s[extra], times_s[main]) > _SAME_S
    frames = np.concatenate([main, extra[alone]])
    strengths = np.concatenate([main_strength, extra_strength[alone]])
    order = np.argsort(frames)
    times, strengths = times_s[frames[order]], strengths[order]
    return times, strengths, _accents(times, strengths)


def _peaks(curve: NDArray[np.float64], barrier: NDArray[np.bool_], least: float) -> NDArray[np.int64]:
    """Strict local maxima of at least `least`, away from barriers."""
    if len(curve) < 3:
        return np.zeros(0, dtype=np.int64)
    shut = barrier.copy()
    shut[1:] |= barrier[:-1]
    shut[:-1] |= barrier[1:]
    middle = curve[1:-1]
    found = (middle > curve[:-2]) & (middle > curve[2:]) & (middle >= least) & (middle > 0) & ~shut[1:-1]
    return np.flatnonzero(found) + 1


def _strengths(
    times_s: NDArray[np.float64],
    curve: NDArray[np.float64],
    barrier: NDArray[np.bool_],
    peaks: NDArray[np.int64],
    full: float,
) -> NDArray[np.float64]:
    """Prominences as shares of the clip's strong ones, `[K]`, 0–1."""
    if not len(peaks):
        return np.zeros(0)
    high = np.array([_prominence(times_s, curve, barrier, int(peak)) for peak in peaks])
    return np.clip(high / max(full, float(np.percentile(high, _FULL_SHARE))), 0.0, 1.0)


def _prominence(
    times_s: NDArray[np.float64], curve: NDArray[np.float64], barrier: NDArray[np.bool_], peak: int
) -> float:
    """Height above the higher of the two valleys beside it, within reach, as far as it overlooks them."""
    valleys = []
    for step in (-1, 1):
        lowest, here = curve[peak], peak + step
        while 0 <= here < len(curve) and abs(times_s[here] - times_s[peak]) <= _REACH_S:
            if curve[here] > curve[peak] or barrier[here]:
                break
            lowest = min(lowest, curve[here])
            here += step
        valleys.append(lowest)
    return float(curve[peak] - max(valleys))


def _raised(
    times_s: NDArray[np.float64],
    main: NDArray[np.int64],
    strength: NDArray[np.float64],
    extra: NDArray[np.int64],
    extra_strength: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Flow peaks whose movement sets in more suddenly than its size tells count for more."""
    raised = strength.copy()
    for k, peak in enumerate(main):
        if strength[k] <= _WEAKEST:
            continue
        lo, hi = np.searchsorted(times_s[extra], [times_s[peak] - _SAME_S, times_s[peak] + _SAME_S])
        if hi > lo:
            raised[k] = max(raised[k], _FLUX_SHARE * float(extra_strength[lo:hi].max()))
    return raised


def _gap(of_s: NDArray[np.float64], to_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """Distance of each instant to the nearest of the sorted `to_s`."""
    right = np.searchsorted(to_s, of_s)
    after = np.abs(to_s[np.minimum(right, len(to_s) - 1)] - of_s)
    before = np.abs(to_s[np.maximum(right - 1, 0)] - of_s)
    return np.minimum(after, before)


def _accents(times_s: NDArray[np.float64], strengths: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Onsets that stand out of those around them, the stronger of two that are too close."""
    accents = np.zeros(len(times_s), dtype=np.bool_)
    taken: list[float] = []
    for k in np.argsort(-strengths, kind="stable"):
        if strengths[k] < _ACCENT_STRENGTH:
            break
        lo, hi = np.searchsorted(times_s, [times_s[k] - _AROUND_S, times_s[k] + _AROUND_S])
        around = strengths[lo:hi]
        stands_out = strengths[k] >= around.mean() + _ACCENT_Z * around.std()
        if stands_out and all(abs(times_s[k] - other) >= _APART_S for other in taken):
            accents[k] = True
            taken.append(float(times_s[k]))
    return accents
