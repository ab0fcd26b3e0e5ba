"""Displacements → how much moves in which direction, and how suddenly that grows.

The directogram of Davis & Agrawala, "Visual Rhythm and Beat" (ACM TOG 37(4), 2018): the magnitude
of motion summed by direction, an analogue of a spectrogram; its flux is the analogue of spectral
flux, in which a movement that starts or turns shows although the total of motion may not change.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from encoders.compiled import compiled

BINS = 8


def directogram(dx: NDArray[Any], dy: NDArray[Any], bins: int = BINS) -> NDArray[np.float64]:
    """Mean magnitude of displacements by direction.

    Bin `k` is centred on direction `2πk / bins`, counted from +x towards +y (in pictures: from right
    towards down). A displacement between two centres is shared between them in proportion to its
    angle, so that a movement that drifts in direction leaves no steps.

    Args:
        dx, dy: `[..., N]`, displacements (or velocities) of N points, in any unit.
        bins: number of directions.

    Returns:
        float64 `[..., bins]`, in the unit of the input; the sum over bins is the mean magnitude.
    """
    dx, dy = np.asarray(dx), np.asarray(dy)
    lead, points = dx.shape[:-1], dx.shape[-1]
    if points == 0:
        return np.zeros((*lead, bins))
    rows = int(np.prod(lead, dtype=np.int64))
    made = np.zeros((rows, bins))
    flat_x, flat_y = (np.ascontiguousarray(d, dtype=np.float64).reshape(rows, points) for d in (dx, dy))
    _share_out(flat_x, flat_y, made)
    return made.reshape(*lead, bins)


@compiled
def _share_out(dx: NDArray[np.float64], dy: NDArray[np.float64], made: NDArray[np.float64]) -> None:
    """`[rows, points]` → means added to `[rows, bins]`."""
    bins = made.shape[1]
    for row in range(len(dx)):
        for point in range(dx.shape[1]):
            x, y = dx[row, point], dy[row, point]
            place = np.arctan2(y, x) * (bins / (2 * np.pi))
            below = np.floor(place)
            weight = np.sqrt(x * x + y * y) / dx.shape[1]
            low = int(below) % bins
            made[row, low] += (1 - (place - below)) * weight
            made[row, (low + 1) % bins] += (place - below) * weight


def positive_flux(directions: NDArray[Any]) -> NDArray[np.float64]:
    """Growth of motion summed over directions.

    Args:
        directions: `[T, bins]`, a directogram over time.

    Returns:
        float64 `[T]`: Σ max(0, D[t] − D[t−1]); 0 at the first instant.
    """
    growth = np.maximum(np.diff(np.asarray(directions, dtype=np.float64), axis=0), 0.0).sum(axis=1)
    return np.concatenate([np.zeros(min(1, len(directions))), growth])
