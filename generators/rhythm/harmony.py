"""Plan → chords: functional progressions section by section, cadences, and the last chord.

One label keeps one progression; its valence makes it brighter or darker by choice of progression
and by mode mixture; tension adds dominants with a ninth, half-diminished chords and pedal points;
each section ends on a dominant of what follows, so that the new section resolves it.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, replace

import numpy as np

from generators.form import Section
from generators.key import Key
from generators.rhythm.band import Band
from generators.rhythm.chords import QUALITIES, Chord, parse_numeral
from generators.rhythm.timeline import Timeline

MAJOR_MODES = ("major", "lydian", "mixolydian")

# What leads home in each mode: chords that stand before the tonic at a section's end.
CADENCES = {
    "major": ("V",),
    "lydian": ("V", "II"),
    "mixolydian": ("bVII", "v"),
    "dorian": ("bVII", "v"),
    "minor": ("V", "V", "bVII"),
    "phrygian": ("bvii", "bII"),
}
# Mode mixture: (valence beyond which it is used, chord, its substitute). Never on a first chord.
DARKER = (
    (-0.2, "IV", "iv"),
    (-0.35, "II", "ii"),
    (-0.5, "V", "v"),
    (-0.5, "iii", "bIII"),
    (-0.75, "I", "vi"),
)
BRIGHTER = ((0.2, "iv", "IV"), (0.3, "v", "V"), (0.4, "ii", "bIII"), (0.6, "i", "bIII"))
TENSER = ((0.5, "iv", "iihdim7"), (0.6, "ii", "iihdim7"), (0.65, "vi", "#iv°7"), (0.7, "bVII", "vii°7"))

SECONDS_PER_CHORD = (3.7, 1.6)  # at density 0 and 1
MIXTURE_CHANCE = 0.75


@dataclass(frozen=True)
class Span:
    """One chord for as long as it lasts.

    Attributes:
        start, end: half-open range of slots.
        chord: the chord.
        key: the key it is heard in.
        cadence: true where it leads to the next section.
    """

    start: int
    end: int
    chord: Chord
    key: Key
    cadence: bool = False

    @property
    def scale(self) -> frozenset[int]:
        """Pitch classes to move through: the key's, save those a semitone beside a foreign chord tone."""
        foreign = [tone for tone in self.chord.tones if tone not in self.key.scale]
        beside = {(tone + step) % 12 for tone in foreign for step in (-1, 1)}
        return (frozenset(self.key.scale) - beside) | frozenset(self.chord.tones)


@dataclass(frozen=True)
class Harmony:
    """Attributes: `spans`, end to end from slot 0 to the final slot; `final`, the last chord; `final_key`."""

    spans: tuple[Span, ...]
    final: Chord
    final_key: Key

    def __post_init__(self) -> None:
        object.__setattr__(self, "_starts", [span.start for span in self.spans])

    def at(self, slot: float) -> Span:
        """The span that sounds at a slot."""
        return self.spans[max(bisect_right(self._starts, slot) - 1, 0)]  # type: ignore[attr-defined]


def harmonise(timeline: Timeline, band: Band) -> Harmony:
    """Chords for every bar of the plan up to its last chord, and that chord."""
    plan = timeline.plan
    spans: list[Span] = []
    for index, section in enumerate(plan.sections):
        following = plan.sections[index + 1].key if index + 1 < len(plan.sections) else section.key
        spans += _section(timeline, band, section, following)
    spans = [replace(s, end=min(s.end, timeline.final_slot)) for s in spans if s.start < timeline.final_slot]
    last = plan.sections[-1].key
    if len(spans) > 1 and not spans[-1].cadence:
        # The last chord may come before the last section's own cadence: something must lead home.
        leading = parse_numeral(CADENCES[last.mode][0], last)
        spans[-1] = replace(spans[-1], chord=leading, key=last, cadence=True)
    spans = _invert(_split_at_hits(spans, timeline))
    valence = float(np.mean(plan.curves.valence[-2:]))
    major = last.mode in MAJOR_MODES or valence > 0.35  # a Picardy third where the picture ends bright
    final = Chord(last.tonic, "maj" if major else "min", last.tonic)
    if not spans:
        spans = [Span(0, max(timeline.final_slot, 1), final, last)]
    return Harmony(tuple(spans), final, last)


def _section(timeline: Timeline, band: Band, section: Section, following: Key) -> list[Span]:
    plan = timeline.plan
    bars = range(section.start_bar, section.end_bar)
    curves = plan.curves
    valence = float(np.mean([curves.valence[b] for b in bars]))
    first = next(s for s in plan.sections if s.label == section.label)
    numerals = _progression(timeline, band, first, section.key.mode)
    spacing = _bars_per_chord(timeline, first)
    slots = _chord_slots(timeline, section, spacing)
    rng = timeline.random("colour", section.label)
    spans = []
    for i, (start, end) in enumerate(slots):
        bar = timeline.bar_of(start)
        tension = curves.tension[bar]
        numeral = numerals[i % len(numerals)]
        last = i == len(slots) - 1 and len(slots) > 1
        draws = rng.random(4)
        if last:
            options = CADENCES[following.mode]
            numeral = options[int(draws[0] * len(options))]
            chord = parse_numeral(numeral, following)
            if chord.is_major and tension > 0.55 and numeral == "V":
                chord = replace(chord, quality="7b9" if following.mode not in MAJOR_MODES else "7")
            spans.append(
                Span(start, end, _coloured(chord, following, band, draws[1], draws[2], True), following, True)
            )
            continue
        if i:
            numeral = _mixed(numeral, section.key.mode, valence, tension, draws[0])
        chord = parse_numeral(numeral, section.key)
        chord = _coloured(chord, section.key, band, draws[1], draws[2], numeral == "V")
        if (
            tension > 0.6
            and draws[3] < 0.6
            and not any((t - section.key.tonic) % 12 in (1, 11) for t in chord.tones)
        ):
            chord = replace(chord, bass=section.key.tonic)  # a pedal point
        spans.append(Span(start, end, chord, section.key))
    return spans


def _progression(timeline: Timeline, band: Band, first: Section, mode: str) -> tuple[str, ...]:
    """The label's numerals: two progressions, of which the first is the more often heard."""
    valence = float(np.mean(timeline.plan.curves.valence[first.start_bar : first.end_bar]))
    options = band.progressions_in(mode)
    key = Key(0, mode)
    share = np.array([np.mean([parse_numeral(n, key).is_major for n in option]) for option in options])
    want = np.quantile(share, (valence + 1) / 2)
    odds = np.exp(-np.abs(share - want) / 0.15)
    rng = timeline.random("progression", first.label, mode)
    pick = rng.choice(len(options), size=2, replace=len(options) < 2, p=odds / odds.sum())
    one, other = (options[int(i)] for i in pick)
    return one + one + other + one


def _bars_per_chord(timeline: Timeline, section: Section) -> float:
    """Harmonic rhythm: the fuller the label's first section, the sooner chords change."""
    bars = range(section.start_bar, section.end_bar)
    density = float(np.mean([timeline.plan.curves.density[b] for b in bars]))
    bar_s = float(np.median([timeline.bar_length_s(b) for b in bars]))
    slow, fast = SECONDS_PER_CHORD
    wanted = slow + (fast - slow) * density
    return min((0.5, 1.0, 2.0), key=lambda bars_each: abs(np.log(bars_each * bar_s / wanted)))


def _chord_slots(timeline: Timeline, section: Section, spacing: float) -> list[tuple[int, int]]:
    """Where chords start and end: on downbeats, and on half bars where harmony moves that fast."""
    starts = []
    for b in range(section.start_bar, section.end_bar):
        bar, at = timeline.plan.grid.bars[b], int(timeline.first_slot[b])
        offset = b - section.start_bar
        last = b == section.end_bar - 1
        if spacing <= 1 or offset % 2 == 0 or last:
            starts.append(at)
        if spacing < 1 and bar.beats >= 4 and (offset % 2 == 1 or last):
            starts.append(at + bar.beats // 2 * bar.slots_per_beat)
    ends = [*starts[1:], int(timeline.first_slot[section.end_bar])]
    return list(zip(starts, ends, strict=True))


def _mixed(numeral: str, mode: str, valence: float, tension: float, draw: float) -> str:
    if draw > MIXTURE_CHANCE:
        return numeral
    table = DARKER if mode in MAJOR_MODES else BRIGHTER
    for limit, chord, substitute in table:
        if numeral == chord and (valence < limit if limit < 0 else valence > limit):
            return substitute
    for limit, chord, substitute in TENSER:
        if numeral == chord and tension > limit:
            return substitute
    return numeral


def _coloured(chord: Chord, key: Key, band: Band, draw: float, which: float, dominant: bool) -> Chord:
    """Add the style's colour (a seventh, ninth, sixth or suspended second) if the key has the note."""
    if chord.quality not in ("maj", "min"):
        return chord
    names = list(band.colour)
    edges = np.cumsum([band.colour[n] for n in names])
    name = names[int(np.searchsorted(edges, draw * edges[-1], side="right"))]
    has = {step for step in range(12) if (chord.root + step) % 12 in key.scale}
    major = chord.quality == "maj"
    quality = chord.quality
    if name == "seventh" and dominant and major:
        quality = "9" if which < 0.3 and 2 in has else "7"
    elif name == "seventh" and (11 if major else 10) in has:
        rich = which < 0.4 and 2 in has
        quality = ("maj9" if rich else "maj7") if major else ("min9" if rich else "min7")
    elif name == "seventh" and major and 10 in has:
        quality = "7"
    elif name == "ninth" and 2 in has:
        quality = "add9" if major else "minadd9"
    elif name == "sixth" and 9 in has:
        quality = "6" if major else "min6"
    elif name == "sus2" and 2 in has:
        quality = "sus2"
    return replace(chord, quality=quality)


def _split_at_hits(spans: list[Span], timeline: Timeline) -> list[Span]:
    """A cut that falls on a later beat of the bar gets a new chord: the relative of the one before."""
    plan = timeline.plan
    strong = sorted(
        int(timeline.first_slot[h.bar]) + h.slot
        for h in plan.planned_hits
        if h.kind in ("section", "cut", "fade") and h.weight >= 0.5
    )
    out: list[Span] = []
    for span in spans:
        rest = span
        for slot in strong[bisect_right(strong, span.start) : bisect_right(strong, span.end)]:
            per = plan.grid.bars[timeline.bar_of(slot)].slots_per_beat
            if rest.start + per <= slot <= rest.end - per and not span.cadence and rest is span:
                out.append(replace(span, end=slot))
                rest = replace(span, start=slot, chord=_relative(span.chord, span.key))
        out.append(rest)
    return out


def _relative(chord: Chord, key: Key) -> Chord:
    """A chord of the key that shares two notes with this one: a third below, or else above."""
    for step in (-3, -4, 4, 3):
        root = (chord.root + step) % 12
        for quality in ("min", "maj"):
            candidate = Chord(root, quality, root)
            shared = len(set(candidate.tones) & set(chord.triad))
            if shared == 2 and set(candidate.tones) <= set(key.scale) | set(chord.tones):
                return candidate
    return chord


def _invert(spans: list[Span]) -> list[Span]:
    """Put a chord between two others in first inversion where that makes the bass go by step."""
    out = list(spans)
    for i in range(1, len(spans) - 1):
        before, span, after = out[i - 1], out[i], out[i + 1]
        chord = span.chord
        if chord.bass != chord.root or span.cadence or len(QUALITIES[chord.quality]) < 3:
            continue
        third = (chord.root + QUALITIES[chord.quality][1]) % 12
        down, up = (before.chord.bass - third) % 12, (third - after.chord.bass) % 12
        if QUALITIES[chord.quality][1] in (3, 4) and (
            (down in (1, 2) and up in (1, 2)) or (12 - down in (1, 2) and 12 - up in (1, 2))
        ):
            out[i] = replace(span, chord=replace(chord, bass=third))
    return out
