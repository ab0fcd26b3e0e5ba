"""The beat grid's arithmetic and the keys' spelling."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from generators.grid import Accent, Bar, BeatGrid, PlanError
from generators.key import Key

GRID = BeatGrid((Bar((0.0, 0.5, 1.0, 1.5)), Bar((2.0, 2.6)), Bar((3.2, 3.7, 4.2, 4.7))), 5.2)


def test_time_and_beat_are_inverse_and_linear_within_a_beat() -> None:
    assert GRID.time_s(4.5) == pytest.approx(2.3)
    assert GRID.beat_at(2.3) == pytest.approx(4.5)
    assert GRID.tempo_bpm(0) == pytest.approx(120)
    assert GRID.tempo_bpm(1) == pytest.approx(100)


@given(st.floats(-3, 15))
def test_beat_at_inverts_time_s_everywhere(beat: float) -> None:
    assert GRID.beat_at(GRID.time_s(beat)) == pytest.approx(beat, abs=1e-9)


def test_slots_cross_bars_and_lean_only_where_the_picture_asks() -> None:
    leaned = BeatGrid((Bar((0.0, 0.5), accents=(Accent(3, 0.39, 1.0, "cut"),)), Bar((1.0, 1.5))), 2.0)
    assert leaned.slot_time_s(0, 8) == pytest.approx(1.0)
    assert leaned.played_time_s(0, 3) == 0.39
    assert leaned.played_time_s(0, 4) == pytest.approx(0.5)


def test_bar_at_answers_outside_the_grid_too() -> None:
    assert [GRID.bar_at(t) for t in (-1, 0, 1.99, 2.0, 99)] == [0, 0, 0, 1, 2]
    assert GRID.bar_end_s(2) == 5.2
    np.testing.assert_allclose(GRID.downbeats_s, [0, 2.0, 3.2])


@pytest.mark.parametrize("bars", [(), (Bar(()),), (Bar((0.0, 0.5)), Bar((0.5, 1.0))), (Bar((1.0, 0.5)),)])
def test_a_grid_that_is_empty_or_runs_backwards_is_refused(bars: tuple[Bar, ...]) -> None:
    with pytest.raises(PlanError):
        BeatGrid(bars, 9.0)


@pytest.mark.parametrize(
    ("text", "tonic", "mode"),
    [
        ("C", 0, "major"),
        ("F# minor", 6, "minor"),
        ("Bbm", 10, "minor"),
        ("d dorian", 2, "dorian"),
        ("E♭", 3, "major"),
        ("A Minor", 9, "minor"),
        ("C Major", 0, "major"),
        ("D DORIAN", 2, "dorian"),
        ("Gb Maj", 6, "major"),
        ("CM", 0, "major"),
    ],
)
def test_keys_are_read_as_people_write_them(text: str, tonic: int, mode: str) -> None:
    assert Key.parse(text) == Key(tonic, mode)
    assert Key.parse(str(Key.parse(text))) == Key(tonic, mode)


@pytest.mark.parametrize("text", ["", "H major", "C# blue", "minor", "C major minor"])
def test_a_key_that_does_not_exist_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(PlanError) as caught:
        Key.parse(text)
    assert "\n" not in str(caught.value)
