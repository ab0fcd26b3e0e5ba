"""What sound tells of the music's make, of sound whose make is known."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests.v2m.alignment.sounds import RATE, clicks, tone
from v2m.alignment import music_sound
from v2m.alignment.chance import silence, white_noise


def values(measures: tuple[music_sound.Measure, ...]) -> dict[str, float]:
    return {m.name.removeprefix("audio_"): m.score for m in measures}


def test_names_and_verdicts_keep_sound_apart_from_scores() -> None:
    measures = music_sound.evaluate(white_noise(26.0), downbeats_s=np.arange(0, 26, 2.0))
    for m in measures:
        assert m.name.startswith("audio_")
        assert m.better == "none"
        assert "no human corpus" in m.note
    assert {m.task for m in measures} == {"music"}


def test_entropy_rises_from_one_pitch_to_a_chord_to_noise() -> None:
    one, chord = tone([57], 12.0, harmonics=1), tone([57, 60, 64, 67, 71], 12.0, harmonics=1)
    found = [values(music_sound.evaluate(x))["chroma_entropy_2s"] for x in (one, chord, white_noise(12.0))]
    assert found[0] < found[1] - 0.5 < found[2] - 1
    assert found[2] == pytest.approx(math.log2(12), abs=0.1)


def test_a_tune_that_returns_has_form_and_one_that_does_not_has_less() -> None:
    rng = np.random.default_rng(0)

    def melody(seed: int) -> np.ndarray:
        pitches = np.random.default_rng(seed).integers(55, 79, 20)
        return np.concatenate([tone([p], 0.5) for p in pitches])

    parts = {seed: melody(seed) for seed in range(5)}
    returning = np.concatenate([parts[0], parts[1], parts[0], parts[2], parts[0]])
    wandering = np.concatenate([parts[k] for k in rng.permutation(5)])
    found = [values(music_sound.evaluate(x))["si_mid"] for x in (returning, wandering)]
    assert found[0] > found[1] + 0.15


def test_a_groove_that_stays_correlates_and_one_that_is_drawn_anew_does_not() -> None:
    bars = np.arange(0, 24.1, 2.0)
    pattern = np.array([0.0, 0.375, 0.75, 1.0, 1.5])
    steady = np.concatenate([b + pattern for b in bars[:-1]])
    rng = np.random.default_rng(1)
    drawn = np.concatenate([b + np.sort(rng.choice(16, 5, replace=False)) / 8 for b in bars[:-1]])
    found = [
        values(music_sound.evaluate(clicks(t, 24.0), downbeats_s=bars))["groove_correlation"]
        for t in (steady, drawn)
    ]
    assert found[0] > 0.9
    assert found[1] < 0.4


def test_silence_short_sound_and_missing_bars_are_undefined_and_say_why() -> None:
    still = music_sound.evaluate(silence(10.0), downbeats_s=np.arange(0, 10, 2.0))
    assert all(not m.defined and m.note for m in still)
    brief = {m.name: m for m in music_sound.evaluate(tone([60], 1.0))}
    assert not brief["audio_si_short"].defined
    assert "no two bars" in brief["audio_groove_correlation"].note
    with pytest.raises(ValueError, match="mono"):
        music_sound.evaluate(np.zeros((2, RATE), np.float32))
    with pytest.raises(ValueError, match="increase"):
        music_sound.evaluate(silence(4.0), downbeats_s=[2.0, 1.0, 3.0])
