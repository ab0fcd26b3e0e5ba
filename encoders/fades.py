"""Thumbnails over time → fades: through black, through white, and from one shot into another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# How far on either side of its darkest (brightest) frames a fade is followed.
_LONGEST_HALF_S = 2.0
# A fade shorter than this is a flash of black or white.
_SHORTEST_S = 0.15
# Where black lasts no longer than this, its middle is the turn of the shots.
_MOMENT_S = 0.25
# Within this many grey levels of its darkest the picture has not begun to be seen.
_SEEN = 0.3
# A picture with less contrast than this (grey levels) is flat: nothing in it can be compared.
_FLAT = 3.0

# Cross-fades: half-lengths looked for, and where on the way each is sampled.
_HALVES_S = (0.17, 0.3, 0.5, 0.8, 1.2)
_STEPS = (-1.0, -0.5, 0.0, 0.5, 1.0)
_REST_S = 0.25
_LEAST_CHANGE = 14.0
# A title that fades in leaves much of the picture as it was.
_CELL_CHANGE, _CELL_SHARE = 5.0, 0.7
# Shares of the whole change: how far a blend may lie off the straight way from one shot to the
# other, and how much the shots themselves may move just before and after.
_OFF_LINE = 0.2
_UNREST = 0.22
# Shots whose light and dark lie alike are one shot under changing light.
_ALIKE = 0.7
# Out of or into a picture darker than this it is a fade through black.
_DARK = 16.0
_DIM = 64.0
_GRID_S = 0.04


@dataclass(frozen=True)
class Fade:
    """A gradual change of shot.

    Attributes:
        time_s: where the new shot begins to be seen, or weighs as much as the old one.
        start_s, end_s: from the old shot undimmed to the new shot undimmed.
        change: mean difference of the shots, 0–255.
    """

    time_s: float
    start_s: float
    end_s: float
    change: float

    @property
    def length_s(self) -> float:
        return self.end_s - self.start_s


def find_fades(
    times_s: NDArray[np.float64],
    thumbs: NDArray[np.uint8],
    from_black: Sequence[int],
    from_white: Sequence[int],
) -> list[Fade]:
    """Fades through black and white.

    Args:
        times_s: float64 `[T]`.
        thumbs: uint8 `[T, h, w, 3]`.
        from_black, from_white: frames at which a picture has come out of black, or of white.

    Returns:
        One fade each. A fade through white counts only between different shots: a picture that is
        overexposed for a while stays one shot.
    """
    level = thumbs.mean(axis=(1, 2, 3), dtype=np.float64)
    fades = [_fade(times_s, thumbs, level, frame) for frame in from_black]
    fades += [_fade(times_s, thumbs, 255.0 - level, frame, differ=True) for frame in from_white]
    return [fade for fade in fades if fade is not None]


def _fade(
    times_s: NDArray[np.float64],
    thumbs: NDArray[np.uint8],
    level: NDArray[np.float64],
    frame: int,
    differ: bool = False,
) -> Fade | None:
    """Follow the level from the frame at which it has risen, back to its floor and out on both sides."""
    floor = frame
    while floor > 0 and level[floor - 1] <= level[floor] + _SEEN:
        floor -= 1
        if times_s[frame] - times_s[floor] > 30.0:
            break
    lowest = float(level[floor : frame + 1].min())
    at_floor = np.flatnonzero(level[floor : frame + 1] <= lowest + _SEEN) + floor
    seen = int(at_floor[-1]) + 1
    if seen >= len(times_s):
        return None
    first = _climb(times_s, level, int(at_floor[0]), -1)
    last = _climb(times_s, level, seen, 1)
    if times_s[seen] - times_s[at_floor[0]] <= _MOMENT_S:
        seen = int(at_floor[0] + at_floor[-1] + 1) // 2
    length_s = float(times_s[last] - times_s[first])
    if length_s < _SHORTEST_S or (differ and not _other_shot(thumbs[first], thumbs[last])):
        return None
    change = float(np.abs(thumbs[last].astype(np.float64) - thumbs[max(seen - 1, 0)]).mean())
    if change < _LEAST_CHANGE:
        return None
    return Fade(float(times_s[seen]), float(times_s[first]), float(times_s[last]), change)


def _climb(times_s: NDArray[np.float64], level: NDArray[np.float64], start: int, step: int) -> int:
    """From `start` on, as long as the level rises."""
    here = start
    while 0 <= here + step < len(level) and level[here + step] > level[here] + 0.1:
        if abs(times_s[here + step] - times_s[start]) > _LONGEST_HALF_S:
            break
        here += step
    return here


def find_dissolves(
    times_s: NDArray[np.float64], thumbs: NDArray[np.uint8], edits_s: Sequence[tuple[float, float]]
) -> list[Fade]:
    """Cross-fades: stretches in which the picture goes straight from one resting shot to another.

    A blend (1 − α) A + α B lies on the line between A and B, which a moving picture does not; and
    before and after it the picture rests, compared with the way it goes.

    Args:
        times_s: float64 `[T]`.
        thumbs: uint8 `[T, h, w, 3]`.
        edits_s: from when to when known cuts and fades last; a cross-fade that touches one is that one.
    """
    if len(times_s) < 3 or times_s[-1] - times_s[0] < 2 * (_HALVES_S[0] + _REST_S):
        return []
    flat = thumbs.reshape(len(thumbs), -1)
    found: list[tuple[float, Fade]] = []
    for half_s in _HALVES_S:
        reach_s = half_s + _REST_S
        centres = np.arange(times_s[0] + reach_s, times_s[-1] - reach_s, max(_GRID_S, half_s / 8))
        found += _at_half_length(times_s, flat, centres, half_s)
    starts, ends = np.asarray(edits_s, dtype=np.float64).reshape(-1, 2).T
    kept: list[Fade] = []
    for _, fade in sorted(found, key=lambda pair: (pair[0], pair[1].time_s)):
        if not ((starts < fade.end_s + _REST_S) & (ends > fade.start_s - _REST_S)).any() and all(
            abs(fade.time_s - other.time_s) >= max(fade.length_s, other.length_s) for other in kept
        ):
            kept.append(fade)
    return kept


def _at_half_length(
    times_s: NDArray[np.float64], flat: NDArray[np.uint8], centres: NDArray[np.float64], half_s: float
) -> list[tuple[float, Fade]]:
    """Cross-fades of one length: (badness, fade) for every centre at which there is one."""
    found: list[tuple[float, Fade]] = []
    block = 4096
    for at in range(0, len(centres), block):
        here = centres[at : at + block]

        def picture(offset_s: float, here: NDArray[np.float64] = here) -> NDArray[np.float32]:
            return flat[_nearest(times_s, here + offset_s)].astype(np.float32)

        first, last = picture(-half_s), picture(half_s)
        way = last - first
        change = np.abs(way).mean(axis=1)
        length = np.maximum((way**2).sum(axis=1), 1e-6)
        off, shares = np.zeros(len(here)), []
        for step in _STEPS:
            between = picture(step * half_s) - first
            share = (between * way).sum(axis=1) / length
            shares.append(share)
            off = np.maximum(off, np.abs(between - share[:, None] * way).mean(axis=1) / np.maximum(change, 1))
        unrest = np.maximum(
            np.abs(picture(-half_s - _REST_S) - first).mean(axis=1),
            np.abs(picture(half_s + _REST_S) - last).mean(axis=1),
        ) / np.maximum(change, 1)
        steady = np.diff(np.stack(shares), axis=0).min(axis=0) > 0.08
        low = np.minimum(first.mean(axis=1), last.mean(axis=1))
        everywhere = (np.abs(way) > _CELL_CHANGE).mean(axis=1) >= _CELL_SHARE
        good = (
            everywhere
            & (change >= _LEAST_CHANGE)
            & (off <= _OFF_LINE)
            & (unrest <= _UNREST)
            & steady
            & (low > _DARK)
        )
        for k in np.flatnonzero(good):
            if _other_shot(first[k], last[k]):
                centre = float(here[k])
                fade = Fade(centre, centre - half_s, centre + half_s, float(change[k]))
                found.append((float(off[k] + unrest[k]), fade))
    return found


def _nearest(times_s: NDArray[np.float64], at_s: NDArray[np.float64]) -> NDArray[np.int64]:
    right = np.clip(np.searchsorted(times_s, at_s), 1, len(times_s) - 1)
    left_is_nearer = at_s - times_s[right - 1] <= times_s[right] - at_s
    return np.asarray(right - left_is_nearer, dtype=np.int64)


def _other_shot(first: NDArray[np.generic], last: NDArray[np.generic]) -> bool:
    """Whether light and dark lie differently in two pictures.

    Not if both are flat; nor if one is flat and dark, which is a picture that comes or goes.
    """
    a, b = first.astype(np.float64).ravel(), last.astype(np.float64).ravel()
    spread = float(a.std()), float(b.std())
    if min(spread) < _FLAT:
        return max(spread) >= _FLAT and min(a.mean(), b.mean()) >= _DIM
    return float(((a - a.mean()) * (b - b.mean())).mean()) / (spread[0] * spread[1]) < _ALIKE
