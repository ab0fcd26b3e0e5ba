"""Motif + harmony + pulse → melody: a line that can be sung.

Rhythm: the motif's template for each bar, its notes drawn to the attacks of the pulse beside them; where
the picture moves too little to make a tune, the rest are sung between. Pitch: a line drawn over the
scale's notes: chord notes where it is strong or long, each step as usual after the one before as it is
in songs (`melody_odds`), near the motif's contour, dissonance only by step.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from generators.form import Section
from generators.rhythm.band import Part
from generators.rhythm.chords import Chord
from generators.rhythm.harmony import Harmony
from generators.rhythm.melody_odds import KINDS, OCTAVE, kind_of_step, load_melodies
from generators.rhythm.meter import fit_pattern, onsets
from generators.rhythm.motif import Motif, phrases, tune_notes_per_s
from generators.rhythm.notes import Note
from generators.rhythm.pulse import SPACE_BEFORE_HIT, Pulse
from generators.rhythm.timeline import Timeline, metric_weight

STRONG = 0.7  # metric weight from which a melody note has to be a chord note
REACH = 1  # slots within which a template's note is drawn to an attack
APART = 2  # slots between a note that no attack asks for and its neighbours, unless the template has them

ANY = len(KINDS)  # the kind of a step before which nothing was sung
SHARPNESS = 1.1  # above 1 the usual step is drawn more often than it is sung, the odd one less often
BREATH_SHARE = 0.4  # of the pull of the note before, where a phrase begins
REPEAT_COST = 0.35  # songs repeat a note for its syllables; an instrument has none
FADES_PER_S, STILL_COST_PER_S = 0.3, 1.0
CONTOUR_COST = 0.3  # a semitone away from where the motif aims
STRAY_COST, STRAYS_FROM = 0.2, 5  # for each semitone beyond that, squared
RECALL_COST = 1.2  # the same, away from what was sung the first time
STAYS_COST = 6.0  # the same, away from a note that stays
SEAM_COST, SEAM_FROM = 0.8, 4  # for each semitone beyond that between a note that stays and one that is new
DISSONANCE_COST, DISSONANCE_COST_PER_S = 0.2, 2.0
LEANING_COST = 0.5  # of a note that is not of the triad, on a beat: songs lean there too, though less often
LEAP_INTO_DISSONANCE_COST = 4.0
CLASH_COST_PER_S = 4.0  # a semitone beside a note of the chord
RUB_SHARE = 0.5  # of that, of a note of the triad: the root a semitone above the major seventh
AHEAD_SHARE = 0.6  # of these, of a note that the next chord comes under
BEYOND_OCTAVE_COST = 9.0


@dataclass(frozen=True)
class Spot:
    """A place for a melody note: where, how long, where it aims, and what it may be.

    Attributes:
        slot, length: in the timeline's slots.
        aim: MIDI pitch, a fraction allowed.
        pull: what a semitone away from the aim costs.
        held_s: how long it sounds.
        ahead: the chord into which it is held, if there is one.
        on_beat: it begins on a beat.
        strong: it must be a chord note.
        starts_phrase: a rest stands before it.
        home: it must be the key's tonic.
        asked: the pitch class that is written there in the plan, sung if the chord and the key know it.
        stress: 0 to 1.
        stays: it is of a tune that stays as it is, and its pitch is `aim`.
    """

    slot: int
    length: float
    aim: float
    pull: float
    held_s: float
    ahead: Chord | None
    on_beat: bool
    strong: bool
    starts_phrase: bool
    home: bool
    asked: int | None
    stress: float
    stays: bool = False


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
        return None if k < 0 else _in_range(self.notes[k].pitch, low, high)


@dataclass(frozen=True)
class KeptTune:
    """A tune that stays as it is but where it is written anew.

    Attributes: `notes` that stay, in order; `written`, half-open ranges of slots.
    """

    notes: tuple[Note, ...]
    written: tuple[tuple[int, int], ...]

    def is_written(self, slot: int) -> bool:
        return any(first <= slot < end for first, end in self.written)


def _in_range(pitch: int, low: int, high: int) -> int:
    """A pitch's name in the octave of a range that lies nearest."""
    return min(range(low + (pitch - low) % 12, high + 1, 12), key=lambda p: (abs(p - pitch), p))


def write_melody(
    timeline: Timeline,
    harmony: Harmony,
    pulse: Pulse,
    motif: Motif,
    section: Section,
    part: Part,
    theme: Theme | None = None,
    kept: KeptTune | None = None,
) -> list[Note]:
    """One section's melody in a part's range.

    Args:
        theme: its label's first statement, to come back to.
        kept: a tune that stays: what is written beside it goes on from its notes, and leads to them.
    """
    spots = _spots(timeline, pulse, motif, section, part, harmony, theme)
    if kept is not None:
        spots = _among_kept(spots, kept, timeline, section, part)
    rng = timeline.random("tune", section.label, section.variation)
    pitches = _sing(spots, harmony, part.low, part.high, rng)
    return [Note(s.slot, s.length, p, s.stress) for s, p in zip(spots, pitches, strict=True)]


def _among_kept(
    spots: list[Spot], kept: KeptTune, timeline: Timeline, section: Section, part: Part
) -> list[Spot]:
    """The spots that are written anew, between the notes that stay of the section."""
    first, end = int(timeline.first_slot[section.start_bar]), int(timeline.first_slot[section.end_bar])
    top = {note.slot: note for note in sorted(kept.notes, key=lambda n: n.pitch) if first <= note.slot < end}
    staying = [
        Spot(
            slot=int(note.slot),
            length=note.length,
            aim=float(_in_range(note.pitch, part.low, part.high)),
            pull=STAYS_COST,
            held_s=timeline.seconds(note.end) - timeline.seconds(note.slot),
            ahead=None,
            on_beat=False,
            strong=False,
            starts_phrase=False,
            home=False,
            asked=None,
            stress=note.stress,
            stays=True,
        )
        for note in top.values()
    ]
    anew = [spot for spot in spots if kept.is_written(spot.slot)]
    return sorted([*anew, *staying], key=lambda spot: spot.slot)


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
    asked = _Asked(timeline)
    for number, (start, end) in enumerate(all_phrases):
        bars = end - start
        placed = [
            (at, b, stress)
            for b in range(start, end)
            for at, stress in _bar_rhythm(timeline, pulse, b, motif.rhythms[motif.letter(b - start, bars)])
        ]
        closing = _phrase_end(timeline, end)
        for i, (at, b, stress) in enumerate(placed):
            bar, first = grid.bars[b], int(timeline.first_slot[b])
            following = placed[i + 1][0] if i + 1 < len(placed) else closing
            length = min(following - at, closing - at, bar.slots)
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
                    held_s=timeline.seconds(at + length) - timeline.seconds(at),
                    ahead=_ahead(harmony, at, length),
                    on_beat=(at - first) % bar.slots_per_beat == 0,
                    strong=metric_weight(at - first, bar.beats, bar.slots_per_beat) >= STRONG
                    or length >= bar.slots_per_beat * 1.5,
                    starts_phrase=i == 0,
                    home=last and number == len(all_phrases) - 1 and not harmony.at(at).cadence,
                    asked=asked.by(at, b),
                    stress=min(stress, 1.0),
                )
            )
    return spots


class _Asked:
    """The notes that are written in the plan, each for the first melody note of its bar from its beat on."""

    def __init__(self, timeline: Timeline) -> None:
        bars = timeline.plan.grid.bars
        self.tones = [
            (int(timeline.first_slot[t.bar]) + t.beat * bars[t.bar].slots_per_beat, t.bar, t.pitch_class)
            for t in timeline.plan.tune
        ]
        self.sung = -1

    def by(self, at: int, bar: int) -> int | None:
        """The pitch class of the note on this slot; slots are asked for in order."""
        number = bisect_right(self.tones, at, key=lambda tone: tone[0]) - 1
        if number <= self.sung or self.tones[number][1] != bar:
            return None
        self.sung = number
        return self.tones[number][2]


def _ahead(harmony: Harmony, at: int, length: float) -> Chord | None:
    """The chord that comes while a note sounds."""
    end = harmony.at(at).end
    return harmony.at(end).chord if end < at + length else None


def _bar_rhythm(timeline: Timeline, pulse: Pulse, b: int, rhythm: str) -> list[tuple[int, float]]:
    """(slot, stress) of a bar's melody notes.

    Each of the rhythm's notes goes to the attack beside it. Where that makes fewer notes than a tune has
    in such a bar, those without an attack are sung where they stand, the metrically strongest first.
    """
    bar, first = timeline.plan.grid.bars[b], int(timeline.first_slot[b])
    moved = {a.at: a.moved for a in pulse.bars[b]}
    wanted = [first + slot for slot in onsets(fit_pattern(rhythm, bar.beats, bar.slots_per_beat))]
    drawn = _draw_to_pulse(wanted, sorted(moved))
    stress = {at: 0.35 + 0.3 * _weight(timeline, at, b) + 0.35 * moved[at] for at in drawn.values()}
    room = round(tune_notes_per_s(timeline, b) * timeline.bar_length_s(b)) - len(drawn)
    taken = set(wanted) - set(drawn)
    barred = air_before_hits(timeline, b)
    for at in sorted(taken, key=lambda at: (-_weight(timeline, at, b), at)):
        beside = any(abs(at - other) < APART for other in stress)
        if room > 0 and at not in barred and at not in stress and not beside:
            stress[at] = 0.2 + 0.3 * _weight(timeline, at, b)
            room -= 1
    return [(at, stress[at]) for at in sorted(stress) if at < timeline.final_slot]


def _weight(timeline: Timeline, at: int, b: int) -> float:
    bar = timeline.plan.grid.bars[b]
    return metric_weight(at - int(timeline.first_slot[b]), bar.beats, bar.slots_per_beat)


def _draw_to_pulse(wanted: list[int], attacks: list[int]) -> dict[int, int]:
    """Wanted onset → the nearest free attack within reach, in order; those with none are left out."""
    drawn: dict[int, int] = {}
    last = -1
    for slot in wanted:
        free = [a for a in attacks if abs(a - slot) <= REACH and a > last]
        if free:
            last = drawn[slot] = min(free, key=lambda a: (abs(a - slot), a))
    return drawn


def air_before_hits(timeline: Timeline, b: int) -> set[int]:
    """The slots of a bar that a film leaves free before a heavy hit, so that it is heard."""
    plan = timeline.plan
    if plan.mode != "film":
        return set()
    return {
        int(timeline.first_slot[hit.bar]) + hit.slot - 1
        for hit in plan.planned_hits
        if hit.weight >= SPACE_BEFORE_HIT and b <= hit.bar <= b + 1
    }


def _phrase_end(timeline: Timeline, end_bar: int) -> int:
    """Where a phrase falls silent: about a beat before the next, to breathe."""
    last = timeline.plan.grid.bars[end_bar - 1]
    return min(int(timeline.first_slot[end_bar]) - last.slots_per_beat, timeline.final_slot)


def _sing(spots: list[Spot], harmony: Harmony, low: int, high: int, rng: np.random.Generator) -> list[int]:
    """Pitches, drawn with the odds of whole lines: forward filtering, backward sampling.

    The likeliest line is dull (it repeats the likeliest step); a drawn one is like those that were counted.
    """
    if not spots:
        return []
    pitches = np.arange(low, high + 1)
    odds, is_kind = _steps(pitches)
    apart = np.abs(pitches[:, None] - pitches[None, :])
    leap = apart > 2
    seam = np.exp(-SEAM_COST * np.maximum(apart - SEAM_FROM, 0))
    heard: list[NDArray[np.float64]] = []  # [8, pitches] odds of ending here, by the step that led here
    ways: list[NDArray[np.float64]] = []  # [8, from, to]
    was_dissonant = np.zeros(len(pitches), dtype=bool)
    for i, spot in enumerate(spots):
        before_s = spots[i - 1].held_s if i else 0.0
        cost, dissonant = _own(spot, harmony, pitches)
        own = np.exp(-cost)
        if i == 0:
            now = np.zeros((len(is_kind), len(pitches)))
            now[ANY] = own
        else:
            rough = leap & (dissonant[None, :] | was_dissonant[:, None])
            clash = np.where(rough, np.exp(-LEAP_INTO_DISSONANCE_COST), 1.0)
            # After a breath, or a long note, what went before matters less; and to come back to a long
            # note is to stand still.
            pull = BREATH_SHARE if spot.starts_phrase else max(1.0 - FADES_PER_S * before_s, BREATH_SHARE)
            way = np.repeat(odds[ANY][None], len(odds), 0) if spot.starts_phrase else odds
            still = np.exp(-STILL_COST_PER_S * before_s * np.eye(len(pitches)))
            joined = seam if spot.stays != spots[i - 1].stays else 1.0
            ways.append(way**pull * still * clash * joined * own)
            through = np.einsum("kf,kft->ft", heard[-1], ways[-1])
            now = np.einsum("ft,kft->kt", through, is_kind)
            if spot.starts_phrase:
                now = np.zeros_like(now)
                now[ANY] = through.sum(axis=0)
        heard.append(now / now.sum())
        was_dissonant = dissonant
    kind, at = _draw(heard[-1], rng)
    path = [at]
    for i in range(len(spots) - 2, -1, -1):
        back = heard[i] * ways[i][:, :, at]
        if not spots[i + 1].starts_phrase:
            back = back * is_kind[kind, :, at]
        kind, at = _draw(back, rng)
        path.append(at)
    return [int(pitches[k]) for k in reversed(path)]


def _draw(odds: NDArray[np.float64], rng: np.random.Generator) -> tuple[int, int]:
    """The indices of one cell of a matrix, drawn with its odds."""
    row, column = np.divmod(rng.choice(odds.size, p=(odds / odds.sum()).ravel()), odds.shape[1])
    return int(row), int(column)


def _steps(pitches: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The odds of each step after each kind of step, and whether it is of each kind: both `[8, from, to]`."""
    step = pitches[None, :] - pitches[:, None]
    within = np.clip(step, -OCTAVE, OCTAVE) + OCTAVE
    beyond = BEYOND_OCTAVE_COST * (np.abs(step) > OCTAVE)
    odds = np.exp(-SHARPNESS * load_melodies().rarity[:, within] - beyond - REPEAT_COST * (step == 0))
    kinds = np.array([KINDS.index(kind_of_step(s)) for s in range(-OCTAVE, OCTAVE + 1)])[within]
    return odds, (np.arange(ANY + 1)[:, None, None] == kinds).astype(np.float64)


def _own(
    spot: Spot, harmony: Harmony, pitches: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """(float64 `[P]` cost of each pitch here, bool `[P]` where it is not of the chord)."""
    if spot.stays:
        return spot.pull * np.abs(pitches - spot.aim), np.zeros(len(pitches), dtype=np.bool_)
    span = harmony.at(spot.slot)
    classes = pitches % 12
    of_chord = np.isin(classes, span.chord.triad)
    cost, dissonant = _roughness(classes, span.chord, spot.held_s)
    away = np.abs(pitches - spot.aim)
    cost = cost + LEANING_COST * (spot.on_beat & ~of_chord)
    cost = cost + spot.pull * away + STRAY_COST * np.maximum(away - STRAYS_FROM, 0) ** 2
    if spot.ahead is not None:
        cost = cost + AHEAD_SHARE * _roughness(classes, spot.ahead, spot.held_s)[0]
    allowed = of_chord if spot.strong else np.isin(classes, list(span.scale))
    if spot.asked is not None and spot.asked in (*span.scale, *span.chord.tones):
        allowed = classes == spot.asked
    elif spot.home and (home := classes == span.key.tonic).any() and span.key.tonic in span.chord.triad:
        allowed = home
    return np.where(allowed, cost, np.inf if allowed.any() else cost), dissonant


def _roughness(
    classes: NDArray[np.int64], chord: Chord, held_s: float
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """What pitch classes cost over a chord for so long, `[P]`, and which of them are not of it."""
    dissonant = ~np.isin(classes, chord.tones)
    beside = {(tone + step) % 12 for tone in chord.tones for step in (1, -1)}
    clash = np.isin(classes, list(beside)) * np.where(np.isin(classes, chord.triad), RUB_SHARE, 1.0)
    cost = (DISSONANCE_COST + DISSONANCE_COST_PER_S * held_s) * dissonant
    return cost + CLASH_COST_PER_S * held_s * clash, dissonant
