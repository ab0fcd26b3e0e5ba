"""Distances of sounds: nothing for the same, known numbers for known differences."""

from __future__ import annotations

import pytest
import torch

from generators.vqgan.mel import SCALES, log_error, mel_distance, si_sdr

RATE = 22050


def noise(seed: int = 0) -> torch.Tensor:
    return 0.1 * torch.randn(2, RATE // 2, generator=torch.Generator().manual_seed(seed))


def test_the_same_is_no_distance_away() -> None:
    assert float(mel_distance(noise(), noise(), RATE)) == 0
    assert float(si_sdr(noise(), noise()).min()) > 80


def test_twenty_decibels_are_one() -> None:
    assert float(mel_distance(noise(), 10 * noise(), RATE)) == pytest.approx(1.0, abs=0.01)


def test_scale_does_not_count_where_it_should_not() -> None:
    other = noise() + 0.1 * noise(1)
    assert torch.allclose(si_sdr(other, noise()), si_sdr(3 * other, noise()), atol=1e-3)
    assert float(si_sdr(other, noise()).mean()) == pytest.approx(20, abs=0.3)


def test_error_beside_the_whole() -> None:
    assert float(log_error(noise() + 0.1 * noise(1), noise()).mean()) == pytest.approx(-2, abs=0.03)
    silence = torch.zeros(1, 1000)
    assert float(log_error(silence, silence)) == 0


def test_silence_has_a_gradient() -> None:
    wave = torch.zeros(1, RATE // 4, requires_grad=True)
    mel_distance(wave, noise()[:1, : RATE // 4], RATE).backward()
    assert torch.isfinite(wave.grad).all()


@pytest.mark.parametrize("scale", SCALES)
def test_each_scale_hears_a_missing_band(scale: tuple[int, int]) -> None:
    spectrum = torch.fft.rfft(noise())
    spectrum[:, spectrum.shape[1] // 2 :] = 0
    dull = torch.fft.irfft(spectrum, noise().shape[1])
    assert float(mel_distance(dull, noise(), RATE, (scale,))) > 0.2
