"""Voicings + pulse → pads, chords and arpeggios: what fills the middle."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from generators.rhythm.band import Part
from generators.rhythm.harmony import Harmony, Span
from generators.rhythm.notes import Note
from generators.rhythm.pulse import Pulse
from generators.rhythm.timeline import Timeline

Voicings = dict[int, tuple[int, ...]]  # start slot of each span → its notes, ascending

# Of what a figure keeps though nothing moves there: its rhythm goes on, the ear hears what moves.
KEPT_STRESS = 0.1
# Density below which struck chords have only so many notes: in a near-empty bar a player touches the notes
# that say what the chord is.
FEWER_NOTES = ((0.12, 2), (0.25, 3))


def write_texture(
    timeline: Timeline, harmony: Harmony, pulse: Pulse, voicings: Voicings, part: Part, bars: range
) -> list[Note]:
    """The notes of a pad, chords or arpeggio part in a run of bars."""
    notes = PATTERNS[part.pattern](timeline, harmony, pulse, voicings, bars)
    if part.pedal:
        notes = [replace(n, length=max(harmony.at(n.slot).end - n.slot, n.length)) for n in notes]
    return notes


def _spans(timeline: Timeline, harmony: Harmony, bars: range) -> list[Span]:
    first, end = int(timeline.first_slot[bars.start]), int(timeline.first_slot[bars.stop])
    return [s for s in harmony.spans if first <= s.start < end]


def sustain(
    timeline: Timeline, harmony: Harmony, pulse: Pulse, voicings: Voicings, bars: range
) -> list[Note]:
    """Held chords; notes that two chords share are held over, so that only what moves is heard."""
    notes: list[Note] = []
    held: dict[int, Note] = {}
    for span in _spans(timeline, harmony, bars):
        pitches = voicings[span.start]
        for pitch in [p for p in held if p not in pitches]:
            notes.append(held.pop(pitch))
        for pitch in pitches:
            if pitch in held and span.end - held[pitch].slot <= 3 * timeline.plan.grid.bars[0].slots:
                before = held[pitch]
                held[pitch] = Note(before.slot, span.end - before.slot, pitch, before.stress)
            else:
                if pitch in held:
                    notes.append(held[pitch])
                held[pitch] = Note(span.start, span.end - span.start, pitch, 0.4)
    return [*notes, *held.values()]


def _struck_notes(timeline: Timeline, span: Span, voicings: Voicings, at: int) -> tuple[int, ...]:
    """The notes of a chord struck at a slot, ascending: all of them, or in emptier bars the most telling."""
    pitches, density = voicings[span.start], timeline.plan.curves.density[timeline.bar_of(at)]
    count = next((n for below, n in FEWER_NOTES if density < below), len(pitches))
    classes = [p % 12 for p in pitches]
    doubled = [c in classes[:k] for k, c in enumerate(classes)]
    rank = {p: (d, span.chord.tones.index(p % 12)) for p, d in zip(pitches, doubled, strict=True)}
    return tuple(sorted(sorted(pitches, key=lambda p: rank[p])[:count]))


def block(timeline: Timeline, harmony: Harmony, pulse: Pulse, voicings: Voicings, bars: range) -> list[Note]:
    """Struck chords on each change and on the pulse's strongest, held to the next."""
    return _struck(timeline, harmony, pulse, voicings, bars, per_density=2.5, share=1.0, changes=True)


def stab(timeline: Timeline, harmony: Harmony, pulse: Pulse, voicings: Voicings, bars: range) -> list[Note]:
    """Short chords where the picture moves most."""
    return _struck(timeline, harmony, pulse, voicings, bars, per_density=3.0, share=0.6, changes=False)


def comp(timeline: Timeline, harmony: Harmony, pulse: Pulse, voicings: Voicings, bars: range) -> list[Note]:
    """Chords on the pulse, shorter than the gap to the next: a rhythm section's comping."""
    return _struck(timeline, harmony, pulse, voicings, bars, per_density=4.5, share=0.8, changes=True)


def chop(timeline: Timeline, harmony: Harmony, pulse: Pulse, voicings: Voicings, bars: range) -> list[Note]:
    """Short chords on every attack: a guitar or clavinet that keeps a rhythm of its own."""
    return _struck(timeline, harmony, pulse, voicings, bars, per_density=99.0, share=0.55, changes=False)


def _struck(
    timeline: Timeline,
    harmony: Harmony,
    pulse: Pulse,
    voicings: Voicings,
    bars: range,
    per_density: float,
    share: float,
    changes: bool,
) -> list[Note]:
    starts: dict[int, float] = {}
    if changes:
        starts |= {span.start: 0.55 for span in _spans(timeline, harmony, bars)}
    for b in bars:
        count = round(0.6 + per_density * timeline.plan.curves.density[b])
        for attack in pulse.strongest(b, count):
            starts[attack.at] = 0.4 + 0.6 * max(0.6 * attack.strength, attack.moved)
    end = min(int(timeline.first_slot[bars.stop]), timeline.final_slot)
    order = sorted(at for at in starts if at < end)
    notes = []
    for at, following in zip(order, [*order[1:], end], strict=False):
        span = harmony.at(at)
        length = max(min(following, span.end if changes else following) - at, 1) * share
        notes += [Note(at, length, p, starts[at]) for p in _struck_notes(timeline, span, voicings, at)]
    return notes


def offbeat(
    timeline: Timeline, harmony: Harmony, pulse: Pulse, voicings: Voicings, bars: range
) -> list[Note]:
    """Short chords between the beats; on the beat where the picture moves there."""
    notes = []
    for b in bars:
        bar, first = timeline.plan.grid.bars[b], int(timeline.first_slot[b])
        # Half-way through a beat of two eighths, on the last of three.
        last = (bar.slots_per_beat - 1) // bar.eighth_slots * bar.eighth_slots
        slots = {first + beat * bar.slots_per_beat + last: 0.5 for beat in range(bar.beats)}
        slots |= {a.at: 0.45 + 0.55 * a.moved for a in pulse.bars[b] if a.moved >= 0.5}
        for at in sorted(slots):
            if at < timeline.final_slot:
                struck = _struck_notes(timeline, harmony.at(at), voicings, at)
                notes += [Note(at, 1.5, pitch, slots[at]) for pitch in struck]
    return notes


def _figure(order: Callable[[int, int], int]) -> Callable[..., list[Note]]:
    """A pattern that plays one note of the chord on each attack; `order(i, n)` says which."""

    def write(
        timeline: Timeline, harmony: Harmony, pulse: Pulse, voicings: Voicings, bars: range
    ) -> list[Note]:
        attacks = [a for b in bars for a in pulse.bars[b] if a.at < timeline.final_slot]
        end = min(int(timeline.first_slot[bars.stop]), timeline.final_slot)
        notes, step, span = [], 0, None
        for i, attack in enumerate(attacks):
            if harmony.at(attack.at) is not span:
                span, step = harmony.at(attack.at), 0
            pitches = voicings[span.start]
            following = attacks[i + 1].at if i + 1 < len(attacks) else end
            length = min(max(following - attack.at, 1) + 1, max(span.end - attack.at, 1))
            kept = attack.light and not attack.moved
            stress = KEPT_STRESS if kept else 0.35 + 0.65 * max(0.5 * attack.strength, attack.moved)
            notes.append(Note(attack.at, length, pitches[order(step, len(pitches))], stress))
            step += 1
        return notes

    return write


def _up(i: int, n: int) -> int:
    return i % n


def _up_down(i: int, n: int) -> int:
    k = i % max(2 * n - 2, 1)
    return k if k < n else 2 * n - 2 - k


def _ostinato(i: int, n: int) -> int:
    """Two notes against one another: low, high, low, next."""
    return 0 if i % 2 == 0 else 1 + (i // 2) % max(n - 1, 1)


def _alberti(i: int, n: int) -> int:
    return (0, n - 1, n // 2, n - 1)[i % 4]


PATTERNS: dict[str, Callable[[Timeline, Harmony, Pulse, Voicings, range], list[Note]]] = {
    "sustain": sustain,
    "block": block,
    "stab": stab,
    "comp": comp,
    "offbeat": offbeat,
    "up": _figure(_up),
    "updown": _figure(_up_down),
    "ostinato": _figure(_ostinato),
    "alberti": _figure(_alberti),
    "chop": chop,
}
