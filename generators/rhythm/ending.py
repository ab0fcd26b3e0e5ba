"""The last chord: every voice comes home, and rings until the picture is over."""

from __future__ import annotations

from generators.rhythm.accents import strike
from generators.rhythm.band import AccentPart, Part
from generators.rhythm.harmony import Harmony
from generators.rhythm.idiom import power_chords
from generators.rhythm.notes import Note
from generators.rhythm.timeline import Timeline
from generators.rhythm.voicing import bass_line, candidates


def last_chord(timeline: Timeline, harmony: Harmony, part: Part, before: list[Note]) -> list[Note]:
    """What one part plays at `final_s`: the tonic for a melody, the root for a bass, else the chord.

    `before` is what it played so far; its notes go the shortest way.
    """
    chord, slot, time_s = harmony.final, timeline.final_slot, timeline.plan.final_s
    role = part.voice.role
    earlier = [n for n in before if n.slot < slot]
    if role == "drums":
        return []
    if role in ("melody", "counter"):
        near = earlier[-1].pitch if earlier else (part.low + part.high) // 2
        wanted = (chord.root,) if role == "melody" else chord.tones[1:2]
        homes = [p for p in range(part.low, part.high + 1) if p % 12 in wanted]
        pitches: tuple[int, ...] = (min(homes, key=lambda p: (abs(p - near), p)),) if homes else ()
    elif role == "bass":
        pitches = (bass_line([chord], part.low, part.high)[0],)
    elif part.power:
        pitches = power_chords([chord], part.low, part.high)[0]
    else:
        options = candidates(chord, part.low, part.high, 4)
        last = max((n.slot for n in earlier), default=0)
        top = max((n.pitch for n in earlier if n.slot >= last), default=(part.low + part.high) // 2)
        pitches = tuple(int(p) for p in min(options, key=lambda v: (abs(int(v[-1]) - top), tuple(v))))
    return [Note(slot, 1, pitch, 0.85, exact_s=time_s, rings=True) for pitch in pitches]


def last_stroke(timeline: Timeline, harmony: Harmony, part: AccentPart, weight: float) -> list[Note]:
    """What a player of accents strikes under the last chord, if it is as heavy as that player likes."""
    if not part.weight[0] <= weight <= part.weight[1]:
        return []
    time_s = timeline.plan.final_s
    return [
        Note(timeline.final_slot, 1, pitch, 0.4 + 0.5 * weight, exact_s=time_s, rings=True)
        for pitch in strike(part, harmony.final)
    ]
