"""The numbers of one piece, each against what its definition says of music whose facts are known."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from tests.v2m.alignment.pieces import CHORDS, Row, piece, song
from v2m.alignment.music_form import bar_recurrence
from v2m.alignment.music_harmony import (
    chord_changes_per_bar,
    chord_repetition,
    chord_tone_share,
    chords,
    consonance,
    progression,
)
from v2m.alignment.music_melody import intervals, marked_melody, skyline
from v2m.alignment.music_pitch import (
    empty_bar_rate,
    notes_per_s,
    pche,
    pitch_range,
    polyphony,
    scale_consistency,
)
from v2m.alignment.music_rhythm import VALUES_BEATS, gps, grooving_patterns, note_values, onset_gaps
from v2m.alignment.music_statistics import UNITS, describe
from v2m.alignment.music_straw import STRAW_MEN
from v2m.alignment.piece import make_piece


def test_entropy_is_0_of_one_pitch_class_and_its_largest_of_all_twelve() -> None:
    octaves = piece([(k, 1, 36 + 12 * (k % 4)) for k in range(16)], beats=16)
    chromatic = piece([(k / 3, 0.3, 60 + k % 12) for k in range(48)], beats=16)
    assert pche(octaves, bars=1) == 0
    assert pche(chromatic, bars=1) == pytest.approx(math.log2(12))
    # Four bars of two pitch classes each, another two each time: 1 bit in a bar, 3 in all four.
    pairs = piece([(k, 1, 60 + k % 2 + 2 * (k // 4)) for k in range(16)], beats=16)
    assert pche(pairs, bars=1) == pytest.approx(1)
    assert pche(pairs, bars=4) == pytest.approx(3)
    # Of five bars there are two windows of four: means are over windows, one bar on.
    five = piece([(k, 1, 60 + k % 2 + 2 * (k // 4 % 4)) for k in range(20)], beats=20)
    assert pche(five, bars=4) == pytest.approx(3)


def test_empty_windows_and_drums_have_no_say_in_the_entropy() -> None:
    tune = [(k, 1, 60 + k % 4) for k in range(4)]
    made = piece(tune, beats=16)
    assert pche(made, bars=1) == pytest.approx(2)
    drums = make_piece(
        np.append(made.start_s, [0.0, 0.5]),
        np.append(made.duration_s, [0.1, 0.1]),
        np.append(made.pitch, [38, 45]),
        is_drum=[False] * 4 + [True] * 2,
        beats_s=made.beats_s,
        downbeats_s=made.downbeats_s,
        end_s=made.end_s,
    )
    assert describe(drums).numbers == pytest.approx(describe(made).numbers, nan_ok=True)
    with pytest.raises(ValueError, match="at least one bar"):
        pche(made, bars=0)


def test_scale_consistency_is_the_best_scales_share() -> None:
    d_major = [62, 64, 66, 67, 69, 71, 73]
    made = piece([(k / 2, 0.5, d_major[k % 7]) for k in range(14)] + [(7, 1, 63), (7.5, 1, 68)], beats=8)
    assert scale_consistency(made) == pytest.approx(14 / 16)
    # G sharp and the harmonic minor's seventh are outside A minor.
    assert scale_consistency(piece([(k, 1, p) for k, p in enumerate((57, 60, 64, 68))], beats=4)) == 0.75


def test_polyphony_is_taken_over_the_time_in_which_something_sounds() -> None:
    # Two pitches for two beats, one for two more, silence, and one struck again while it sounds.
    made = piece([(0, 4, 60), (0, 2, 64), (6, 1, 67), (6.5, 1, 67)], beats=8)
    assert polyphony(made) == pytest.approx((2 * 2 + 2 + 1.5) / 5.5)
    assert pitch_range(made) == 7
    assert notes_per_s(made) == pytest.approx(4 / 4.0)


def test_a_bar_with_a_held_note_is_not_empty() -> None:
    made = piece([(0, 6, 60), (13, 1, 62)], beats=20)
    # Bars of 4: held into the second, silence in the third, a note in the fourth, silence in the fifth.
    assert empty_bar_rate(made) == pytest.approx(2 / 5)
    exact = piece([(0, 4, 60)], beats=8)
    assert empty_bar_rate(exact) == 0.5


def test_gps_counts_the_slots_on_which_neighbouring_bars_agree() -> None:
    on_beats: list[Row] = [(k, 0.5, 60) for k in range(4)]
    off_beats: list[Row] = [(4 + k + 0.5, 0.5, 60) for k in range(4)]
    made = piece([*on_beats, *off_beats, (8, 4, 60), (8, 4, 64)], beats=16)
    assert [p.sum() for p in grooving_patterns(made)] == [4, 4, 1, 0]
    # 8 of 16 slots differ, then 5, then 1.
    assert gps(made) == pytest.approx((8 + 11 + 15) / 48)
    assert gps(made, neighbours=False) == pytest.approx((8 + 13 + 12 + 11 + 12 + 15) / 96)
    assert gps(piece(on_beats + [(a + 4, d, p) for a, d, p in on_beats], beats=8)) == 1
    assert math.isnan(gps(piece(on_beats, beats=4)))


def test_bars_of_unequal_length_are_not_compared() -> None:
    beats = np.arange(11) * 0.5
    made = make_piece(
        beats, np.full(11, 0.4), np.full(11, 60), beats_s=beats, downbeats_s=beats[[0, 4, 7]], end_s=5.5
    )
    assert [len(p) for p in grooving_patterns(made)] == [16, 12, 16]
    assert math.isnan(gps(made))


def test_lengths_and_gaps_fall_into_their_note_values() -> None:
    made = piece([(0, 1, 60), (1, 0.48, 62), (1.5, 0.25, 64), (1.5, 2, 48), (4, 9, 65)], beats=16)
    lengths = dict(zip(VALUES_BEATS.tolist(), note_values(made).tolist(), strict=True))
    assert lengths[1] == lengths[0.5] == lengths[0.25] == lengths[2] == lengths[8] == 1
    gaps = dict(zip(VALUES_BEATS.tolist(), onset_gaps(made).tolist(), strict=True))
    assert gaps[1] == gaps[0.5] == 1
    assert gaps[2] + gaps[3] == 1  # two and a half beats
    assert sum(gaps.values()) == 3


def test_the_marked_tune_and_the_skyline_are_found_in_the_texture() -> None:
    low = song(8)
    made = replace(low, pitch=low.pitch + 24 * low.is_melody)
    tune = marked_melody(made)
    assert tune is not None
    assert tune.pitch.tolist() == made.pitch[made.is_melody].tolist()
    line = skyline(made)
    # The tune is on top wherever it plays; where it rests, the skyline takes the accompaniment.
    assert set(zip(tune.start_s, tune.pitch, strict=True)) <= set(zip(line.start_s, line.pitch, strict=True))
    assert marked_melody(made.only(~made.is_melody)) is None
    held = piece([(0, 4, 72), (1, 1, 60), (2, 1, 64), (4, 1, 67)], beats=8)
    assert skyline(held).pitch.tolist() == [72, 67]


def test_intervals_are_counted_up_and_down_and_at_most_an_octave() -> None:
    line = piece([(k, 1, p) for k, p in enumerate((60, 62, 62, 59, 80, 61))], beats=8)
    counted = intervals(line)
    assert {k - 12: int(n) for k, n in enumerate(counted) if n} == {2: 1, 0: 1, -3: 1, 12: 1, -12: 1}


def test_chords_are_named_and_their_repetition_counted() -> None:
    rows = [(4 * b, 4, p) for b, name in enumerate(("C", "Am", "F", "G") * 2) for p in CHORDS[name]]
    made = piece(rows, beats=36)
    heard = chords(made)
    assert heard[::4].tolist() == [0, 21, 5, 7, 0, 21, 5, 7, -1]
    assert progression(made).tolist() == [0, 21, 5, 7, 0, 21, 5, 7]
    # Six trigrams, of which the last two have been there before.
    assert chord_repetition(made) == pytest.approx(1 - 4 / 6)
    assert chord_changes_per_bar(made) == pytest.approx(7 / 9)


def test_chord_tones_and_consonances_are_shares_of_what_sounds() -> None:
    triad: list[Row] = [(0, 4, 48), (0, 4, 64), (0, 4, 67)]
    # A fourth voice, one beat of four beside the triad.
    made = piece([*triad, (0, 3, 72), (3, 1, 74)], beats=4)
    assert chord_tone_share(made) == pytest.approx(15 / 16)
    # At the first onset C, E and G: three pairs, all consonant. At the second D is a second from C and
    # from E, and a fourth from G.
    assert consonance(made) == pytest.approx((3 + 4) / (3 + 6))
    assert consonance(piece([(0, 1, 60), (0, 1, 66)], beats=4)) == 0
    assert math.isnan(consonance(piece([(0, 1, 60), (0, 1, 72), (1, 1, 67)], beats=4)))  # no two classes
    # One that ends as the next begins does not sound with it, however exactly it is played.
    assert math.isnan(consonance(piece([(0, 1.05, 60), (1, 1, 61)], beats=4)))


def test_bars_that_have_been_there_before_are_counted() -> None:
    bar: list[Row] = [(k, 0.5, 60 + k) for k in range(4)]
    again = [(at + 4, length, p) for at, length, p in bar]
    half = [(at + 8, length, p + 12 * (at > 1)) for at, length, p in bar]
    assert bar_recurrence(piece([*bar, *again], beats=8)) == 1
    # Two notes of four are those of an earlier bar: 2 of the 6 that both have.
    assert bar_recurrence(piece([*bar, *again, *half], beats=12)) == pytest.approx((1 + 1 / 3) / 2)
    assert math.isnan(bar_recurrence(piece(bar, beats=8)))


def test_a_passing_note_is_not_a_change_of_chord() -> None:
    rows: list[Row] = [(0, 8, 48), (0, 8, 60), (0, 8, 64), (0, 8, 67)]
    passing: list[Row] = [(k + 0.5, 0.5, 62 + 3 * (k % 2)) for k in range(8)]
    assert set(chords(piece([*rows, *passing], beats=8)).tolist()) == {0}


def test_transposing_and_turning_the_bars_changes_what_it_should() -> None:
    made = song(24)
    up = make_piece(
        made.start_s,
        made.duration_s,
        made.pitch + 5,
        is_melody=made.is_melody,
        beats_s=made.beats_s,
        downbeats_s=made.downbeats_s,
        end_s=made.end_s,
    )
    before, after = describe(made), describe(up)
    assert after.numbers == pytest.approx(before.numbers)
    for name, shares in before.histograms.items():
        assert after.histograms[name] == pytest.approx(shares)


def test_shuffling_keeps_the_notes_and_loses_the_music() -> None:
    made = song(32)
    other = STRAW_MEN["shuffled"](made, np.random.default_rng(3))
    assert sorted(other.pitch) == sorted(made.pitch)
    assert sorted(other.pitch[other.is_melody]) == sorted(made.pitch[made.is_melody])
    assert other.duration_s.sum() == pytest.approx(made.duration_s.sum())
    kept = [sorted(map(tuple, (p.tolist() for p in grooving_patterns(x)))) for x in (made, other)]
    assert kept[0] == kept[1]  # the same bars, in another order
    real, straw = describe(made).numbers, describe(other).numbers
    for name in ("scale_consistency", "notes_per_s", "pitch_range"):
        assert straw[name] == pytest.approx(real[name])
    assert straw["pche_1bar"] > real["pche_1bar"] + 0.1
    assert straw["si_mid"] < real["si_mid"] - 0.2
    assert straw["consonance"] < real["consonance"] - 0.1
    assert straw["chord_tone_share"] < real["chord_tone_share"] - 0.1
    assert straw["bar_recurrence"] < real["bar_recurrence"] - 0.5
    assert straw["chord_repetition"] < real["chord_repetition"] - 0.3


def test_nothing_is_nan_or_0_where_it_is_defined_so() -> None:
    silent = describe(STRAW_MEN["silence"](song(8), np.random.default_rng(0)))
    assert silent.numbers["notes_per_s"] == 0
    assert silent.numbers["empty_bar_rate"] == 1
    others = [v for name, v in silent.numbers.items() if name not in ("notes_per_s", "empty_bar_rate")]
    assert len(others) == len(UNITS) - 2
    assert np.isnan(others).all()
    assert all(np.isnan(shares).all() for shares in silent.histograms.values())
