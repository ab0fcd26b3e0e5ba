"""Who lies where: how high a player may voice each chord, so that a voice or a tune above it is heard.

Words leave chords only what lies below a speaker's overtones; a figuration stays below the tune, since of two
lines in one register the busier hides the other (Piston 1955, on the elements of texture).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from generators.rhythm.arrangement import FIGURING
from generators.rhythm.band import Part
from generators.rhythm.harmony import Harmony
from generators.rhythm.notes import Note

VOICE_FROM = 64  # the pitch above which a chord competes with a voice
LEAST_RANGE = 14  # semitones that a player of chords needs, however high the instrument lies


def ceilings(harmony: Harmony, part: Part, hushed: NDArray[np.bool_], tune: Sequence[Note]) -> list[int]:
    """The highest note on which a part voices each chord.

    Args:
        harmony: the chords.
        part: a player of chords.
        hushed: bool `[slots + 1]`, where somebody speaks.
        tune: the notes of the melody; only who figures keeps below them.
    """
    least = part.low + LEAST_RANGE
    starts, ends = (np.array([getattr(n, name) for n in tune]) for name in ("slot", "end"))
    pitches = np.array([n.pitch for n in tune], dtype=np.int64)
    tops = []
    for span in harmony.spans:
        top = part.high
        if part.voice.role in FIGURING and len(tune):
            sung = pitches[(starts < span.end) & (ends > span.start)]
            top = min([top, *(sung - 1)])
        if hushed[span.start : span.end].any():
            top = min(top, VOICE_FROM)
        tops.append(int(min(max(top, least), part.high)))
    return tops
