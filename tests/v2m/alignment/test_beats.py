"""Beat scores against their definitions, stored goldens, and what a click track does to them."""

from __future__ import annotations

import json
import math
import os
import warnings
from pathlib import Path
from typing import Any

import librosa
import numpy as np
import pytest
import soundfile

from tests.v2m.alignment.sounds import RATE, clicks
from v2m.alignment import beats, chance
from v2m.alignment.beats import BeatScores, Rhythm
from v2m.alignment.measure import Measure

PARAMETERS = {
    "d2mgan": {"wait": 1, "delta": 0.2, "pre_avg": 1, "post_avg": 1, "post_max": 1},
    "loris": {"wait": 1, "delta": 0.2, "pre_avg": 3, "post_avg": 3, "pre_max": 3, "post_max": 3},
    "5hz": {"wait": 1, "delta": 0.2, "pre_avg": 3, "post_avg": 3, "pre_max": 3, "post_max": 3},
}


def song(seed: int, duration_s: float = 6.0) -> np.ndarray:
    """Hits of all strengths over a humming chord."""
    rng = np.random.default_rng(seed)
    times = np.sort(rng.uniform(0, duration_s - 0.1, 14))
    at = np.arange(round(duration_s * RATE)) / RATE
    hum = sum(0.02 * np.sin(2 * np.pi * hz * at) for hz in (110, 164.8, 220))
    return (clicks(times, duration_s, levels=rng.uniform(0.02, 0.8, 14)) + hum).astype(np.float32)


def evaluate(generated: np.ndarray, reference: np.ndarray, **how: Any) -> tuple[Measure, ...]:
    return beats.evaluate(Rhythm.of(generated), Rhythm.of(reference), **how)


# Golden


@pytest.mark.parametrize("variant", beats.VARIANTS)
def test_bins_are_those_of_a_plain_reading_with_librosa(variant: str) -> None:
    for seed in range(4):
        samples = song(seed, 6.3)
        bins_per_s = 5 if variant == "5hz" else 1
        expected = [0] * math.ceil(len(samples) / RATE * bins_per_s)
        for time in librosa.onset.onset_detect(y=samples, sr=RATE, units="time", **PARAMETERS[variant]):
            expected[int(time * bins_per_s)] = 1
        assert beats.binned_onsets(Rhythm.of(samples), variant).astype(int).tolist() == expected
        assert sum(expected) > 0


GOLDEN = {
    "d2mgan": [(1.0, 0.8), (1.2, 1.0), (1.0, 0.8)],
    "loris": [(1.0, 0.8333), (0.8333, 1.0), (0.8, 0.8)],
    "5hz": [(0.2222, 0.2), (0.3, 0.25), (0.3333, 0.4)],
}


@pytest.mark.parametrize("variant", beats.VARIANTS)
def test_golden_scores_of_made_songs(variant: str) -> None:
    """Stored from the definitions written as plain loops, with librosa's onsets (see above)."""
    bins = [tuple(beats.binned_onsets(Rhythm.of(song(n)), variant) for n in (k, k + 10)) for k in range(3)]
    scores = [beats.beat_scores(ours, theirs, variant) for ours, theirs in bins]
    found = [(score.coverage, score.hits) for score in scores]
    assert found == [pytest.approx(pair, abs=1e-4) for pair in GOLDEN[variant]]


@pytest.fixture(scope="module")
def published() -> list[tuple[Rhythm, Rhythm]]:
    """The onset envelopes of the three published pairs, generated and reference, a frame each 23 ms."""
    stored = json.loads((Path(__file__).parent / "published_pairs.json").read_text())
    rhythms = [Rhythm(np.array(one["envelope"], np.float32), one["duration_s"]) for one in stored]
    return list(zip(rhythms[::2], rhythms[1::2], strict=True))


def test_golden_scores_of_the_published_pairs(published: list[tuple[Rhythm, Rhythm]]) -> None:
    """The scoring script that the field's numbers come from gives these, to four digits."""
    golden = {"d2mgan": [0.8333, 0.5, 0.6667], "loris": [1.0, 1.0, 1.0]}
    for variant, expected in golden.items():
        scores = [
            beats.beat_scores(
                beats.binned_onsets(ours, variant), beats.binned_onsets(theirs, variant), variant
            )
            for ours, theirs in published
        ]
        assert [score.coverage for score in scores] == pytest.approx(expected, abs=5e-5)
        assert [score.hits for score in scores] == pytest.approx(expected, abs=5e-5)
    whole = beats.over_clips(scores)
    assert (whole.bcs, whole.bhs, whole.csd, whole.hsd, whole.f1, whole.clips) == (1, 1, 0, 0, 1, 3)
    # A click a second does as well: what the measure cannot see.
    click = Rhythm.of(np.roll(chance.metronome(6.0, 60.0), RATE // 2))
    for _, theirs in published:
        ours, held = beats.binned_onsets(click, "loris"), beats.binned_onsets(theirs, "loris")
        assert beats.beat_scores(ours, held, "loris") == BeatScores(1.0, 1.0)


@pytest.mark.skipif("V2M_DATA" not in os.environ, reason="V2M_DATA names no folder of reference data")
def test_the_stored_envelopes_are_those_of_the_published_sound(
    published: list[tuple[Rhythm, Rhythm]],
) -> None:
    folder = Path(os.environ["V2M_DATA"]) / "beats_scores"
    for number, pair in enumerate(published, 1):
        for kind, stored in zip(("syn_samples", "ref_samples"), pair, strict=True):
            samples, rate = soundfile.read(folder / kind / f"{number}.wav", dtype="float32")
            heard = Rhythm.of(samples)
            assert (rate, heard.duration_s) == (RATE, stored.duration_s)
            assert heard.envelope == pytest.approx(stored.envelope, rel=1e-3, abs=1e-3)


def bins(text: str) -> np.ndarray:
    return np.array([letter == "x" for letter in text])


def test_scores_by_hand() -> None:
    ours, theirs = bins("xx.xx."), bins("x.xx..")
    assert beats.beat_scores(ours, theirs, "d2mgan") == BeatScores(4 / 3, 2 / 3)
    assert beats.beat_scores(ours, theirs, "loris") == BeatScores(2 / 4, 2 / 3)
    assert beats.beat_scores(ours, theirs, "5hz") == beats.beat_scores(ours, theirs, "loris")
    # loris cuts the reference to the generated length; d2mgan counts all of it.
    assert beats.beat_scores(bins("x."), bins("x.xx"), "loris") == BeatScores(1.0, 1.0)
    assert beats.beat_scores(bins("x."), bins("x.xx"), "d2mgan") == BeatScores(1 / 3, 1 / 3)
    assert beats.beat_scores(bins("x..x"), bins("x."), "loris") == BeatScores(1 / 2, 1.0)


def test_f1_of_a_set_is_that_of_the_means_and_deviations_have_ddof_1() -> None:
    whole = beats.over_clips([BeatScores(1.0, 0.5), BeatScores(0.2, 0.9), BeatScores(math.nan, math.nan)])
    assert whole.clips == 2
    assert (whole.bcs, whole.bhs) == pytest.approx((0.6, 0.7))
    assert whole.csd == pytest.approx(np.std([1.0, 0.2], ddof=1))
    assert whole.hsd == pytest.approx(np.std([0.5, 0.9], ddof=1))
    assert whole.f1 == pytest.approx(2 * 0.6 * 0.7 / 1.3)
    assert whole.f1 != pytest.approx(np.mean([BeatScores(1.0, 0.5).f1, BeatScores(0.2, 0.9).f1]), abs=0.01)
    one = beats.over_clips([BeatScores(0.5, 0.5)])
    assert math.isnan(one.csd)
    assert (one.f1, one.clips) == (0.5, 1)
    assert beats.over_clips([]).clips == 0


def test_a_set_is_scored_from_its_clips() -> None:
    clips_ = [evaluate(song(k), song(k + 10), shifts=5) for k in range(3)]
    whole = {m.name: m for m in beats.evaluate_set([*clips_, ()])}
    assert set(whole) == {
        f"{v}_{part}" for v in beats.VARIANTS for part in ("bcs", "bhs", "csd", "hsd", "f1")
    }
    coverage, hits = np.array(GOLDEN["loris"]).T
    assert whole["loris_bcs"].score == pytest.approx(coverage.mean(), abs=1e-4)
    assert whole["loris_hsd"].score == pytest.approx(hits.std(ddof=1), abs=1e-4)
    assert whole["loris_f1"].score == pytest.approx(
        2 * coverage.mean() * hits.mean() / (coverage.mean() + hits.mean()), abs=1e-4
    )
    assert whole["loris_bcs"].count == 3
    assert 0 < whole["loris_bcs"].details["chance"] <= 1
    assert beats.evaluate_set([]) == ()
    (one,) = (m for m in beats.evaluate_set(clips_[:1]) if m.name == "loris_csd")
    assert math.isnan(one.score)


# Perfect, empty, invalid


@pytest.mark.parametrize("variant", beats.VARIANTS)
def test_a_soundtrack_matches_itself_and_silence_matches_nothing(variant: str) -> None:
    samples = song(1)
    measures = evaluate(samples, samples, variants=[variant], shifts=0)
    assert [m.name for m in measures] == [f"{variant}_{part}" for part in ("coverage", "hits", "f1")]
    assert [m.score for m in measures] == [1.0, 1.0, 1.0]
    silent = evaluate(chance.silence(6.0), samples, variants=[variant])
    assert [m.score for m in silent] == [0.0, 0.0, 0.0]
    assert all(m.chance is not None and m.chance.mean == 0.0 for m in silent)


def test_a_reference_without_beats_is_undefined_for_d2mgan_and_0_for_loris() -> None:
    scored = evaluate(song(1), chance.silence(6.0))
    for measure in scored:
        if measure.name.startswith("d2mgan"):
            assert math.isnan(measure.score)
            assert "no beat" in measure.note
        else:
            assert measure.score == 0.0
    assert len(scored) == 9


def test_no_sound_is_warned_about_and_undefined() -> None:
    with pytest.warns(UserWarning, match="empty"):
        scored = evaluate(np.zeros(0, np.float32), song(1))
    assert all(math.isnan(measure.score) for measure in scored)


def test_what_is_no_soundtrack_is_refused() -> None:
    with pytest.raises(ValueError, match="mono"):
        Rhythm.of(np.zeros((2, 100), np.float32))
    with pytest.raises(ValueError, match="finite"):
        Rhythm.of(np.full(100, np.nan, np.float32))
    with pytest.raises(ValueError, match="d2mgan, loris, 5hz"):
        evaluate(song(1), song(2), variants=["sota"])
    with pytest.raises(ValueError, match="outside"):
        beats.bin_onsets([7.0], 6.0)
    assert beats.bin_onsets([6.0], 6.0).tolist() == [False] * 5 + [True]
    assert beats.bin_onsets([0.199, 0.21], 1.1, bins_per_s=5).tolist() == [
        True,
        True,
        False,
        False,
        False,
        False,
    ]


# Chance


def test_chance_exposes_a_click_track_and_spares_true_matches() -> None:
    """Sparse hits of a reference met exactly lift far above luck; a click a second lifts nothing."""
    times = np.array([1.5, 4.5, 6.5, 11.5, 15.5, 16.5, 22.5, 27.5])
    reference = clicks(times, 30.0)

    def scored(samples):
        return {m.name: m for m in evaluate(samples, reference, variants=["loris"])}

    ours = scored(clicks(times, 30.0, levels=0.3))
    assert ours["loris_hits"].score == 1.0
    assert ours["loris_hits"].chance.lift > 2.5
    assert ours["loris_hits"].chance.p_value == 0.0
    click = scored(np.roll(chance.metronome(30.0, 60.0), RATE // 2))
    assert click["loris_hits"].score == 1.0
    assert click["loris_hits"].chance.lift == pytest.approx(1.0, abs=0.05)
    assert click["loris_hits"].chance.p_value > 0.5


def test_moving_both_by_whole_bins_changes_nothing() -> None:
    ours, theirs = clicks([1.2, 3.4, 5.6], 9.0), clicks([1.3, 4.4, 5.1], 9.0)
    later = [np.concatenate([np.zeros(2 * RATE, np.float32), samples]) for samples in (ours, theirs)]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        here = evaluate(ours, theirs, shifts=0)
        moved = evaluate(*later, shifts=0)
    assert [m.score for m in here] == [m.score for m in moved]
