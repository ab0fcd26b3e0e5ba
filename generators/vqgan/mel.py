"""How far two sounds are from each other: log-mel spectrograms at several scales, error, SI-SDR."""

from __future__ import annotations

import math
from functools import cache

import torch
from torch import Tensor

SCALES = ((64, 8), (128, 16), (256, 24), (512, 48), (1024, 80), (2048, 128))
"""(window in samples, mel bands); the hop is a quarter of the window."""
FLOOR = 1e-5


def mel_distance(
    one: Tensor, other: Tensor, sample_rate: int, scales: tuple[tuple[int, int], ...] = SCALES
) -> Tensor:
    """Mean absolute difference of log10 mel magnitudes (Kumar et al. 2023), a mean over the scales.

    Args:
        one, other: float32 `[batch, samples]`.
        sample_rate: of both.
        scales: as `SCALES`.

    Returns:
        A number, differentiable; 1 is 20 dB.
    """
    both = torch.cat([one, other])
    apart = []
    for window, bands in scales:
        mels = (
            (_bank(window, bands, sample_rate).to(both) @ spectrogram(both, window)).clamp(min=FLOOR).log10()
        )
        mine, theirs = mels.chunk(2)
        apart.append((mine - theirs).abs().mean())
    return torch.stack(apart).mean()


def spectrogram(wave: Tensor, window: int) -> Tensor:
    """Magnitudes `[batch, window / 2 + 1, time]`; a full-scale sine is about 1."""
    hann = torch.hann_window(window, device=wave.device)
    complexes = torch.stft(wave, window, window // 4, window=hann, return_complex=True)
    # The root's slope has no end at 0.
    return (complexes.real.square() + complexes.imag.square() + 1e-12).sqrt() * (2 / hann.sum())


def si_sdr(estimate: Tensor, target: Tensor) -> Tensor:
    """Scale-invariant signal-to-distortion ratio (Le Roux et al. 2019): `[batch, samples]` → dB `[batch]`."""
    estimate, target = (x - x.mean(-1, keepdim=True) for x in (estimate, target))
    scale = (estimate * target).sum(-1, keepdim=True) / target.square().sum(-1, keepdim=True).clamp(min=1e-9)
    heard = scale * target
    return 10 * torch.log10(
        heard.square().sum(-1).clamp(min=1e-9) / (estimate - heard).square().sum(-1).clamp(min=1e-9)
    )


def log_error(estimate: Tensor, target: Tensor) -> Tensor:
    """log10 of the error's energy beside the target's, `[batch, samples]` → `[batch]`; silence told is 0."""
    error, whole = ((x.square().sum(-1) + 1e-3) for x in (estimate - target, target))
    return (error / whole).log10()


@cache
def _bank(window: int, bands: int, sample_rate: int) -> Tensor:
    """Triangular filters `[bands, window / 2 + 1]`, evenly spaced in mels (O'Shaughnessy 1987), of sum 1."""

    def mel(hz: float) -> float:
        return 2595 * math.log10(1 + hz / 700)

    edges = torch.linspace(mel(0), mel(sample_rate / 2), bands + 2, dtype=torch.float64)
    hz = 700 * (10 ** (edges / 2595) - 1)
    at = torch.linspace(0, sample_rate / 2, window // 2 + 1, dtype=torch.float64)
    rise = (at - hz[:-2, None]) / (hz[1:-1] - hz[:-2])[:, None]
    fall = (hz[2:, None] - at) / (hz[2:] - hz[1:-1])[:, None]
    bank = torch.minimum(rise, fall).clamp(min=0)
    # A band narrower than a bin takes the bin that is nearest to it.
    empty = bank.sum(1) == 0
    bank[empty, (at - hz[1:-1][empty, None]).abs().argmin(1)] = 1.0
    return (bank / bank.sum(1, keepdim=True)).float()
