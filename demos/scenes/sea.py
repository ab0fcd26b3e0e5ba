"""The sea at dusk, and a lake at night: calm water under a low light."""

from __future__ import annotations

import cv2
import numpy as np

from demos.scenes.painting import Brush, Sprite, clouds, glow, gradient, halo, lay, ridge, ridge_line
from demos.writer import Frame


class DuskSea:
    """A violet evening over the sea, a boat, the last of the sun; calm.

    Args:
        width, height: of the picture.
        seed: clouds and coast.
    """

    def __init__(self, width: int, height: int, seed: int) -> None:
        rng = np.random.default_rng([seed, 53])
        h, w = height, width
        self.width, self.height = w, h
        self.horizon = round(0.56 * h)
        self.sun = 0.60 * w
        self.sky = gradient(
            w,
            h,
            [
                (0.0, (108, 52, 46)),
                (0.25, (148, 84, 96)),
                (0.42, (160, 124, 190)),
                (0.56, (150, 184, 244)),
                (1.0, (60, 40, 40)),
            ],
            rng,
        )
        glow(self.sky, halo(0.70 * h, (36, 60, 96), 2.2), self.sun, 0.53 * h)
        cv2.circle(
            self.sky, (round(self.sun), round(0.535 * h)), round(0.068 * h), (190, 228, 255), -1, cv2.LINE_AA
        )
        for a, b, c in rng.random((60, 3)):
            glow(self.sky, halo(h * (0.002 + 0.003 * c), (170, 160, 150), 1.0), a * w, 0.24 * b * h)
        self.clouds = clouds(
            int(1.3 * w), int(0.36 * h), rng, cover=0.42, lit=(190, 160, 236), shade=(120, 78, 110)
        )
        coast = (
            ridge_line(int(1.1 * w), rng, grain=0.8 * h, roughness=0.45)
            * np.linspace(1.0, 0.0, int(1.1 * w)) ** 1.5
        )
        self.coast = ridge(coast, int(0.16 * h), 0.15 * h, (92, 56, 70), (130, 98, 140), rng)
        self.boat = self._boat()
        rows = np.arange(h - self.horizon, dtype=np.float32)[:, None]
        self.near = (rows + 1.0) / (h - self.horizon)
        self.columns = np.arange(w, dtype=np.float32)[None, :]
        self.waves = rng.uniform(0, 2 * np.pi, (7, 2))

    def _boat(self) -> Sprite:
        h = self.height
        brush = Brush(int(0.16 * h), int(0.22 * h))
        dark = (46, 26, 34)
        brush.polygon(
            [(0.02 * h, 0.18 * h), (0.145 * h, 0.18 * h), (0.122 * h, 0.212 * h), (0.045 * h, 0.212 * h)],
            dark,
        )
        brush.polygon(
            [(0.078 * h, 0.01 * h), (0.082 * h, 0.01 * h), (0.082 * h, 0.18 * h), (0.078 * h, 0.18 * h)], dark
        )
        brush.polygon([(0.086 * h, 0.02 * h), (0.138 * h, 0.168 * h), (0.086 * h, 0.168 * h)], (120, 96, 150))
        brush.polygon([(0.074 * h, 0.035 * h), (0.074 * h, 0.168 * h), (0.034 * h, 0.168 * h)], (96, 72, 120))
        return brush.sprite()

    def draw(self, time_s: float) -> Frame:
        """Waves glitter under the sun, the boat drifts."""
        w, h, horizon = self.width, self.height, self.horizon
        picture: Frame = self.sky.copy()
        lay(picture, self.clouds, -0.08 * w - 0.008 * h * time_s, 0.10 * h)
        lay(picture, self.coast, -0.04 * w - 0.002 * h * time_s, horizon - self.coast.shape[0] + 2)
        mirrored = picture[horizon - (h - horizon) : horizon][::-1]
        soft = cv2.blur(mirrored, (max(3, h // 40) | 1, max(3, h // 14) | 1))
        near, x = self.near, (self.columns - 0.5 * w) / h
        swell = np.zeros((len(near), w), np.float32)
        for k, (phase, drift) in enumerate(self.waves):
            across, deep = (5.0 + 4.2 * k) / (0.25 + near), (16.0 + 9.0 * k) / (0.16 + near)
            angle = (
                across * x * np.float32(np.cos(drift) * 0.6)
                + deep
                + np.float32((1.1 + 0.25 * k) * time_s + phase)
            )
            swell += np.sin(angle, dtype=np.float32) / (1.0 + 0.25 * k)
        swell /= 3.0
        path = np.exp(-((((self.columns - self.sun) / h) / (0.07 + 0.20 * near)) ** 2))
        glitter = np.clip(swell * 2.4 - 0.55, 0.0, 1.0) * path * (1.1 - 0.35 * near)
        sea = soft * (0.62 + 0.10 * swell[..., None] - 0.16 * near[..., None])
        sea += glitter[..., None] * np.array([120.0, 180.0, 240.0], np.float32)
        picture[horizon:] = np.clip(sea, 0, 255)
        rise = 0.003 * h * np.sin(1.3 * time_s)
        lay(
            picture,
            self.boat,
            (0.24 + 0.006 * time_s) * w,
            horizon + 0.045 * h - self.boat.shape[0] + rise,
            lean=0.03 * np.sin(0.9 * time_s),
        )
        return picture
