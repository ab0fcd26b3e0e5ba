"""A chase through a red desert: the car from the side, and the road from the car."""

from __future__ import annotations

import cv2
import numpy as np

from demos.scenes.car import car
from demos.scenes.painting import Brush, Sprite, clouds, glow, gradient, halo, lay, ridge, ridge_line
from demos.writer import Frame

SKY = [
    (0.0, (50, 22, 92)),
    (0.30, (44, 40, 176)),
    (0.52, (48, 96, 240)),
    (0.64, (96, 190, 255)),
    (1.0, (60, 90, 200)),
]


class ChaseSide:
    """The car from the side, the land rushing by; red and fast.

    Args:
        width, height: of the picture.
        seed: the land.
        near: a closer shot.
    """

    def __init__(self, width: int, height: int, seed: int, *, near: bool = False) -> None:
        rng = np.random.default_rng([seed, 37 + near])
        h, w = height, width
        self.width, self.height, self.near = w, h, near
        self.sky = gradient(w, h, SKY, rng)
        glow(self.sky, halo(0.62 * h, (30, 80, 110), 2.2), 0.30 * w, 0.58 * h)
        cv2.circle(
            self.sky, (round(0.30 * w), round(0.57 * h)), round(0.10 * h), (170, 226, 255), -1, cv2.LINE_AA
        )
        self.clouds = clouds(
            int(1.4 * w), int(0.42 * h), rng, cover=0.45, lit=(110, 130, 255), shade=(70, 40, 130)
        )
        self.mesas = ridge(
            _mesas(int(2.0 * w), rng), int(0.34 * h), 0.20 * h, (60, 46, 138), (70, 90, 214), rng, grain=0.12
        )
        dunes = ridge_line(int(2.2 * w), rng, grain=0.8 * h, roughness=0.36)
        self.dunes = ridge(dunes, int(0.30 * h), 0.09 * h, (38, 44, 150), (30, 40, 120), rng, grain=0.22)
        self.loop = int(3.0 * w)
        self.brush = [
            (float(rng.uniform(0, self.loop)), self._bush(rng, rng.uniform(0.5, 1.2))) for _ in range(16)
        ]
        self.posts = [k * self.loop / 7 for k in range(7)]
        self.post = self._post()
        self.stones = rng.random((70, 3))
        self.car = car((0.62 if near else 0.44) * h)
        self.wheel_r = 0.095 * self.car.shape[1]
        self.dust = rng.random((40, 4))

    def _bush(self, rng: np.random.Generator, size: float) -> Sprite:
        h = self.height
        side = max(int(0.13 * h * size), 4)
        brush = Brush(side * 2, side)
        for _ in range(60):
            angle = rng.uniform(0.15, np.pi - 0.15)
            far = side * rng.uniform(0.45, 0.95)
            tip = (side + far * np.cos(angle) * 0.9, side - far * np.sin(angle))
            mix = rng.random()
            brush.polygon(
                [(side - 2, side), tip, (side + 2, side)], (20 + 14 * mix, 26 + 30 * mix, 60 + 60 * mix)
            )
        return brush.sprite()

    def _post(self) -> Sprite:
        h = self.height
        brush = Brush(int(0.20 * h), int(0.62 * h))
        wood = (20, 16, 44)
        brush.polygon([(0.093 * h, 0), (0.107 * h, 0), (0.11 * h, 0.62 * h), (0.09 * h, 0.62 * h)], wood)
        brush.polygon(
            [(0.02 * h, 0.05 * h), (0.18 * h, 0.05 * h), (0.18 * h, 0.064 * h), (0.02 * h, 0.064 * h)], wood
        )
        return brush.sprite()

    def draw(self, time_s: float) -> Frame:
        """Everything rushes to the left, the nearer the faster; the car shakes."""
        w, h = self.width, self.height
        run = (1.9 if self.near else 1.4) * w * time_s
        picture: Frame = self.sky.copy()
        lay(picture, self.clouds, -0.1 * w - 0.006 * run, 0.0)
        lay(picture, self.mesas, -((0.05 * run) % (0.9 * w)), 0.45 * h)
        lay(picture, self.dunes, -((0.16 * run) % (1.1 * w)), 0.58 * h)
        ground = round(0.74 * h)
        picture[ground:] = (34, 34, 84)
        road0, road1 = round(0.79 * h), round(0.94 * h)
        picture[road0:road1] = (44, 36, 48)
        cv2.line(picture, (0, road0), (w, road0), (90, 110, 170), max(1, h // 240), cv2.LINE_AA)
        self._rush(picture, run)
        dash = 0.22 * w
        for k in range(-1, int(w / dash) + 2):
            x = k * dash - run % dash
            cv2.rectangle(
                picture,
                (round(x), round(0.862 * h)),
                (round(x + 0.11 * w), round(0.870 * h)),
                (150, 210, 240),
                -1,
            )
        shake = h * 0.004 * (np.sin(31 * time_s) + 0.6 * np.sin(47 * time_s + 1))
        x = (0.26 + 0.05 * np.sin(1.7 * time_s)) * w
        y = 0.925 * h - self.car.shape[0] + shake
        self._wake(picture, x, 0.92 * h, time_s)
        cv2.ellipse(
            picture,
            (round(x + self.car.shape[1] / 2), round(0.925 * h)),
            (round(self.car.shape[1] * 0.47), round(0.012 * h)),
            0,
            0,
            360,
            (16, 14, 22),
            -1,
            cv2.LINE_AA,
        )
        lay(picture, self.car, x, y)
        for share in (0.205, 0.785):
            self._wheel(picture, x + share * self.car.shape[1], 0.922 * h - self.wheel_r * 0.88, run)
        for place in self.posts:
            at = (place - 1.25 * run) % self.loop - 0.3 * w
            if -0.2 * h < at < w:
                lay(picture, self.post, at, 0.20 * h)
        for place, bush in self.brush:
            at = (place - 2.1 * run) % self.loop - 0.4 * w
            if -bush.shape[1] < at < w:
                lay(picture, bush, at, 1.02 * h - bush.shape[0], scale=1.0)
        return picture

    def _rush(self, picture: Frame, run: float) -> None:
        """Stones and streaks of the ground."""
        w, h = self.width, self.height
        for a, b, c in self.stones:
            y = (0.75 + 0.24 * b) * h
            speed = 0.5 + 1.6 * b
            x = (a * 1.4 * w - speed * run) % (1.4 * w) - 0.2 * w
            long = (0.03 + 0.09 * b) * w * (0.4 + c)
            tone = 0.7 + 0.7 * c
            colour = (
                (52 * tone, 54 * tone, 120 * tone)
                if y < 0.79 * h or y > 0.94 * h
                else (60 * tone, 52 * tone, 66 * tone)
            )
            cv2.line(
                picture,
                (round(x * 16), round(y * 16)),
                (round((x + long) * 16), round(y * 16)),
                colour,
                max(1, h // 300),
                cv2.LINE_AA,
                shift=4,
            )

    def _wheel(self, picture: Frame, x: float, y: float, run: float) -> None:
        r = self.wheel_r
        centre = (round(x * 16), round(y * 16))
        for share, colour in ((1.0, (18, 16, 20)), (0.62, (176, 180, 190)), (0.52, (70, 66, 74))):
            cv2.circle(picture, centre, round(r * share * 16), colour, -1, cv2.LINE_AA, shift=4)
        for k in range(5):
            angle = run / r * 0.17 + k * 2 * np.pi / 5
            tip = (round((x + 0.56 * r * np.cos(angle)) * 16), round((y + 0.56 * r * np.sin(angle)) * 16))
            cv2.line(picture, centre, tip, (200, 204, 212), max(1, round(r * 0.12)), cv2.LINE_AA, shift=4)
        cv2.circle(picture, centre, round(r * 0.15 * 16), (200, 204, 212), -1, cv2.LINE_AA, shift=4)

    def _wake(self, picture: Frame, x: float, y: float, time_s: float) -> None:
        """Dust behind the car."""
        h = self.height
        for a, b, c, d in self.dust:
            age = (time_s * (1.2 + d) + a) % 1.0
            size = (0.015 + 0.075 * age) * h
            puff = halo(size, (26 * (1 - age), 40 * (1 - age), 92 * (1 - age)), 1.0)
            glow(picture, puff, x + 0.03 * h - age * (0.55 + 0.4 * b) * h, y - (0.10 * age * (0.4 + c)) * h)


class ChaseRoad:
    """The road from the car, its lines rushing towards us.

    Args:
        width, height: of the picture.
        seed: the land.
    """

    def __init__(self, width: int, height: int, seed: int) -> None:
        rng = np.random.default_rng([seed, 41])
        h, w = height, width
        self.width, self.height = w, h
        self.horizon = round(0.50 * h)
        self.sky = gradient(w, h, [(place * 0.80, colour) for place, colour in SKY], rng)
        glow(self.sky, halo(0.66 * h, (30, 80, 110), 2.2), 0.56 * w, 0.45 * h)
        cv2.circle(
            self.sky, (round(0.56 * w), round(0.44 * h)), round(0.085 * h), (170, 226, 255), -1, cv2.LINE_AA
        )
        bank = clouds(int(1.2 * w), int(0.36 * h), rng, cover=0.42, lit=(110, 130, 255), shade=(70, 40, 130))
        lay(self.sky, bank, -0.1 * w, 0.0)
        self.mesas = ridge(
            _mesas(int(1.5 * w), rng), int(0.20 * h), 0.15 * h, (60, 46, 138), (66, 86, 204), rng, grain=0.12
        )
        rows = np.arange(self.horizon + 1, h, dtype=np.float32)
        self.depth = (h * 0.50) / (rows - self.horizon)
        self.x = np.arange(w, dtype=np.float32)[None, :] / w - 0.5
        mottle = rng.random((64, 512), dtype=np.float32)
        self.mottle = cv2.GaussianBlur(mottle, (0, 0), 1.2)
        self.posts = rng.uniform(0.0, 1.0, 14)
        self.pole = self._pole()

    def _pole(self) -> Sprite:
        h = self.height
        brush = Brush(int(0.40 * h), int(0.90 * h))
        wood = (18, 14, 40)
        brush.polygon([(0.188 * h, 0), (0.212 * h, 0), (0.216 * h, 0.9 * h), (0.184 * h, 0.9 * h)], wood)
        brush.polygon(
            [(0.02 * h, 0.06 * h), (0.38 * h, 0.06 * h), (0.38 * h, 0.084 * h), (0.02 * h, 0.084 * h)], wood
        )
        return brush.sprite()

    def draw(self, time_s: float) -> Frame:
        """Speed 26 units a second; the road weaves a little."""
        w, h, horizon = self.width, self.height, self.horizon
        travelled = 26.0 * time_s
        sway = 0.03 * np.sin(1.9 * time_s) * w
        picture: Frame = self.sky.copy()
        lay(picture, self.mesas, -0.2 * w - sway * 1.6, horizon - 0.175 * h)
        picture[horizon + 1 :] = self._ground(travelled, sway)
        for k, place in sorted(enumerate(self.posts), key=lambda p: -((p[1] * 46 - travelled) % 46)):
            far = (place * 46 - travelled) % 46 + 0.7
            scale = min(1.9 / far, 2.4)
            side = -1.0 if k % 2 else 1.0
            x = w * (0.5 + side * 0.62 / far * 1.7) + sway * 0.2 / far
            foot = horizon + h * 0.50 * 6.0 / (far * 6.0)
            lay(
                picture,
                self.pole,
                x - self.pole.shape[1] * scale / 2,
                foot - self.pole.shape[0] * scale,
                scale=scale,
            )
        return picture

    def _ground(self, travelled: float, sway: float) -> Frame:
        """Sand and road below the horizon, in perspective: a texture looked up at each depth."""
        depth = self.depth[:, None]
        across = ((self.x - np.float32(0.4 * sway / self.width) / depth) * depth * 2.2).astype(np.float32)
        along = self.depth * 6.0 + travelled
        rows = (np.floor(along * 6.0).astype(int) % 64)[:, None]
        grain = self.mottle[rows, (across * 40.0).astype(np.int32) & 511]
        soft = depth * np.float32(2.6 / self.width)
        off_centre = np.abs(across)
        road = np.clip((0.85 - off_centre) / soft + 0.5, 0.0, 1.0)
        dashes = np.clip((0.035 - off_centre) / soft + 0.5, 0.0, 1.0) * ((along % 5.0) < 2.3)[:, None]
        kerb = np.clip((0.025 - np.abs(off_centre - 0.79)) / soft + 0.5, 0.0, 1.0)
        paint = np.maximum(dashes, 0.85 * kerb)
        haze = np.clip(1.0 - 5.0 / depth, 0.0, 1.0) ** 2
        channels = []
        for sand, tar, line, far in zip(
            (40, 50, 138), (48, 40, 52), (170, 220, 245), (90, 140, 240), strict=True
        ):
            colour = (sand + road * (tar - sand)) * (0.68 + 0.62 * grain)
            colour += paint * (line - colour)
            channels.append((colour + haze * (far - colour)).astype(np.uint8))
        return np.asarray(cv2.merge(channels), np.uint8)


def _mesas(width: int, rng: np.random.Generator) -> np.ndarray:
    """A skyline of flat-topped hills, 0 to 1."""
    line = ridge_line(width, rng, grain=width / 7, roughness=0.42)
    flat = 1.0 / (1.0 + np.exp(-(line - 0.55) * 26.0))
    return np.asarray(0.25 * line + 0.62 * flat + 0.13 * ridge_line(width, rng, grain=width / 40))
