"""Chords and how they are voiced."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest

from generators.grid import PlanError
from generators.key import MODES, Key
from generators.plan import Plan
from generators.rhythm.band import read_band
from generators.rhythm.cadences import arrival, lead_in
from generators.rhythm.chord_space import root_of, symbol
from generators.rhythm.chords import QUALITIES, Chord, parse_numeral
from generators.rhythm.compose import CHORD_VOICES, PAD_VOICES
from generators.rhythm.harmony import Harmony, harmonise
from generators.rhythm.timeline import Timeline
from generators.rhythm.voicing import bass_line, is_muddy, voice_chords
from generators.style import load_style, style_names
from tests.generators.plans import bars_of, film, make, odd, three_minutes, waltz


def harmony_of(plan: Plan) -> Harmony:
    return harmonise(Timeline(plan), read_band(load_style(plan.style)))


@pytest.mark.parametrize(
    ("numeral", "key", "root", "quality"),
    [
        ("I", Key(0, "major"), 0, "maj"),
        ("vi7", Key(7, "major"), 4, "min7"),
        ("bVI", Key(9, "minor"), 5, "maj"),
        ("V7sus4", Key(2, "major"), 9, "7sus4"),
        ("vii°7", Key(9, "minor"), 8, "dim7"),
        ("iihdim7", Key(9, "minor"), 11, "hdim7"),
        ("Imaj9", Key(5, "lydian"), 5, "maj9"),
        ("iadd9", Key(0, "minor"), 0, "minadd9"),
    ],
)
def test_numerals_are_read(numeral: str, key: Key, root: int, quality: str) -> None:
    assert parse_numeral(numeral, key) == Chord(root, quality, root)


@pytest.mark.parametrize("numeral", ["", "X", "Iq", "H7", "viii"])
def test_what_is_no_numeral_is_refused(numeral: str) -> None:
    with pytest.raises(PlanError):
        parse_numeral(numeral, Key(0, "major"))


@pytest.mark.parametrize("plan", [film(), odd(), three_minutes()], ids=["film", "odd", "three minutes"])
def test_chords_cover_every_slot_up_to_the_last_chord(plan: Plan) -> None:
    spans = harmony_of(plan).spans
    assert spans[0].start == 0
    assert spans[-1].end == Timeline(plan).final_slot
    assert all(a.end == b.start and a.start < a.end for a, b in itertools.pairwise(spans))


@pytest.mark.parametrize("plan", [film(), odd(), waltz(), three_minutes()])
def test_the_last_chord_is_led_to(plan: Plan) -> None:
    harmony = harmony_of(plan)
    assert harmony.spans[-1].cadence
    assert harmony.spans[-1].chord.root != harmony.final.root


@pytest.mark.parametrize("mode", MODES)
def test_chords_belong_to_the_key_or_borrow_little(mode: str) -> None:
    for seed in range(4):
        plan = make(
            bars_of([4] * 16, 90), [("A", "theme", 8), ("B", "theme", 8)], key=Key(2, mode), seed=seed
        )
        spans = harmony_of(plan).spans
        scale = set(Key(2, mode).scale)
        inside = np.mean([set(s.chord.triad) <= scale for s in spans if not s.cadence])
        assert inside >= 0.7, (mode, seed)
        assert spans[0].chord.root in scale


def test_a_label_keeps_its_progression() -> None:
    plan = three_minutes()
    harmony, line = harmony_of(plan), Timeline(plan)
    roots = {}
    for section in plan.sections:
        bars = range(section.start_bar, section.end_bar - 1)
        heard = [harmony.at(int(line.first_slot[b])).chord.root for b in bars]
        roots.setdefault(section.label, []).append(heard)
    first, *returns = roots["A"]
    for again in returns:
        n = min(len(first), len(again))
        assert np.mean([a == b for a, b in zip(first[:n], again[:n], strict=True)]) > 0.9
    other = roots["B"][0]
    n = min(len(first), len(other))
    assert np.mean([a == b for a, b in zip(first[:n], other[:n], strict=True)]) < 0.9


@pytest.mark.parametrize("style", style_names())
def test_a_section_ends_on_a_chord_that_the_next_resolves(style: str) -> None:
    """The last chord before a section is a dominant (or its modal stand-in) of its key or its first chord."""
    for seed in range(3):
        plan = three_minutes(style, seed)
        harmony, line = harmony_of(plan), Timeline(plan)
        for section in plan.sections[1:]:
            before = harmony.at(int(line.first_slot[section.start_bar]) - 1)
            assert before.cadence
            first = harmony.at(int(line.first_slot[section.start_bar])).chord
            applied = (before.chord.root - first.root) % 12 == 7
            assert applied or (before.chord.root - section.key.tonic) % 12 in (7, 10, 2, 1, 11)
            assert before.chord.root != first.root


@pytest.mark.parametrize("mode", ["major", "minor", "mixolydian", "dorian"])
def test_brighter_pictures_get_more_major_chords(mode: str) -> None:
    shares = []
    for valence in (-0.9, -0.3, 0.3, 0.9):
        majors = []
        for seed in range(12):
            form = [("A", "theme", 8), ("B", "theme", 8)]
            plan = make(bars_of([4] * 16, 90), form, key=Key(0, mode), seed=seed, valence=valence)
            majors += [s.chord.is_major for s in harmony_of(plan).spans if not s.cadence]
        shares.append(np.mean(majors))
    assert shares[0] < shares[-1] - 0.15
    assert all(a <= b + 0.03 for a, b in itertools.pairwise(shares)), shares


def test_tension_brings_tense_chords() -> None:
    def tense(tension: float) -> int:
        count = 0
        for seed in range(8):
            plan = make(
                bars_of([4] * 24, 90),
                [("A", "theme", 8), ("B", "theme", 8), ("A", "theme", 8)],
                key=Key(9, "minor"),
                seed=seed,
                tension=tension,
            )
            count += sum(
                s.chord.quality in ("7b9", "hdim7", "dim7", "dim", "7") or s.chord.bass not in s.chord.tones
                for s in harmony_of(plan).spans
            )
        return count

    assert tense(0.9) > tense(0.2) + 8


def test_fuller_sections_change_chords_sooner() -> None:
    def length(density: float) -> float:
        plan = make(bars_of([4] * 16, 100), [("A", "theme", 16)], density=[density] * 16)
        return float(np.mean([s.end - s.start for s in harmony_of(plan).spans]))

    assert length(0.0) > length(1.0)


def test_a_cut_in_mid_bar_changes_the_harmony() -> None:
    plan = make(bars_of([4] * 8, 90), [("A", "theme", 8)], hits=[(2, 8, 0.9, "cut")])
    harmony = harmony_of(plan)
    slot = int(Timeline(plan).first_slot[2]) + 8
    assert harmony.at(slot).start == slot
    assert set(harmony.at(slot).chord.tones) != set(harmony.at(slot - 1).chord.tones)


@pytest.mark.parametrize("style", style_names())
def test_voices_move_little_and_well(style: str) -> None:
    """Against the same chords each in its own best place: less movement, no outer parallels."""
    plan = three_minutes(style)
    chords = [s.chord for s in harmony_of(plan).spans]
    basses = bass_line(chords, 28, 50)
    voicings = voice_chords(chords, basses, 50, 76)
    moved = np.mean([np.abs(np.subtract(a, b)).mean() for a, b in itertools.pairwise(voicings)])
    alone = [voice_chords([c], [b], 50, 76)[0] for c, b in zip(chords, basses, strict=True)]
    apart = np.mean([np.abs(np.subtract(a, b)).mean() for a, b in itertools.pairwise(alone)])
    assert moved < apart
    assert moved < 2.2
    parallels = 0
    for i in range(1, len(chords)):
        was, now = (voicings[i - 1][-1] - basses[i - 1]) % 12, (voicings[i][-1] - basses[i]) % 12
        together = np.sign(voicings[i][-1] - voicings[i - 1][-1]) == np.sign(basses[i] - basses[i - 1]) != 0
        parallels += int(was == now and was in (0, 7) and together)
    assert parallels <= 0.02 * len(chords)


def test_voicings_hold_what_tells_the_chord() -> None:
    for quality, steps in QUALITIES.items():
        chord = Chord(3, quality, 3)
        (voicing,) = voice_chords([chord], [39], 52, 76)
        assert list(voicing) == sorted(voicing)
        classes = {p % 12 for p in voicing}
        assert {(3 + step) % 12 for step in steps[:3]} <= classes <= set(chord.tones)


def test_the_bass_stays_in_range_and_near() -> None:
    chords = [s.chord for s in harmony_of(three_minutes()).spans]
    line = bass_line(chords, 28, 48)
    assert all(28 <= p <= 48 for p in line)
    assert all(p % 12 == c.bass for p, c in zip(line, chords, strict=True))
    assert np.abs(np.diff(line)).max() <= 9


def falling(to: float, seed: int) -> Plan:
    """Two sections in one key, the second as dark as said."""
    plan = make(bars_of([4] * 24, 96), [("A", "theme", 8), ("A", "theme", 8), ("B", "theme", 8)], seed=seed)
    curves = replace(plan.curves, valence=(0.4,) * 8 + (to,) * 16)
    return replace(plan, curves=curves)


def test_a_picture_that_darkens_deceives_and_one_that_does_not_comes_home() -> None:
    for seed in range(4):
        home, dark = (harmony_of(falling(valence, seed)) for valence in (0.4, 0.0))
        slot = int(Timeline(falling(0.4, seed)).first_slot[8])
        assert home.at(slot).chord.root == 0
        assert home.at(slot - 1).cadence
        assert dark.at(slot).chord.root == 9
        assert dark.at(slot).chord.quality.startswith("min")
        assert dark.at(slot - 1).chord.root == home.at(slot - 1).chord.root == 7


def test_what_leads_in_depends_on_where_it_leads() -> None:
    major, minor = Key(0, "major"), Key(9, "minor")
    home, away = symbol(0, "maj"), symbol(9, "min")
    assert root_of(lead_in(home, major, major, 0.9, (0.5, 0.0))) == 7
    assert lead_in(away, major, major, 0.9, (0.5, 0.9)) == symbol(4, "dom")
    assert root_of(lead_in(away, major, major, 0.2, (0.5, 0.9))) == 7
    assert root_of(lead_in(symbol(7, "maj"), major, major, 0.2, (0.5, 0.9))) == 2
    assert root_of(lead_in(symbol(0, "min"), minor, major, 0.2, (0.0, 0.9))) == 7
    for mode in MODES:
        assert arrival(symbol(0, "maj"), mode, 0.0) == symbol(0, "maj")


def test_tension_is_held_up_before_it_is_let_go() -> None:
    """Before a section a tense picture gets a suspension, and the note held up falls by step."""
    held = 0
    for seed in range(6):
        plan = make(
            bars_of([4] * 16, 80),
            [("A", "theme", 8), ("A", "theme", 8)],
            tension=0.7,
            seed=seed,
            density=[0.2] * 16,
        )
        spans = harmony_of(plan).spans
        for span, following in itertools.pairwise(spans):
            if "sus4" in span.chord.quality and span.cadence:
                held += 1
                assert following.cadence
                assert following.chord.root == span.chord.root
                fourth, third = (span.chord.root + 5) % 12, (following.chord.root + 4) % 12
                assert fourth in span.chord.tones
                assert third in following.chord.tones
    assert held >= 4
    calm = make(bars_of([4] * 16, 80), [("A", "theme", 8), ("A", "theme", 8)], tension=0.1)
    assert not any(s.cadence and "sus4" in s.chord.quality for s in harmony_of(calm).spans)


def test_tense_phrases_stand_on_a_pedal_that_does_not_rub() -> None:
    pedals = 0
    for seed in range(8):
        plan = make(bars_of([4] * 16, 90), [("A", "theme", 16)], key=Key(9, "minor"), tension=0.9, seed=seed)
        for span in harmony_of(plan).spans:
            if span.chord.bass not in span.chord.tones:
                pedals += 1
                assert (span.chord.bass - 9) % 12 in (0, 7)
                assert not any((tone - span.chord.bass) % 12 in (1, 11) for tone in span.chord.tones)
    assert pedals > 8


def test_a_change_that_was_near_comes_on_the_cut() -> None:
    """A cut on the fourth beat brings the next bar's chord forward; it does not add one."""
    for seed in range(6):
        plain = make(bars_of([4] * 8, 90), [("A", "theme", 8)], seed=seed)
        cut = make(bars_of([4] * 8, 90), [("A", "theme", 8)], seed=seed, hits=[(2, 12, 0.9, "cut")])
        slot, downbeat = 2 * 16 + 12, 3 * 16
        before, after = harmony_of(plain), harmony_of(cut)
        if before.at(downbeat).start == downbeat and before.at(slot).start < slot:
            assert after.at(slot).start == slot
            assert after.at(slot).chord.root == before.at(downbeat).chord.root
            assert len(after.spans) == len(before.spans)


def test_no_two_voices_run_in_fifths_or_octaves() -> None:
    """Between any two voices, the bass among them: seldom; and nothing lies too low to be clear."""
    parallels = changes = muddy = 0
    for style in style_names():
        for seed in range(2):
            chords = [s.chord for s in harmony_of(three_minutes(style, seed)).spans]
            basses = bass_line(chords, 28, 50)
            rows = np.column_stack([basses, voice_chords(chords, basses, 50, 76)])
            muddy += int(is_muddy(rows[:, :-1], rows[:, 1:]).sum())
            for was, now in itertools.pairwise(rows):
                changes += 1
                for i, j in itertools.combinations(range(5), 2):
                    together = (now[i] - was[i]) * (now[j] - was[j]) > 0
                    same = (now[j] - now[i]) % 12 == (was[j] - was[i]) % 12
                    parallels += int(together and same and (now[j] - now[i]) % 12 in (0, 7))
    assert parallels < 0.02 * changes
    assert muddy <= 0.01 * changes


def test_players_with_narrow_ranges_lead_their_voices_too() -> None:
    """As compose gives chords to each player: few parallels with the bass or within, and no leap on top."""
    parallels = leaps = changes = 0
    for style in style_names():
        band = read_band(load_style(style))
        chords = [s.chord for s in harmonise(Timeline(three_minutes(style)), band).spans]
        bass = next(part for part in band.parts if part.voice.role == "bass")
        basses = bass_line(chords, bass.low, bass.high)
        beside: list[list[tuple[int, ...]]] = []
        for part in band.parts:
            if part.power or part.voice.role not in ("pad", "chords", "arpeggio"):
                continue
            voices = PAD_VOICES if part.voice.role == "pad" else CHORD_VOICES
            beside.append(voice_chords(chords, basses, part.low, part.high, voices, beside))
            rows = np.column_stack([basses, beside[-1]])
            for was, now in itertools.pairwise(rows):
                changes += 1
                leaps += int(abs(now[-1] - was[-1]) > 7)
                for i, j in itertools.combinations(range(voices + 1), 2):
                    together = (now[i] - was[i]) * (now[j] - was[j]) > 0
                    same = (now[j] - now[i]) % 12 == (was[j] - was[i]) % 12
                    parallels += int(together and same and (now[j] - now[i]) % 12 in (0, 7))
    assert parallels < 0.03 * changes
    assert leaps < 0.01 * changes


def test_sevenths_fall_and_leading_notes_rise() -> None:
    """In a dominant that goes home, whenever the tonic chord lets them."""
    chords = [Chord(0, "maj", 0), Chord(7, "7", 7), Chord(0, "maj", 0)] * 4
    basses = bass_line(chords, 28, 50)
    voicings = voice_chords(chords, basses, 50, 76)
    for before, after in zip(voicings[1::3], voicings[2::3], strict=True):
        for was, now in zip(before, after, strict=True):
            if was % 12 == 5:
                assert was - now in (1, 2)
        assert before[-1] % 12 != 11 or after[-1] - before[-1] == 1


def test_harmonic_rhythm_is_what_songs_use() -> None:
    """Mostly a chord a bar or its half and double, seldom anything else."""
    lengths = [
        (s.end - s.start) / 16
        for seed in range(6)
        for s in harmony_of(make(bars_of([4] * 32, 100), [("A", "theme", 32)], seed=seed)).spans
    ]
    assert np.mean([length in (0.5, 1.0, 2.0) for length in lengths]) > 0.8


def test_one_short_bar_does_not_slow_the_harmony_of_its_section() -> None:
    """A bar of 2/4 for a cut: chords go on changing within the others."""

    def within_bars(meters: list[int]) -> int:
        count = 0
        for seed in range(8):
            plan = make(
                bars_of(meters, 72), [("A", "theme", len(meters))], seed=seed, density=[1.0] * len(meters)
            )
            timeline = Timeline(plan)
            starts = {int(slot) for slot in timeline.first_slot}
            count += sum(span.start not in starts for span in harmony_of(plan).spans)
        return count

    assert within_bars([4] * 5 + [2] + [4] * 10) > 0.6 * within_bars([4] * 16) > 0


def test_two_players_of_one_chord_keep_a_semitone_apart() -> None:
    """In sevenths, where roots and sevenths lie side by side: far fewer rubs than if neither listened."""

    def rubs(one: list[tuple[int, ...]], other: list[tuple[int, ...]]) -> int:
        return sum(abs(a - b) == 1 for x, y in zip(one, other, strict=True) for a in x for b in y)

    alone = heard = 0
    for seed in range(4):
        chords = [s.chord for s in harmony_of(three_minutes("lofi", seed)).spans]
        basses = bass_line(chords, 28, 48)
        first = voice_chords(chords, basses, 50, 72)
        alone += rubs(first, voice_chords(chords, basses, 52, 76, 3))
        heard += rubs(first, voice_chords(chords, basses, 52, 76, 3, [first]))
    assert heard < 0.5 * alone
