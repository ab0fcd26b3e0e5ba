"""Frames → colour: how bright, saturated, colourful and contrasty the picture is, and its look.

Sampled about five times a second: colour changes slowly except at cuts, and there the next sample
is of the new shot.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from encoders.frames import FrameBatch
from encoders.stream import Stream

SAMPLE_S = 0.2
# Samples may come this early: frame times that are rounded to milliseconds jitter.
_EARLY_S = 0.002
# Plenty for means; colour needs no detail.
_SIZE = (96, 54)
_GRID = 3
# Below this value (of 255) a pixel's saturation is sensor and coding noise.
_DARK = 32.0

COLUMNS = (
    "brightness",
    "saturation",
    "colourfulness",
    "contrast",
    *(f"{channel}{cell}" for channel in "lab" for cell in range(_GRID**2)),
)


class ColourSense:
    """Gives `colour`, a curve of about 5 Hz.

    Columns: `brightness` and `saturation`, means of V and S of HSV (0–1; S counts less in pixels so
    dark that it is noise); `colourfulness`, the measure M3 of Hasler & Süsstrunk 2003 on 8-bit RGB,
    ÷ 100 (0 grey, ~0.6 and more vivid); `contrast`, the standard deviation of lightness (0–0.5);
    `l0…l8, a0…a8, b0…b8`, mean CIELAB ÷ 100 of a 3 × 3 grid, row by row: the look, by which shots are
    told to resemble.
    """

    name = "colour"

    def __init__(self) -> None:
        self.notes: list[str] = []
        self._times: list[float] = []
        self._rows: list[NDArray[np.float64]] = []

    def see(self, batch: FrameBatch) -> None:
        for time_s, rgb in zip(batch.times_s.tolist(), batch.rgb, strict=True):
            if not self._times or time_s - self._times[-1] >= SAMPLE_S - _EARLY_S:
                self._times.append(time_s)
                self._rows.append(describe(rgb))

    def finish(self, streams: Mapping[str, Stream]) -> list[Stream]:
        values = np.array(self._rows, dtype=np.float32).reshape(-1, len(COLUMNS))
        times_s = np.array(self._times, dtype=np.float64)
        mask = np.ones(len(times_s), dtype=np.bool_)
        units = "0-1; colourfulness M3 / 100; look in CIELAB / 100"
        source = "HSV means, Hasler & Süsstrunk 2003, CIELAB 3×3 (OpenCV)"
        return [Stream("colour", times_s, values, mask, COLUMNS, units, source)]


def describe(rgb: NDArray[np.uint8]) -> NDArray[np.float64]:
    """One picture `[H, W, 3]` uint8 → float64 `[31]`, in the order of `COLUMNS`."""
    import cv2

    small = cv2.resize(rgb, _SIZE, interpolation=cv2.INTER_AREA)
    pixels = small.astype(np.float32)
    highest, lowest = pixels.max(axis=2), pixels.min(axis=2)
    saturation = (highest - lowest) / np.maximum(highest, _DARK)
    lab = cv2.cvtColor(pixels / np.float32(255), cv2.COLOR_RGB2LAB) / np.float32(100)
    look = cv2.resize(lab, (_GRID, _GRID), interpolation=cv2.INTER_AREA).reshape(-1, 3).T
    row = [highest.mean() / 255, saturation.mean(), _colourfulness(pixels) / 100, lab[..., 0].std()]
    return np.concatenate([row, look.ravel()]).astype(np.float64)


def _colourfulness(pixels: NDArray[np.float32]) -> float:
    """M3 = σ_rgyb + 0.3 μ_rgyb of the opponent axes rg = R − G and yb = (R + G)/2 − B, RGB 0–255."""
    red, green, blue = pixels[..., 0], pixels[..., 1], pixels[..., 2]
    rg, yb = red - green, (red + green) / 2 - blue
    return float(np.hypot(rg.std(), yb.std()) + 0.3 * np.hypot(rg.mean(), yb.mean()))
