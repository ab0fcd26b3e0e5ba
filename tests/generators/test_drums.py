"""Drums as people play them, and a bass that plays with them."""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import spearmanr
from symusic import core

from generators.music import SymbolicMusic
from generators.plan import Plan
from generators.rhythm import compose
from generators.rhythm.band import Band, read_band
from generators.rhythm.bass import write_bass
from generators.rhythm.drum_grooves import choose_groove, fit_hits, level_of, strokes_of
from generators.rhythm.drums import LEAN_LIMIT_S, Drumming, write_drums
from generators.rhythm.grooves import DRUM_KEYS, DRUMS, LEVELS, Groove, Hit, load_families
from generators.rhythm.harmony import harmonise
from generators.rhythm.pulse import find_pulse
from generators.rhythm.timeline import Timeline
from generators.rhythm.voicing import bass_line
from generators.style import load_style
from tests.generators.plans import bars_of, compound, film, make, odd, three_minutes, waltz
from v2m.alignment.onsets import detect_onsets
from v2m.render import render
from v2m.soundfont import find_soundfont

FAMILIES = tuple(load_families())
FONT = find_soundfont(folders=()).path
NAME = {key: drum for drum, key in DRUM_KEYS.items()}


def band_of(family: str, **changes: object) -> Band:
    band = read_band(load_style("lofi"))
    return replace(band, drum_family=family, drum_levels=(), **changes)  # type: ignore[arg-type]


def drumming_of(plan: Plan, band: Band) -> Drumming:
    timeline = Timeline(plan)
    return write_drums(timeline, band, find_pulse(timeline, band), (True,) * len(plan.sections))


def bars_played(plan: Plan, drumming: Drumming) -> list[dict[tuple[str, int], float]]:
    """(drum, slot) → touch, a bar."""
    line = Timeline(plan)
    bars: list[dict[tuple[str, int], float]] = [{} for _ in plan.grid.bars]
    for note in drumming.notes:
        bar, slot = line.within_bar(note.slot)
        bars[bar][NAME[note.pitch], int(slot)] = note.touch
    return bars


def even(density: float, bars: int = 16, form: object = None, **more: object) -> Plan:
    whole = [("A", "theme", bars)]
    return make(bars_of([4] * bars, 96), form or whole, density=[density] * bars, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_is_whole(family: str) -> None:
    known = load_families()[family]
    assert known.grooves
    assert list(known.sizes) == sorted(known.sizes)
    assert len(set(known.sizes)) == len(known.sizes) == LEVELS
    for groove in known.grooves:
        assert len(groove.bars) in (2, 3)
        for hit in itertools.chain(*groove.bars):
            assert hit.drum in DRUMS
            assert 0 <= hit.slot < groove.beats * 4
            assert 1 <= hit.velocity <= 127
            assert 1 <= hit.level <= LEVELS
    for drum in known.lean_ms:
        assert np.abs(known.lean_ms[drum]).max() < 45
        assert (known.spread_ms[drum] >= 0).all()


def test_people_hit_backbeats_hardest_and_ghosts_softly() -> None:
    """What anyone hears of a rock or funk drummer is in the library."""
    for family in ("rock", "funk", "soul", "hiphop"):
        hits = [h for g in load_families()[family].grooves if g.beats == 4 for bar in g.bars[:2] for h in bar]
        snare = [h for h in hits if h.drum == "snare"]
        back = [h.velocity for h in snare if h.slot in (4, 12)]
        off = [h.velocity for h in snare if h.slot % 2 == 1]
        assert np.mean(back) > 1.5 * np.mean(off), family
        kicks = Counter(h.slot for h in hits if h.drum == "kick")
        assert kicks[0] == max(kicks.values()), family


@pytest.mark.parametrize("family", FAMILIES)
def test_eight_levels_differ(family: str) -> None:
    """Each level of density plays more than the one below it, and keeps what that one plays."""
    counts = []
    for level in range(LEVELS):
        plan = even((level + 0.5) / LEVELS)
        bars = bars_played(plan, drumming_of(plan, band_of(family)))
        counts.append(float(np.mean([len(bar) for bar in bars[1:6]])))
    assert all(a < b for a, b in itertools.pairwise(counts)), counts
    assert counts[0] <= 3
    assert counts[-1] >= 12
    groove = load_families()[family].grooves[0]
    for level in range(1, LEVELS):
        below, above = (
            {(s.drum, s.slot) for s in strokes_of(groove, 0, k, 4, 4)} for k in (level, level + 1)
        )
        assert below <= above


def test_the_levels_are_heard() -> None:
    """Through the synthesizer: from level to level a detector that knows nothing hears more."""
    density = [(level + 0.5) / LEVELS for level in range(LEVELS) for _ in range(2)]
    plan = make(
        bars_of([4] * 17, 96),
        [("A", "theme", 17)],
        density=[*density, 1.0],
        loudness=[0.6] * 17,
        style="lofi",
        final_bar=16,
    )
    music = compose(plan)
    (voice,) = [v for v in music.voices if v.role == "drums"]
    alone = core.ScoreSecond(480)
    alone.tracks.append(next(track for track in music.score.tracks if track.name == voice.name))
    drums = SymbolicMusic(alone, (voice,), music.duration_s, seed=music.seed)
    sound = np.concatenate([block.stems[voice.name] for block in render(drums, FONT, 22_050)], axis=1)
    edges = plan.grid.downbeats_s[::2][: LEVELS + 1] - 0.05
    onsets = np.histogram(detect_onsets(sound.mean(axis=0)), edges)[0]
    power = [
        float(np.mean(sound[:, int(a * 22_050) : int(b * 22_050)] ** 2))
        for a, b in itertools.pairwise(edges.clip(0))
    ]
    assert spearmanr(range(LEVELS), onsets).statistic > 0.9, onsets
    assert onsets[-1] >= 3 * onsets[0]
    assert 10 * np.log10(power[-1] / power[0]) > 2


@pytest.mark.parametrize("family", FAMILIES)
def test_people_repeat_and_then_they_do_not(family: str) -> None:
    plan = even(0.6, bars=33)
    bars = bars_played(plan, drumming_of(plan, band_of(family)))
    kept = [set(bars[b]) == set(bars[b + 2]) for b in range(1, 24) if b % 4 == 0]
    assert np.mean(kept) > 0.9
    assert len({frozenset(bar) for bar in bars[:32]}) <= 6


def test_a_label_keeps_its_groove_when_it_comes_back() -> None:
    form = [("A", "theme", 8), ("B", "theme", 8), ("A", "theme", 8)]
    plan = even(0.6, bars=24, form=form)
    bars = bars_played(plan, drumming_of(plan, band_of("funk")))
    for offset in (1, 2, 4, 5):
        assert set(bars[offset]) == set(bars[16 + offset])
    assert set(bars[1]) != set(bars[9])


def test_a_fill_leads_to_a_section_and_a_cymbal_begins_it() -> None:
    form = [("A", "theme", 8), ("B", "theme", 8)]
    filled = 0
    for seed in range(6):
        plan = even(0.7, form=form, loudness=[0.8] * 16, seed=seed)
        bars = bars_played(plan, drumming_of(plan, band_of("rock")))
        assert ("crash", 0) in bars[8]
        assert ("kick", 0) in bars[8]
        assert not any(drum == "crash" for bar in bars[1:8] for drum, _ in bar)
        other = set(bars[7]) - set(bars[5]) - set(bars[3])
        filled += any(drum in ("snare", "low", "mid", "high") for drum, _ in other)
    assert filled >= 5


def test_an_emptier_section_is_not_led_to() -> None:
    form = [("A", "theme", 8), ("B", "theme", 8)]
    density = [0.8] * 8 + [0.1] * 8
    plan = make(bars_of([4] * 16, 96), form, density=density, loudness=density)
    bars = bars_played(plan, drumming_of(plan, band_of("rock")))
    assert ("crash", 0) not in bars[8]


def test_where_the_picture_all_but_stops_the_drums_stop() -> None:
    density = [0.8] * 8 + [0.2] * 2 + [0.8] * 6
    plan = make(bars_of([4] * 16, 96), [("A", "theme", 16)], density=density)
    bars = bars_played(plan, drumming_of(plan, band_of("hiphop")))
    assert set(bars[8]) == {("kick", 0), ("crash", 0)}
    assert len(bars[7]) > 8
    assert len(bars[10]) > 4


@pytest.mark.parametrize("family", ["rock", "jazz", "latin", "dance"])
@pytest.mark.parametrize("plan", [waltz(), odd(), compound()], ids=["waltz", "odd", "compound"])
def test_any_metre_is_played(family: str, plan: Plan) -> None:
    line = Timeline(plan)
    drumming = drumming_of(plan, band_of(family))
    heard = {line.bar_of(note.slot) for note in drumming.notes}
    assert heard == set(range(line.bar_of(line.final_slot - 1) + 1))
    for note in drumming.notes:
        assert float(note.slot).is_integer()
        assert note.slot < line.final_slot


def test_hits_fit_other_metres() -> None:
    hits = [Hit("kick", 0, 100), Hit("snare", 4, 100), Hit("hat", 6, 60), Hit("snare", 12, 100)]
    three = {(h.drum, h.slot) for h in fit_hits(hits, 4, 3, 4)}
    assert three == {("kick", 0), ("snare", 4), ("hat", 6), ("snare", 8)}
    compound_bar = {(h.drum, h.slot) for h in fit_hits(hits, 4, 4, 3)}
    assert compound_bar == {("kick", 0), ("snare", 3), ("hat", 5), ("snare", 9)}
    assert {h.slot for h in fit_hits(hits, 4, 2, 4)} == {0, 4, 6}


def test_the_groove_is_one_that_meets_the_picture() -> None:
    """Kick and snare fall on what moves more often than those of a groove taken at random."""
    family = load_families()["funk"]
    better = []
    for seed in range(8):
        plan = film("lofi", seed)
        line = Timeline(plan)
        pulse = find_pulse(line, band_of("funk"))
        section = plan.sections[1]
        asked = [
            {a.slot: a.moved for a in pulse.bars[b] if not a.light}
            for b in range(section.start_bar, section.end_bar)
        ]

        def met(groove: Groove, asked: list[dict[int, float]] = asked) -> float:
            shares = []
            for b, moved in enumerate(asked):
                slots = {s.slot for s in strokes_of(groove, b, 5, 4, 4) if s.drum in ("kick", "snare")}
                shares.append(sum(moved.get(s, 0.0) for s in slots) / max(sum(moved.values()), 1.0))
            return float(np.mean(shares))

        chosen = met(choose_groove(line, family, pulse, section))
        better.append(chosen - np.mean([met(g) for g in family.grooves if g.beats == 4]))
    assert np.mean(better) > 0.03


def test_drummers_lean_and_a_machine_does_not() -> None:
    plan = even(0.8)
    human = drumming_of(plan, band_of("funk", humanise_s=0.008)).notes
    tight = drumming_of(plan, band_of("funk", humanise_s=0.0)).notes
    leans = np.array([note.lean_s for note in human])
    assert 0.004 < leans.std() < 0.02
    assert np.abs(leans).max() <= LEAN_LIMIT_S
    assert all(note.lean_s == 0 for note in tight)


def test_on_what_moves_everyone_is_together() -> None:
    """The drummers' own timing is for where the picture asks for nothing."""
    plan = film("lofi")
    music = compose(plan)
    (drums,) = [t.notes.numpy() for t in music.score.tracks if t.name == "Drums"]
    line = Timeline(plan, read_band(load_style("lofi")).swing, "sixteenth")
    bars = enumerate(plan.grid.bars)
    moved = [line.seconds(int(line.first_slot[b]) + a.slot) for b, bar in bars for a in bar.accents]
    early = np.array([np.min(np.abs(np.asarray(moved) - t)) for t in drums["time"].astype(np.float64) + 0.03])
    assert np.mean(early < 1e-3) > 0.25


def test_ghosts_are_ghosts() -> None:
    plan = even(0.95)
    notes = drumming_of(plan, band_of("funk")).notes
    snare = np.array([note.touch for note in notes if NAME[note.pitch] == "snare"])
    assert (snare < 0.45).mean() > 0.15
    assert snare.max() == 1.0
    played = compose(even(0.95, style="lofi"))
    (track,) = [t for t in played.score.tracks if t.name == "Drums"]
    velocity = track.notes.numpy()["velocity"].astype(float)
    assert velocity.min() < 0.4 * velocity.max()


def test_the_bass_plays_with_the_kick() -> None:
    together = []
    for seed in range(5):
        plan = three_minutes("lofi", seed)
        band, line = read_band(load_style("lofi")), Timeline(plan)
        pulse = find_pulse(line, band)
        kicks = write_drums(line, band, pulse, (True,) * len(plan.sections)).kicks
        harmony = harmonise(line, band)
        part = next(p for p in band.parts if p.voice.role == "bass")
        lows = bass_line([s.chord for s in harmony.spans], part.low, part.high)
        starts = {s.start: low for s, low in zip(harmony.spans, lows, strict=True)}
        notes = write_bass(line, harmony, pulse, kicks, starts, part, range(8, 20))
        free = [n for n in notes if n.slot not in starts]
        together += [n.slot in kicks for n in free]
        assert all(part.low <= n.pitch <= part.high for n in notes)
        assert all(a.end <= b.slot for a, b in itertools.pairwise(notes))
    assert np.mean(together) > 0.95


def test_the_bass_steps_into_the_next_root_where_it_is_busy() -> None:
    steps = []
    for seed in range(5):
        plan = three_minutes("lofi", seed)
        plan = replace(plan, curves=replace(plan.curves, density=(0.9,) * len(plan.grid.bars)))
        band, line = read_band(load_style("lofi")), Timeline(plan)
        pulse = find_pulse(line, band)
        kicks = write_drums(line, band, pulse, (True,) * len(plan.sections)).kicks
        harmony = harmonise(line, band)
        part = next(p for p in band.parts if p.voice.role == "bass")
        lows = bass_line([s.chord for s in harmony.spans], part.low, part.high)
        starts = {s.start: low for s, low in zip(harmony.spans, lows, strict=True)}
        notes = write_bass(line, harmony, pulse, kicks, starts, part, range(4, 68))
        for a, b in itertools.pairwise(notes):
            near = 0 < b.slot - a.slot <= 4 and a.slot not in starts
            changes = harmony.at(a.slot).chord.bass != harmony.at(b.slot).chord.bass
            tied = a.pitch % 12 == b.pitch % 12
            if near and b.slot in starts and changes and not tied:
                steps.append(abs(a.pitch - b.pitch) in (1, 2))
    assert len(steps) > 10
    assert np.mean(steps) > 0.8


def test_levels_are_even_steps_of_density() -> None:
    assert [level_of(d) for d in (0.0, 0.12, 0.13, 0.5, 0.99, 1.0)] == [1, 1, 2, 5, 8, 8]
