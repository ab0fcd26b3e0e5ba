"""Motif + harmony + pulse → melody: a line that can be sung.

Rhythm: the motif's template for each bar, its notes drawn to the nearest attack of the pulse.
Pitch: a Viterbi search over the scale's notes: chord notes where it is strong or long, small
intervals (Narmour 1990: leaps are few), near the motif's contour, dissonance only by step.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass

import numpy as np

from generators.form import Section
from generators.rhythm.band import Part
from generators.rhythm.harmony import Harmony
from generators.rhythm.meter import fit_pattern, onsets
from generators.rhythm.motif import Motif, phrases
from generators.rhythm.notes import Note
from generators.rhythm.pulse import Pulse
from generators.rhythm.timeline import Timeline, metric_weight

STRONG = 0.5  # metric weight from which a melody note has to be a chord note
REACH = 3  # slots within which a template's note is drawn to an attack

#                       unison  m2   M2   m3   M3   P4   TT   P5   m6   M6   m7   M7  octave
_INTERVAL_COST = np.array([0.9, 0.0, 0.0, 0.3, 0.5, 0.9, 4.0, 1.4, 2.6, 2.6, 5.0, 7.0, 3.0])
BEYOND_OCTAVE_COST = 9.0
CONTOUR_COST = 0.3  # a semitone away from where the motif aims
RECALL_COST = 1.2  # the same, away from what was sung the first time
DISSONANCE_COST = 1.0
LEAP_INTO_DISSONANCE_COST = 4.0
CLASH_COST = 6.0


@dataclass(frozen=True)
class Spot:
    """A place for a melody note: where, how long, where it aims, and what it may be.

    Attributes:
        slot, length: in the timeline's slots.
        aim: MIDI pitch, a fraction allowed.
        pull: what a semitone away from the aim costs.
        strong: it must be a chord note.
        starts_phrase: a rest stands before it.
        home: it must be the key's tonic.
        stress: 0 to 1.
    """

    slot: int
    length: float
    aim: float
    pull: float
    strong: bool
    starts_phrase: bool
    home: bool
    stress: float


@dataclass(frozen=True)
class Theme:
    """How a label's melody went the first time it was heard.

    Attributes: `start`, the slot its section began on; `notes`, in order.
    """

    start: int
    notes: tuple[Note, ...]

    def pitch_at(self, offset: int, low: int, high: int) -> int | None:
        """What was sung this many slots into the section, in the octave that lies best in a range."""
        k = bisect_right(self.notes, float(offset + self.start), key=lambda n: n.slot) - 1
        if k < 0:
            return None
        octaves = range(low + (self.notes[k].pitch - low) % 12, high + 1, 12)
        return min(octaves, key=lambda p: (abs(p - self.notes[k].pitch), p))


def write_melody(
    timeline: Timeline,
    harmony: Harmony,
    pulse: Pulse,
    motif: Motif,
    section: Section,
    part: Part,
    theme: Theme | None = None,
) -> list[Note]:
    """One section's melody in a part's range; `theme` is its label's first statement, to come back to."""
    spots = _spots(timeline, pulse, motif, section, part, harmony, theme)
    pitches = _sing(spots, harmony, part.low, part.high)
    return [Note(s.slot, s.length, p, s.stress) for s, p in zip(spots, pitches, strict=True)]


def _spots(
    timeline: Timeline,
    pulse: Pulse,
    motif: Motif,
    section: Section,
    part: Part,
    harmony: Harmony,
    theme: Theme | None,
) -> list[Spot]:
    grid = timeline.plan.grid
    spots: list[Spot] = []
    all_phrases = phrases(section.start_bar, section.end_bar)
    for number, (start, end) in enumerate(all_phrases):
        bars = end - start
        placed: list[tuple[int, int, float]] = []  # slot, bar, stress
        for b in range(start, end):
            letter = motif.letter(b - start, bars)
            bar, first = grid.bars[b], int(timeline.first_slot[b])
            template = onsets(fit_pattern(motif.rhythms[letter], bar.beats, bar.slots_per_beat))
            moved = {a.at: a.moved for a in pulse.bars[b]}
            for at in _draw_to_pulse([first + s for s in template], sorted(moved)):
                if at < timeline.final_slot:
                    strength = metric_weight(at - first, bar.beats, bar.slots_per_beat)
                    placed.append((at, b, 0.35 + 0.3 * strength + 0.35 * moved[at]))
        closing = _phrase_end(timeline, end)
        for i, (at, b, stress) in enumerate(placed):
            bar, first = grid.bars[b], int(timeline.first_slot[b])
            following = placed[i + 1][0] if i + 1 < len(placed) else closing
            length = min(following - at, bar.slots) if i + 1 < len(placed) else min(closing - at, bar.slots)
            if length <= 0:
                continue
            position = (at - first) / bar.slots
            centre = part.low + (part.high - part.low) * (0.38 + 0.12 * section.energy)
            step = motif.step(b - start, bars, position, section.variation)
            aim = centre + (step - 1.5) * 12 / 7
            known = None
            if theme and not (section.variation and motif.varies(b - start, bars, number)):
                offset = at - int(timeline.first_slot[section.start_bar])
                known = theme.pitch_at(offset, part.low, part.high)
            last = i == len(placed) - 1
            spots.append(
                Spot(
                    slot=at,
                    length=length,
                    aim=aim if known is None else float(known),
                    pull=CONTOUR_COST if known is None else RECALL_COST,
                    strong=metric_weight(at - first, bar.beats, bar.slots_per_beat) >= STRONG
                    or length >= bar.slots_per_beat * 1.5,
                    starts_phrase=i == 0,
                    home=last and number == len(all_phrases) - 1 and not harmony.at(at).cadence,
                    stress=min(stress, 1.0),
                )
            )
    return spots


def _draw_to_pulse(wanted: list[int], attacks: list[int]) -> list[int]:
    """Move each wanted onset to the nearest free attack within reach; drop it if there is none."""
    taken: list[int] = []
    for slot in wanted:
        free = [
            a for a in attacks if abs(a - slot) <= REACH and a not in taken and (not taken or a > taken[-1])
        ]
        if free:
            taken.append(min(free, key=lambda a: (abs(a - slot), a)))
    return taken


def _phrase_end(timeline: Timeline, end_bar: int) -> int:
    """Where a phrase falls silent: about a beat before the next, to breathe."""
    last = timeline.plan.grid.bars[end_bar - 1]
    return min(int(timeline.first_slot[end_bar]) - last.slots_per_beat, timeline.final_slot)


def _sing(spots: list[Spot], harmony: Harmony, low: int, high: int) -> list[int]:
    """The cheapest pitches, by dynamic programming."""
    if not spots:
        return []
    pitches = np.arange(low, high + 1)
    apart = np.abs(pitches[:, None] - pitches[None, :])
    interval = np.where(apart <= 12, _INTERVAL_COST[np.minimum(apart, 12)], BEYOND_OCTAVE_COST)
    leap = apart > 2
    total, origins = np.zeros(len(pitches)), []
    was_dissonant = np.zeros(len(pitches), dtype=bool)
    for i, spot in enumerate(spots):
        own, dissonant = _own(spot, harmony, pitches)
        if i:
            step = interval * (0.4 if spot.starts_phrase else 1.0)
            step = step + LEAP_INTO_DISSONANCE_COST * (leap & (dissonant[None, :] | was_dissonant[:, None]))
            reach = total[:, None] + step
            origins.append(reach.argmin(axis=0))
            total = reach.min(axis=0)
        total = total + own
        total -= total.min()
        was_dissonant = dissonant
    path = [int(total.argmin())]
    for origin in reversed(origins):
        path.append(int(origin[path[-1]]))
    return [int(pitches[k]) for k in reversed(path)]


def _own(spot: Spot, harmony: Harmony, pitches: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(float64 `[P]` cost of each pitch here, bool `[P]` where it is not of the chord)."""
    span = harmony.at(spot.slot)
    classes = pitches % 12
    of_chord = np.isin(classes, span.chord.triad)
    dissonant = ~np.isin(classes, span.chord.tones)
    cost = spot.pull * np.abs(pitches - spot.aim) + DISSONANCE_COST * dissonant
    beside = {(tone + step) % 12 for tone in span.chord.tones for step in (1, -1)} - set(span.chord.triad)
    cost += CLASH_COST / 3 * np.isin(classes, list(beside)) * (spot.length >= 2)
    allowed = of_chord if spot.strong else np.isin(classes, list(span.scale))
    if spot.home and (home := classes == span.key.tonic).any() and span.key.tonic in span.chord.triad:
        allowed = home
    return np.where(allowed, cost, np.inf if allowed.any() else cost), dissonant
