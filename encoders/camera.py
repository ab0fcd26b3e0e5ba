"""A flow field → the part of it that the camera made."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

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
    u, v = flow[some][..., 0].ravel(), flow[some][..., 1].ravel()
    px, py = x[some].ravel(), y[some].ravel()
    rim = (np.abs(px) > px.max() * (1 - 2 * _RIM)) | (np.abs(py) > py.max() * (1 - 2 * _RIM))
    model = (0.0, 0.0, float(np.median(u[rim])), float(np.median(v[rim])))
    for _ in range(_ROUNDS):
        du = u - (model[0] * px - model[1] * py + model[2])
        dv = v - (model[1] * px + model[0] * py + model[3])
        distance = np.hypot(du, dv)
        cutoff = max(_LEAST_SHARE * lines, _CUTOFF * float(np.median(distance)))
        weight = np.maximum(1.0 - (distance / cutoff) ** 2, 0.0) ** 2
        model = _solve(px, py, u, v, weight)
    fitted = np.empty_like(flow)
    fitted[..., 0] = model[0] * x - model[1] * y + model[2]
    fitted[..., 1] = model[1] * x + model[0] * y + model[3]
    return fitted


@lru_cache(maxsize=4)
def _places(height: int, width: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Coordinates of a field's points from its centre, in units of its height."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    return (x - (width - 1) / 2) / height, (y - (height - 1) / 2) / height


def _solve(
    x: NDArray[np.float32],
    y: NDArray[np.float32],
    u: NDArray[np.float32],
    v: NDArray[np.float32],
    weight: NDArray[np.float32],
) -> tuple[float, float, float, float]:
    """Weighted least squares of the four parameters, in closed form about the weighted centre."""
    weight = weight / (weight.sum() + np.float32(1e-6))
    cx, cy, cu, cv = (float(np.dot(weight, column)) for column in (x, y, u, v))
    dx, dy, du, dv = x - cx, y - cy, u - cu, v - cv
    wx, wy = weight * dx, weight * dy
    spread = float(np.dot(wx, dx) + np.dot(wy, dy)) + 1e-9
    a = float(np.dot(wx, du) + np.dot(wy, dv)) / spread
    b = float(np.dot(wx, dv) - np.dot(wy, du)) / spread
    return a, b, cu - a * cx + b * cy, cv - b * cx - a * cy
