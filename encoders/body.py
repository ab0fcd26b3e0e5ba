"""Landmarks → which of them can be a person, and in which stretches it is one person throughout.

Foliage, drawn animals and furniture set the networks off now and then, and where several people
are seen the one that is followed can change: pure functions that tell.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

JOINTS = [0, 11, 12, 13, 14, 15, 16, 23, 24, 25, 26, 27, 28]
"""The landmarks that count: nose, shoulders, elbows, wrists, hips, knees, ankles. The other twenty
(face, fingers, toes) would count the head four times over and add the noise of small parts."""

# Shares of the standing height: hip to shoulder, and shoulder to shoulder (Winter 2009, table 4.1).
_TORSO_SHARE = 0.288
_SHOULDERS_SHARE = 0.23

_SEEN = 0.6
_FEWEST_SEEN = 5
# Shorter bodies, in picture heights, are too small to read limbs from.
_SMALLEST_TRUNK = 0.06
# Shoulders can't be this much wider than the trunk is long.
_WIDEST_SHOULDERS = 1.6
# Pictures of one person further apart than this are two runs.
_LONGEST_GAP_S = 0.4
# What nobody does between two pictures: the chest moving this fast (a sprinter does 6), in body
# heights a second, or the trunk growing or shrinking by this factor.
_FASTEST = 7.0
_GROWTH = 1.6


def plausible(landmarks: NDArray[np.float32], aspect: float) -> NDArray[np.bool_]:
    """Which of `[N, 33, 4]` (NaN where nobody was found) can be a person: bool `[N]`.

    `aspect` is width / height of the picture.
    """
    found = np.asarray(np.isfinite(landmarks).all(axis=(1, 2)))
    xy, seen = _split(np.where(found[:, None, None], landmarks, 0), aspect)
    trunk, across = _trunk(xy)
    inside = (np.abs(xy - [aspect / 2, 0.5]) < [0.55 * aspect, 0.55]).all(axis=-1)
    clear = np.logical_and(seen > _SEEN, inside)[:, JOINTS].sum(axis=1)
    return np.asarray(
        found
        & (seen[:, 11:13].min(axis=1) > _SEEN)
        & (np.maximum(trunk, across) > _SMALLEST_TRUNK)
        & (across < _WIDEST_SHOULDERS * trunk)
        & (clear >= _FEWEST_SEEN)
    )


def body_height(landmarks: NDArray[np.float32], aspect: float) -> float:
    """The person's standing height, in picture heights, from the trunk and the shoulders of `[N, 33, 4]`.

    The larger of the two estimates counts in each picture (foreshortening only shrinks), and of the
    pictures the upper quartile.
    """
    return max(float(np.quantile(_heights(*_split(landmarks, aspect)), 0.75)), 1e-3)


def one_person_runs(
    times_s: NDArray[np.float64],
    landmarks: NDArray[np.float32],
    found: NDArray[np.bool_],
    cuts_s: NDArray[np.float64],
    aspect: float,
) -> list[slice]:
    """Stretches of consecutive found pictures in which one person moves as people can.

    Args:
        times_s: float64 `[N]`.
        landmarks: float32 `[N, 33, 4]`.
        found: bool `[N]`, see `plausible`.
        cuts_s: first frames of new shots, which end a run.
        aspect: width / height of the picture.
    """
    if len(times_s) == 0:
        return []
    xy, seen = _split(np.where(found[:, None, None], landmarks, 0), aspect)
    heights = np.maximum(_heights(xy, seen), 1e-3)
    chest = xy[:, 11:13].mean(axis=1)
    gap_s = np.diff(times_s)
    speed = np.linalg.norm(np.diff(chest, axis=0), axis=-1) / np.maximum(heights[1:], heights[:-1]) / gap_s
    growth = np.abs(np.log(heights[1:] / heights[:-1]))
    cut = np.searchsorted(cuts_s, times_s[1:], side="right") > np.searchsorted(
        cuts_s, times_s[:-1], side="right"
    )
    joined = found[1:] & found[:-1] & ~cut & (gap_s < _LONGEST_GAP_S)
    joined &= (speed < _FASTEST) & (growth < np.log(_GROWTH))
    edges = np.flatnonzero(~joined) + 1
    starts, ends = [0, *edges.tolist()], [*edges.tolist(), len(times_s)]
    return [slice(start, end) for start, end in zip(starts, ends, strict=True) if found[start]]


def _split(landmarks: NDArray[np.float32], aspect: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Positions in picture heights `[N, 33, 2]`, and visibility `[N, 33]`."""
    wide = landmarks.astype(np.float64)
    return wide[:, :, :2] * (aspect, 1.0), wide[:, :, 3]


def _trunk(xy: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Length of the trunk and width of the shoulders, `[N]` each."""
    trunk = np.linalg.norm(xy[:, 11:13].mean(axis=1) - xy[:, 23:25].mean(axis=1), axis=-1)
    return np.asarray(trunk), np.asarray(np.linalg.norm(xy[:, 11] - xy[:, 12], axis=-1))


def _heights(xy: NDArray[np.float64], seen: NDArray[np.float64]) -> NDArray[np.float64]:
    """Standing height by each picture, `[N]`."""
    trunk, across = _trunk(xy)
    trunk = np.where(seen[:, 23:25].min(axis=1) > 0.5, trunk, 0.0)
    return np.maximum(across / _SHOULDERS_SHARE, trunk / _TORSO_SHARE)
