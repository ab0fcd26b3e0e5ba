"""A city at night in the rain: wide over the river, and close under a street lamp."""

from __future__ import annotations

import cv2
import numpy as np

from demos.scenes.painting import Brush, Sprite, cloud_noise, glow, gradient, halo, lay
from demos.writer import Frame

WINDOWS = ((120, 214, 255), (96, 180, 250), (160, 226, 250), (230, 200, 140))


class NightRain:
    """Blue night, lit windows, rain and the wet ground that gives them back; slow and low.

    Args:
        width, height: of the picture.
        seed: the skyline.
        close: under the street lamp instead of over the river.
    """

    def __init__(self, width: int, height: int, seed: int, *, close: bool = False) -> None:
        rng = np.random.default_rng([seed, 23 + close])
        h, w = height, width
        self.width, self.height, self.close = w, h, close
        self.water = round((0.80 if close else 0.66) * h)
        self.sky = gradient(
            w, h, [(0.0, (58, 28, 14)), (0.45, (92, 52, 26)), (0.70, (120, 76, 44)), (1.0, (70, 40, 20))], rng
        )
        murk = cloud_noise(w, h, rng, grain=0.7 * h)[..., None]
        self.sky = np.asarray(self.sky * (0.72 + 0.5 * murk), np.uint8)
        scale = 1.5 if close else 1.0
        self.blocks = [
            self._skyline(int(1.2 * w), rng, 0.34 * scale, (96, 60, 36), 0.16, 0.45),
            self._skyline(int(1.2 * w), rng, 0.44 * scale, (62, 36, 20), 0.24, 0.75),
            self._skyline(int(1.3 * w), rng, 0.30 * scale, (34, 18, 10), 0.30, 1.0),
        ]
        self.drops = rng.random((int(230 * w / h), 4))
        self.rings = rng.random((46, 3))
        self.lamp = self._lamp() if close else None
        self.cone = halo(0.62 * h, (56, 120, 150), 1.6)
        self.bulb = halo(0.10 * h, (150, 220, 255), 1.5)
        self.moon = halo(0.30 * h, (90, 74, 60), 2.2)
        row = np.arange(h - self.water, dtype=np.float32)[:, None]
        self.rows = row
        self.columns = np.broadcast_to(np.arange(w, dtype=np.float32)[None, :], (len(row), w))

    def _skyline(
        self,
        width: int,
        rng: np.random.Generator,
        tall: float,
        wall: tuple[float, float, float],
        lit: float,
        power: float,
    ) -> Sprite:
        """One row of buildings, `tall` × the picture's height at most."""
        h = self.height
        band = int(h * tall * 1.12)
        brush = Brush(width, band)
        x = -0.02 * h
        while x < width:
            wide = h * rng.uniform(0.06, 0.15)
            top = band - h * tall * rng.uniform(0.35, 1.0)
            shade = tuple(c * rng.uniform(0.82, 1.12) for c in wall)
            brush.polygon(
                [(x, top), (x + wide, top), (x + wide, band), (x, band)], (shade[0], shade[1], shade[2])
            )
            if rng.random() < 0.3:
                mast = x + wide * rng.uniform(0.3, 0.7)
                brush.polygon(
                    [(mast - 1, top), (mast, top - 0.045 * h), (mast + 1, top)],
                    (shade[0], shade[1], shade[2]),
                )
            pane, gap = h * 0.0085 * (1.6 if self.close else 1.0), h * 0.017 * (1.6 if self.close else 1.0)
            for wy in np.arange(top + gap, band - gap, gap * 1.15):
                for wx in np.arange(x + gap * 0.7, x + wide - gap * 0.9, gap):
                    if rng.random() < lit:
                        colour = WINDOWS[int(rng.integers(len(WINDOWS)))]
                        bright = power * rng.uniform(0.55, 1.0)
                        lamp = (colour[0] * bright, colour[1] * bright, colour[2] * bright)
                        brush.polygon(
                            [(wx, wy), (wx + pane, wy), (wx + pane, wy + pane * 1.1), (wx, wy + pane * 1.1)],
                            lamp,
                        )
            x += wide * rng.uniform(0.92, 1.15)
        return brush.sprite()

    def _lamp(self) -> Sprite:
        h = self.height
        brush = Brush(int(0.30 * h), int(0.74 * h))
        iron = (30, 18, 12)
        brush.polygon(
            [(0.052 * h, 0.03 * h), (0.060 * h, 0.03 * h), (0.066 * h, 0.74 * h), (0.046 * h, 0.74 * h)], iron
        )
        brush.polygon(
            [(0.050 * h, 0.045 * h), (0.20 * h, 0.015 * h), (0.20 * h, 0.023 * h), (0.050 * h, 0.058 * h)],
            iron,
        )
        brush.polygon(
            [(0.165 * h, 0.016 * h), (0.235 * h, 0.016 * h), (0.250 * h, 0.042 * h), (0.15 * h, 0.042 * h)],
            iron,
        )
        brush.ellipse(0.20 * h, 0.043 * h, 0.043 * h, 0.012 * h, (190, 240, 255))
        return brush.sprite()

    def draw(self, time_s: float) -> Frame:
        """A slow drift; rain falls; the ground shimmers."""
        w, h, water = self.width, self.height, self.water
        pan = 0.010 * h * time_s
        picture: Frame = self.sky.copy()
        glow(picture, self.moon, 0.22 * w, 0.18 * h)
        for depth, block in enumerate(self.blocks):
            lay(picture, block, -0.06 * w - (0.4 + 0.7 * depth) * pan, water - block.shape[0] + 1)
        if self.lamp is not None:
            x = 0.60 * w - 2.6 * pan
            glow(picture, self.cone, x + 0.20 * h, 0.20 * h)
            lay(picture, self.lamp, x, water + 0.06 * h - self.lamp.shape[0])
            glow(picture, self.bulb, x + 0.20 * h, water + 0.06 * h - self.lamp.shape[0] + 0.045 * h)
        self._mirror(picture, time_s)
        self._rain(picture, time_s)
        return picture

    def _mirror(self, picture: Frame, time_s: float) -> None:
        """Below the water line: the upper picture upside down, broken by ripples."""
        w, h, water = self.width, self.height, self.water
        deep = self.rows / max(h - water, 1)
        ripple = (1.5 + 9.0 * deep) * h / 720
        shift_x = (
            ripple
            * np.sin(self.rows * (0.9 - 0.5 * deep) * 360 / h + 4.2 * time_s)
            * np.cos(0.021 * self.columns * 720 / h + time_s)
        )
        shift_y = ripple * 0.9 * np.sin(0.013 * self.columns * 720 / h - 2.1 * time_s + 12 * deep)
        source_y = np.clip(water - 2 - self.rows * (2.2 if self.close else 1.5) + shift_y, 0, h - 1)
        image = cv2.remap(
            picture,
            (self.columns + shift_x).astype(np.float32),
            source_y.astype(np.float32),
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REFLECT,
        )
        image = cv2.blur(image, (1, max(3, h // 60) | 1))
        picture[water:] = cv2.addWeighted(image, 0.66, np.full_like(image, (44, 24, 12)), 0.42, 0)
        for a, b, c in self.rings:
            age = (time_s * 1.4 + 7 * c) % 1.0
            place = np.floor(time_s * 1.4 + 7 * c)
            x, y = (
                ((a + 0.618 * place) % 1.0) * w,
                water + (0.08 + 0.9 * ((b + 0.377 * place) % 1.0)) * (h - water),
            )
            size = (0.004 + 0.016 * age) * h * (0.5 + (y - water) / max(h - water, 1))
            light = 70 * (1.0 - age)
            axes = (round(size * 16), round(size * 0.3 * 16))
            ring = tuple(
                min(float(v) + light, 255.0) for v in picture[min(int(y), h - 1), min(int(x), w - 1)]
            )
            cv2.ellipse(
                picture, (round(x * 16), round(y * 16)), axes, 0, 0, 360, ring, 1, cv2.LINE_AA, shift=4
            )

    def _rain(self, picture: Frame, time_s: float) -> None:
        """Slanted streaks, near ones longer and faster, added as light."""
        w, h = self.width, self.height
        streaks = np.zeros_like(picture)
        for a, b, c, d in self.drops:
            near = 0.4 + 0.6 * d
            fall = (b + time_s * (1.5 + 1.3 * near)) % 1.25 - 0.15
            x, y = ((a + 0.13 * fall) % 1.1 - 0.05) * w, fall * h
            long = 0.085 * near * h
            value = 26 + 46 * near * (0.6 + 0.4 * c)
            start = (round(x * 16), round(y * 16))
            end = (round((x + 0.13 * long * w / h * 0.9) * 16), round((y + long) * 16))
            cv2.line(
                streaks,
                start,
                end,
                (value, value * 0.88, value * 0.74),
                max(1, round(h * near / 480)),
                cv2.LINE_AA,
                shift=4,
            )
        cv2.add(picture, streaks, dst=picture)
