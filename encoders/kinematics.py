"""Landmarks over time → how fast the body moves, whereto, and when it comes to rest.

Pure functions on one run of pictures in which one person is followed. Kinematic beats are
those of AIST++ (Li et al., "AI Choreographer", ICCV 2021): local minima of the summed joint
speed, each the least within ±10 frames at 60 fps, here ±167 ms whatever the frame rate.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from encoders.body import JOINTS, body_height
from encoders.directogram import directogram

NEIGHBOURHOOD_S = 10 / 60
"""A kinematic beat is the least speed within this on either side (AIST++: order 10 at 60 fps)."""

SMOOTHING_S = 0.055
"""Standard deviation of the Gaussian weights with which positions are fitted."""

GRID_HZ = 60.0
"""Rate of the grid that beats are looked for on."""

# A rest is taken for a beat when the speed on either side of it is this much higher: a mean joint
# speed in body heights a second. Breathing, talking and landmark jitter stay below.
_LEAST_SWING = 0.12
# ... and counts in full from this on.
_FULL_SWING = 0.3
# ... and when it falls to less than this share of the smaller of the two.
_DEEPEST_SHARE = 0.75
# How far from a minimum the peaks on its sides are looked for.
_PEAK_REACH_S = 0.6
# A minimum nearer than this to the run's end is judged by the movement before it alone.
_EDGE_S = 0.2
# The heights between a minimum and its lower peak at which its two flanks are timed. Out of a rest the
# speed of a reach grows with the square of the time (minimum jerk: Flash & Hogan 1985), so that the
# second is passed twice as long after the rest as the first.
_FLANK_LEVELS = (0.1, 0.4)
# Instants that are fitted at once: what bounds the memory.
_BLOCK = 4096


@dataclass(frozen=True, eq=False)
class JointMotion:
    """How the joints of one run move.

    Attributes:
        times_s: float64 `[T]`.
        velocity: float64 `[T, J, 2]`, right and down, body heights a second.
        weight: float64 `[T, J]`, how well each joint is seen, 0 to 1.
    """

    times_s: NDArray[np.float64]
    velocity: NDArray[np.float64]
    weight: NDArray[np.float64]

    @property
    def joint_speed(self) -> NDArray[np.float64]:
        """float64 `[T, J]`, body heights a second."""
        return np.asarray(np.linalg.norm(self.velocity, axis=-1))

    @property
    def mean_speed(self) -> NDArray[np.float64]:
        """float64 `[T]`: mean over the joints that are seen, body heights a second."""
        total = self.weight.sum(axis=1)
        summed = (self.joint_speed * self.weight).sum(axis=1)
        return np.asarray(np.divide(summed, total, out=np.zeros_like(total), where=total > 1e-6))

    @property
    def directions(self) -> NDArray[np.float64]:
        """float64 `[T, 8]`: the joints' directogram; its sum over bins is `mean_speed`."""
        total = np.maximum(self.weight.sum(axis=1), 1e-6)
        share = self.weight * (self.weight.shape[1] / total)[:, None]
        return directogram(self.velocity[..., 0] * share, self.velocity[..., 1] * share)


def joint_motion(
    times_s: NDArray[np.float64],
    landmarks: NDArray[np.float32],
    aspect: float,
    at_s: NDArray[np.float64],
    smoothing_s: float = SMOOTHING_S,
) -> JointMotion:
    """Joint velocities at `at_s`, from positions at whatever times they were seen.

    At each instant a parabola is fitted to each joint's positions, weighted by a Gaussian in time
    (local quadratic regression, Cleveland 1979): no lag, any sampling, and more than `smoothing_s`
    of jitter averaged away.

    Args:
        times_s: float64 `[N]`, increasing, N ≥ 3.
        landmarks: float32 `[N, 33, 4]`, all found.
        aspect: width / height of the picture.
        at_s: float64 `[T]`.
        smoothing_s: standard deviation of the weights; at least 0.9 sampling intervals are used.
    """
    height = body_height(landmarks, aspect)
    xy = landmarks[:, JOINTS, :2].astype(np.float64) * (aspect, 1.0) / height
    seen = landmarks[:, JOINTS, 3].astype(np.float64)
    sigma = max(smoothing_s, 0.9 * float(np.median(np.diff(times_s))))
    blocks = [at_s[start : start + _BLOCK] for start in range(0, max(len(at_s), 1), _BLOCK)]
    fitted = [_fit(times_s, xy, seen, block, sigma) for block in blocks]
    velocity, visible = (np.concatenate(parts) for parts in zip(*fitted, strict=True))
    return JointMotion(at_s, velocity, np.clip((visible - 0.3) / 0.4, 0.0, 1.0))


def _fit(
    times_s: NDArray[np.float64],
    xy: NDArray[np.float64],
    seen: NDArray[np.float64],
    at_s: NDArray[np.float64],
    sigma: float,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Slopes `[T, J, 2]` of the parabolas at `at_s`, and visibility `[T, J]` averaged likewise."""
    reach = 4.0 * sigma
    first = np.searchsorted(times_s, at_s - reach)
    width = int((np.searchsorted(times_s, at_s + reach, side="right") - first).max(initial=1))
    pick = np.minimum(first[:, None] + np.arange(max(width, 3)), len(times_s) - 1)
    counted = np.concatenate([np.ones((len(at_s), 1), bool), np.diff(pick, axis=1) > 0], axis=1)
    lag = (times_s[pick] - at_s[:, None]) / sigma
    # A floor far below any real weight keeps the fit defined where few samples are near.
    gauss = np.where(counted, np.exp(-0.5 * lag**2) + 1e-9, 0.0)
    moment = [np.einsum("tk,tk->t", gauss, lag**power) for power in range(5)]
    normal = np.stack([np.stack(moment[row : row + 3], axis=-1) for row in range(3)], axis=-2)
    normal += 1e-9 * np.eye(3)
    # Only the slope is wanted: one row of the inverse, and one weight for each position.
    slope = np.linalg.solve(normal, np.broadcast_to(np.eye(3)[1], (len(at_s), 3))[..., None])[..., 0]
    weight = gauss * (slope[:, :1] + slope[:, 1:2] * lag + slope[:, 2:] * lag**2)
    velocity = np.einsum("tk,tkjc->tjc", weight, xy[pick]) / sigma
    return velocity, np.einsum("tk,tkj->tj", gauss, seen[pick]) / moment[0][:, None]


def kinematic_beats(
    times_s: NDArray[np.float64], mean_speed: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    """When the body comes to rest, and how much of a rest it is.

    A minimum between two moves is often flat, so that its lowest sample falls anywhere in the rest, and
    where a quick move meets a slow one it leans to the slow. Its time is therefore the middle between
    where the move before comes to rest and where the one after sets out, each found on its own flank.

    Args:
        times_s: float64 `[T]`, evenly spaced (see `GRID_HZ`).
        mean_speed: float64 `[T]`, body heights a second, of one run.

    Returns:
        Times float64 `[K]`, and strengths float32 `[K]`, 0 to 1: how deep the minimum is, relative to
        the lower of the peaks beside it, and less where that is itself a small movement.
    """
    if len(times_s) < 3:
        return np.zeros(0), np.zeros(0, np.float32)
    step_s = float(times_s[1] - times_s[0])
    order = max(1, round(NEIGHBOURHOOD_S / step_s))
    reach = round(_PEAK_REACH_S / step_s)
    edge = round(_EDGE_S / step_s)
    beats: list[float] = []
    strengths: list[float] = []
    for low in _minima(mean_speed, order):
        rest = mean_speed[low]
        before = mean_speed[max(0, low - reach) : low].max()
        after = mean_speed[low + 1 : low + 1 + reach].max()
        if len(mean_speed) - 1 - low < edge:
            after = before
        peak = min(before, after)
        if peak - rest < _LEAST_SWING or rest > _DEEPEST_SHARE * peak:
            continue
        levels = [rest + share * (peak - rest) for share in _FLANK_LEVELS]
        beats.append(_middle(times_s, mean_speed, low, levels))
        strengths.append((1.0 - rest / peak) * min(1.0, (peak - rest) / _FULL_SWING))
    return np.asarray(beats, np.float64), np.asarray(strengths, np.float32)


def _minima(curve: NDArray[np.float64], order: int) -> NDArray[np.int64]:
    """Indices that are the least within `order` on either side, the first of equals; no edges."""
    padded = np.pad(curve, order, constant_values=np.inf)
    around = np.lib.stride_tricks.sliding_window_view(padded, 2 * order + 1)
    least = (curve <= around[:, order + 1 :].min(axis=1)) & (curve < around[:, :order].min(axis=1))
    least[:1] = least[-1:] = False
    return np.flatnonzero(least)


def _middle(
    times_s: NDArray[np.float64], curve: NDArray[np.float64], low: int, levels: Sequence[float]
) -> float:
    """The middle between where the curve comes to rest before index `low` and where it sets out after it.

    `levels` are the lower and the upper; a flank that doesn't reach the upper one before the run ends
    is timed at the lower, one that doesn't reach that either at `low`.
    """
    ends = [_crossings(times_s, curve, low, levels, side) for side in (-1, 1)]
    # Neither flank is carried past the foot of the other.
    stops = min(ends[0][1], ends[1][0]), max(ends[1][1], ends[0][0])
    return float(sum(stops) / 2)


def _crossings(
    times_s: NDArray[np.float64], curve: NDArray[np.float64], low: int, levels: Sequence[float], side: int
) -> tuple[float, float]:
    """When one flank of the minimum passes the lower level, and when it would be at rest."""
    passed: list[float] = []
    for level in levels:
        above = np.flatnonzero(curve[low::side] >= level)
        if len(above) == 0:
            break
        over = low + side * int(above[0])
        pair = [over - side, over]
        passed.append(float(np.interp(level, curve[pair], times_s[pair])))
    if len(passed) < len(levels):
        foot = passed[0] if passed else float(times_s[low])
        return foot, foot
    return passed[0], 2 * passed[0] - passed[1]
