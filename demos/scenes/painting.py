"""Sprites and skies: what every scene is painted with.

A sprite is uint8 `[H, W, 4]`, BGR premultiplied by opacity; colours are BGR, 0 to 255.
Sizes are in pixels, and scenes give them as shares of the picture's height.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

Sprite = NDArray[np.uint8]
Colour = tuple[float, float, float]

OVERSAMPLING = 2
SHIFT = 4
"""Fractional bits of OpenCV's drawing coordinates."""


class Brush:
    """Paints shapes at twice the size, with coverage, and gives the anti-aliased sprite."""

    def __init__(self, width: int, height: int) -> None:
        self.scale = OVERSAMPLING
        self.colour = np.zeros((height * self.scale, width * self.scale, 3), np.uint8)
        self.cover = np.zeros((height * self.scale, width * self.scale), np.uint8)

    def polygon(self, points: Sequence[Sequence[float]] | NDArray[np.float64], colour: Colour) -> None:
        """A filled polygon, `[n, 2]` x, y."""
        fixed = np.round(np.asarray(points, np.float64) * (self.scale << SHIFT)).astype(np.int32)
        cv2.fillPoly(self.colour, [fixed], colour, shift=SHIFT)
        cv2.fillPoly(self.cover, [fixed], 255, shift=SHIFT)

    def ellipse(self, x: float, y: float, rx: float, ry: float, colour: Colour, angle: float = 0.0) -> None:
        """A filled ellipse, angle in degrees."""
        s = self.scale << SHIFT
        centre, axes = (round(x * s), round(y * s)), (max(round(rx * s), 1), max(round(ry * s), 1))
        cv2.ellipse(self.colour, centre, axes, angle, 0, 360, colour, -1, shift=SHIFT)
        cv2.ellipse(self.cover, centre, axes, angle, 0, 360, 255, -1, shift=SHIFT)

    def sprite(self) -> Sprite:
        """What was painted."""
        cover = self.cover[..., None].astype(np.uint16)
        whole = np.dstack([(self.colour * cover // 255).astype(np.uint8), self.cover])
        size = (whole.shape[1] // self.scale, whole.shape[0] // self.scale)
        return np.asarray(cv2.resize(whole, size, interpolation=cv2.INTER_AREA), np.uint8)


def lay(
    picture: NDArray[np.uint8],
    sprite: Sprite,
    x: float,
    y: float,
    *,
    scale: float = 1.0,
    lean: float = 0.0,
    opacity: float = 1.0,
) -> None:
    """Lay a sprite on a picture in place, its corner at (x, y), sub-pixel exact.

    `lean` shears it about its lower edge (the wind), `scale` sizes it about its corner.
    """
    height, width = picture.shape[:2]
    h, w = sprite.shape[0] * scale, sprite.shape[1] * scale
    reach = abs(lean) * h
    x0, x1 = max(int(np.floor(x - reach)), 0), min(int(np.ceil(x + w + reach)) + 1, width)
    y0, y1 = max(int(np.floor(y)), 0), min(int(np.ceil(y + h)) + 1, height)
    if x0 >= x1 or y0 >= y1:
        return
    matrix = np.array([[scale, -lean * scale, x - x0 + lean * h], [0.0, scale, y - y0]])
    moved = cv2.warpAffine(sprite, matrix, (x1 - x0, y1 - y0), flags=cv2.INTER_LINEAR)
    if opacity < 1.0:
        moved = cv2.convertScaleAbs(moved, alpha=max(opacity, 0.0))
    keep = cv2.cvtColor(255 - moved[..., 3], cv2.COLOR_GRAY2BGR)
    under = picture[y0:y1, x0:x1]
    cv2.add(cv2.multiply(under, keep, scale=1 / 255), cv2.cvtColor(moved, cv2.COLOR_BGRA2BGR), dst=under)
    picture[y0:y1, x0:x1] = under


def glow(picture: NDArray[np.uint8], light: NDArray[np.uint8], x: float, y: float) -> None:
    """Add light (uint8 `[h, w, 3]`, centred on x, y) to a picture in place."""
    h, w = light.shape[:2]
    left, top = round(x - w / 2), round(y - h / 2)
    x0, y0 = max(left, 0), max(top, 0)
    x1, y1 = min(left + w, picture.shape[1]), min(top + h, picture.shape[0])
    if x0 < x1 and y0 < y1:
        piece = light[y0 - top : y1 - top, x0 - left : x1 - left]
        picture[y0:y1, x0:x1] = cv2.add(picture[y0:y1, x0:x1], piece)


def halo(radius: float, colour: Colour, sharpness: float = 2.0) -> NDArray[np.uint8]:
    """A round light to be added: uint8 `[2r, 2r, 3]`."""
    r = max(int(np.ceil(radius)), 1)
    y, x = np.mgrid[-r : r + 1, -r : r + 1].astype(np.float32) / r
    fall = np.clip(1.0 - np.sqrt(x * x + y * y), 0.0, 1.0) ** sharpness
    return np.asarray(np.clip(fall[..., None] * np.asarray(colour, np.float32) + 0.5, 0, 255), np.uint8)


def gradient(
    width: int, height: int, stops: Sequence[tuple[float, Colour]], rng: np.random.Generator
) -> Sprite:
    """A vertical gradient, uint8 `[H, W, 3]`, dithered so that an encoder doesn't band it."""
    at = np.arange(height) / max(height - 1, 1)
    places = [place for place, _ in stops]
    column = np.stack([np.interp(at, places, [c[i] for _, c in stops]) for i in range(3)], axis=-1)
    noise = rng.normal(0.0, 1.1, (height, width, 1))
    return np.asarray(np.clip(column[:, None, :] + noise + 0.5, 0, 255), np.uint8)


def cloud_noise(
    width: int, height: int, rng: np.random.Generator, *, grain: float, octaves: int = 5
) -> NDArray[np.float32]:
    """Fractal noise, float32 `[H, W]`, 0 to 1; `grain` is the size of the largest shapes in pixels."""
    total = np.zeros((height, width), np.float32)
    for octave in range(octaves):
        cell = max(grain / 2**octave, 1.0)
        grid = rng.random((int(height / cell) + 4, int(width / cell) + 4), dtype=np.float32)
        big = cv2.resize(grid, None, fx=cell, fy=cell, interpolation=cv2.INTER_CUBIC)
        oy, ox = int(cell), int(cell)
        total += big[oy : oy + height, ox : ox + width] * 0.5**octave
    low, high = np.percentile(total, [0.5, 99.5])
    return np.asarray(np.clip((total - low) / (high - low), 0.0, 1.0), np.float32)


def clouds(
    width: int, height: int, rng: np.random.Generator, *, cover: float, lit: Colour, shade: Colour
) -> Sprite:
    """A bank of clouds; `cover` is the share of the sky they take."""
    noise = cloud_noise(width, height * 2, rng, grain=height * 0.62, octaves=6)
    noise = np.asarray(cv2.resize(noise, (width, height), interpolation=cv2.INTER_AREA), np.float32)
    up = np.linspace(0.0, 1.0, height, dtype=np.float32)[:, None]
    fade = np.clip(np.minimum(up * 5.0, (1.0 - up) * 3.0), 0.0, 1.0)
    level = 1.0 - cover
    opacity = np.clip((noise - level) / 0.28, 0.0, 1.0) ** 1.3 * fade
    thick = np.clip((cv2.GaussianBlur(noise, (0, 0), height * 0.03) - level) / 0.45, 0.0, 1.0) * (
        0.4 + 0.6 * up
    )
    colour = (
        np.asarray(lit, np.float32) * (1 - thick[..., None])
        + np.asarray(shade, np.float32) * thick[..., None]
    )
    return np.asarray(np.dstack([colour * opacity[..., None], opacity * 255.0]) + 0.5, np.uint8)


def ridge_line(
    width: int, rng: np.random.Generator, *, grain: float, roughness: float = 0.5
) -> NDArray[np.float64]:
    """A skyline, float64 `[width]`, 0 to 1, from a few octaves of smooth noise."""
    line = np.zeros(width)
    x = np.arange(width)
    for octave in range(6):
        cell = grain / 2**octave
        knots = rng.random(int(width / cell) + 3)
        place = x / cell
        k = place.astype(int)
        u = place - k
        u = u * u * (3 - 2 * u)
        line += (knots[k] * (1 - u) + knots[k + 1] * u) * roughness**octave
    return np.asarray((line - line.min()) / max(float(np.ptp(line)), 1e-9))


def ridge(
    line: NDArray[np.float64],
    height: int,
    rise: float,
    top: Colour,
    foot: Colour,
    rng: np.random.Generator,
    *,
    grain: float = 0.0,
    snow: Colour | None = None,
    headroom: float = 0.0,
) -> Sprite:
    """Land under a skyline: `line` × `rise` pixels of relief in a band `height` tall.

    Haze makes it `foot` at the bottom; `grain` mottles it; `snow` whitens the highest parts;
    `headroom` pixels are left empty above the highest, for what stands on it.
    """
    edge = headroom + (1.0 - line) * rise
    y = np.arange(height)[:, None]
    cover = np.clip(y - edge[None, :] + 0.5, 0.0, 1.0)
    below = np.clip((y - edge[None, :]) / max(height * 0.8, 1.0), 0.0, 1.0)[..., None]
    colour = np.asarray(top) * (1 - below) + np.asarray(foot) * below
    slope = np.gradient(
        cv2.GaussianBlur(line.astype(np.float32)[None, :], (0, 0), max(height * 0.03, 1.0))[0]
    )
    light = np.clip(slope * height * 0.20, -0.11, 0.11)
    colour = colour * (1.0 + light[None, :, None] * np.exp(-below * 3.0))
    if grain:
        mottle = cloud_noise(len(line), height, rng, grain=height * 0.18)
        colour = colour * (1.0 + grain * (mottle[..., None] - 0.5))
    if snow is not None:
        speck = cloud_noise(len(line), height, rng, grain=height * 0.10)
        high = np.clip(
            (line[None, :] - 0.52) * 3.2 - (y - edge[None, :]) / (rise * 0.40) + 1.6 * (speck - 0.4), 0, 1
        )
        colour = (
            colour * (1 - high[..., None])
            + np.asarray(snow) * (1 + light[None, :, None] * 1.3) * high[..., None]
        )
    colour = colour + rng.normal(0.0, 0.8, (height, len(line), 1))
    return np.asarray(np.clip(np.dstack([colour * cover[..., None], cover * 255.0]), 0, 255), np.uint8)


def tree(size: float, rng: np.random.Generator, leaf: Colour, light: Colour, bark: Colour) -> Sprite:
    """A broad-leaved tree lit from the upper right, `size` pixels tall."""
    side = int(size)
    brush = Brush(int(side * 1.16), side)
    middle = side * 0.58
    brush.polygon(
        [
            (middle - 0.055 * side, side),
            (middle - 0.028 * side, 0.62 * side),
            (middle - 0.10 * side, 0.44 * side),
            (middle, 0.52 * side),
            (middle + 0.11 * side, 0.40 * side),
            (middle + 0.03 * side, 0.64 * side),
            (middle + 0.06 * side, side),
        ],
        bark,
    )
    crowns = [
        (0.0, 0.34, 0.30),
        (-0.24, 0.42, 0.22),
        (0.25, 0.42, 0.22),
        (-0.12, 0.22, 0.20),
        (0.14, 0.22, 0.20),
    ]
    leaves = []
    few = float(np.clip(side / 160, 0.12, 1.0))
    for cx, cy, r in crowns:
        for _ in range(int(1680 * r * few)):
            angle, far = rng.uniform(0, 2 * np.pi), np.sqrt(rng.random())
            x, y = cx + r * far * np.cos(angle), cy + r * 0.85 * far * np.sin(angle)
            shine = 0.38 + 0.95 * (0.7 * x - 1.0 * (y - 0.34)) + rng.normal(0.0, 0.14)
            leaves.append((shine + 0.5 * far * (np.cos(angle) - np.sin(angle)) * 0.4, x, y))
    for shine, x, y in sorted(leaves):
        mix = float(np.clip(shine, 0.0, 1.0))
        colour = tuple(leaf[i] * (1 - mix) + light[i] * mix for i in range(3))
        r = side * rng.uniform(0.012, 0.026) / np.sqrt(few)
        brush.ellipse(
            middle + x * side, y * side, r, r * 0.8, (colour[0], colour[1], colour[2]), rng.uniform(0, 180)
        )
    return brush.sprite()


def grass(
    width: int,
    height: int,
    rng: np.random.Generator,
    dark: Colour,
    light: Colour,
    flowers: Sequence[Colour],
    *,
    blades: int,
) -> Sprite:
    """A strip of blades and flowers, rooted along its lower edge."""
    brush = Brush(width, height)
    brush.polygon([(0, height * 0.72), (width, height * 0.72), (width, height), (0, height)], dark)
    for _ in range(blades):
        x, tall, bend = (
            rng.uniform(0, width),
            height * rng.uniform(0.25, 0.85),
            height * rng.normal(0.0, 0.12),
        )
        mix, thick = rng.random(), height * rng.uniform(0.010, 0.022)
        colour = tuple(dark[i] * (1 - mix) + light[i] * mix for i in range(3))
        root = height - rng.uniform(0.0, 0.25) * height
        mid, tip = (x + bend * 0.35, root - tall * 0.55), (x + bend, root - tall)
        brush.polygon(
            [
                (x - thick, root),
                (mid[0] - thick * 0.7, mid[1]),
                tip,
                (mid[0] + thick * 0.7, mid[1]),
                (x + thick, root),
            ],
            (colour[0], colour[1], colour[2]),
        )
        if flowers and rng.random() < 0.05:
            petal = flowers[int(rng.integers(len(flowers)))]
            r = height * rng.uniform(0.022, 0.045)
            for k in range(5):
                angle = k * 2 * np.pi / 5
                brush.ellipse(
                    tip[0] + r * np.cos(angle), tip[1] + r * 0.8 * np.sin(angle), r * 0.7, r * 0.55, petal
                )
            brush.ellipse(tip[0], tip[1], r * 0.5, r * 0.4, (60, 200, 250))
    return brush.sprite()
