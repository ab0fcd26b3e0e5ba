"""The tune of a piece, and the steps it takes. Numbers of one piece.

The tune is the part that is marked as the melody where there is one; of any piece it can be guessed as
the skyline, the highest note of those that begin together unless a higher one still sounds
(Uitdenbogerd & Zobel, "Melodic matching techniques for large music databases", ACM Multimedia
1999). The two are never compared with each other: a skyline goes up into the accompaniment
wherever the tune rests.

Metrics
-------
* `intervals`: histogram of the steps from note to note, −12 to 12 semitones; larger ones count as
  an octave.
* `music_rhythm.note_values` and `music_rhythm.onset_gaps` of the tune alone, `music_pitch.pitch_range`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from v2m.alignment.piece import Piece

OCTAVE = 12
TOGETHER_BEATS = 1 / 8
STILL_SOUNDING_BEATS = 1 / 4
"""A note that still sounds this long after another began is over it; less is a player's legato."""


def marked_melody(piece: Piece) -> Piece | None:
    """The notes marked as the tune, the highest where two begin together; None where none is."""
    marked = piece.only(piece.is_melody & ~piece.is_drum)
    return skyline(marked) if marked.start_s.size else None


def skyline(piece: Piece) -> Piece:
    """The highest of the notes that begin together, unless a higher one of the line still sounds."""
    tonal = np.flatnonzero(~piece.is_drum)
    begin, pitch = piece.start_beat[tonal], piece.pitch[tonal]
    end = piece.beat_at(piece.start_s[tonal] + piece.duration_s[tonal])
    line: list[int] = []
    k = 0
    while k < len(tonal):
        last = int(np.searchsorted(begin, begin[k] + TOGETHER_BEATS, side="left"))
        top = k + int(np.argmax(pitch[k:last]))
        covered = line and pitch[line[-1]] > pitch[top] and end[line[-1]] > begin[top] + STILL_SOUNDING_BEATS
        if not covered:
            line.append(top)
        k = last
    keep = np.zeros(len(piece.start_s), bool)
    keep[tonal[line]] = True
    return piece.only(keep)


def intervals(line: Piece) -> NDArray[np.float64]:
    """`[25]`: how often the line moves by −12 … 12 semitones; larger steps count as 12."""
    steps = np.clip(np.diff(line.pitch), -OCTAVE, OCTAVE)
    return np.bincount(steps + OCTAVE, minlength=2 * OCTAVE + 1).astype(np.float64)
