"""The onset detector: librosa's own onsets, empty, invalid, and where attacks are known."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from v2m.alignment.audio import read_sound
from v2m.alignment.onsets import (
    HOP_SAMPLES,
    SAMPLE_RATE,
    Picking,
    detect_onsets,
    mel_decibels,
    onset_envelope,
)

D2MGAN = Picking(wait=1, delta=0.2, pre_avg=1, post_avg=1, post_max=1)
LORIS = Picking(wait=1, delta=0.2, pre_avg=3, post_avg=3, pre_max=3, post_max=3)


def band(seed: int, duration_s: float = 4.0) -> NDArray[np.float32]:
    """Decaying tones and bursts of noise at random instants and levels, over a drone and hiss."""
    rng = np.random.default_rng(seed)
    count = round(duration_s * SAMPLE_RATE)
    at = np.arange(count) / SAMPLE_RATE
    sound = 0.05 * np.sin(2 * np.pi * 110.0 * at) + rng.normal(0, 0.002, count)
    for onset_s in np.sort(rng.uniform(0, duration_s, 14)):
        since = at - onset_s
        envelope = np.where(since >= 0, np.exp(-np.maximum(since, 0) / rng.uniform(0.03, 0.4)), 0.0)
        tone = np.sin(2 * np.pi * rng.uniform(80, 2000) * since)
        sound += rng.uniform(0.02, 0.5) * envelope * (tone if rng.random() < 0.6 else rng.normal(0, 1, count))
    return (0.5 * sound).astype(np.float32)


# Frames of 512 samples, as librosa 0.11.0's onset_detect gives them: with its defaults, as D2M-GAN
# asks for them, and as LORIS does.
GOLDEN = {
    0: ((3, 11, 15, 21, 40, 83, 171), (15, 171), (11, 16, 84, 171)),
    1: ((7, 37, 77, 84, 89, 97, 144, 171), (7, 37, 84, 89, 171), (7, 37, 77, 84, 89, 172)),
    2: ((25, 58, 81, 97, 118, 121, 140), (58,), (25, 58, 81, 118, 141)),
    3: ((13, 18, 32, 55, 65, 88, 95, 111, 136), (18, 111), (19, 33, 55, 88, 111)),
}


@pytest.mark.parametrize("seed", GOLDEN)
def test_onsets_are_those_that_librosa_finds(seed: int) -> None:
    for picking, frames in zip((None, D2MGAN, LORIS), GOLDEN[seed], strict=True):
        found = detect_onsets(band(seed), picking=picking) * SAMPLE_RATE / HOP_SAMPLES
        assert np.rint(found).astype(int).tolist() == list(frames)


@pytest.mark.skipif("V2M_DATA" not in os.environ, reason="no data folder (set V2M_DATA)")
def test_onsets_of_recordings_are_those_that_librosa_finds() -> None:
    """librosa compiles its detector when it is first run, so it runs only where the recordings are."""
    import librosa

    data = Path(os.environ["V2M_DATA"])
    recordings = sorted((data / "audio").glob("*.ogg")) + sorted(data.glob("beats_scores/*/*.wav"))
    assert recordings
    for path in recordings:
        samples = read_sound(path)[: 40 * SAMPLE_RATE]
        envelope = librosa.onset.onset_strength(y=samples, sr=SAMPLE_RATE)
        assert np.abs(onset_envelope(samples) - envelope).max() < 1e-4
        for picking in (Picking(), D2MGAN, LORIS):
            theirs = librosa.onset.onset_detect(y=samples, sr=SAMPLE_RATE, units="time", **vars(picking))
            assert detect_onsets(samples, picking=picking).tolist() == theirs.tolist()


def test_attacks_are_found_within_a_frame_and_a_half() -> None:
    attacks_s = np.array([0.4, 0.9, 1.15, 2.0, 2.7, 3.33])
    samples = np.zeros(4 * SAMPLE_RATE, np.float32)
    for attack_s in attacks_s:
        first = round(attack_s * SAMPLE_RATE)
        samples[first : first + 800] += np.exp(-np.arange(800) / 100) * np.sin(np.arange(800) * 0.3)
    found = detect_onsets(samples)
    assert len(found) == len(attacks_s)
    assert np.abs(found - attacks_s).max() < 0.035


@pytest.mark.parametrize("count", [0, 1, 400, 5000])
def test_silence_of_any_length_has_no_onset(count: int) -> None:
    assert detect_onsets(np.zeros(count, np.float32)).size == 0


@pytest.mark.parametrize("count", [1, 100, 511, 512, 2047, 2048, 10_000])
def test_every_hop_of_the_sound_has_a_frame(count: int) -> None:
    samples = np.random.default_rng(1).normal(0, 0.1, count).astype(np.float32)
    assert len(onset_envelope(samples)) == 1 + count // HOP_SAMPLES
    assert mel_decibels(samples).shape == (1 + count // HOP_SAMPLES, 128)


def test_louder_is_not_more_onsets() -> None:
    """Decibels, cut 80 below the loudest: a gain changes nothing."""
    assert detect_onsets(band(3)).tolist() == detect_onsets(band(3) * np.float32(0.1)).tolist()


def test_what_is_no_mono_sound_is_refused() -> None:
    for bad in (np.zeros((2, 100), np.float32), np.array([0.0, np.nan], np.float32)):
        with pytest.raises(ValueError, match="mono"):
            detect_onsets(bad)


@pytest.mark.parametrize(
    "settings", [{"wait": -1}, {"delta": -0.1}, {"pre_max": -1}, {"post_max": 0}, {"post_avg": 0}]
)
def test_impossible_picking_is_refused(settings: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="must"):
        Picking(**settings)
