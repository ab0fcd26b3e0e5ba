"""The melody: sung, in harmony, and known again when it returns."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from generators.form import Section
from generators.plan import Plan
from generators.rhythm.band import read_band
from generators.rhythm.counter import write_counter
from generators.rhythm.harmony import harmonise
from generators.rhythm.melody import Theme, write_melody
from generators.rhythm.melody_odds import load_melodies
from generators.rhythm.motif import PHRASE_BARS, invent, phrases
from generators.rhythm.notes import Note
from generators.rhythm.pulse import find_pulse
from generators.rhythm.timeline import Timeline, metric_weight
from generators.style import load_style, style_names
from tests.generators.plans import bars_of, make, three_minutes, waltz, with_accents


def melodies(plan: Plan) -> list[tuple[Section, list[Note]]]:
    """Every section's melody, as the style's first melody part would play it."""
    band = read_band(load_style(plan.style))
    line = Timeline(plan)
    pulse, harmony = find_pulse(line, band), harmonise(line, band)
    part = next(p for p in band.parts if p.voice.role == "melody")
    themes: dict[str, Theme] = {}
    written = []
    for section in plan.sections:
        motif = invent(line, band, section.label, pulse.grooves[section.label])
        notes = write_melody(line, harmony, pulse, motif, section, part, themes.get(section.label))
        themes.setdefault(section.label, Theme(int(line.first_slot[section.start_bar]), tuple(notes)))
        written.append((section, notes))
    return written


@pytest.mark.parametrize("style", style_names())
def test_strong_notes_are_chord_notes_and_dissonance_is_left_by_step(style: str) -> None:
    strict, beats, left = [], [], []
    for seed in range(3):
        plan = three_minutes(style, seed)
        line = Timeline(plan)
        harmony = harmonise(line, read_band(load_style(style)))
        for _, notes in melodies(plan):
            for note, after in itertools.zip_longest(notes, notes[1:]):
                bar, within = line.within_bar(note.slot)
                weight = metric_weight(int(within), plan.grid.bars[bar].beats, 4)
                span = harmony.at(note.slot)
                assert note.pitch % 12 in span.scale
                of_chord = note.pitch % 12 in span.chord.triad
                if weight >= 0.7 or note.length >= 6:
                    strict.append(of_chord)
                elif weight >= 0.5:
                    beats.append(of_chord)
                if note.pitch % 12 not in span.chord.tones and after is not None:
                    left.append(abs(after.pitch - note.pitch) <= 2)
    assert all(strict)
    assert np.mean(beats) > 0.65
    assert np.mean(left) > 0.9


def test_lines_step_as_songs_do_and_another_step_follows_each_kind() -> None:
    """Within a fifth of what was counted; after a leap the line turns back more often than it goes on."""
    steps = [
        np.clip(after.pitch - note.pitch, -12, 12)
        for style in ("cinematic", "piano", "lofi")
        for seed in range(4)
        for _, notes in melodies(three_minutes(style, seed))
        for note, after in itertools.pairwise(notes)
    ]
    counted = load_melodies().steps.sum(axis=0)
    mine = np.bincount(np.array(steps) + 12, minlength=25)
    assert 0.5 * np.abs(mine / mine.sum() - counted / counted.sum()).sum() < 0.2
    pairs = [(a, b) for a, b in itertools.pairwise(steps) if abs(a) >= 5]
    assert np.mean([b * a < 0 for a, b in pairs]) > 1.5 * np.mean([b * a > 0 for a, b in pairs])


def test_a_tune_is_as_full_as_the_bar_and_its_bars_are_not_all_alike() -> None:
    """Notes a second grow with density, and neighbouring bars of a phrase have several rhythms."""
    rates, kinds = [], []
    for density in (0.1, 0.5, 0.9):
        grid = bars_of([4] * 16, 90)
        plan = make(grid, [("A", "theme", 16)], density=[density] * 16)
        (_, notes), line = melodies(plan)[0], Timeline(plan)
        rates.append(len(notes) / plan.duration_s)
        rows = [tuple(int(n.slot) % 16 for n in notes if line.bar_of(n.slot) == b) for b in range(8)]
        kinds.append(len(set(rows)))
    assert rates[0] < 0.7 * rates[1] < rates[2]
    assert 0.6 < rates[1] < 2.8
    assert min(kinds[1:]) >= 3


@pytest.mark.parametrize("style", style_names())
def test_it_can_be_sung(style: str) -> None:
    """Mostly steps and small leaps, few leaps above a fifth, no phrase beyond an eleventh."""
    leaps, steps, spans = [], [], []
    for seed in range(4):
        plan = three_minutes(style, seed)
        line = Timeline(plan)
        for section, notes in melodies(plan):
            jumps = np.abs(np.diff([n.pitch for n in notes]))
            leaps += list(jumps > 7)
            steps += list(jumps <= 4)
            for start, end in phrases(section.start_bar, section.end_bar):
                sung = [n.pitch for n in notes if start <= line.bar_of(n.slot) < end]
                spans.append(max(sung, default=0) - min(sung, default=0))
    assert np.mean(leaps) < 0.06
    assert np.mean(steps) > 0.7
    assert max(spans) <= 17
    assert np.median(spans) >= 4


def test_it_breathes() -> None:
    """Before every new phrase at least most of a beat is silent."""
    for plan in (three_minutes(), waltz()):
        line = Timeline(plan)
        for section, notes in melodies(plan):
            for start, end in phrases(section.start_bar, section.end_bar):
                mine = [n for n in notes if start <= line.bar_of(n.slot) < end]
                if mine and end < line.bars:
                    assert int(line.first_slot[end]) - mine[-1].end >= 3
                    assert all(a.end <= b.slot for a, b in itertools.pairwise(mine))


def profile(plan: Plan, notes: list[Note], section: Section, bars: int) -> np.ndarray:
    """Pitch at each eighth of the section's first bars; between notes the last one is remembered."""
    line = Timeline(plan)
    at = np.arange(int(line.first_slot[section.start_bar]), int(line.first_slot[section.start_bar + bars]), 2)
    starts = np.array([n.slot for n in notes])
    pitches = np.array([n.pitch for n in notes])
    return pitches[np.clip(np.searchsorted(starts, at, side="right") - 1, 0, len(notes) - 1)].astype(float)


@pytest.mark.parametrize("style", style_names())
def test_a_theme_is_known_again_though_not_copied(style: str) -> None:
    alike, unlike, copies = [], [], []
    for seed in range(6):
        plan = three_minutes(style, seed)
        by_title = {s.title: (s, notes) for s, notes in melodies(plan)}
        first, again, other = (profile(plan, n, s, 8) for s, n in (by_title[t] for t in ("A", "A'", "B")))
        alike.append(np.abs(first - again).mean())
        unlike.append(np.abs(first - other).mean())
        copies.append(np.array_equal(first, again))
    assert np.mean(alike) < 0.75 * np.mean(unlike)
    assert not any(copies)


def test_another_seed_has_another_theme() -> None:
    one, other = (melodies(three_minutes(seed=s))[1] for s in (1, 2))
    plan = three_minutes()
    assert np.abs(profile(plan, one[1], one[0], 8) - profile(plan, other[1], other[0], 8)).mean() > 1.5


def test_the_last_phrase_comes_down_to_the_tonic() -> None:
    from generators.rhythm import compose

    for seed in range(5):
        music = compose(three_minutes("piano", seed))
        notes = music.score.tracks[0].notes.numpy()
        assert music.voices[0].role == "melody"
        assert notes["pitch"][np.argmax(notes["time"])] % 12 == 0
        order = np.argsort(notes["time"])
        assert abs(int(notes["pitch"][order][-1]) - int(notes["pitch"][order][-2])) <= 7


def test_the_rhythm_goes_where_the_picture_moves() -> None:
    grid = with_accents(bars_of([4] * 16, 90), 5)
    plan = make(grid, [("A", "theme", 16)], density=[0.6] * 16)
    line = Timeline(plan)
    moved = {int(line.first_slot[b]) + a.slot for b, bar in enumerate(grid.bars) for a in bar.accents}
    (_, notes) = melodies(plan)[0]
    assert np.mean([n.slot in moved for n in notes]) > 0.6


def test_phrases_are_of_four_bars_and_leave_no_lone_bar() -> None:
    assert phrases(0, 8) == [(0, 4), (4, 8)]
    assert phrases(3, 12) == [(3, 7), (7, 12)]
    assert phrases(0, 1) == [(0, 1)]
    assert phrases(2, 8) == [(2, 6), (6, 8)]
    assert all(end - start <= PHRASE_BARS + 1 for start, end in phrases(0, 61))


def test_a_counter_melody_moves_while_the_tune_rests_and_its_suspensions_fall() -> None:
    """A third between two of its notes is filled in by step; a note held into another chord falls by step."""
    passing = suspended = 0
    for seed in range(6):
        plan = three_minutes("cinematic", seed)
        line = Timeline(plan)
        harmony = harmonise(line, read_band(load_style("cinematic")))
        part = next(p for p in read_band(load_style("cinematic")).parts if p.voice.role == "counter")
        notes = write_counter(line, harmony, part, range(line.bars), [])
        assert all(a.end <= b.slot for a, b in itertools.pairwise(notes))
        assert all(part.low <= n.pitch <= part.high for n in notes)
        for before, note, after in zip(notes, notes[1:], notes[2:], strict=False):
            span = harmony.at(note.slot)
            if note.pitch % 12 not in span.chord.tones:
                passing += 1
                assert note.length == 4
                assert 1 <= abs(note.pitch - before.pitch) <= 2
                assert 1 <= abs(after.pitch - note.pitch) <= 2
                assert (note.pitch > before.pitch) == (after.pitch > note.pitch)
            into = harmony.at(before.end - 1)
            if before.pitch % 12 not in into.chord.tones and before.length > 4:
                suspended += 1
                assert before.pitch - note.pitch in (1, 2)
    assert passing > 10
    assert suspended > 10
