"""Pulse + style → drums: a groove that keeps time as people keep it, or strokes that mark what moves.

A style that names a family plays what drummers of it play (`grooves`, `drum_grooves`): one groove a
label, fuller or sparser with the picture, varied as they varied it; a fill before a section that is not
less full, but not over words, a cymbal where it begins; a break where the picture all but stops. Written
patterns (`levels`, `fill`) play instead where a style has them, with the family's feel if it names one.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass

import numpy as np

from generators.rhythm.band import STRENGTHS, Band
from generators.rhythm.drum_grooves import (
    Stroke,
    choose_fill,
    choose_groove,
    is_varied,
    level_of,
    strokes_of,
)
from generators.rhythm.grooves import LEVELS, Family, Groove, load_families
from generators.rhythm.meter import fit_pattern
from generators.rhythm.notes import Note
from generators.rhythm.pulse import Attack, Pulse
from generators.rhythm.timeline import Timeline, metric_weight

LENGTH = 1.0
CYMBALS = (49, 57)
LIGHT_DRUMS = ("hat", "ride", "pedal", "open", "bell")
KEEPERS = ("hat", "ride", "open")  # who of them answers on any sixteenth
LIGHT_TOUCH = 0.8  # of the drums that only keep time, beside kick and snare
STILL_TOUCH = 0.8  # of their strokes where nothing moves, so that the ear hears what does
MOVED_FROM, MUCH = 0.25, 0.65  # movement that the drums answer, and that they answer with the kick
FILLS_FROM = 0.3  # energy of a section from which a fill leads to it, and
CRASH_FROM = 0.45  # a cymbal begins it
FILL_BEATS = ((0.35, 1), (0.6, 2), (1.0, 4))  # energy up to which a fill is so many beats long
BREAK_FALL = 0.3  # a fall of density within a section that stops the drums for a bar
LEAN_LIMIT_S = 0.022
HUMAN_S = 0.008  # a style that strays as much has all of the drummers' own timing, others their part of it


@dataclass(frozen=True)
class Drumming:
    """Attributes: `notes`, in order of time; `kicks`, the slots of the kick where drums keep time."""

    notes: tuple[Note, ...]
    kicks: frozenset[int]

    def within(self, first: int, end: int) -> list[Note]:
        """The notes from slot `first` to before `end`."""
        starts = [note.slot for note in self.notes]
        return list(self.notes[bisect_left(starts, first) : bisect_left(starts, end)])


def write_drums(timeline: Timeline, band: Band, pulse: Pulse, playing: tuple[bool, ...]) -> Drumming:
    """The drums of the whole piece.

    Args:
        playing: for each section, whether they play in it.
    """
    keeps_time = band.groove or timeline.plan.mode == "dance"
    grooves: dict[str, Groove] = {}
    used: list[int] = []
    rows: list[_Struck] = []
    for index, section in enumerate(timeline.plan.sections):
        if not playing[index]:
            continue
        bars = range(section.start_bar, section.end_bar)
        lead = _lead(timeline, index, playing)
        if not keeps_time:
            rows += _marked(timeline, band, pulse, bars, lead)
        elif band.drum_levels:
            rows += _written(timeline, band, pulse, bars, lead)
        else:
            family = load_families()[band.drum_family]
            if section.label not in grooves:
                grooves[section.label] = choose_groove(timeline, family, pulse, section)
            rows += _kept(timeline, family, grooves[section.label], pulse, bars, lead, used)
        if keeps_time and not band.drum_levels and index and section.energy >= CRASH_FROM:
            rows += _crash(timeline, band, section.start_bar)
    struck = [row for row in rows if row.at < timeline.final_slot]
    kicks = frozenset(row.at for row in struck if keeps_time and row.drum == "kick")
    return Drumming(_played(timeline, band, struck), kicks)


@dataclass(frozen=True)
class _Struck:
    """A stroke in the piece: the drum, the slot, its stress in the line, and its touch."""

    drum: str
    at: int
    stress: float
    touch: float = 1.0


def _lead(timeline: Timeline, index: int, playing: tuple[bool, ...]) -> int:
    """How many beats of a section's last bar lead to the next; 0 where that is emptier or has no drums."""
    sections = timeline.plan.sections
    if index + 1 >= len(sections) or not playing[index + 1]:
        return 0
    here, there = sections[index], sections[index + 1].energy
    if timeline.spoken[here.end_bar - 1]:
        return 0  # no fill over words
    if there < max(FILLS_FROM, here.energy - 0.1) or here.end_bar - here.start_bar < 2:
        return 0
    return next(beats for energy, beats in FILL_BEATS if there <= energy)


def _kept(
    timeline: Timeline,
    family: Family,
    groove: Groove,
    pulse: Pulse,
    bars: range,
    lead: int,
    used: list[int],
) -> list[_Struck]:
    """A family's groove through a run of bars."""
    density = timeline.plan.curves.density
    spoken = timeline.spoken
    rows: list[_Struck] = []
    for offset, b in enumerate(bars):
        bar, first = timeline.plan.grid.bars[b], int(timeline.first_slot[b])
        if offset and not spoken[b] and density[b] < density[b - 1] - BREAK_FALL:
            rows += [_Struck(drum, first, 1.0) for drum in ("kick", "crash")]
            continue
        # A groove's fullness goes with its pair of bars, and only half with the bar.
        pair = np.mean([density[x] for x in {b, min(max(b ^ 1, bars.start), bars.stop - 1)}])
        level = level_of(0.5 * density[b] + 0.5 * float(pair))
        varied = is_varied(offset, density[b]) and not (lead and b == bars[-1])
        strokes = strokes_of(groove, offset, level, bar.beats, bar.slots_per_beat, varied=varied)
        strokes += _answers(groove, pulse.bars[b], strokes, offset, bar.beats, bar.slots_per_beat)
        grows = not spoken[b] and b + 1 < bars.stop and density[b + 1] > density[b] + BREAK_FALL
        beats = min(lead if b == bars[-1] else 1 if grows else 0, bar.beats)
        if beats and (len(bars) > 1 or grows):
            start = (bar.beats - beats) * bar.slots_per_beat
            fill = choose_fill(timeline, family, pulse.bars[b], b, beats, used)
            strokes = [s for s in strokes if s.slot < start] + fill
        moved = {a.slot: a.moved for a in pulse.bars[b] if not a.light}
        rows += [_as_conducted(stroke, first, moved) for stroke in strokes]
    return rows


def _answers(
    groove: Groove,
    attacks: tuple[Attack, ...],
    played: list[Stroke],
    number: int,
    beats: int,
    slots_per_beat: int,
) -> list[Stroke]:
    """What moves and the groove does not strike: on the kick where it moves much, else lightly, on what
    the drummer plays there in fuller bars if anything.
    """
    taken = {stroke.slot for stroke in played}
    struck = {stroke.slot for stroke in played if stroke.drum not in LIGHT_DRUMS}
    full = strokes_of(groove, number, LEVELS, beats, slots_per_beat)
    keeper = Counter(s.drum for s in full if s.drum in KEEPERS).most_common(1)
    spare = {s.slot: s for s in reversed(full)}
    answers = []
    for attack in attacks:
        if attack.light or attack.moved < MOVED_FROM or attack.slot in struck:
            continue
        if attack.moved >= MUCH and not {attack.slot - 1, attack.slot + 1} & struck:
            answers.append(Stroke("kick", attack.slot, attack.moved))
            struck.add(attack.slot)
        elif attack.slot not in taken:
            lightly = Stroke(keeper[0][0] if keeper else "hat", attack.slot, 0.5 + 0.4 * attack.moved)
            answers.append(spare.get(attack.slot, lightly))
    return answers


def _as_conducted(stroke: Stroke, first: int, moved: dict[int, float]) -> _Struck:
    """A stroke as hard as the picture asks: full where it moves, held back where it does not."""
    light = LIGHT_TOUCH if stroke.drum in LIGHT_DRUMS else 1.0
    weight = moved.get(stroke.slot)
    if weight is not None:
        return _Struck(stroke.drum, first + stroke.slot, 0.7 + 0.3 * weight, max(stroke.touch, 0.6) * light)
    strong = stroke.drum in ("kick", "snare") and stroke.touch > 0.7
    return _Struck(
        stroke.drum, first + stroke.slot, 0.7, stroke.touch * light * (1 if strong else STILL_TOUCH)
    )


def _crash(timeline: Timeline, band: Band, b: int) -> list[_Struck]:
    """A cymbal where a section begins, unless whoever marks the hits plays one there, or somebody speaks."""
    slot = int(timeline.first_slot[b])
    hits = [h for h in timeline.plan.planned_hits if h.bar == b and h.slot == 0]
    cymbals = [a for a in band.accents if a.plays == "drums" and set(a.keys) & set(CYMBALS)]
    marked = any(
        part.weight[0] <= hit.weight <= part.weight[1] and (not part.kinds or hit.kind in part.kinds)
        for part in cymbals
        for hit in hits
    )
    over_words = timeline.spoken[b] > 0
    return [_Struck("kick", slot, 0.9)] + ([] if marked or over_words else [_Struck("crash", slot, 0.9)])


def _written(timeline: Timeline, band: Band, pulse: Pulse, bars: range, lead: int) -> list[_Struck]:
    """The style's own patterns, and what moves between their strokes on the lightest sound."""
    rows: list[_Struck] = []
    for b in bars:
        level = _level(timeline, band, b)
        if lead and b == bars[-1] and band.drum_fill:
            rows += _pattern(timeline, band.drum_fill, b)
            continue
        own = _pattern(timeline, level, b)
        played = {row.at for row in own}
        light = list(level)[-1]
        rows += own + [
            _Struck(light, a.at, 0.55 + 0.45 * a.moved)
            for a in pulse.bars[b]
            if a.moved >= MOVED_FROM and not a.light and a.at not in played
        ]
    return rows


def _level(timeline: Timeline, band: Band, b: int) -> dict[str, str]:
    count = len(band.drum_levels)
    return band.drum_levels[min(int(timeline.plan.curves.density[b] * count), count - 1)]


def _pattern(timeline: Timeline, level: dict[str, str], b: int) -> list[_Struck]:
    bar, first = timeline.plan.grid.bars[b], int(timeline.first_slot[b])
    return [
        _Struck(sound, first + slot, STRENGTHS[char])
        for sound, pattern in level.items()
        for slot, char in enumerate(fit_pattern(pattern, bar.beats, bar.slots_per_beat))
        if char != "."
    ]


def _marked(timeline: Timeline, band: Band, pulse: Pulse, bars: range, lead: int) -> list[_Struck]:
    """As many strokes as the level has, on the bar's strongest attacks: low where the bar is strong.

    What marks the picture does not leave it for a fill: it plays more of what moves.
    """
    rows: list[_Struck] = []
    for b in bars:
        filled = lead and b == bars[-1] and band.drum_fill
        level = band.drum_fill if filled else _level(timeline, band, b)
        bar, first = timeline.plan.grid.bars[b], int(timeline.first_slot[b])
        count = sum(len(pattern) - pattern.count(".") for pattern in level.values())
        count = max(1, round(count * bar.slots / max(len(p) for p in level.values())))
        sounds = list(level)
        for attack in pulse.strongest(b, count):
            weight = metric_weight(attack.slot, bar.beats, bar.slots_per_beat)
            low = weight >= 0.7 or attack.moved >= 0.7 or len(sounds) == 1
            sound = sounds[0] if low else sounds[1 + attack.slot % (len(sounds) - 1)]
            stress = 0.4 + 0.6 * max(0.5 * attack.strength, attack.moved)
            rows.append(_Struck(sound, first + attack.slot, stress))
    return rows


def _played(timeline: Timeline, band: Band, struck: list[_Struck]) -> tuple[Note, ...]:
    """Strokes → notes, with the family's own timing where the style names one."""
    family = load_families().get(band.drum_family)
    human = min(band.humanise_s / HUMAN_S, 1.0)
    rng = timeline.random("drum feel")
    notes = []
    for row in sorted(struck, key=lambda r: (r.at, r.drum)):
        draw = float(rng.standard_normal())
        lean_s = None
        if family is not None:
            bar, slot = timeline.within_bar(row.at)
            beats = timeline.plan.grid.bars[bar]
            beat_s = timeline.bar_length_s(bar) / beats.beats
            sixteenth = round(slot * 4 / beats.slots_per_beat)
            if beats.dotted:
                beat_s, sixteenth = beat_s / 1.5, round(slot)
            lean_s = human * family.lean_s(row.drum, sixteenth, beat_s, 0.5 * draw)
            lean_s = float(np.clip(lean_s, -LEAN_LIMIT_S, LEAN_LIMIT_S))
        notes.append(
            Note(row.at, LENGTH, band.drum_sounds[row.drum], row.stress, lean_s=lean_s, touch=row.touch)
        )
    return tuple(notes)
