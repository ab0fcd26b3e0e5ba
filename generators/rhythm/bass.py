"""Chords + pulse → bass: the foundation, on the pulse."""

from __future__ import annotations

from collections.abc import Callable

from generators.rhythm.band import Part
from generators.rhythm.harmony import Harmony, Span
from generators.rhythm.notes import Note
from generators.rhythm.pulse import Attack, Pulse
from generators.rhythm.timeline import Timeline


def write_bass(
    timeline: Timeline, harmony: Harmony, pulse: Pulse, lows: dict[int, int], part: Part, bars: range
) -> list[Note]:
    """The bass of a run of bars.

    Args:
        lows: start slot of each span → its bass pitch.
        bars: the bars to write.
    """
    choose = PATTERNS[part.pattern]
    starts: list[tuple[int, float, int, int]] = []  # slot, stress, which of its bar, slots a beat
    for b in bars:
        first, end = int(timeline.first_slot[b]), int(timeline.first_slot[b + 1])
        changes = [s.start for s in harmony.spans if first <= s.start < end]
        per = timeline.plan.grid.bars[b].slots_per_beat
        starts += [
            (at, stress, i, per) for i, (at, stress) in enumerate(_starts(timeline, pulse, b, part, changes))
        ]
    starts = [row for row in starts if row[0] < timeline.final_slot]
    notes: list[Note] = []
    for k, (at, stress, index, per) in enumerate(starts):
        span = harmony.at(at)
        until = min(starts[k + 1][0] if k + 1 < len(starts) else span.end, span.end)
        pitch = choose(span, lows[span.start], index, at - span.start, per)
        while pitch > part.high:
            pitch -= 12
        notes.append(Note(at, max(until - at, 1), pitch, stress))
    return notes


def _starts(
    timeline: Timeline, pulse: Pulse, b: int, part: Part, changes: list[int]
) -> list[tuple[int, float]]:
    """Where the bass attacks, and how hard: each new chord, then the pulse's strongest."""
    density = timeline.plan.curves.density[b]
    if part.pattern == "hold":
        attacks: tuple[Attack, ...] = ()
    elif timeline.plan.mode == "dance":
        attacks = pulse.strongest(b, 2 + round(6 * density))
    else:
        attacks = pulse.strongest(b, round(0.5 + 4 * density))
    starts = dict.fromkeys(changes, 0.6)
    starts |= {a.at: 0.45 + 0.55 * max(a.strength * 0.6, a.moved) for a in attacks}
    return sorted(starts.items())


def _root(span: Span, low: int, index: int, offset: int, beat: int) -> int:
    return low


def _root_fifth(span: Span, low: int, index: int, offset: int, beat: int) -> int:
    """Root, then the fifth (if the chord has a perfect one) on every other attack."""
    fifth = (span.chord.root + 7) % 12
    return low + (fifth - low) % 12 if index % 2 and fifth in span.chord.tones else low


def _octave(span: Span, low: int, index: int, offset: int, beat: int) -> int:
    """Root on the beat, its octave off it."""
    return low + 12 if offset % beat else low


def _walk(span: Span, low: int, index: int, offset: int, beat: int) -> int:
    """Root, third, fifth, sixth or seventh of the chord, up and down again."""
    ladder = sorted({(tone - low) % 12 for tone in span.chord.tones})
    turn = [*ladder, *reversed(ladder[1:-1])]
    return low + turn[index % len(turn)]


PATTERNS: dict[str, Callable[[Span, int, int, int, int], int]] = {
    "root": _root,
    "hold": _root,
    "root-fifth": _root_fifth,
    "octave": _octave,
    "walk": _walk,
}
