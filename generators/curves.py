"""Curves: how full, how loud, how bright, how restless and how tense each bar is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from encoders.stream import Streams
from generators.drawn import RANGES
from generators.grid import BeatGrid, PlanError
from generators.wishes import MOODS, Wishes


@dataclass(frozen=True)
class Curves:
    """One number a bar. density, loudness and tension 0 to 1; valence and arousal −1 to 1.

    Raises:
        PlanError: naming the curve and the range that it leaves.
    """

    density: tuple[float, ...]
    loudness: tuple[float, ...]
    valence: tuple[float, ...]
    arousal: tuple[float, ...]
    tension: tuple[float, ...]

    def __post_init__(self) -> None:
        for name, curve in vars(self).items():
            low, high = RANGES[name]
            if not all(low <= value <= high for value in curve):
                raise PlanError(f"curves.{name} must lie between {low:g} and {high:g}")


def draw_curves(streams: Streams, grid: BeatGrid, wishes: Wishes) -> Curves:
    """Bar by bar, from motion and affect; a wished mood moves the affect there and keeps its shape.

    Loudness follows motion first, since that is what eye and ear tie together (Lipscomb 2005 on
    accent structure alignment); density follows motion and arousal.
    """
    edges = np.append(grid.downbeats_s, grid.end_s)
    motion = _ranked(_bar_means(streams, "motion", "energy", edges))
    valence = _bar_means(streams, "affect", "valence", edges)
    arousal = _bar_means(streams, "affect", "arousal", edges)
    tension = np.clip(_bar_means(streams, "affect", "tension", edges), 0, 1)
    if wishes.mood is not None:
        to_valence, to_arousal = MOODS[wishes.mood]
        valence = to_valence + 0.4 * (valence - valence.mean())
        arousal = to_arousal + 0.4 * (arousal - arousal.mean())
        tension = np.clip(0.5 * tension + 0.5 * np.clip((to_arousal - to_valence) / 2, 0, 1), 0, 1)
    valence, arousal = np.clip(valence, -1, 1), np.clip(arousal, -1, 1)
    drive = (arousal + 1) / 2
    loudness = np.clip(0.25 + 0.45 * motion + 0.30 * drive, 0.15, 1.0)
    density = np.clip(0.10 + 0.45 * motion + 0.45 * drive, 0.05, 1.0)
    return Curves(*(_rounded(c) for c in (density, _eased(loudness), valence, arousal, tension)))


def _rounded(curve: NDArray[np.float64]) -> tuple[float, ...]:
    return tuple(round(float(x), 3) for x in curve)


def _bar_means(streams: Streams, name: str, column: str, edges_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean of a curve in each bar, `[bars]`; zeros where the sense is silent."""
    stream = streams.get(name)
    if stream is None or not stream.says_something:
        return np.zeros(len(edges_s) - 1)
    times, values = stream.times_s[stream.mask], stream.column(column)[stream.mask].astype(np.float64)
    centres = (edges_s[:-1] + edges_s[1:]) / 2
    sums = np.concatenate([[0.0], np.cumsum(values)])
    lo, hi = np.searchsorted(times, edges_s[:-1]), np.searchsorted(times, edges_s[1:])
    inside = np.maximum(hi - lo, 1)
    means: NDArray[np.float64] = (sums[hi] - sums[lo]) / inside
    return np.where(hi > lo, means, np.interp(centres, times, values))


def _ranked(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Scale to 0–1 between the clip's own quiet and busy bars; a clip without contrast stays low.

    The logarithm is how movement is felt; the floor keeps sensor noise from becoming a climax.
    """
    felt = np.log1p(25.0 * np.maximum(values, 0.0))
    low, high = np.percentile(felt, [5, 95])
    absolute: NDArray[np.float64] = np.clip(felt / np.log1p(25.0 * 0.4), 0, 1)
    if high - low < 1e-3:
        return absolute
    relative = np.clip((felt - low) / (high - low), 0, 1)
    contrast = np.clip((high - low) / 0.5, 0, 1)
    scaled: NDArray[np.float64] = contrast * (0.6 * relative + 0.4 * absolute) + (1 - contrast) * absolute
    return scaled


def _eased(curve: NDArray[np.float64]) -> NDArray[np.float64]:
    """Smooth by a quarter towards each neighbour, so that one bar alone never shouts."""
    padded = np.pad(curve, 1, mode="edge")
    eased: NDArray[np.float64] = 0.25 * padded[:-2] + 0.5 * padded[1:-1] + 0.25 * padded[2:]
    return eased
