"""A sunny meadow with hills; also its close shot under the tree."""

from __future__ import annotations

import cv2
import numpy as np

from demos.scenes.painting import clouds, glow, gradient, grass, halo, lay, ridge, ridge_line, tree
from demos.writer import Frame

FLOWERS = ((80, 90, 240), (245, 245, 250), (70, 200, 250), (210, 120, 200))


class Meadow:
    """Hills, a tree, grass in the wind; bright and slow.

    Args:
        width, height: of the picture.
        seed: the lie of the land.
        close: the shot from near the tree instead of the wide one.
        golden: later light, for when we come back.
    """

    def __init__(
        self, width: int, height: int, seed: int, *, close: bool = False, golden: bool = False
    ) -> None:
        rng = np.random.default_rng([seed, 11 + close])
        h, w = height, width
        self.width, self.height, self.close = w, h, close
        wide = int(w * 1.25)
        warm = 1.0 if golden else 0.0
        self.sky = gradient(
            w,
            h,
            [
                (0.0, (232 - 40 * warm, 168 - 14 * warm, 84 + 60 * warm)),
                (0.38, (246 - 60 * warm, 214 - 14 * warm, 158 + 66 * warm)),
                (0.62, (216 - 40 * warm, 236 - 14 * warm, 246)),
                (1.0, (190, 230, 240)),
            ],
            rng,
        )
        sun = (0.78 * w, (0.20 + 0.12 * warm) * h)
        glow(self.sky, halo(0.80 * h, (10, 50, 84), 2.4), *sun)
        glow(self.sky, halo(0.26 * h, (40, 90, 120), 2.4), *sun)
        cv2.circle(
            self.sky, (round(sun[0]), round(sun[1])), round(0.050 * h), (225, 250, 255), -1, cv2.LINE_AA
        )
        self.clouds = clouds(
            int(w * 1.5),
            int(h * 0.46),
            rng,
            cover=0.50,
            lit=(255, 252, 250),
            shade=(226 - 30 * warm, 206, 196 + 30 * warm),
        )
        far, mid = (
            ridge_line(wide, rng, grain=0.62 * h, roughness=0.52),
            ridge_line(wide, rng, grain=1.1 * h, roughness=0.38),
        )
        near = ridge_line(wide, rng, grain=1.7 * h, roughness=0.30)
        self.far = ridge(
            far,
            int(0.40 * h),
            0.24 * h,
            (196, 160, 118),
            (222, 218, 196),
            rng,
            grain=0.08,
            snow=(250, 244, 238),
        )
        room = 0.16 * h
        self.mid = ridge(
            mid, int(0.52 * h), 0.12 * h, (118, 168, 112), (128, 196, 158), rng, grain=0.14, headroom=room
        )
        self.near = ridge(
            near, int(0.60 * h), 0.13 * h, (62, 168, 122), (58, 178, 140), rng, grain=0.20, headroom=room
        )
        leaf, light, bark = (30, 92, 38), (92, 214, 168), (52, 74, 96)
        self._plant(near, rng, leaf, light, bark)
        self.oak = tree((0.78 if close else 0.50) * h, rng, (34, 88, 34), (96, 222, 176), (44, 62, 84))
        self.grass = [
            grass(
                int(w * 1.3),
                int((0.20 + 0.08 * row) * h),
                rng,
                (32 - 6 * row, 104 - 16 * row, 56 - 8 * row),
                (84 - 12 * row, 206 - 26 * row, 150 - 16 * row),
                FLOWERS,
                blades=int(520 * w / h),
            )
            for row in range(2)
        ]
        if golden:
            tint = np.array([0.62, 0.86, 1.06, 1.0])
            for name in ("far", "mid", "near", "oak"):
                setattr(self, name, _tinted(getattr(self, name), tint))
            self.grass = [_tinted(strip, tint) for strip in self.grass]
        self.motes = rng.random((30, 4))
        self.birds = rng.random((6, 3))
        self.mote = halo(0.009 * h, (90, 120, 130), 1.4)

    def _plant(
        self,
        line: object,
        rng: np.random.Generator,
        leaf: tuple[float, float, float],
        light: tuple[float, float, float],
        bark: tuple[float, float, float],
    ) -> None:
        """Small trees along the near and the middle hills."""
        h = self.height
        for band, base, count, size in ((self.mid, 0.13, 26, 0.055), (self.near, 0.15, 7, 0.13)):
            ground = band[..., 3].copy()
            for _ in range(count):
                small = tree(size * h * rng.uniform(0.7, 1.3), rng, leaf, light, bark)
                x = rng.uniform(0, band.shape[1] - small.shape[1])
                column = int(x + small.shape[1] / 2)
                top = int(np.argmax(ground[:, column] > 127)) + rng.uniform(0.0, 0.4) * base * h * 0.5
                self._stamp(band, small, x, top - small.shape[0] * 0.94)

    @staticmethod
    def _stamp(band: np.ndarray, sprite: np.ndarray, x: float, y: float) -> None:
        """Lay a sprite on a sprite, opacity included."""
        xi, yi = int(x), max(int(y), 0)
        cut = yi - int(y)
        piece = sprite[cut:, : band.shape[1] - xi]
        piece = piece[: band.shape[0] - yi]
        under = band[yi : yi + piece.shape[0], xi : xi + piece.shape[1]]
        keep = 255 - piece[..., 3:].astype(np.uint16)
        under[:] = (under * keep // 255 + piece).astype(np.uint8)

    def draw(self, time_s: float) -> Frame:
        """A slow pan; wind in the grass."""
        w, h = self.width, self.height
        pan = (0.012 if self.close else 0.020) * h * time_s
        picture: Frame = self.sky.copy()
        lay(picture, self.clouds, -0.10 * w - 0.014 * h * time_s, 0.0)
        lay(picture, self.far, -0.08 * w - 0.3 * pan, 0.36 * h)
        lay(picture, self.mid, -0.05 * w - 0.8 * pan, 0.34 * h)
        lay(picture, self.near, -0.03 * w - 1.6 * pan, 0.42 * h)
        sway = 0.006 * np.sin(1.1 * time_s)
        if self.close:
            lay(picture, self.oak, 0.10 * w - 2.0 * pan, 0.10 * h, lean=sway)
        else:
            lay(picture, self.oak, 0.13 * w - 1.7 * pan, 0.33 * h, lean=sway)
        self._fly(picture, time_s)
        for row, strip in enumerate(self.grass):
            wind = 0.05 * np.sin(1.3 * time_s + 1.7 * row) + 0.02 * np.sin(3.1 * time_s + row)
            lay(picture, strip, -0.12 * w - (2.2 + row) * pan, h * 1.02 - strip.shape[0], lean=wind)
        for a, b, c, d in self.motes:
            x = (a + (0.010 + 0.02 * c) * time_s + 0.01 * np.sin(time_s * (0.5 + d) + 6 * a)) % 1.0
            y = 0.45 + 0.5 * b + 0.02 * np.sin(time_s * (0.6 + c) + 6 * d)
            glow(picture, self.mote, x * w, y * h)
        return picture

    def _fly(self, picture: Frame, time_s: float) -> None:
        """A few birds far off."""
        w, h = self.width, self.height
        for a, b, c in self.birds:
            x = (0.45 + 0.22 * a + 0.018 * time_s) * w
            y = (0.16 + 0.12 * b + 0.008 * np.sin(time_s + 5 * c)) * h
            span, flap = 0.014 * h, np.sin(time_s * 7.0 + 6.0 * c)
            wing = [(x - span, y - 0.5 * span * flap), (x, y), (x + span, y - 0.5 * span * flap)]
            points = np.round(np.array(wing) * 16).astype(np.int32)
            cv2.polylines(picture, [points], False, (96, 82, 70), max(1, h // 360), cv2.LINE_AA, shift=4)


def _tinted(sprite: np.ndarray, tint: np.ndarray) -> np.ndarray:
    """The sprite in other light; colour stays below opacity, as premultiplied colour must."""
    lit = np.minimum(sprite * tint, sprite[..., 3:])
    return np.asarray(lit, np.uint8)
