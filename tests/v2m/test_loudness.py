"""Loudness and true peak against facts and an independent meter; the limiter against both."""

import numpy as np
import pyloudnorm
import pytest

from v2m import limiter
from v2m.loudness import Meter, integrated_lufs


def measured(sound: np.ndarray, rate: int = 48000, step: int | None = None) -> Meter:
    meter = Meter(rate)
    for first in range(0, sound.shape[1], step or sound.shape[1]):
        meter.add(sound[:, first : first + (step or sound.shape[1])].astype(np.float32))
    meter.close()
    return meter


def sine(hz: float, level: float, seconds: float, rate: int = 48000, phase: float = 0.0) -> np.ndarray:
    wave = level * np.sin(2 * np.pi * hz * np.arange(int(seconds * rate)) / rate + phase)
    return np.stack([wave, wave])


def bursts(rate: int, seconds: float = 12.0) -> np.ndarray:
    """Coloured noise, loud and soft in turn, different on both sides."""
    rng = np.random.default_rng(3)
    noise = rng.standard_normal((2, int(seconds * rate)))
    noise = noise + np.roll(noise, 1, axis=1) + np.roll(noise, 2, axis=1)
    times = np.arange(noise.shape[1]) / rate
    return noise * 0.05 * np.where(times % 4 < 2, 1.0, 0.02) * np.array([[1.0], [0.5]])


def test_a_full_scale_sine_on_one_side_reads_minus_3():
    # ITU-R BS.1770-4: 0 dBFS at 997 Hz in one front channel is −3.01 LKFS.
    sound = sine(997, 1.0, 4)
    sound[1] = 0
    assert measured(sound).lufs == pytest.approx(-3.01, abs=0.02)


@pytest.mark.parametrize("rate", [44100, 48000])
def test_agrees_with_pyloudnorm(rate):
    sound = bursts(rate)
    # pyloudnorm normalises the high-pass, which the recommendation doesn't: it reads 0.043 lower.
    expected = pyloudnorm.Meter(rate).integrated_loudness(sound.T) + 0.043
    assert measured(sound, rate).lufs == pytest.approx(expected, abs=0.01)


def test_blocks_of_any_length_measure_alike():
    sound = bursts(48000, 5)
    at_once, in_blocks = measured(sound), measured(sound, step=7777)
    assert in_blocks.lufs == pytest.approx(at_once.lufs, abs=1e-4)
    assert in_blocks.true_peak_dbtp == pytest.approx(at_once.true_peak_dbtp, abs=1e-4)


def test_silence_and_shorter_than_a_gating_block():
    assert measured(np.zeros((2, 48000))).lufs == -np.inf
    assert measured(np.zeros((2, 48000))).true_peak_dbtp == -np.inf
    assert measured(sine(997, 1.0, 0.2)).lufs == pytest.approx(0.0, abs=0.1)
    assert Meter(48000).lufs == -np.inf


def test_true_peak_finds_what_lies_between_samples():
    # A quarter of the rate at 45°: samples at ±0.707, the wave at ±1.
    sound = sine(12000, 1.0, 1, phase=np.pi / 4) * np.hanning(48000)
    assert np.abs(sound).max() < 0.708
    assert measured(sound).true_peak_dbtp == pytest.approx(0.0, abs=0.1)


@pytest.mark.parametrize("hz", [100, 3000, 7919, 13000, 17500])
def test_true_peak_of_a_sine_is_its_level(hz):
    assert measured(sine(hz, 0.5, 1) * np.hanning(48000)).true_peak_dbtp == pytest.approx(-6.02, abs=0.25)


def spiky(seconds: float = 10.0) -> np.ndarray:
    """A steady tone under sharp, sparse hits 14 dB above it."""
    sound = sine(220, 0.1, seconds)
    rng = np.random.default_rng(7)
    for at in rng.integers(1000, sound.shape[1] - 1000, 40):
        sound[:, at : at + 200] += np.hanning(200) * rng.uniform(0.3, 0.6) * np.cos(np.arange(200))
    return sound


@pytest.mark.parametrize("lufs", [-23.0, -14.0, -9.0])
def test_the_limiter_reaches_the_loudness_under_the_ceiling(lufs):
    sound = spiky()
    meter = measured(sound)
    mastering = limiter.master(meter.peaks, meter.energies, 48000, lufs, -1.0)
    done = measured(
        np.concatenate(
            [
                limiter.apply(sound[:, first : first + 50000].astype(np.float32), first, mastering, 48000)
                for first in range(0, sound.shape[1], 50000)
            ],
            axis=1,
        )
    )
    assert done.lufs == pytest.approx(lufs, abs=0.1)
    assert done.lufs == pytest.approx(mastering.lufs, abs=0.1)
    assert done.true_peak_dbtp <= -1.0
    assert mastering.reached


def test_the_limiter_leaves_alone_what_is_below_the_ceiling():
    meter = measured(sine(440, 0.1, 3))
    mastering = limiter.master(meter.peaks, meter.energies, 48000, -20.0, -1.0)
    assert (mastering.limit == 1).all()
    assert mastering.deepest_db == 0


def test_the_limiter_acts_before_a_peak_and_lets_go_slowly():
    peaks = np.full(3000, 0.1, np.float32)
    peaks[1500] = 1.0
    gain = limiter.limit_gain(peaks, 0.5, 48000)
    assert gain[1499:1502].max() <= 0.5
    assert (gain[:1480] == 1).all()  # no sooner than 15 ms before
    recovery = np.flatnonzero(gain[1502:] > 0.95)[0] * 32 / 48000
    assert 0.1 < recovery < 0.4
    assert np.abs(np.diff(20 * np.log10(gain))).max() < 2  # no step that clicks


def test_silence_is_not_mastered():
    mastering = limiter.master(np.zeros(3000, np.float32), np.zeros(3000, np.float32), 48000, -14, -1)
    assert mastering.gain == 1
    assert not mastering.reached
    assert integrated_lufs(np.zeros(3000), 48000) == -np.inf
