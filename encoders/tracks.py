"""Looks at a body every few pictures → where its joints are in every picture.

A look costs fifty times what it costs to follow a handful of points, so that between two looks the
joints are carried by optical flow (pyramidal Lucas-Kanade: Bouguet 2001), from the earlier look
forward and from the later one back. Either may slip off a limb; how far it ends from what the other
look saw tells how much it is worth. A joint's path is then the least-squares path through the looks,
the steps of the flow and the steadiness of bodies, which also averages the looks' jitter away.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from encoders.body import JOINTS, body_height

# What is carried: windows of 15 pixels on pictures of 256 lines hold a limb; two halvings reach
# steps of 30 pixels, a sprinter's foot.
_WINDOW_PX = 15
_HALVINGS = 2
_ITERATIONS, _LEAST_SHIFT_PX = 10, 0.03
# Where a point is lost it ends this far away, in picture heights: worth nothing.
_LOST = 4.0

# Standard deviations: of a look, in body heights; of a step of the flow, in picture heights; and of the
# acceleration of a joint, in body heights a second squared (a limb going 0.15 to and fro twice a second
# has 20). Half or twice of each moves no beat by more than a few milliseconds.
_LOOK_NOISE = 0.005
_STEP_NOISE = 0.0015
_ACCELERATION = 40.0


@dataclass(frozen=True, eq=False)
class Picture:
    """A decoded picture: its index among all, its time, and uint8 `[H, W, 3]`."""

    index: int
    time_s: float
    rgb: NDArray[np.uint8]

    @property
    def aspect(self) -> float:
        """Width / height."""
        return float(self.rgb.shape[1] / self.rgb.shape[0])

    @cached_property
    def grey(self) -> NDArray[np.uint8]:
        """uint8 `[H, W]`."""
        import cv2

        return np.asarray(cv2.cvtColor(self.rgb, cv2.COLOR_RGB2GRAY), np.uint8)


@dataclass(frozen=True, eq=False)
class Span:
    """The pictures from one look to the next, and how the joints were carried through them.

    Attributes:
        first, last: indices of the two pictures that were looked at.
        steps: float64 `[2, n, J, 2]`, from each picture to the next, right and down in picture heights:
            as carried forward from the first look, and back from the last.
        miss: float64 `[2, J]`, how far from the other look either ended, picture heights.
    """

    first: int
    last: int
    steps: NDArray[np.float64]
    miss: NDArray[np.float64]

    @classmethod
    def blind(cls, first: int, last: int) -> Span:
        """A span through which nothing could be carried."""
        joints = len(JOINTS)
        return cls(first, last, np.zeros((2, last - first, joints, 2)), np.full((2, joints), _LOST))


def carry(pictures: Sequence[Picture], first: NDArray[np.float32], last: NDArray[np.float32]) -> Span:
    """Carry the joints through consecutive pictures between two looks.

    Args:
        pictures: in order of time; the looks are at the first and the last of them.
        first, last: landmarks float32 `[33, 4]` of the two looks.
    """
    height, width = pictures[0].grey.shape
    size = np.array([width, height])
    ends = [(look[JOINTS, :2] * size).astype(np.float64) for look in (first, last)]
    grey = [picture.grey for picture in pictures]
    paths = [_follow(grey, ends[0]), _follow(grey[::-1], ends[1])]
    miss = [np.linalg.norm(path[-1] - end, axis=-1) for path, end in zip(paths, ends[::-1], strict=True)]
    miss_heights = np.nan_to_num(np.stack(miss) / height, nan=_LOST)
    steps = np.nan_to_num(np.stack([np.diff(paths[0], axis=0), np.diff(paths[1][::-1], axis=0)]) / height)
    return Span(pictures[0].index, pictures[-1].index, steps, np.minimum(miss_heights, _LOST))


def _follow(grey: Sequence[NDArray[np.uint8]], start_px: NDArray[np.float64]) -> NDArray[np.float64]:
    """`[J, 2]` in the first picture → `[N, J, 2]` in all, NaN from where a point is lost."""
    import cv2

    path = np.full((len(grey), *start_px.shape), np.nan)
    path[0] = start_px
    points = start_px.astype(np.float32)
    stop = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, _ITERATIONS, _LEAST_SHIFT_PX)
    alive = np.ones(len(points), np.bool_)
    for step, (before, after) in enumerate(pairwise(grey), start=1):
        moved, kept, _ = cv2.calcOpticalFlowPyrLK(
            before, after, points, points.copy(), winSize=(_WINDOW_PX,) * 2, maxLevel=_HALVINGS, criteria=stop
        )
        points = np.asarray(moved, np.float32)
        alive &= np.asarray(kept).ravel() > 0
        path[step, alive] = points[alive]
    return path


def joint_paths(
    times_s: NDArray[np.float64], looks: NDArray[np.float32], spans: Sequence[Span], aspect: float
) -> NDArray[np.float32]:
    """Landmarks in every picture of one run, from the looks at some of them.

    The joints (`encoders.body.JOINTS`) go by least squares as said above; everything else, depth and
    visibility among it, goes straight from look to look.

    Args:
        times_s: float64 `[T]`, of all pictures from the first look to the last.
        looks: float32 `[K, 33, 4]`, K ≥ 2.
        spans: the K − 1 spans between them, in order.
        aspect: width / height of the picture.

    Returns:
        float32 `[T, 33, 4]`.
    """
    from scipy.linalg import solveh_banded

    start = spans[0].first
    at = np.array([start, *(span.last for span in spans)]) - start
    height = body_height(looks, aspect)
    landmarks = _straight(times_s, times_s[at], looks)
    steps, step_weight = _blended_steps(times_s, at, spans, height)
    look_weight = np.zeros(len(times_s))
    look_weight[at] = (_LOOK_NOISE * height) ** -2
    steadiness = _steadiness(times_s, height)
    places = landmarks[:, JOINTS, :2].astype(np.float64) * (aspect, 1.0)
    for number, joint in enumerate(JOINTS):
        weight = step_weight[:, number]
        # The normal equations: their three lower diagonals, and their right side.
        band = steadiness.copy()
        band[0] += look_weight
        band[0, :-1] += weight
        band[0, 1:] += weight
        band[1, :-1] -= weight
        right = look_weight[:, None] * places[:, number]
        pull = weight[:, None] * steps[:, number]
        right[:-1] -= pull
        right[1:] += pull
        landmarks[:, joint, :2] = solveh_banded(band, right, lower=True) / (aspect, 1.0)
    return landmarks


def _straight(
    times_s: NDArray[np.float64], at_s: NDArray[np.float64], looks: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Linear interpolation of `[K, 33, 4]` at `[T]`."""
    after = np.clip(np.searchsorted(at_s, times_s), 1, len(at_s) - 1)
    share = ((times_s - at_s[after - 1]) / (at_s[after] - at_s[after - 1])).astype(np.float32)
    return np.asarray(looks[after - 1] + share[:, None, None] * (looks[after] - looks[after - 1]))


def _blended_steps(
    times_s: NDArray[np.float64], at: NDArray[np.int64], spans: Sequence[Span], height: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The flow's steps `[T - 1, J, 2]` in picture heights, and their weights `[T - 1, J]`.

    A miss is taken for spread evenly over the steps that led to it; near a look, what was carried from
    there counts more.
    """
    steps, weights = [], []
    for first, last, span in zip(at[:-1], at[1:], spans, strict=True):
        middle_s = (times_s[first:last] + times_s[first + 1 : last + 1]) / 2
        share = (middle_s - times_s[first]) / (times_s[last] - times_s[first])
        near = np.stack([1 - share, share])[:, :, None]
        weight = near / (_STEP_NOISE + span.miss[:, None] / (last - first)) ** 2
        weights.append(weight.sum(axis=0))
        steps.append((weight[..., None] * span.steps).sum(axis=0) / weights[-1][..., None])
    return np.concatenate(steps), np.concatenate(weights)


def _steadiness(times_s: NDArray[np.float64], height: float) -> NDArray[np.float64]:
    """What the prior on acceleration adds to the three lower diagonals: `[3, T]`."""
    band = np.zeros((3, len(times_s)))
    gap_s = np.diff(times_s)
    around_s = (gap_s[:-1] + gap_s[1:]) / 2
    spread = _ACCELERATION * height * around_s
    before, after = 1 / (gap_s[:-1] * spread), 1 / (gap_s[1:] * spread)
    own = -(before + after)
    band[0, :-2] += before * before
    band[0, 1:-1] += own * own
    band[0, 2:] += after * after
    band[1, :-2] += before * own
    band[1, 1:-1] += own * after
    band[2, :-2] += before * after
    return band
