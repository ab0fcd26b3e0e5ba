"""Tunes → the counts of how tunes go."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from datasets import melodies
from generators.grid import PlanError
from generators.rhythm.melody_odds import KINDS, MelodyOdds, kind_of_step, load_melodies
from v2m.alignment.piece import Piece, make_piece


def tune(notes: list[tuple[float, int]], bars: int, beats: int = 4) -> Piece:
    """Notes as (beat, pitch) at 60 bpm."""
    start_s = np.array([beat for beat, _ in notes], dtype=np.float64)
    return make_piece(
        start_s,
        np.full(len(notes), 0.2),
        np.array([pitch for _, pitch in notes]),
        is_melody=np.ones(len(notes), bool),
        beats_s=np.arange(bars * beats, dtype=np.float64),
        downbeats_s=np.arange(0, bars * beats, beats, dtype=np.float64),
        end_s=float(bars * beats),
    )


def test_a_bar_is_written_as_it_is_sung() -> None:
    sung = tune([(0, 60), (0.5, 62), (2.25, 64), (4, 65), (7.75, 60)], bars=3)
    assert melodies.bar_rhythms(sung) == {"x.x......x......", "x..............x", "." * 16}
    assert melodies.bar_rhythms(tune([(0, 60)], bars=2, beats=3)) == set()


def test_steps_are_counted_by_the_step_before_and_not_over_a_rest() -> None:
    sung = tune([(0, 60), (1, 67), (2, 65), (3, 65), (8, 72), (9, 70), (10, 86)], bars=4)
    counts = dict(zip(KINDS, melodies.count_steps([sung]), strict=True))
    assert counts["rise"][12 - 2] == 1
    assert counts["step down"][12 + 0] == 1
    assert counts["step down"][12 + 12] == 1  # 16 semitones count as an octave
    assert sum(map(sum, counts.values())) == 3  # the step over five beats of rest starts a phrase


def test_kinds_of_step_are_told_apart_by_size() -> None:
    assert [kind_of_step(s) for s in (-12, -5, -4, -3, -2, -1, 0, 1, 2, 3, 4, 5, 12)] == [
        "fall", "fall", "skip down", "skip down", "step down", "step down", "same",
        "step up", "step up", "skip up", "skip up", "rise", "rise",
    ]  # fmt: skip


def test_what_few_songs_do_is_left_out() -> None:
    usual, odd = tune([(0, 60), (2, 62)], 1), tune([(0.25, 60)], 1)
    built = melodies.build([usual, usual, usual, odd])
    assert built["rhythms"] == {"x.......x.......": 3}
    assert built["songs"] == 4


def test_counts_that_are_none_are_refused() -> None:
    steps = np.zeros((7, 25), np.int64)
    with pytest.raises(PlanError):
        MelodyOdds({"x..": 1}, steps)
    with pytest.raises(PlanError):
        MelodyOdds({"x" * 16: 1}, steps[:3])


def test_what_ships_steps_more_than_it_leaps_and_turns_back_after_leaps() -> None:
    odds = np.exp(-load_melodies().rarity)
    after_rise, after_fall = odds[KINDS.index("rise")], odds[KINDS.index("fall")]
    assert after_rise[:12].sum() > 2 * after_rise[13:].sum()
    assert after_fall[13:].sum() > 2 * after_fall[:12].sum()


def test_the_recipe_gives_rhythms_that_ship() -> None:
    """Of a few real tunes: nearly every bar is one of the rhythms that ship."""
    archive = Path(os.environ.get("V2M_DATA", "nowhere")) / "pop909.zip"
    if not archive.is_file():
        pytest.skip("no folder of corpora (set V2M_DATA)")
    from datasets.pop909 import read_song
    from v2m.alignment.music_melody import marked_melody

    tunes = [marked_melody(read_song(archive, number).piece) for number in (1, 2, 3)]
    shipped = set(load_melodies().rhythms) | {"." * 16}
    bars = [rhythm in shipped for sung in tunes if sung is not None for rhythm in melodies.bar_rhythms(sung)]
    assert np.mean(bars) > 0.5
