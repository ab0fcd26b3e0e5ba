"""Plan → chords: what each bar is over, where it turns, and how it comes home.

One label keeps one theme of chords (`chord_theme`), drawn from what songs and the style do; brighter,
darker and tenser pictures bend it (`chord_odds`, `reharmonise`). Each section ends on a chord that the
next resolves (`cadences`), on its downbeat, which is where the planner put the cut.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, replace
from functools import cache
from itertools import zip_longest

import numpy as np

from generators.form import Section
from generators.key import Key
from generators.rhythm.band import Band
from generators.rhythm.cadences import arrival, lead_in, leading_chord
from generators.rhythm.chord_colour import over_pedal, sound, stepwise, suspended
from generators.rhythm.chord_draft import Draft, in_key
from generators.rhythm.chord_odds import ChordOdds, chord_odds
from generators.rhythm.chord_space import MAJOR_MODES, symbol
from generators.rhythm.chord_theme import ChordTheme, make_theme
from generators.rhythm.chords import Chord
from generators.rhythm.harmonic_rhythm import place_chords
from generators.rhythm.motif import phrases
from generators.rhythm.progressions import START
from generators.rhythm.reharmonise import OddsOf, meet_hits, point_at
from generators.rhythm.timeline import Timeline

PICARDY = 0.35  # valence from which even minor ends on a major chord
SUSPEND_FROM = 0.4  # tension from which the chord before a section is suspended first
PEDAL_FROM, PEDAL_CHANCE = 0.6, 0.6


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

    @cache
    def odds_of(mode: str) -> ChordOdds:
        return chord_odds(band, mode)

    themes: dict[str, ChordTheme] = {}
    for section in plan.sections:
        if section.label not in themes:
            themes[section.label] = make_theme(timeline, band, odds_of(section.key.mode), section)
    drafts: list[Draft] = []
    for index in range(len(plan.sections)):
        drafts += _section(timeline, themes, odds_of, index)
    drafts = [
        replace(d, end=min(d.end, timeline.final_slot)) for d in drafts if d.start < timeline.final_slot
    ]
    last = plan.sections[-1].key
    if len(drafts) > 1 and not drafts[-1].cadence:
        # The last chord may come before the last section's own cadence: something must lead home.
        drafts[-1] = replace(drafts[-1], symbol=leading_chord(last.mode), key=last, cadence=True)
    drafts = point_at(meet_hits(_joined(drafts), timeline, odds_of), timeline)
    valence = float(np.mean(plan.curves.valence[-2:]))
    major = last.mode in MAJOR_MODES or valence > PICARDY
    final = Chord(last.tonic, "maj" if major else "min", last.tonic)
    spans = _invert(_pedal(_suspend(_coloured(drafts, timeline, band), timeline), timeline))
    return Harmony(tuple(spans) or (Span(0, max(timeline.final_slot, 1), final, last),), final, last)


def _section(timeline: Timeline, themes: dict[str, ChordTheme], odds_of: OddsOf, index: int) -> list[Draft]:
    plan = timeline.plan
    section = plan.sections[index]
    theme, odds, key = themes[section.label], odds_of(section.key.mode), section.key
    names = [theme.name(i) for i in range(len(phrases(section.start_bar, section.end_bar)))]
    placed = place_chords(timeline, section, [theme.rhythms[name] for name in names])
    wanted = [
        (at, theme.chord(name, half)) for name, row in zip(names, placed, strict=True) for at, half in row
    ]
    ends = [*(at for at, _ in wanted[1:]), int(timeline.first_slot[section.end_bar])]
    chain: list[int] = []
    for i, (at, chord) in enumerate(wanted):
        bar = timeline.bar_of(at)
        before = (START, START, *chain)[-2:]
        then = wanted[i + 1][1] if i + 1 < len(wanted) else None
        if i == 0:
            chain.append(arrival(chord, key.mode, _darkening(timeline, index)))
        else:
            brighter = plan.curves.valence[bar] - theme.valence
            tenser = plan.curves.tension[bar] - theme.tension
            chain.append(odds.stand_in((before[0], before[1]), chord, then, brighter=brighter, tenser=tenser))
    drafts = [
        Draft(at, end, sym, key, opens=i == 0)
        for i, ((at, _), end, sym) in enumerate(zip(wanted, ends, chain, strict=True))
    ]
    if len(drafts) > 1:
        drafts[-2:] = _led_on(timeline, themes, odds, index, drafts)
    return drafts


def _darkening(timeline: Timeline, index: int) -> float:
    """How far valence falls into a section that keeps the key of the one before it; 0 at the start."""
    sections, valence = timeline.plan.sections, timeline.plan.curves.valence
    section, before = sections[index], sections[index - 1]
    if index == 0 or before.key != section.key:
        return 0.0
    was = float(np.mean(valence[before.start_bar : before.end_bar]))
    return was - float(np.mean(valence[section.start_bar : section.end_bar]))


def _led_on(
    timeline: Timeline, themes: dict[str, ChordTheme], odds: ChordOdds, index: int, drafts: list[Draft]
) -> list[Draft]:
    """A section's last two chords, so that the last leads to what follows and is not there already."""
    sections = timeline.plan.sections
    here: Section = sections[index]
    goal, key = symbol(0, "maj" if here.key.mode in MAJOR_MODES else "min"), here.key
    if index + 1 < len(sections):
        following = sections[index + 1]
        key = following.key
        goal = themes[following.label].chord(themes[following.label].name(0), 0)
    tension = timeline.plan.curves.tension[here.end_bar - 1]
    rng = timeline.random("lead in", here.label, goal, str(key))
    lead = lead_in(goal, key, here.key, tension, (float(rng.random()), float(rng.random())))
    last = replace(drafts[-1], symbol=lead, key=key, cadence=True)
    before = drafts[-2]
    if before.root == last.root and not before.opens:
        # The goal of the way should not be there before the way is gone.
        leads_to = in_key(lead, key, here.key)
        prior = (START, START, *(d.symbol for d in drafts[:-2]))[-2:]
        other = odds.stand_in((prior[0], prior[1]), before.symbol, leads_to, another=True)
        before = replace(before, symbol=other)
    return [before, last]


def _joined(drafts: list[Draft]) -> list[Draft]:
    """Chords that came to be the same as the one before, joined to it."""
    out = drafts[:1]
    for draft in drafts[1:]:
        same = draft.root == out[-1].root and draft.symbol == out[-1].symbol and draft.key == out[-1].key
        if same and not draft.opens and draft.cadence == out[-1].cadence:
            out[-1] = replace(out[-1], end=draft.end)
        else:
            out.append(draft)
    return out


def _coloured(drafts: list[Draft], timeline: Timeline, band: Band) -> list[Span]:
    """The style's colours; a chord has the same each time that its theme comes back to it."""
    spans = []
    section, counted = -1, 0
    for draft in drafts:
        now = timeline.section_at(draft.start)
        section, counted = (section, counted + 1) if now == section else (now, 0)
        label = timeline.plan.sections[now].label
        rng = timeline.random("colour", label, counted)
        tension = timeline.plan.curves.tension[timeline.bar_of(draft.start)]
        chord = sound(draft.symbol, draft.key, band, tension, (float(rng.random()), float(rng.random())))
        spans.append(Span(draft.start, draft.end, chord, draft.key, draft.cadence))
    return spans


def _suspend(spans: list[Span], timeline: Timeline) -> list[Span]:
    """Hold the chord before a section up for its first half, where there is tension to let go."""
    out: list[Span] = []
    for span, following in zip_longest(spans, spans[1:]):
        bar = timeline.bar_of(span.start)
        per = timeline.plan.grid.bars[bar].slots_per_beat
        half = (span.end - span.start) // 2 // per * per
        falls = following is None or (span.chord.root - following.chord.root) % 12 == 7
        held = suspended(span.chord) if falls and span.cadence else None
        if held and half >= per and timeline.plan.curves.tension[bar] > SUSPEND_FROM:
            out.append(replace(span, end=span.end - half, chord=held))
            out.append(replace(span, start=span.end - half))
        else:
            out.append(span)
    return out


def _pedal(spans: list[Span], timeline: Timeline) -> list[Span]:
    """Hold the bass through tense phrases: on the tonic, or before a section's cadence on the dominant."""
    plan = timeline.plan
    out = list(spans)
    for section in plan.sections:
        rows = phrases(section.start_bar, section.end_bar)
        for start, end in rows:
            if float(np.mean(plan.curves.tension[start:end])) <= PEDAL_FROM:
                continue
            if timeline.random("pedal", start).random() >= PEDAL_CHANCE:
                continue
            last = (start, end) == rows[-1] and len(rows) > 1
            pedal = (section.key.tonic + (7 if last else 0)) % 12
            first, until = int(timeline.first_slot[start]), int(timeline.first_slot[end])
            for i, span in enumerate(out):
                if first <= span.start < until and not span.cadence and span.key == section.key:
                    out[i] = replace(span, chord=over_pedal(span.chord, pedal))
    return out


def _invert(spans: list[Span]) -> list[Span]:
    """First inversions where they make the bass go by step."""
    out = list(spans)
    for i in range(1, len(spans) - 1):
        if not out[i].cadence:
            chord = stepwise(out[i - 1].chord, out[i].chord, out[i + 1].chord)
            out[i] = replace(out[i], chord=chord)
    return out
