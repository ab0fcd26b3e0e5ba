"""Events and curves → path data whose x is seconds and whose y goes from 0 (top) to 100.

A drawing is stretched over the time axis, whatever its length on the screen; strokes keep their width.
What is too fine to be told apart is put together first, so that an hour makes no longer a page than minutes.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from v2m.score_page.facts import Roll

TOP, BOTTOM = 4.0, 96.0
"""Where the highest and the lowest value of a scale lie."""
MOST_POINTS = 3600
MOST_TICKS = 30_000
MOST_NOTES = 20_000


def short(value: float) -> str:
    """A number with at most three decimals: milliseconds, of seconds."""
    text = f"{value:.3f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def y_of(values: NDArray[np.float64], low: float, high: float) -> NDArray[np.float64]:
    """Heights of values on a scale; in the middle where the scale has no extent."""
    if not high > low:
        return np.where(np.isnan(values), np.nan, (TOP + BOTTOM) / 2)
    return np.asarray(BOTTOM - (BOTTOM - TOP) * (np.clip(values, low, high) - low) / (high - low))


def line(times_s: NDArray[np.float64], y: NDArray[np.float64]) -> str:
    """A line through the points, broken where y is nan; a point between two nans is a dot."""
    parts: list[str] = []
    for run in runs(y):
        points = [f"{short(t)} {v:.1f}" for t, v in zip(times_s[run], y[run], strict=True)]
        parts.append("M" + ("L".join(points) if len(points) > 1 else points[0] + "h0"))
    return "".join(parts)


def area(times_s: NDArray[np.float64], y: NDArray[np.float64]) -> str:
    """What lies between the line and the bottom, broken where y is nan."""
    parts: list[str] = []
    for run in runs(y):
        points = "L".join(f"{short(t)} {v:.1f}" for t, v in zip(times_s[run], y[run], strict=True))
        parts.append(f"M{short(times_s[run.start])} 100L{points}V100Z")
    return "".join(parts)


def band(low_y: NDArray[np.float64], high_y: NDArray[np.float64], duration_s: float) -> str:
    """A closed shape between two edges given at the middles of equal stretches, `[columns]` each."""
    middles = (np.arange(len(low_y)) + 0.5) / len(low_y) * duration_s
    there = [f"{short(t)} {v:.1f}" for t, v in zip(middles, high_y, strict=True)]
    back = [f"{short(t)} {v:.1f}" for t, v in zip(middles[::-1], low_y[::-1], strict=True)]
    return f"M{'L'.join(there + back)}Z"


def ticks(times_s: NDArray[np.float64], duration_s: float, top: float = 0.0, bottom: float = 100.0) -> str:
    """A stroke at each event; of more than `MOST_TICKS`, at the first in each of as many stretches."""
    shown = times_s[(times_s >= 0) & (times_s <= duration_s)]
    if len(shown) > MOST_TICKS:
        shown = shown[np.unique((shown / duration_s * MOST_TICKS).astype(np.int64), return_index=True)[1]]
    return "".join(f"M{short(t)} {short(top)}V{short(bottom)}" for t in shown.tolist())


def spans(pieces: Iterable[tuple[float, float, float]]) -> str:
    """A stroke along time for each (start, end, y)."""
    return "".join(f"M{short(start)} {y:.1f}H{short(end)}" for start, end, y in pieces)


def thinned(
    times_s: NDArray[np.float64], values: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """At most `MOST_POINTS` points, each the mean of as many that follow one another."""
    each = -(-len(times_s) // MOST_POINTS)
    if each <= 1:
        return times_s, values
    starts = np.arange(0, len(times_s), each)
    said = ~np.isnan(values)
    count = np.add.reduceat(said.astype(np.float64), starts)
    total = np.add.reduceat(np.where(said, values, 0.0), starts)
    size = np.diff(np.append(starts, len(times_s)))
    means = np.divide(total, count, out=np.full(len(starts), np.nan), where=count > 0)
    return np.add.reduceat(times_s, starts) / size, means


def runs(values: NDArray[np.float64]) -> list[slice]:
    """Stretches without nan."""
    said = np.concatenate([[False], ~np.isnan(values), [False]])
    edges = np.flatnonzero(said[1:] != said[:-1])
    return [slice(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def roll(notes: Roll, duration_s: float) -> tuple[list[tuple[float, float, int]], float]:
    """The pitched notes as (start, end, pitch), and the seconds within which those of a pitch became one.

    The second is 0 where each note is drawn as it is.
    """
    tonal = ~notes.is_drum & (notes.start_s < duration_s) & (notes.end_s > 0)
    order = np.lexsort((notes.start_s[tonal], notes.pitch[tonal]))
    start, end = notes.start_s[tonal][order], np.minimum(notes.end_s[tonal][order], duration_s)
    pieces = list(zip(start.tolist(), end.tolist(), notes.pitch[tonal][order].tolist(), strict=True))
    step_s, gap_s = duration_s / MOST_NOTES, 0.0
    while len(pieces) > MOST_NOTES:
        gap_s, step_s = step_s, 2 * step_s
        joined: list[tuple[float, float, int]] = []
        for piece in pieces:
            if joined and joined[-1][2] == piece[2] and piece[0] - joined[-1][1] <= gap_s:
                joined[-1] = (joined[-1][0], max(joined[-1][1], piece[1]), piece[2])
            else:
                joined.append(piece)
        pieces = joined
    return pieces, gap_s
