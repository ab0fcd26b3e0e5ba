"""Which pitches does a piece use, and how many at a time? Numbers of one piece; drums have no pitch.

Metrics
-------
* `pche`: pitch-class histogram entropy, bits (Wu & Yang, "The Jazz Transformer on the front line",
  ISMIR 2020): of the notes that begin within a window of bars, the mean over all windows, one bar
  on from each other, in which a note begins. A piece of fewer bars is one window. 0 is one pitch
  class, 3.58 all twelve alike.
* `scale_consistency`: the largest share of the notes that any one diatonic scale holds (Mogren,
  "C-RNN-GAN", 2016, for the seven-note scales: a major scale and its relative minor are one).
* `polyphony`: how many different pitches sound on average, while any does (Dong et al., "MusPy",
  ISMIR 2020).
* `pitch_range`: semitones from the lowest to the highest note.
* `notes_per_s`: notes begun a second.
* `empty_bar_rate`: share of the bars in which no pitch sounds, not even one held.

Each is nan for a piece without a pitch, except the last two.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from v2m.alignment.piece import Piece

MAJOR = (0, 2, 4, 5, 7, 9, 11)


def pche(piece: Piece, *, bars: int) -> float:
    """Mean entropy of the pitch classes begun in windows of `bars` bars.

    Raises:
        ValueError: if a window holds less than one bar.
    """
    if bars < 1:
        raise ValueError("a window holds at least one bar")
    within = ~piece.is_drum & (piece.bar >= 0) & (piece.bar < piece.bars)
    counts = np.zeros((piece.bars, 12))
    np.add.at(counts, (piece.bar[within], piece.pitch[within] % 12), 1.0)
    size = min(bars, piece.bars)
    running = np.concatenate([np.zeros((1, 12)), np.cumsum(counts, axis=0)])
    windows = running[size:] - running[:-size]
    sounding = windows[windows.sum(axis=1) > 0]
    return float(np.mean([entropy(w) for w in sounding])) if len(sounding) else math.nan


def entropy(counts: NDArray[np.float64]) -> float:
    """Shannon entropy of counts or weights, bits; nan if there are none."""
    total = counts.sum()
    if total <= 0:
        return math.nan
    share = counts[counts > 0] / total
    return float(max(-(share * np.log2(share)).sum(), 0.0))


def scale_consistency(piece: Piece) -> float:
    """The largest share of the notes within one of the twelve diatonic scales."""
    classes = np.bincount(piece.pitch[~piece.is_drum] % 12, minlength=12)
    if not classes.sum():
        return math.nan
    inside = [classes[[(tonic + step) % 12 for step in MAJOR]].sum() for tonic in range(12)]
    return float(max(inside) / classes.sum())


def polyphony(piece: Piece) -> float:
    """Different pitches sounding at once, on average over the time in which one does."""
    begins, ends = _sounding(piece)
    if not len(begins):
        return math.nan
    held = float((ends - begins).sum())
    at = np.concatenate([begins, ends])
    step = np.concatenate([np.ones(len(begins)), -np.ones(len(ends))])
    order = np.argsort(at, kind="stable")
    level = np.cumsum(step[order])[:-1]
    sounding_s = float(np.diff(at[order])[level > 0].sum())
    return held / sounding_s


def pitch_range(piece: Piece) -> float:
    """Semitones from the lowest note to the highest."""
    pitches = piece.pitch[~piece.is_drum]
    return float(np.ptp(pitches)) if pitches.size else math.nan


def notes_per_s(piece: Piece) -> float:
    """Notes begun a second, between the first downbeat and the end."""
    return float((~piece.is_drum).sum() / piece.length_s)


def empty_bar_rate(piece: Piece) -> float:
    """Share of the bars in which no pitch sounds."""
    begins, ends = _sounding(piece)
    edges = np.append(piece.downbeats_s, piece.end_s)
    # Before a bar's end so many notes have begun; before its start so many have ended.
    begun = np.searchsorted(np.sort(begins), edges[1:] - 1e-6)
    ended = np.searchsorted(np.sort(ends), edges[:-1] + 1e-6)
    return float(np.mean(begun <= ended))


def _sounding(piece: Piece) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Begins and ends of the stretches in which a pitch sounds; struck again meanwhile, it is one stretch."""
    begins: list[NDArray[np.float64]] = []
    ends: list[NDArray[np.float64]] = []
    tonal = ~piece.is_drum
    for pitch in np.unique(piece.pitch[tonal]):
        mine = tonal & (piece.pitch == pitch)
        start = piece.start_s[mine]
        reach = np.maximum.accumulate(start + piece.duration_s[mine])
        fresh = np.concatenate([[True], start[1:] > reach[:-1]])
        begins.append(start[fresh])
        ends.append(reach[np.append(np.flatnonzero(fresh)[1:] - 1, len(reach) - 1)])
    none = np.zeros(0)
    return np.concatenate([none, *begins]), np.concatenate([none, *ends])
