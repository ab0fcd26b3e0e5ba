"""A voice's own rhythm, touch and chords, where its style gives them: what is idiomatic of a player.

An ensemble attacks together where the picture moves (`pulse`). A waltz's after-beats, a montuno or a
strummed guitar would not be themselves if they did only that: such a voice keeps a pattern of its own and
bends it to the picture.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from generators.rhythm.arrangement import FIGURING
from generators.rhythm.band import STRENGTHS, Part
from generators.rhythm.chords import Chord
from generators.rhythm.meter import fit_pattern
from generators.rhythm.notes import Note
from generators.rhythm.pulse import SPACE_BEFORE_HIT, Attack, Pulse
from generators.rhythm.timeline import Timeline

# The share of a pattern's strokes that is played in an empty bar, and how fast that grows with density.
SPARSEST, FILLING = 0.3, 0.75
MOVED_FROM = 0.5  # movement to which a stroke beside it is drawn
ANSWER_FROM = (1.0, 0.65)  # movement that a figuration strikes wherever it falls, in an empty and a full bar
FIT_SHARE, CHANCE_SHARE = 1.0, 0.25  # what the picture and the seed have to say about the choice of a pattern


def own_pulse(timeline: Timeline, part: Part, pulse: Pulse) -> Pulse:
    """The attacks of a part: those of its own patterns, or the ensemble's if it has none.

    Each label has one of the patterns, the one that falls best on what moves. `X` is played in every
    bar, `x` and `o` as bars fill. A stroke beside a slot that moves is drawn to it, a figuration answers
    what moves much wherever it falls, and in a film the slot before a heavy hit is left free.
    """
    if not part.rhythms:
        return pulse
    plan = timeline.plan
    heavy = {
        int(timeline.first_slot[hit.bar]) + hit.slot
        for hit in plan.planned_hits
        if plan.mode == "film" and hit.weight >= SPACE_BEFORE_HIT
    }
    chosen: dict[str, str] = {}
    bars: list[tuple[Attack, ...]] = []
    for section in plan.sections:
        if section.label not in chosen:
            chosen[section.label] = _choose(timeline, part, pulse, section.label)
        for b in range(section.start_bar, section.end_bar):
            bars.append(_bar(timeline, b, chosen[section.label], part, pulse.bars[b], heavy))
    return Pulse(tuple(bars), pulse.grooves)


def _choose(timeline: Timeline, part: Part, pulse: Pulse, label: str) -> str:
    """The pattern for a label. Voices with the same patterns choose the same one."""
    same = [s for s in timeline.plan.sections if s.label == label]
    bars = [b for s in same for b in range(s.start_bar, s.end_bar)]
    rng = timeline.random("own rhythm", label, *part.rhythms)
    scores = []
    for template in part.rhythms:
        met = asked = 0.0
        for b in bars:
            bar = timeline.plan.grid.bars[b]
            fitted = fit_pattern(template, bar.beats, bar.slots_per_beat)
            asked += sum(a.moved for a in pulse.bars[b])
            met += sum(a.moved for a in pulse.bars[b] if fitted[a.slot] != ".")
        scores.append(FIT_SHARE * met / max(asked, 1.0) + CHANCE_SHARE * float(rng.standard_normal()))
    return part.rhythms[int(np.argmax(scores))]


def _bar(
    timeline: Timeline, b: int, template: str, part: Part, asked: tuple[Attack, ...], heavy: set[int]
) -> tuple[Attack, ...]:
    bar, first = timeline.plan.grid.bars[b], int(timeline.first_slot[b])
    fitted = fit_pattern(template, bar.beats, bar.slots_per_beat)
    written = [(slot, STRENGTHS[char]) for slot, char in enumerate(fitted) if char != "."]
    density = timeline.plan.curves.density[b]
    share = min(SPARSEST + FILLING * density, 1.0)
    sure = sum(strength == STRENGTHS["X"] for _, strength in written)
    kept = sorted(written, key=lambda row: -row[1])[: max(round(share * len(written)), sure, 1)]
    figures = part.voice.role in FIGURING
    moved = {a.slot: a.moved for a in asked if not a.light or (figures and a.moved > 0)}
    taken = {slot for slot, _ in kept}
    strokes: dict[int, float] = {}
    for slot, strength in sorted(kept):
        beside = max((slot - 1, slot + 1), key=lambda s: moved.get(s, 0.0))
        draws = moved.get(beside, 0.0) >= MOVED_FROM and slot not in moved and beside not in taken
        strokes[beside if draws else slot] = strength
        taken.add(beside if draws else slot)
    answered = float(np.interp(density, (0.0, 1.0), ANSWER_FROM))
    for slot, weight in moved.items():
        if figures and weight >= answered and not {slot - 1, slot, slot + 1} & set(strokes):
            strokes[slot] = STRENGTHS["x"]
    return tuple(
        Attack(slot, first + slot, strength, moved.get(slot, 0.0))
        for slot, strength in sorted(strokes.items())
        if first + slot < timeline.final_slot and first + slot + 1 not in heavy
    )


def as_held(notes: list[Note], part: Part) -> list[Note]:
    """A part's notes as long as its player holds them: a slapped or plucked string is soon let go."""
    return notes if part.hold == 1 else [replace(note, length=note.length * part.hold) for note in notes]


def power_chords(chords: list[Chord], low: int, high: int) -> list[tuple[int, ...]]:
    """Root, fifth and octave of each chord, as low as the range allows: what bears distortion.

    A third, distorted, beats against the root's overtones; a fifth adds to them. A chord whose fifth is
    not perfect has its root and octave alone.
    """
    voiced = []
    for chord in chords:
        root = low + (chord.root - low) % 12
        fifth = (root + 7,) if (chord.root + 7) % 12 in chord.tones else ()
        voiced.append(tuple(p for p in (root, *fifth, root + 12) if p <= high))
    return voiced
