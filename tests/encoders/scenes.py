"""Pictures in memory for the senses: shots with texture, a camera over a large view, things that move."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from encoders.frames import FrameBatch
from encoders.sense import Sense
from encoders.stream import Stream, Streams

Picture = NDArray[np.uint8]
HEIGHT, WIDTH = 144, 256


def shot(seed: int, grain: int = 12) -> Picture:
    """A textured picture of its own colours."""
    rng = np.random.default_rng(seed)
    tones = rng.integers(0, 256, (HEIGHT // grain + 1, WIDTH // grain + 1, 3), dtype=np.uint8)
    texture = cv2.resize(tones, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
    return np.clip(texture * 0.5 + rng.integers(40, 216, 3) * 0.5, 0, 255).astype(np.uint8)


def view() -> Picture:
    """A landscape four times as large as a picture, for cameras to move over."""
    rng = np.random.default_rng(7)
    tones = rng.integers(0, 256, (60, 100, 3), dtype=np.uint8)
    large = cv2.resize(tones, (WIDTH * 4, HEIGHT * 4), interpolation=cv2.INTER_CUBIC)
    return np.clip(large.astype(np.int64), 20, 235).astype(np.uint8)


def seen_from(large: Picture, x: float, y: float) -> Picture:
    """What a camera with its upper left corner at (x, y) sees."""
    return cv2.getRectSubPix(large, (WIDTH, HEIGHT), (x + WIDTH / 2, y + HEIGHT / 2))


def grainy(pictures: Iterable[Picture], seed: int = 0) -> list[Picture]:
    """Each with sensor noise of its own."""
    rng = np.random.default_rng(seed)
    return [
        np.clip(p.astype(np.int64) + rng.integers(-4, 5, p.shape), 0, 255).astype(np.uint8) for p in pictures
    ]


def show(
    sense: Sense,
    pictures: Sequence[Picture],
    rate: float = 25.0,
    times_s: Sequence[float] | None = None,
    streams: dict[str, Stream] | None = None,
) -> dict[str, Stream]:
    """Run one sense over pictures; returns its streams, after those it was given."""
    times = np.arange(len(pictures)) / rate if times_s is None else np.asarray(times_s, dtype=np.float64)
    for first in range(0, len(pictures), 24):
        chosen = slice(first, first + 24)
        sense.see(FrameBatch(times[chosen], np.stack(pictures[chosen])))
    given = dict(streams or {})
    return given | {stream.name: stream for stream in sense.finish(given)}


def at(times_s: NDArray[np.float64], wanted_s: Sequence[float], tolerance_s: float) -> tuple[float, float]:
    """Share of the wanted instants that were found, and of the found ones that were wanted."""
    wanted = np.asarray(wanted_s, dtype=np.float64)
    if not len(times_s) or not len(wanted):
        return float(not len(wanted)), float(not len(times_s))
    gaps = np.abs(times_s[:, None] - wanted[None, :])
    recall = float((gaps.min(axis=0) <= tolerance_s + 1e-9).mean())
    return recall, float((gaps.min(axis=1) <= tolerance_s + 1e-9).mean())


def together(streams: dict[str, Stream], duration_s: float) -> Streams:
    return Streams(streams, duration_s, "hash")
