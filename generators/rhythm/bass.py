"""Chords + pulse + kick → bass: the foundation.

Where drums keep time the bass plays with the kick; else with the ensemble's attacks. Full bars get
octaves, fifths and approach notes, sparse ones the root. A kick that comes before the downbeat and not
on it brings the next chord's root early, tied over the barline. Before a section that is much fuller it
drops out, so that its return is felt.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from generators.form import DROP_RISE
from generators.rhythm.band import Part
from generators.rhythm.harmony import Harmony, Span
from generators.rhythm.notes import Note
from generators.rhythm.pulse import Pulse
from generators.rhythm.timeline import Timeline, metric_weight

KICK_STRESS = 0.75
CEILING = 48  # a bass that plays higher muddies the chords above it
APPROACH_FROM = 0.45  # density from which the last note before a change may lead to the next root
CHROMATIC_FROM = 0.5  # tension from which it does so by a semitone
APPROACHING = ("root-fifth", "octave", "walk")
SYNCOPATING = ("root", "root-fifth", "octave")
TIED_HIT = 0.3  # a hit as heavy on the downbeat wants the bass there


@dataclass(frozen=True)
class _Start:
    """Where the bass attacks: slot, stress, the span it plays, which of its chord in its bar it is."""

    at: int
    stress: float
    span: Span
    index: int


def write_bass(
    timeline: Timeline,
    harmony: Harmony,
    pulse: Pulse,
    kicks: frozenset[int],
    lows: dict[int, int],
    part: Part,
    bars: range,
) -> list[Note]:
    """The bass of a run of bars.

    Args:
        kicks: slots of the kick drum where drums keep time.
        lows: start slot of each span → its bass pitch.
        bars: the bars to write.
    """
    choose = PATTERNS[part.pattern]
    starts: list[_Start] = []
    for b in bars:
        starts += _starts(timeline, harmony, pulse, kicks, b, part)
    starts = _tied(timeline, harmony, kicks, starts, part, bars)
    silent = _drop(timeline, bars)
    starts = [start for start in starts if start.at < min(timeline.final_slot, silent)]
    notes: list[Note] = []
    for k, start in enumerate(starts):
        following = starts[k + 1] if k + 1 < len(starts) else None
        until = min(following.at if following else start.span.end, start.span.end, silent)
        per = timeline.plan.grid.bars[timeline.bar_of(start.at)].slots_per_beat
        pitch = choose(start.span, lows[start.span.start], start.index, start.at - start.span.start, per)
        while pitch > part.high or (pitch > CEILING and pitch - 12 >= part.low):
            pitch -= 12
        if _leads(timeline, part, start, following, per):
            assert following is not None
            pitch = _approach(timeline, start, pitch, lows[following.span.start], part)
        notes.append(Note(start.at, max(until - start.at, 1), pitch, start.stress))
    return notes


def _starts(
    timeline: Timeline, harmony: Harmony, pulse: Pulse, kicks: frozenset[int], b: int, part: Part
) -> list[_Start]:
    """Where the bass attacks in a bar: each new chord and the kick, or without one the pulse's strongest."""
    first, end = int(timeline.first_slot[b]), int(timeline.first_slot[b + 1])
    bar, density = timeline.plan.grid.bars[b], timeline.plan.curves.density[b]
    dance = timeline.plan.mode == "dance"
    wanted = 2 + round(6 * density) if dance else round(0.5 + 4 * density)
    stress = {span.start: 0.6 for span in harmony.spans if first <= span.start < end}
    if part.pattern != "hold":
        attacks = {a.at: 0.45 + 0.55 * max(a.strength * 0.6, a.moved) for a in pulse.strongest(b, wanted)}
        mine = [slot for slot in kicks if first <= slot < end]
        mine.sort(key=lambda s: (-metric_weight(s - first, bar.beats, bar.slots_per_beat), s))
        with_kick = {slot: max(KICK_STRESS, attacks.get(slot, 0.0)) for slot in mine[:wanted]}
        stress |= with_kick or attacks
    starts: list[_Start] = []
    for at, weight in sorted(stress.items()):
        span = harmony.at(at)
        index = starts[-1].index + 1 if starts and starts[-1].span is span else 0
        starts.append(_Start(at, weight, span, index))
    return starts


def _drop(timeline: Timeline, bars: range) -> int:
    """The slot from which the bass is silent until the section after: half a bar before it, or its start."""
    sections, grid = timeline.plan.sections, timeline.plan.grid
    end = int(timeline.first_slot[bars.stop])
    following = [s for s in sections if s.start_bar == bars.stop]
    here = [s for s in sections if s.end_bar == bars.stop]
    if not following or len(bars) < 2 or following[0].energy - here[0].energy < DROP_RISE:
        return end
    last = grid.bars[bars.stop - 1]
    return end - last.slots_per_beat * (last.beats // 2)


def _tied(
    timeline: Timeline,
    harmony: Harmony,
    kicks: frozenset[int],
    starts: list[_Start],
    part: Part,
    bars: range,
) -> list[_Start]:
    """Bring a bar's first note forward where the kick does, but not into a section nor off a hit."""
    if part.pattern not in SYNCOPATING:
        return starts
    heavy = {
        int(timeline.first_slot[hit.bar]) + hit.slot
        for hit in timeline.plan.planned_hits
        if hit.weight >= TIED_HIT
    }
    by_slot = {start.at: start for start in starts}
    for b in bars[1:]:
        downbeat = int(timeline.first_slot[b])
        half = timeline.plan.grid.bars[b - 1].slots_per_beat // 2
        early = [slot for slot in range(downbeat - half, downbeat) if slot in kicks and slot in by_slot]
        if not early or downbeat in kicks or downbeat in heavy or downbeat not in by_slot:
            continue
        late = by_slot.pop(downbeat)
        by_slot[early[-1]] = _Start(early[-1], max(late.stress, KICK_STRESS), harmony.at(downbeat), 0)
    return [by_slot[slot] for slot in sorted(by_slot)]


def _leads(timeline: Timeline, part: Part, start: _Start, following: _Start | None, per: int) -> bool:
    """Whether a note is the last before another root, near enough and in a bar full enough to lead there."""
    if following is None or part.pattern not in APPROACHING or following.span is start.span:
        return False
    density = timeline.plan.curves.density[timeline.bar_of(start.at)]
    near = following.at - start.at <= per and start.at > start.span.start
    return near and density >= APPROACH_FROM and following.span.chord.bass != start.span.chord.bass


def _approach(timeline: Timeline, start: _Start, pitch: int, goal: int, part: Part) -> int:
    """The note a step from the next root, from the side that the line comes from."""
    side = -1 if pitch <= goal else 1
    steps = (1, 2) if timeline.plan.curves.tension[timeline.bar_of(start.at)] >= CHROMATIC_FROM else (2, 1)
    chromatic = steps[0] == 1
    options = [goal + side * step for step in steps]
    fits = [p for p in options if part.low <= p <= part.high and (chromatic or p % 12 in start.span.scale)]
    return fits[0] if fits else pitch


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
