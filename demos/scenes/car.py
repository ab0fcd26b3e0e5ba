"""The car of the chase."""

from __future__ import annotations

import numpy as np

from demos.scenes.painting import Brush, Sprite


def car(length: float) -> Sprite:
    """A red sports car seen from its right side, without its wheels."""
    w, h = int(length), int(length * 0.36)
    brush = Brush(w, h)

    def shape(points: list[tuple[float, float]], colour: tuple[float, float, float]) -> None:
        curve = _smooth(np.array(points) * (w, h))
        brush.polygon(curve, colour)

    shape(
        [
            (0.02, 0.72),
            (0.03, 0.50),
            (0.14, 0.42),
            (0.30, 0.36),
            (0.42, 0.10),
            (0.60, 0.08),
            (0.74, 0.34),
            (0.90, 0.42),
            (0.98, 0.56),
            (0.985, 0.76),
            (0.92, 0.84),
            (0.06, 0.84),
        ],
        (36, 30, 190),
    )
    shape(
        [
            (0.05, 0.62),
            (0.20, 0.585),
            (0.60, 0.58),
            (0.95, 0.62),
            (0.95, 0.67),
            (0.60, 0.63),
            (0.20, 0.63),
            (0.05, 0.67),
        ],
        (74, 84, 240),
    )
    shape([(0.345, 0.37), (0.44, 0.16), (0.51, 0.145), (0.515, 0.375)], (96, 70, 52))
    shape([(0.535, 0.375), (0.535, 0.145), (0.60, 0.16), (0.70, 0.36)], (96, 70, 52))
    shape([(0.37, 0.33), (0.445, 0.18), (0.465, 0.18), (0.41, 0.33)], (220, 200, 190))
    shape([(0.06, 0.80), (0.94, 0.80), (0.92, 0.88), (0.08, 0.88)], (20, 16, 40))
    shape([(0.925, 0.51), (0.975, 0.56), (0.97, 0.60), (0.93, 0.57)], (200, 245, 255))
    shape([(0.025, 0.53), (0.05, 0.52), (0.05, 0.60), (0.025, 0.60)], (60, 60, 255))
    for centre in (0.205, 0.785):
        brush.ellipse(centre * w, 0.80 * h, 0.105 * w, 0.105 * w, (14, 12, 24))
    whole = brush.sprite()
    whole[int(0.90 * h) :] = 0
    return whole


def _smooth(points: np.ndarray) -> np.ndarray:
    """A closed polygon with its corners cut twice (Chaikin 1974)."""
    for _ in range(2):
        following = np.roll(points, -1, axis=0)
        points = np.stack([0.75 * points + 0.25 * following, 0.25 * points + 0.75 * following], 1).reshape(
            -1, 2
        )
    return points
