"""Chords that are written into the plan → the harmony, with the generator's own where there are none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from generators.chord_names import parse_chord
from generators.rhythm.chords import Chord
from generators.rhythm.harmony import Harmony, Span
from generators.rhythm.timeline import Timeline
from generators.written import WrittenChord


def as_written(timeline: Timeline, harmony: Harmony) -> Harmony:
    """The harmony with the plan's chords in their bars, up to the last chord."""
    return with_chords(timeline, harmony, timeline.plan.chords)


def with_chords(timeline: Timeline, harmony: Harmony, chords: Sequence[WrittenChord]) -> Harmony:
    """The harmony with these chords, in order, in their bars, up to the last chord."""
    written = _spans(timeline, chords)
    if not written:
        return harmony
    spans: list[Span] = list(written)
    for span in harmony.spans:
        at = span.start
        for chord in written:
            if chord.end <= at or chord.start >= span.end:
                continue
            if at < chord.start:
                spans.append(replace(span, start=at, end=chord.start))
            at = chord.end
        if at < span.end:
            spans.append(replace(span, start=at))
    return replace(harmony, spans=tuple(sorted(spans, key=lambda span: span.start)))


def _spans(timeline: Timeline, chords: Sequence[WrittenChord]) -> list[Span]:
    """What is written, one span a chord; the same chord named again in the next bar is struck again."""
    plan = timeline.plan
    sections = plan.sections
    spans = []
    for number, chord in enumerate(chords):
        bar = plan.grid.bars[chord.bar]
        start = int(timeline.first_slot[chord.bar]) + chord.beat * bar.slots_per_beat
        following = chords[number + 1] if number + 1 < len(chords) else None
        if following is not None and following.bar == chord.bar:
            end = int(timeline.first_slot[chord.bar]) + following.beat * bar.slots_per_beat
        else:
            end = int(timeline.first_slot[chord.bar + 1])
        end = min(end, timeline.final_slot)
        section = timeline.section_at(start)
        leads = section + 1 < len(sections) and end == timeline.first_slot[sections[section].end_bar]
        if start < end:
            cadence = bool(leads) or end == timeline.final_slot
            spans.append(Span(start, end, Chord(*parse_chord(chord.name)), sections[section].key, cadence))
    return spans
