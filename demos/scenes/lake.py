"""A lake among mountains at first light: one picture."""

from __future__ import annotations

import cv2
import numpy as np

from demos.scenes.painting import Brush, Sprite, clouds, glow, gradient, halo, lay, ridge, ridge_line
from demos.writer import Frame


def lake(width: int, height: int, seed: int) -> Frame:
    """uint8 `[height, width, 3]` BGR."""
    rng = np.random.default_rng([seed, 61])
    h, w = height, width
    picture: Frame = gradient(
        w,
        h,
        [
            (0.0, (150, 96, 60)),
            (0.28, (196, 150, 120)),
            (0.50, (190, 196, 236)),
            (0.62, (176, 214, 252)),
            (1.0, (160, 190, 230)),
        ],
        rng,
    )
    glow(picture, halo(0.6 * h, (30, 60, 86), 2.2), 0.66 * w, 0.52 * h)
    bank = clouds(w, int(0.34 * h), rng, cover=0.40, lit=(206, 196, 250), shade=(170, 136, 150))
    lay(picture, bank, 0.0, 0.04 * h)
    shore = round(0.63 * h)
    peaks = ridge_line(w, rng, grain=0.75 * h, roughness=0.56)
    lay(
        picture,
        ridge(
            peaks,
            int(0.46 * h),
            0.36 * h,
            (150, 112, 92),
            (206, 186, 196),
            rng,
            grain=0.10,
            snow=(244, 232, 250),
        ),
        0,
        shore - 0.46 * h,
    )
    hills = ridge_line(w, rng, grain=1.2 * h, roughness=0.45)
    lay(
        picture,
        ridge(hills, int(0.20 * h), 0.14 * h, (110, 92, 66), (128, 110, 92), rng, grain=0.12),
        0,
        shore - 0.20 * h,
    )
    lay(picture, _firs(w, h, rng), 0, shore - 0.16 * h)
    depth = h - shore
    below = picture[shore - depth : shore][::-1]
    below = cv2.blur(below, (max(3, h // 200) | 1, max(3, h // 60) | 1)).astype(np.float32)
    near = np.linspace(0.0, 1.0, depth, dtype=np.float32)[:, None, None]
    streaks = cv2.resize(
        rng.random((depth // 3 + 1, 12), dtype=np.float32), (w, depth), interpolation=cv2.INTER_CUBIC
    )
    below *= 0.86 - 0.22 * near + 0.07 * (streaks[..., None] - 0.5)
    picture[shore:] = np.clip(below + np.array([10.0, 6.0, 2.0], np.float32), 0, 255)
    mist = clouds(w, int(0.16 * h), rng, cover=0.62, lit=(224, 222, 240), shade=(216, 210, 232))
    lay(picture, mist, 0, shore - 0.09 * h, opacity=0.55)
    return picture


def _firs(width: int, height: int, rng: np.random.Generator) -> Sprite:
    """A line of firs along the shore."""
    h = height
    band = int(0.17 * h)
    brush = Brush(width, band)
    for x in np.sort(rng.uniform(0, width, int(90 * width / h))):
        edge = abs(x / width - 0.55) * 1.9
        tall = h * rng.uniform(0.035, 0.08) * (0.5 + edge)
        half, tone = tall * 0.20, rng.uniform(0.75, 1.2)
        colour = (62 * tone, 58 * tone, 34 * tone)
        for k in range(4):
            top, low = band - tall * (1.0 - 0.20 * k), band - tall * (0.66 - 0.22 * k)
            spread = half * (0.45 + 0.28 * k)
            brush.polygon([(x, top), (x + spread, low), (x - spread, low)], colour)
    brush.polygon([(0, band - 0.012 * h), (width, band - 0.012 * h), (width, band), (0, band)], (50, 48, 32))
    return brush.sprite()
