"""How much of a piece comes back? The structureness indicator, and bars that have been there before.

Metrics
-------
* `si_short`, `si_mid`, `si_long`: the structureness indicator, from a fitness scape plot; below.
* `bar_recurrence`: for every bar with a note, but the first such, the largest share that its notes
  (slot and pitch) have in common with those of an earlier bar, as a share of both bars' notes; the
  mean over these bars. 1 is one bar over and over.

The structureness indicator
---------------------------
A piece is a chroma matrix `[frames, 12]`: of a score, how long each pitch class sounds within
2.1 s around each frame; of sound, its chromagram. Frames are `frame_s` apart: half a second, or
a 240th of the piece where it is longer than two minutes, so that the work stays bounded.

1. Self-similarity: cosine of every two frames, smoothed along 8 s of diagonal forwards and
   backwards, the best of all twelve transpositions; the largest quarter of it is kept and
   scaled to 0 … 1, the rest costs −2, the diagonal is 1 (Müller, Jiang & Grosche, "A robust fitness
   measure for capturing repetitions in music recordings with applications to audio
   thumbnailing", IEEE TASLP 21(3), 2013; the parameters are Wu & Yang's). A silent frame
   resembles nothing.
2. Fitness of a segment: the best family of disjoint paths over its columns, steps (1, 1), (2, 1)
   and (1, 2); the harmonic mean of its score a cell and of the share of the piece that it covers,
   the segment itself taken off both.
3. `si(low, high)`: the largest fitness of a segment between `low` and `high` seconds long (Wu &
   Yang, "The Jazz Transformer on the front line", ISMIR 2020). Short is 3 to 8 s, mid 8 to 15,
   long 15 and more.

It differs from the published numbers in this: those are taken from rendered sound, let a
repetition be played at half to twice the tempo when smoothing, and keep half a second a frame
however long the piece is. Segments of over two thirds of the piece are not looked at: they
cannot come twice. Of those over 30 frames, lengths 3 % apart are looked at: fitness changes
slowly with length.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from v2m.alignment.piece import SLOTS_PER_BEAT, Piece

FRAME_S = 0.5
MOST_FRAMES = 240
EVERY_LENGTH = 30
"""Up to this many frames every length is looked at, beyond it one in `length // EVERY_LENGTH + 1`."""
BLUR_S = 2.1
DIAGONAL_S = 8.0
KEPT = 0.25
PENALTY = -2.0
RANGES_S: dict[str, tuple[float, float]] = {
    "short": (3.0, 8.0),
    "mid": (8.0, 15.0),
    "long": (15.0, math.inf),
}
# A path family's score, its number of cells and of rows ride in one float64, so that the best
# score brings its own length along: 12 bits each for the counts, the score in units of 2⁻¹².
_ROW, _CELL, _SCORE = 1.0, 4096.0, 4096.0**2
_UNITS = 4096.0


def frame_s_of(length_s: float) -> float:
    """Seconds a frame for a piece of this length."""
    return max(FRAME_S, length_s / MOST_FRAMES)


def score_chroma(piece: Piece, frame_s: float) -> NDArray[np.float64]:
    """`[frames, 12]`: for how long each pitch class sounds in the 2.1 s around each frame.

    Frames are at 0, `frame_s`, … from the first downbeat; drums have no pitch.
    """
    frames = max(int(piece.length_s / frame_s), 1)
    grid_s = 0.05
    cells = math.ceil(piece.length_s / grid_s) + 1
    steps = np.zeros((cells + 1, 12))
    tonal = ~piece.is_drum
    begin = (piece.start_s[tonal] - piece.downbeats_s[0]) / grid_s
    end = begin + np.maximum(piece.duration_s[tonal] / grid_s, 1.0)
    classes = piece.pitch[tonal] % 12
    np.add.at(steps, (np.clip(np.round(begin), 0, cells).astype(int), classes), 1.0)
    np.add.at(steps, (np.clip(np.round(end), 0, cells).astype(int), classes), -1.0)
    sounding = np.concatenate([np.zeros((1, 12)), np.cumsum(np.cumsum(steps, axis=0), axis=0)])
    middle = np.arange(frames) * frame_s / grid_s
    half = BLUR_S / 2 / grid_s
    low = np.clip(np.round(middle - half), 0, cells).astype(int)
    high = np.clip(np.round(middle + half), 0, cells).astype(int)
    return np.asarray(np.maximum(sounding[high] - sounding[low], 0.0) * grid_s)


def self_similarity(chroma: NDArray[np.float64], frame_s: float) -> NDArray[np.float64]:
    """`[frames, frames]`, at most 1, 1 on the diagonal, `PENALTY` where two frames are not alike.

    Args:
        chroma: `[frames, 12]`, not negative.
        frame_s: seconds a frame.

    Raises:
        ValueError: if the chroma is not of that shape, not finite or negative.
    """
    if chroma.ndim != 2 or chroma.shape[1] != 12 or not np.isfinite(chroma).all() or (chroma < 0).any():
        raise ValueError("chroma is finite, not negative, and of shape [frames, 12]")
    frames = len(chroma)
    norm = np.linalg.norm(chroma, axis=1, keepdims=True)
    unit = np.divide(chroma, norm, out=np.zeros_like(chroma), where=norm > 1e-9)
    steps = max(round(DIAGONAL_S / frame_s), 1)
    alike = np.zeros((frames, frames))
    for shift in range(12):
        np.maximum(alike, _along_diagonals(unit @ np.roll(unit, shift, axis=1).T, steps), out=alike)
    alike = np.maximum(alike, alike.T)
    least = np.quantile(alike, 1 - KEPT, method="lower")
    kept = (alike >= least) & (alike > 0)
    if kept.any():
        low, high = alike[kept].min(), alike[kept].max()
        alike = np.where(kept, (alike - low) / (high - low) if high > low + 1e-12 else 1.0, PENALTY)
    else:
        alike = np.full_like(alike, PENALTY)
    np.fill_diagonal(alike, 1.0)
    return alike


def _along_diagonals(cells: NDArray[np.float64], steps: int) -> NDArray[np.float64]:
    """The larger of the means of `steps` cells forwards and backwards, nought beyond the edge."""
    frames = len(cells)
    padded = np.zeros((frames + 2 * steps, frames + 2 * steps))
    padded[steps:-steps, steps:-steps] = cells
    for k in range(1, len(padded)):
        padded[k, 1:] += padded[k - 1, :-1]  # a running sum down every diagonal
    last = padded[steps - 1 : steps - 1 + frames, steps - 1 : steps - 1 + frames]
    here = padded[steps:-steps, steps:-steps]
    forwards = padded[2 * steps - 1 : 2 * steps - 1 + frames, 2 * steps - 1 : 2 * steps - 1 + frames] - last
    before = padded[:frames, :frames]
    return np.asarray(np.maximum(forwards, here - before) / steps)


def fitness(similarity: NDArray[np.float64], length: int) -> NDArray[np.float64]:
    """Fitness of every segment of `length` frames, `[frames − length + 1]`, by its first frame.

    Args:
        similarity: see `self_similarity`.
        length: of the segments, in frames.

    Raises:
        ValueError: if no segment is that long, or there are over 4,095 frames.
    """
    frames = len(similarity)
    if not 1 <= length <= frames:
        raise ValueError(f"no segment of {length} frames in {frames}")
    if frames > 4095:
        raise ValueError("a scape plot is drawn of at most 4,095 frames")
    packed = np.round(similarity * _UNITS) * _SCORE + _CELL + _ROW
    starts = frames - length + 1
    waiting = np.zeros(starts)  # outside every path: the elevator of the paper
    last, before, now = (np.full((length, starts), -np.inf) for _ in range(3))
    # Row by row, cell m of the segment that starts at s: [frames, length, starts].
    for cells in sliding_window_view(packed, starts, axis=1):
        np.maximum(waiting, last[-1], out=waiting)
        np.add(before[:-1], _ROW, out=now[1:])
        np.maximum(now[1:], last[:-1], out=now[1:])
        np.maximum(now[2:], last[:-2], out=now[2:])
        now[0] = waiting
        now += cells
        before, last, now = last, now, before
    best = np.maximum(waiting, last[-1]).astype(np.int64)
    rows, cells_taken = best % 4096, (best >> 12) % 4096
    score = (best >> 24) / _UNITS
    score_a_cell = (score - length) / np.maximum(cells_taken, 1)
    coverage = (rows - length) / frames
    good = (score_a_cell > 0) & (coverage > 0)
    total = np.where(good, score_a_cell + coverage, 1.0)
    return np.asarray(np.where(good, 2 * score_a_cell * coverage / total, 0.0))


def bar_recurrence(piece: Piece) -> float:
    """How much of a bar has been there before, 0 to 1; nan with fewer than two bars of notes."""
    first = piece.first_beat * SLOTS_PER_BEAT
    within = ~piece.is_drum & (piece.bar >= 0) & (piece.bar < piece.bars)
    bars: dict[int, set[tuple[int, int]]] = {}
    for bar, slot, pitch in zip(piece.bar[within], piece.slot[within], piece.pitch[within], strict=True):
        bars.setdefault(int(bar), set()).add((int(slot - first[bar]), int(pitch)))
    heard = [bars[bar] for bar in sorted(bars)]
    shares = [max(len(now & a) / len(now | a) for a in heard[:k]) for k, now in enumerate(heard) if k]
    return float(np.mean(shares)) if shares else math.nan


def structureness(chroma: NDArray[np.float64], frame_s: float) -> dict[str, float]:
    """`short`, `mid` and `long` → the structureness indicator, 0 to 1.

    nan where a piece is too short to hold such a segment twice over two thirds, or a frame too
    long to tell (longer than half the shortest segment).
    """
    similarity = self_similarity(chroma, frame_s)
    frames = len(chroma)
    found: dict[str, float] = {}
    for name, (low_s, high_s) in RANGES_S.items():
        first = max(math.ceil(low_s / frame_s - 1e-9), 1)
        last = min(2 * frames // 3, math.floor(high_s / frame_s + 1e-9) if math.isfinite(high_s) else frames)
        lengths = _looked_at(first, last) if frame_s <= low_s / 2 else []
        found[name] = max((float(fitness(similarity, n).max()) for n in lengths), default=math.nan)
    return found


def _looked_at(first: int, last: int) -> list[int]:
    """Lengths from `first` to `last` frames, thinning out beyond `EVERY_LENGTH`."""
    lengths: list[int] = []
    now = first
    while now <= last:
        lengths.append(now)
        now += now // EVERY_LENGTH + 1
    return lengths
