"""Harmony + melody → counter-melody: a slow line of guide tones that stays out of the tune's way.

One long note a chord, its third or seventh. Where the tune leaves room the line goes on between them: a
note that falls to the next by step is held over and resolves (a suspension), a third is filled in (a passing
note).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np

from generators.rhythm.band import Part
from generators.rhythm.harmony import Harmony, Span
from generators.rhythm.notes import Note
from generators.rhythm.timeline import Timeline
from generators.rhythm.voicing import is_muddy

NEAR_MELODY = 3  # semitones
NEAR_COST = 6.0
LONGEST_SLOTS = 32  # a note that two chords share is held no longer
STRESS, MOVING_STRESS = 0.4, 0.5


def write_counter(
    timeline: Timeline,
    harmony: Harmony,
    part: Part,
    bars: range,
    melody: list[Note],
    beside: Mapping[int, Sequence[int]] = MappingProxyType({}),
) -> list[Note]:
    """The line of a run of bars: by the smallest steps, never beside the melody.

    Args:
        melody: the tune, in order.
        beside: start slot of each span → the pitches at which others play its chord.
    """
    first, end = int(timeline.first_slot[bars.start]), int(timeline.first_slot[bars.stop])
    spans = [span for span in harmony.spans if first <= span.start < end]
    starts = np.array([n.slot for n in melody])
    notes: list[Note] = []
    for span, pitch in zip(spans, _guides(spans, part, melody, starts, beside), strict=True):
        beat = timeline.plan.grid.bars[timeline.bar_of(span.start)].slots_per_beat
        before = notes[-1] if notes and notes[-1].end == span.start else None
        whole = Note(span.start, span.end - span.start, pitch, STRESS)
        if before is None:
            notes.append(whole)
        elif before.pitch == pitch and span.end - before.slot <= LONGEST_SLOTS:
            notes[-1] = Note(before.slot, span.end - before.slot, pitch, before.stress)
        elif _suspends(before, pitch, span, beat):
            notes[-1] = Note(before.slot, before.length + beat, before.pitch, before.stress)
            notes.append(Note(span.start + beat, whole.length - beat, pitch, MOVING_STRESS))
        else:
            passing = _passing(before, pitch, harmony.at(before.slot), part)
            free = before.length >= 3 * beat and not _attacks(starts, span.start - beat, span.start)
            if passing is not None and free:
                notes[-1] = Note(before.slot, before.length - beat, before.pitch, before.stress)
                notes.append(Note(span.start - beat, beat, passing, MOVING_STRESS))
            notes.append(whole)
    return notes


def _guides(
    spans: list[Span],
    part: Part,
    melody: list[Note],
    starts: np.ndarray,
    beside: Mapping[int, Sequence[int]],
) -> list[int]:
    """Each chord's third or seventh, near the one before, away from the tune and clear of the chord."""
    pitches: list[int] = []
    last = (part.low + part.high) / 2
    for span in spans:
        guides = set(span.chord.tones[1:3]) | ({span.chord.tones[3]} if len(span.chord.tones) > 3 else set())
        places = [p for p in range(part.low, part.high + 1) if p % 12 in guides]
        from_note = max(int(np.searchsorted(starts, span.start)) - 1, 0)
        sounding = [n.pitch for n in melody[from_note : int(np.searchsorted(starts, span.end))]]
        chord = np.array(beside.get(span.start, ()), dtype=np.int64)
        pitches.append(min(places, key=lambda p: (_cost(p, last, sounding, part) + _rough(p, chord), p)))
        last = pitches[-1]
    return pitches


def _cost(pitch: int, last: float, sounding: list[int], part: Part) -> float:
    close = any(abs(pitch - other) <= NEAR_MELODY for other in sounding)
    return abs(pitch - last) + 0.2 * abs(pitch - (part.low + part.high) / 2) + NEAR_COST * close


def _rough(pitch: int, chord: np.ndarray) -> float:
    """What a pitch costs that beats or is muddy with one of the chord's."""
    lower, upper = np.minimum(chord, pitch), np.maximum(chord, pitch)
    return NEAR_COST * float(((upper - lower == 1) | is_muddy(lower, upper)).sum())


def _suspends(before: Note, pitch: int, span: Span, beat: int) -> bool:
    """Whether a note may be held into a chord that it is not of: it falls to its own note by step."""
    falls = before.pitch - pitch in (1, 2) and before.pitch % 12 not in span.chord.tones
    rubs = (before.pitch - span.chord.bass) % 12 in (1, 11)
    long = span.end - span.start >= 2 * beat and before.length >= beat
    return falls and long and not rubs and before.length + beat <= LONGEST_SLOTS


def _passing(before: Note, pitch: int, span: Span, part: Part) -> int | None:
    """The note of the scale between two that are a third apart, a step from both."""
    low, high = sorted((before.pitch, pitch))
    between = (p for p in range(max(high - 2, low + 1), min(low + 2, high - 1) + 1) if high - low in (3, 4))
    return next((p for p in between if p % 12 in span.scale and part.low <= p <= part.high), None)


def _attacks(starts: np.ndarray, first: int, end: int) -> bool:
    return int(np.searchsorted(starts, first)) < int(np.searchsorted(starts, end))
