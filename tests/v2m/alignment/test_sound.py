"""Loudness, true peak and range against independent meters; silence, clipping, offset and length by fact."""

from __future__ import annotations

import math
import re
import subprocess
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import pyloudnorm
import pytest
import soundfile

from v2m.alignment import sound
from v2m.alignment.levels import LevelMeter, levels_of

RATE = 44_100


def swelling(seconds: float = 14.0, rate: int = RATE, channels: int = 2) -> np.ndarray:
    """Coloured noise that swells and fades, other on each side, `[channels, samples]`."""
    rng = np.random.default_rng(8)
    noise = rng.standard_normal((channels, round(seconds * rate)))
    noise = noise + np.roll(noise, 1, axis=1)
    at = np.arange(noise.shape[1]) / rate
    swell = 10 ** ((-30 + 12 * np.sin(2 * np.pi * at / 9)) / 20)
    return (noise * swell * np.linspace(1, 0.4, channels)[:, None]).astype(np.float32)


def scores(samples: np.ndarray, rate: int = RATE, **given) -> dict[str, float]:
    measures = sound.evaluate(levels_of(samples, rate), **given)
    assert {m.task for m in measures} == {"sound"}
    assert all(m.chance is None and m.note for m in measures)
    return {m.name: m.score for m in measures}


@pytest.mark.parametrize(("channels", "rate"), [(1, 48_000), (2, 44_100), (2, 22_050), (5, 48_000)])
def test_loudness_agrees_with_pyloudnorm(channels: int, rate: int) -> None:
    samples = swelling(6.0, rate, channels)
    expected = pyloudnorm.Meter(rate).integrated_loudness(samples.T.astype(np.float64))
    assert scores(samples, rate)["lufs"] == pytest.approx(expected, abs=0.1)


def test_loudness_range_and_peak_agree_with_ffmpeg(tmp_path: Path) -> None:
    samples = swelling(20.0)
    path = tmp_path / "swelling.wav"
    soundfile.write(path, samples.T, RATE, subtype="FLOAT")
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-nostats", "-i", str(path)]
    command += ["-af", "ebur128=peak=true", "-f", "null", "-"]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stderr
    told = told[told.rindex("Summary") :]

    def number(name: str) -> float:
        found = re.search(rf"{name}:\s+(\S+)", told)
        assert found
        return float(found[1])

    found = scores(samples)
    assert found["lufs"] == pytest.approx(number("I"), abs=0.1)
    assert found["loudness_range"] == pytest.approx(number("LRA"), abs=0.15)
    assert found["loudness_range"] > 10
    assert found["true_peak"] == pytest.approx(number("Peak"), abs=0.2)


def test_loudness_range_by_fact() -> None:
    """EBU Tech 3342's first two minimum requirements: 1 kHz at −20 then −30 dBFS is 10 LU; −20, −15: 5 LU."""
    at = np.arange(20 * 48_000) / 48_000
    tone = np.sin(2 * np.pi * 1000 * at)
    for levels, expected in (((-20, -30), 10.0), ((-20, -15), 5.0)):
        both = np.concatenate([tone * 10 ** (level / 20) for level in levels])
        samples = np.stack([both, both]).astype(np.float32)
        assert scores(samples, 48_000)["loudness_range"] == pytest.approx(expected, abs=1.0)


def test_true_peak_finds_what_lies_between_samples() -> None:
    at = np.arange(48_000)
    wave = 0.5 * np.sin(np.pi / 2 * at + np.pi / 4) * np.hanning(48_000)
    assert np.abs(wave).max() < 0.36
    found = scores(np.stack([wave, 0 * wave]).astype(np.float32), 48_000)
    assert found["true_peak"] == pytest.approx(-6.02, abs=0.1)


def test_silence_is_a_share_of_windows_and_has_no_loudness() -> None:
    samples = np.zeros((2, 4 * RATE), np.float32)
    nothing = sound.evaluate(levels_of(samples, RATE))
    undefined = {m.name for m in nothing if math.isnan(m.score)}
    assert undefined == {"lufs", "true_peak", "loudness_range"}
    found = {m.name: m.score for m in nothing if m.defined}
    assert found == {"silence_share": 1.0, "clipped": 0.0, "dc_offset": 0.0}
    # One second of four sounds on one side; −66 dBFS does not count as sound, −54 does.
    samples[1, RATE : 2 * RATE] = 0.1
    assert scores(samples)["silence_share"] == pytest.approx(0.75)
    samples[0] = 10 ** (-66 / 20)
    assert scores(samples)["silence_share"] == pytest.approx(0.75)
    samples[0] = 10 ** (-54 / 20)
    assert scores(samples)["silence_share"] == 0.0
    empty = {m.name: m.score for m in sound.evaluate(levels_of(np.zeros((1, 0), np.float32), RATE))}
    assert math.isnan(empty["lufs"])
    assert math.isnan(empty["silence_share"])


def test_clipping_is_runs_at_full_scale() -> None:
    wave = np.zeros((2, 1000), np.float32)
    wave[0, 10:12] = 1.0  # two in a row may be a peak
    wave[0, 50:55] = 1.0
    wave[1, 997:] = -1.0
    found = levels_of(wave, RATE)
    assert (found.clipped_samples, found.clipped_runs) == (8, 2)
    assert scores(wave)["clipped"] == 8 / 2000
    loud = np.clip(1.5 * np.sin(2 * np.pi * 100 * np.arange(RATE) / RATE), -1, 1).astype(np.float32)
    measure = next(m for m in sound.evaluate(levels_of(loud[None], RATE)) if m.name == "clipped")
    assert measure.details["runs"] == 200
    # arccos(1 / 1.5) · 2 / π of each half wave is beyond full scale.
    assert measure.score == pytest.approx(1 - 2 / np.pi * np.arcsin(1 / 1.5), abs=0.01)
    # The ends of a 16-bit range are full scale: 32767 and −32768.
    sixteen = np.array([[32767] * 4 + [0] + [-32768] * 4 + [32766] * 4], np.float32) / 32768
    assert levels_of(sixteen, RATE).clipped_runs == 2


def test_blocks_of_any_length_come_to_the_same() -> None:
    """Also where a run at full scale, or a window of silence, goes on from one block into the next."""
    rng = np.random.default_rng(1)
    samples = np.clip(swelling(2.0) * 25, -1, 1)
    samples[:, RATE // 2 : 3 * RATE // 2] = 0
    samples[1, 500:1500] = 1.0
    whole = levels_of(samples, RATE)
    assert whole.clipped_runs > 9
    assert 9 <= whole.silent_windows <= 10
    meter = LevelMeter(2, RATE)
    edges = np.sort(rng.integers(0, samples.shape[1], 40))
    for block in np.split(samples, [0, 502, 503, 503, *edges[edges > 503]], axis=1):
        meter.add(block)
    pieces = meter.close()
    assert pieces.energies == pytest.approx(whole.energies, rel=1e-3, abs=1e-6)
    assert pieces.peak == pytest.approx(whole.peak, abs=1e-6)
    assert pieces.offset == pytest.approx(whole.offset)
    for name in ("samples", "windows", "silent_windows", "clipped_samples", "clipped_runs"):
        assert getattr(pieces, name) == getattr(whole, name), name


def test_offset_and_length() -> None:
    samples = swelling(5.0) * 0.1
    samples[1] += 0.02
    found = scores(samples, picture_s=4.9, frame_s=0.04)
    assert found["dc_offset"] == pytest.approx(0.02, abs=0.002)
    assert found["length_difference"] == pytest.approx(0.1)
    assert found["length_difference_frames"] == pytest.approx(2.5)
    assert "length_difference_frames" not in scores(samples, picture_s=4.9)


def test_surround_counts_as_the_recommendation_says() -> None:
    """The low-frequency channel is left out; a surround channel is 1.5 dB louder."""
    noise = swelling(3.0, 48_000, 1)[0]
    six = np.zeros((6, len(noise)), np.float32)
    alone = {}
    for channel in range(6):
        samples = six.copy()
        samples[channel] = noise
        alone[channel] = scores(samples, 48_000)["lufs"]
    assert math.isnan(alone[3])
    assert alone[0] == pytest.approx(scores(noise[None], 48_000)["lufs"], abs=1e-3)
    assert alone[4] - alone[0] == pytest.approx(10 * math.log10(1.41), abs=0.01)
    with_all = scores(np.stack([noise] * 6), 48_000)
    assert with_all["lufs"] - alone[0] == pytest.approx(10 * math.log10(3 + 2 * 1.41), abs=0.01)


def test_what_is_no_soundtrack_is_refused() -> None:
    for bad, words in (
        (np.zeros(9, np.float32), "channels, samples"),
        (np.zeros((0, 9), np.float32), "channels, samples"),
        (np.full((2, 9), np.nan, np.float32), "finite"),
    ):
        with pytest.raises(ValueError, match=words):
            levels_of(bad, RATE)
    with pytest.raises(ValueError, match="Hz"):
        levels_of(np.zeros((2, 9), np.float32), 0)
    good = levels_of(np.zeros((2, 9), np.float32), RATE)
    with pytest.raises(ValueError, match="picture"):
        sound.evaluate(good, picture_s=0.0)
    with pytest.raises(ValueError, match="frame"):
        sound.evaluate(good, picture_s=1.0, frame_s=0.0)
