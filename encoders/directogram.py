"""Displacements → how much moves in which direction, and how suddenly that grows.

The directogram of Davis & Agrawala, "Visual Rhythm and Beat" (ACM TOG 37(4), 2018): the magnitude
of motion summed by direction, an analogue of a spectrogram; its flux is the analogue of spectral
flux, in which a movement that starts or turns shows although the total of motion may not change.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

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
    dx, dy = dx.reshape(rows, points), dy.reshape(rows, points)
    weight = np.hypot(dx, dy) / points
    place = np.arctan2(dy, dx) * (bins / (2 * np.pi))
    below = np.floor(place)
    above_share = place - below
    below_bin = below.astype(np.int64) % bins
    first = np.arange(rows, dtype=np.int64)[:, None] * bins
    size = rows * bins
    low = np.bincount((first + below_bin).ravel(), ((1 - above_share) * weight).ravel(), size)
    high = np.bincount((first + (below_bin + 1) % bins).ravel(), (above_share * weight).ravel(), size)
    return np.asarray(low + high, dtype=np.float64).reshape(*lead, bins)


def positive_flux(directions: NDArray[Any]) -> NDArray[np.float64]:
    """Growth of motion summed over directions.

    Args:
        directions: `[T, bins]`, a directogram over time.

    Returns:
        float64 `[T]`: Σ max(0, D[t] − D[t−1]); 0 at the first instant.
    """
    growth = np.maximum(np.diff(np.asarray(directions, dtype=np.float64), axis=0), 0.0).sum(axis=1)
    return np.concatenate([np.zeros(min(1, len(directions))), growth])
