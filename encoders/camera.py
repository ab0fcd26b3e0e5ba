"""A flow field → the part of it that the camera made."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from encoders.compiled import compiled

_STRIDE = 2
# The camera is first read off the rim of the picture, where the background mostly is.
_RIM = 0.18
_ROUNDS = 3
# Points farther than this many median deviations from the camera's motion do not vote (Tukey), and
# never closer than this share of the picture's height.
_CUTOFF = 4.0
_LEAST_SHARE = 1 / 600


def camera_flow(flow: NDArray[np.float32], lines: int) -> NDArray[np.float32]:
    """Fit the global motion of a flow field and return it as a flow field.

    The model is a similarity (shift, turn, zoom): u = ax − by + c, v = bx + ay + d, fitted by
    iteratively reweighted least squares with Tukey's biweight, from the median shift of the rim.

    Args:
        flow: float32 `[H, W, 2]`, at as many points of the picture as you like.
        lines: height of that picture, in the pixels that the flow is measured in.

    Returns:
        float32 `[H, W, 2]`.
    """
    x, y, rim = _places(*flow.shape[:2])
    fitted = np.empty_like(flow)
    _fit(x, y, rim, np.ascontiguousarray(flow), _LEAST_SHARE * lines, fitted)
    return fitted


@lru_cache(maxsize=4)
def _places(height: int, width: int) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.bool_]]:
    """Columns and lines of a field from its centre, in units of its height; which points vote first."""
    x = (np.arange(width, dtype=np.float32) - (width - 1) / 2) / height
    y = (np.arange(height, dtype=np.float32) - (height - 1) / 2) / height
    voters_x, voters_y = np.abs(x[::_STRIDE]), np.abs(y[::_STRIDE])
    rim = (voters_x > voters_x.max() * (1 - 2 * _RIM)) | (voters_y > voters_y.max() * (1 - 2 * _RIM))[:, None]
    return x.astype(np.float32), y.astype(np.float32), rim


@compiled
def _fit(
    columns: NDArray[np.float32],
    lines: NDArray[np.float32],
    rim: NDArray[np.bool_],
    flow: NDArray[np.float32],
    least: float,
    fitted: NDArray[np.float32],
) -> None:
    """The model of `camera_flow`, written out; `least` is the smallest cutoff, in pixels.

    Weighted least squares of four parameters have a closed form about the weighted centre.
    """
    many = rim.size
    x, y, u, v = np.empty(many), np.empty(many), np.empty(many), np.empty(many)
    i = 0
    for line in range(rim.shape[0]):
        for column in range(rim.shape[1]):
            x[i], y[i] = columns[column * _STRIDE], lines[line * _STRIDE]
            u[i], v[i] = flow[line * _STRIDE, column * _STRIDE, 0], flow[line * _STRIDE, column * _STRIDE, 1]
            i += 1
    first = np.flatnonzero(rim.ravel())
    a, b, c, d = 0.0, 0.0, float(np.median(u[first])), float(np.median(v[first]))
    distance = np.empty(many)
    for _ in range(_ROUNDS):
        for i in range(many):
            du, dv = u[i] - (a * x[i] - b * y[i] + c), v[i] - (b * x[i] + a * y[i] + d)
            distance[i] = np.sqrt(du * du + dv * dv)
        cutoff = max(least, _CUTOFF * np.median(distance))
        total, mean_x, mean_y, mean_u, mean_v = 1e-6, 0.0, 0.0, 0.0, 0.0
        for i in range(many):
            weight = max(1.0 - (distance[i] / cutoff) ** 2, 0.0) ** 2
            distance[i] = weight
            total += weight
            mean_x += weight * x[i]
            mean_y += weight * y[i]
            mean_u += weight * u[i]
            mean_v += weight * v[i]
        mean_x, mean_y, mean_u, mean_v = mean_x / total, mean_y / total, mean_u / total, mean_v / total
        spread, along, across = 1e-9 * total, 0.0, 0.0
        for i in range(many):
            weight = distance[i]
            dx, dy, du, dv = x[i] - mean_x, y[i] - mean_y, u[i] - mean_u, v[i] - mean_v
            spread += weight * (dx * dx + dy * dy)
            along += weight * (dx * du + dy * dv)
            across += weight * (dx * dv - dy * du)
        a, b = along / spread, across / spread
        c, d = mean_u - a * mean_x + b * mean_y, mean_v - b * mean_x - a * mean_y
    for line in range(len(lines)):
        for column in range(len(columns)):
            fitted[line, column, 0] = a * columns[column] - b * lines[line] + c
            fitted[line, column, 1] = b * columns[column] + a * lines[line] + d
