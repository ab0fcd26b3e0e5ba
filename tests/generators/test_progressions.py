"""What follows what: the counts that ship, their estimates, and chains drawn from them."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise, product

import numpy as np
import pytest

from generators.grid import PlanError
from generators.key import MODES, Key
from generators.rhythm.band import read_band
from generators.rhythm.chord_chain import draw_chain
from generators.rhythm.chord_odds import chord_odds
from generators.rhythm.chord_space import (
    KIND_OF_QUALITY,
    SYMBOLS,
    brightness,
    kind_of,
    root_of,
    symbol,
    symbol_of,
    tenseness,
)
from generators.rhythm.chords import QUALITIES, parse_numeral
from generators.rhythm.progressions import START, kneser_ney, load_progressions, pack, unpack
from generators.style import load_style, style_names

EVEN = {"billboard": 1.0, "pop909": 1.0}


def of(numeral: str, mode: str = "major") -> int:
    return symbol_of(parse_numeral(numeral, Key(0, mode)), Key(0, mode))


def test_every_quality_has_a_kind() -> None:
    assert set(KIND_OF_QUALITY) == set(QUALITIES)
    assert {(root_of(s), kind_of(s)) for s in range(SYMBOLS)} == {
        (root, kind) for root in range(12) for kind in set(KIND_OF_QUALITY.values())
    }


def test_brightness_and_tension_order_chords_as_ears_do() -> None:
    bright, tense = brightness(), tenseness("major")
    assert bright[of("I")] > bright[of("vi")] > bright[of("iv")]
    assert bright[of("IV")] > bright[of("bVI")]
    assert bright[of("II")] > bright[of("ii")]
    assert tense[of("I")] == 0
    assert tense[of("I")] < tense[of("V")] < tense[of("V7")] < tense[of("vii°")]
    assert tense[of("IV")] < tense[of("iv")] < tense[of("bII")]


def test_estimates_are_odds_and_fall_back_on_the_shorter_context() -> None:
    rng = np.random.default_rng(1)
    counts = rng.poisson(0.4, (7, 7, 6)).astype(np.float32)
    counts[2, 3] = 0
    one, two, three = kneser_ney(counts)
    for odds in (one, two, three):
        assert odds.min() > 0
        assert odds.sum(axis=-1) == pytest.approx(1.0, abs=1e-5)
    assert three[2, 3] == pytest.approx(two[3])


def test_discounts_move_what_was_heard_towards_what_was_not() -> None:
    counts = np.zeros((4, 4, 3), dtype=np.float32)
    counts[0, 0] = (8, 1, 0)
    counts[1, 0] = (1, 1, 0)
    counts[2, 1] = (0, 2, 1)
    three = kneser_ney(counts)[2]
    assert three[0, 0, 0] < 8 / 9
    assert three[0, 0, 2] > 0
    assert three[0, 0, 0] > three[0, 0, 1] > three[0, 0, 2]


@pytest.mark.parametrize("mode", MODES)
def test_no_chord_follows_itself_and_dominants_go_home(mode: str) -> None:
    after = load_progressions().transitions(mode, EVEN)
    assert after.shape == (SYMBOLS + 1, SYMBOLS + 1, SYMBOLS)
    assert after.sum(axis=2) == pytest.approx(1.0, abs=1e-4)
    assert after[:, np.arange(SYMBOLS), np.arange(SYMBOLS)].max() == 0
    tonic = symbol(0, "maj" if mode in ("major", "lydian", "mixolydian") else "min")
    assert int(after[symbol(5, "maj"), symbol(7, "dom")].argmax()) == tonic


def test_the_best_known_progression_is_the_likeliest() -> None:
    after = load_progressions().transitions("major", EVEN)
    assert int(after[of("I"), of("V")].argmax()) == of("vi")
    assert of("IV") in np.argsort(-after[of("V"), of("vi")])[:2]
    assert int(after[of("I"), of("ii")].argmax()) == of("V")


def test_chords_that_stand_in_for_one_another_are_near() -> None:
    major = load_progressions().likeness("major")
    plain = [of(n) for n in ("I", "ii", "iii", "IV", "V", "vi", "bVII", "iv")]
    for chord, near in (("IV", "ii"), ("ii", "IV"), ("V", "vii°")):
        others = [p for p in plain if p != of(chord)] + [of("vii°")]
        best = sorted(others, key=lambda p: -major[of(chord), p])[:2]
        assert of(near) in best, (chord, best)
    assert major[of("IV"), of("ii")] > major[of("IV"), of("I")]


def test_counts_come_back_from_their_file() -> None:
    model = load_progressions()
    again = unpack(pack(model))
    for key, counts in model.trigrams.items():
        assert np.array_equal(counts, again.trigrams[key])
    assert np.allclose(model.vectors, again.vectors)
    with pytest.raises(PlanError, match="lack"):
        unpack({name: value for name, value in pack(model).items() if name != "places"})


def test_a_chain_is_drawn_with_the_odds_of_whole_chains() -> None:
    """Against all chains of a small world, counted out: wishes and what is to follow bear on every chord."""
    rng = np.random.default_rng(3)
    after = rng.random((5, 5, 4)).astype(np.float32) ** 3
    after /= after.sum(axis=2, keepdims=True)
    wishes = [rng.random(4) for _ in range(3)]
    wishes[1][2] = 0.0
    exact = {}
    for a, b, c in product(range(4), repeat=3):
        way = after[4, 4, a] * after[4, a, b] * after[a, b, c] * after[b, c, 1]
        exact[a, b, c] = float(way * wishes[0][a] * wishes[1][b] * wishes[2][c])
    total = sum(exact.values())
    draws = 3000
    drawn = dict.fromkeys(exact, 0)
    for _ in range(draws):
        drawn[tuple(draw_chain(after, wishes, rng, before=(4, 4), then=1))] += 1
    assert all(count == 0 for chain, count in drawn.items() if chain[1] == 2)
    assert sum(abs(drawn[c] / draws - exact[c] / total) for c in exact) / 2 < 0.06


def test_what_is_not_allowed_at_all_is_refused() -> None:
    after = load_progressions().transitions("major", EVEN)
    with pytest.raises(ValueError, match="wished for"):
        draw_chain(after, [np.zeros(SYMBOLS)], np.random.default_rng(0))


@pytest.mark.parametrize("style", style_names())
def test_a_style_colours_what_songs_do(style: str) -> None:
    """Its own progressions are likelier than in songs at large, and it is not confined to them."""
    band = read_band(load_style(style))
    own, songs = chord_odds(band, "major").after, load_progressions().transitions("major", EVEN)
    steps = []
    for line in band.progressions["major"]:
        chords = [of(n) for n in line]
        steps += [(a, b) for a, b in pairwise(chords) if a != b]
    gain = [np.log(own[START, a, b] / songs[START, a, b]) for a, b in steps]
    assert np.mean(gain) > 0.2
    unwritten = {c for line in band.progressions["major"] for c in map(of, line)}
    elsewhere = [s for s in range(SYMBOLS) if s not in unwritten]
    assert own[START, of("I"), elsewhere].sum() > 0.01


def test_a_dominant_keeps_its_promise_unless_the_style_is_blue() -> None:
    band = read_band(load_style("piano"))
    blue = replace(band, colour={"blues": 1.0})
    second = symbol(2, "dom")
    for player, least in ((band, 0.85), (blue, 0.0)):
        after = chord_odds(player, "major").after[of("I"), second]
        resolves = sum(after[symbol(7, kind)] for kind in ("maj", "min", "dom", "sus"))
        assert resolves > least
    kept = chord_odds(band, "major").after[of("I"), second, of("V")]
    assert kept > chord_odds(blue, "major").after[of("I"), second, of("V")]
