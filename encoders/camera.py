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
    x, y = _places(*flow.shape[:2])
    some = (slice(None, None, _STRIDE), slice(None, None, _STRIDE))
    u, v = (np.ascontiguousarray(flow[some][..., axis]).ravel() for axis in (0, 1))
    px, py = x[some].ravel(), y[some].ravel()
    rim = (np.abs(px) > px.max() * (1 - 2 * _RIM)) | (np.abs(py) > py.max() * (1 - 2 * _RIM))
    a, b, c, d = _fit(px, py, u, v, float(np.median(u[rim])), float(np.median(v[rim])), _LEAST_SHARE * lines)
    fitted = np.empty_like(flow)
    fitted[..., 0] = a * x - b * y + c
    fitted[..., 1] = b * x + a * y + d
    return fitted


@lru_cache(maxsize=4)
def _places(height: int, width: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Coordinates of a field's points from its centre, in units of its height."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    return (x - (width - 1) / 2) / height, (y - (height - 1) / 2) / height


@compiled
def _fit(
    x: NDArray[np.float32],
    y: NDArray[np.float32],
    u: NDArray[np.float32],
    v: NDArray[np.float32],
    shift_x: float,
    shift_y: float,
    least: float,
) -> tuple[float, float, float, float]:
    """The model's a, b, c, d from a first guess of the shift; `least` is the smallest cutoff, in pixels.

    Weighted least squares of four parameters have a closed form about the weighted centre.
    """
    a, b, c, d = 0.0, 0.0, shift_x, shift_y
    distance = np.empty(len(x))
    for _ in range(_ROUNDS):
        for i in range(len(x)):
            distance[i] = np.sqrt(
                (u[i] - (a * x[i] - b * y[i] + c)) ** 2 + (v[i] - (b * x[i] + a * y[i] + d)) ** 2
            )
        cutoff = max(least, _CUTOFF * np.median(distance))
        total, mean_x, mean_y, mean_u, mean_v = 1e-6, 0.0, 0.0, 0.0, 0.0
        for i in range(len(x)):
            weight = max(1.0 - (distance[i] / cutoff) ** 2, 0.0) ** 2
            distance[i] = weight
            total += weight
            mean_x += weight * x[i]
            mean_y += weight * y[i]
            mean_u += weight * u[i]
            mean_v += weight * v[i]
        mean_x, mean_y, mean_u, mean_v = mean_x / total, mean_y / total, mean_u / total, mean_v / total
        spread, along, across = 1e-9 * total, 0.0, 0.0
        for i in range(len(x)):
            weight = distance[i]
            dx, dy, du, dv = x[i] - mean_x, y[i] - mean_y, u[i] - mean_u, v[i] - mean_v
            spread += weight * (dx * dx + dy * dy)
            along += weight * (dx * du + dy * dv)
            across += weight * (dx * dv - dy * du)
        a, b = along / spread, across / spread
        c, d = mean_u - a * mean_x + b * mean_y, mean_v - b * mean_x - a * mean_y
    return a, b, c, d
