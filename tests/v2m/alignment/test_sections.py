"""Change points of music: planted ones are found to the tenth of a second, and steady music has none."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from tests.v2m.alignment.sounds import RATE, clicks, tone
from v2m.alignment import sections
from v2m.alignment.spectra import SILENCE_DB, chroma, timbre

MAJOR = [[60, 64, 67], [65, 69, 72], [67, 71, 74], [60, 64, 67]]
FAR_MINOR = [[56, 59, 63], [61, 64, 68], [63, 66, 70], [56, 59, 63]]


def loop(chords, bars: int, *, level: float = 0.06, harmonics: int = 6) -> np.ndarray:
    """A chord a second, over and over."""
    played = [tone(chord, 1.0, level=level, harmonics=harmonics) for chord in chords]
    return np.concatenate([played[k % len(played)] for k in range(bars)])


def test_changes_of_key_of_sound_and_of_loudness_are_found() -> None:
    music = np.concatenate(
        [
            loop(MAJOR, 12),
            loop(FAR_MINOR, 12),  # 12 s: another key
            loop(MAJOR, 12, harmonics=1),  # 24 s: back, and duller
            loop(MAJOR, 12, harmonics=1, level=0.3),  # 36 s: louder
        ]
    )
    assert sections.find_changes(music) == pytest.approx([12.0, 24.0, 36.0], abs=0.1)


@pytest.mark.parametrize(
    "music",
    [
        loop(MAJOR, 32),
        np.zeros(30 * RATE, np.float32),
        (0.1 * np.random.default_rng(0).normal(size=30 * RATE)).astype(np.float32),
        np.tile(clicks([0.0], 0.5), 60),
    ],
    ids=["chords in a loop", "silence", "noise", "metronome"],
)
def test_steady_music_does_not_change(music) -> None:
    assert sections.find_changes(music).size == 0


def test_of_near_changes_the_greater_counts_and_none_at_the_ends() -> None:
    music = np.concatenate(
        [loop(MAJOR, 2, level=0.02), loop(MAJOR, 10), loop(FAR_MINOR, 1), loop(FAR_MINOR, 9, harmonics=1)]
    )
    found = sections.find_changes(music)
    assert found == pytest.approx([12.5], abs=0.6)
    more = sections.find_changes(music, least_novelty=0.01, least_apart_s=0.5)
    assert set(np.round(found, 6)) <= set(np.round(more, 6))
    assert len(more) > len(found)


@pytest.mark.parametrize("seconds", [0.0, 0.1, 0.6, 2.0, 5.0])
def test_short_sounds_are_answered(seconds: float) -> None:
    assert sections.find_changes(np.full(round(seconds * RATE), 0.1, np.float32)).size == 0


def test_later_music_changes_later() -> None:
    music = np.concatenate([loop(MAJOR, 10), loop(FAR_MINOR, 10)])
    (here,) = sections.find_changes(music)
    lead = loop(MAJOR, 4)
    (later,) = sections.find_changes(np.concatenate([lead, music]))
    assert later - here == pytest.approx(4.0, abs=0.05)


def test_novelty_is_the_kernel_over_the_whole_matrix() -> None:
    """The banded sums, against Foote's kernel laid over the full self-similarity matrix."""
    rng = np.random.default_rng(3)
    cells = rng.normal(size=(40, 5)) * 0.4
    half = 6
    fast = sections._checkerboard(cells, half)
    padded = np.pad(cells, ((half, half), (0, 0)), mode="edge")
    matrix = np.exp(-((padded[:, None] - padded[None, :]) ** 2).sum(axis=2))
    at = np.arange(-half, half) + 0.5
    taper = np.exp(-0.5 * (2 * at / half) ** 2)
    kernel = np.outer(np.sign(at) * taper, np.sign(at) * taper) / taper[at > 0].sum() ** 2
    for k in range(len(cells) - 1):
        # Boundary k lies after cell k: cells k − 5 to k before it, k + 1 to k + 6 after.
        block = matrix[k + 1 : k + 1 + 2 * half, k + 1 : k + 1 + 2 * half]
        assert fast[k] == pytest.approx((kernel * block).sum() / 2, abs=1e-9)


@pytest.mark.skipif("V2M_DATA" not in os.environ, reason="V2M_DATA names no folder of reference data")
def test_a_real_recording_changes_now_and_then() -> None:
    import soundfile
    import soxr

    path = next((Path(os.environ["V2M_DATA"]) / "audio").glob("Hungarian_Dance*.ogg"))
    samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    found = sections.find_changes(soxr.resample(samples.mean(axis=1), rate, RATE))
    assert 2 <= len(found) <= 8
    assert np.diff(found).min() >= 3.0


# Spectra


def test_timbre_of_sounds_that_are_known() -> None:
    at = np.arange(2 * RATE) / RATE
    low, high = (0.5 * np.sin(2 * np.pi * hz * at).astype(np.float32) for hz in (200, 4000))
    for samples, hz, bright in ((low, 200, 0.0), (high, 4000, 1.0)):
        found = timbre(samples)
        inside = slice(2, -2)
        assert found.level_db[inside] == pytest.approx(20 * np.log10(0.5 / np.sqrt(2)), abs=0.05)
        assert found.centroid_hz[inside] == pytest.approx(hz, rel=0.15)
        assert found.bright[inside] == pytest.approx(bright, abs=0.01)
        band = found.bands_db[inside].mean(axis=0).argmax()
        edges = np.geomspace(60, 10_000, 25)
        assert edges[band] * 0.95 < hz < edges[band + 1] * 1.05
    silent = timbre(np.zeros(RATE, np.float32))
    assert (silent.level_db == SILENCE_DB).all()
    assert (silent.centroid_hz == 0).all()
    assert timbre(np.zeros(0, np.float32)).times_s.size == 0


def test_chroma_knows_tones_their_bass_and_their_tuning() -> None:
    found = chroma(tone([48, 64, 67], 2.0))
    profile = found.whole[5:-5].mean(axis=0)
    assert set(np.argsort(profile)[-3:]) == {0, 4, 7}
    assert found.bass[5:-5].mean(axis=0).argmax() == 0
    assert found.tuning_semitones == pytest.approx(0.0, abs=0.03)
    sharp = chroma(tone([48.3, 64.3, 67.3], 2.0))
    assert sharp.tuning_semitones == pytest.approx(0.3, abs=0.03)
    assert set(np.argsort(sharp.whole[5:-5].mean(axis=0))[-3:]) == {0, 4, 7}
    assert found.register[5:-5].mean() < chroma(tone([72, 76, 79], 2.0)).register[5:-5].mean() - 10
    silent = chroma(np.zeros(RATE, np.float32))
    assert not silent.whole.any()
    assert np.isnan(silent.register).all()
    assert chroma(np.zeros(0, np.float32)).times_s.size == 0
    with pytest.raises(ValueError, match="mono"):
        chroma(np.zeros((2, 9), np.float32))
