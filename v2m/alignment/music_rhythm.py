"""Does the rhythm keep its pattern, and which note values is it made of? Numbers of one piece.

Metrics
-------
* `gps`: grooving-pattern similarity (Wu & Yang, "The Jazz Transformer on the front line", ISMIR
  2020): a bar is the set of its slots on which a pitched note begins; the similarity of two bars
  is the share of the slots on which they agree. The mean over neighbouring bars of equal length
  of which at least one has a note. The paper takes 64 slots a bar and all pairs of bars; here a
  bar has a slot for every quarter of a beat (a finer grid is nearly always empty, and two empty
  slots agree), which `slots_per_beat` and `neighbours` change.
* `note_values`, `onset_gaps`: histograms of how long notes last, and of how long it is from
  one onset to the next, in beats, over the twelve classes of `VALUES_BEATS` (after the note-length
  histogram of Yang & Lerch, "On the evaluation of generative models in music", Neural Computing
  and Applications 32, 2020). A value counts for the class that is nearest to it as a ratio.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from v2m.alignment.piece import SLOTS_PER_BEAT, Piece

VALUES_BEATS = np.array([1 / 8, 1 / 4, 1 / 3, 1 / 2, 2 / 3, 3 / 4, 1, 3 / 2, 2, 3, 4, 8])


def grooving_patterns(piece: Piece, *, slots_per_beat: int = SLOTS_PER_BEAT) -> list[NDArray[np.bool_]]:
    """One bool `[slots]` a bar: whether a pitched note begins there. Bars may differ in length."""
    slot = np.round(piece.start_beat * slots_per_beat).astype(np.int64)
    patterns = [np.zeros(int(n) * slots_per_beat, bool) for n in np.diff(piece.first_beat)]
    first = piece.first_beat * slots_per_beat
    bar = np.searchsorted(first, slot, side="right") - 1
    for b, s in zip(bar[~piece.is_drum], slot[~piece.is_drum], strict=True):
        if 0 <= b < piece.bars:
            patterns[b][s - first[b]] = True
    return patterns


def gps(piece: Piece, *, slots_per_beat: int = SLOTS_PER_BEAT, neighbours: bool = True) -> float:
    """Mean similarity of the rhythm of two bars; nan if there are no two that can be compared.

    Args:
        piece: the notes.
        slots_per_beat: fineness of the pattern.
        neighbours: of bars side by side, or else of all pairs.
    """
    patterns = grooving_patterns(piece, slots_per_beat=slots_per_beat)
    found: list[NDArray[np.float64]] = []
    for apart in range(1, 2 if neighbours else len(patterns)):
        pairs = [
            (a, b)
            for a, b in zip(patterns, patterns[apart:], strict=False)
            if len(a) == len(b) and (a.any() or b.any())
        ]
        found.append(np.array([np.mean(a == b) for a, b in pairs]))
    alike = np.concatenate([np.zeros(0), *found])
    return float(alike.mean()) if alike.size else math.nan


def note_values(piece: Piece) -> NDArray[np.float64]:
    """`[12]`: how many of the pitched notes last each of `VALUES_BEATS`."""
    end = piece.beat_at(piece.start_s + piece.duration_s)
    return _by_value((end - piece.start_beat)[~piece.is_drum])


def onset_gaps(piece: Piece) -> NDArray[np.float64]:
    """`[12]`: how often each of `VALUES_BEATS` lies between two onsets of pitched notes.

    Notes that begin on one slot are one onset.
    """
    tonal = ~piece.is_drum
    slots, first = np.unique(piece.slot[tonal], return_index=True)
    if len(slots) < 2:
        return np.zeros(len(VALUES_BEATS))
    return _by_value(np.diff(piece.start_beat[tonal][first]))


def _by_value(beats: NDArray[np.float64]) -> NDArray[np.float64]:
    edges = np.sqrt(VALUES_BEATS[1:] * VALUES_BEATS[:-1])
    return np.bincount(np.searchsorted(edges, beats), minlength=len(VALUES_BEATS)).astype(np.float64)
