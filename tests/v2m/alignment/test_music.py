"""Human distance: what tells music from its straw men, for one piece and for a set."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from tests.v2m.alignment.pieces import piece, song
from v2m.alignment.music import compare, evaluate, evaluate_set
from v2m.alignment.music_statistics import HISTOGRAMS, UNITS, describe
from v2m.alignment.music_straw import STRAW_MEN
from v2m.alignment.reference import load_reference


def test_every_metric_is_told_with_its_value_its_people_and_the_straw_men() -> None:
    measures = evaluate(song(16))
    assert [m.name for m in measures] == ["human_distance", *UNITS, *HISTOGRAMS]
    assert {m.task for m in measures} == {"music"}
    for m in measures:
        assert set(m.straw) == {"silence", "noise", "metronome", "shuffled"}
        assert m.chance is None
        assert m.note
    entropy = next(m for m in measures if m.name == "pche_1bar")
    assert entropy.better == "nearer"
    told = entropy.details
    assert entropy.score == pytest.approx((told["value"] - told["human_mean"]) / told["human_sd"])
    assert told["value"] == pytest.approx(describe(song(16)).numbers["pche_1bar"])
    away = np.array([m.score for m in measures[1:] if m.defined])
    assert measures[0].score == pytest.approx(np.sqrt(np.mean(np.clip(away, -5, 5) ** 2)))
    assert measures[0].count == len(away)


def test_a_song_is_nearer_to_people_than_anything_that_knows_nothing() -> None:
    overall = evaluate(song(16))[0]
    assert overall.score < 2
    assert min(overall.straw[man] for man in ("noise", "metronome", "silence")) > overall.score + 0.5


def test_the_same_piece_and_seed_give_the_same_numbers_and_no_straw_men_are_made_unasked() -> None:
    for a, b in zip(evaluate(song(8), seed=3), evaluate(song(8), seed=3), strict=True):
        assert a.score == pytest.approx(b.score, nan_ok=True, abs=0)
        assert dict(a.straw) == pytest.approx(dict(b.straw), nan_ok=True, abs=0)
    assert all(not m.straw for m in evaluate(song(8), straw=False))


def test_what_is_too_short_or_has_no_tune_is_undefined_and_says_why() -> None:
    brief = evaluate(song(2), straw=False)
    assert all(not m.defined and "too short" in m.note for m in brief)
    chords = song(16)
    measures = {m.name: m for m in evaluate(chords.only(~chords.is_melody), straw=False)}
    assert not measures["melody_intervals"].defined
    assert not measures["melody_range"].defined
    assert measures["skyline_intervals"].defined
    silent = {m.name: m for m in compare(describe(piece([], beats=64)), load_reference())}
    assert not silent["pche_1bar"].defined
    assert silent["empty_bar_rate"].score > 5


def test_a_set_is_told_by_differences_and_overlaps() -> None:
    songs = [describe(song(8, seed=seed)) for seed in range(5)]
    rng = np.random.default_rng(0)
    noise = [describe(STRAW_MEN["noise"](song(8, seed=seed), rng)) for seed in range(5)]
    near = {m.name: m for m in evaluate_set(songs)}
    far = {m.name: m for m in evaluate_set(noise)}
    assert set(near) == {f"{n}_{kind}" for n in (*UNITS, *HISTOGRAMS) for kind in ("difference", "overlap")}
    for name in ("pche_1bar", "scale_consistency", "melody_intervals", "consonance"):
        assert abs(near[f"{name}_difference"].score) < abs(far[f"{name}_difference"].score)
        assert near[f"{name}_overlap"].score > far[f"{name}_overlap"].score
    mean = np.mean([s.numbers["gps"] for s in songs])
    assert near["gps_difference"].score == pytest.approx(mean - near["gps_difference"].details["human_mean"])
    with pytest.raises(ValueError, match="no piece"):
        evaluate_set([])
    with pytest.raises(ValueError, match="too short"):
        evaluate_set([describe(song(2))])


@pytest.mark.skipif("V2M_DATA" not in os.environ, reason="V2M_DATA names no folder of reference data")
def test_human_songs_lie_among_human_songs_and_their_shuffled_selves_do_not() -> None:
    from datasets.pop909 import excerpt, read_song

    archive = Path(os.environ["V2M_DATA"]) / "pop909.zip"
    rng = np.random.default_rng(1)
    parts = [excerpt(read_song(archive, n).piece, 30.0, rng) for n in range(7, 900, 110)]
    real, straw = [], []
    for part in parts:
        assert part is not None
        overall = evaluate(part)[0]
        real.append(overall.score)
        straw.append([overall.straw[man] for man in ("shuffled", "noise", "metronome")])
    assert 0.7 < np.mean(real) < 1.3
    assert (np.array(straw)[:, 0] > real).all()
    assert np.min(straw) > np.mean(real)
    assert np.min(np.array(straw)[:, 1:]) > np.max(real) + 0.5
