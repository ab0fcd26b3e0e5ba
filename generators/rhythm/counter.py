"""Harmony + melody → counter-melody: a slow line of guide tones that stays out of the tune's way."""

from __future__ import annotations

import numpy as np

from generators.rhythm.band import Part
from generators.rhythm.harmony import Harmony
from generators.rhythm.notes import Note
from generators.rhythm.timeline import Timeline

NEAR_MELODY = 3  # semitones
NEAR_COST = 6.0


def write_counter(
    timeline: Timeline, harmony: Harmony, part: Part, bars: range, melody: list[Note]
) -> list[Note]:
    """One long note a chord: its third or seventh, by the smallest step, never beside the melody."""
    first, end = int(timeline.first_slot[bars.start]), int(timeline.first_slot[bars.stop])
    starts = np.array([n.slot for n in melody])
    notes: list[Note] = []
    last = (part.low + part.high) / 2
    for span in harmony.spans:
        if not first <= span.start < end:
            continue
        guides = set(span.chord.tones[1:3]) | ({span.chord.tones[3]} if len(span.chord.tones) > 3 else set())
        places = [p for p in range(part.low, part.high + 1) if p % 12 in guides]
        sounding = [
            n.pitch
            for n in melody[
                max(int(np.searchsorted(starts, span.start)) - 1, 0) : int(np.searchsorted(starts, span.end))
            ]
        ]
        pitch = min(places, key=lambda p: (_cost(p, last, sounding, part), p))
        if (
            notes
            and notes[-1].pitch == pitch
            and notes[-1].end == span.start
            and span.end - notes[-1].slot <= 32
        ):
            notes[-1] = Note(notes[-1].slot, span.end - notes[-1].slot, pitch, notes[-1].stress)
        else:
            notes.append(Note(span.start, span.end - span.start, pitch, 0.4))
        last = pitch
    return notes


def _cost(pitch: int, last: float, sounding: list[int], part: Part) -> float:
    close = any(abs(pitch - other) <= NEAR_MELODY for other in sounding)
    return abs(pitch - last) + 0.2 * abs(pitch - (part.low + part.high) / 2) + NEAR_COST * close
