"""Who judges the codec's sound in training: spectrograms at two scales, the waveform at three periods.

Complex spectrograms keep the phase in sight (Défossez et al. 2023); folding the samples by prime periods
shows what repeats (Kong et al. 2020). Both are narrow: they are asked at every step, on a CPU as well.
"""

from __future__ import annotations

import torch
from einops import rearrange
from torch import Tensor, nn
from torch.nn.utils.parametrizations import weight_norm

WINDOWS = (1024, 512)
PERIODS = (2, 3, 5)
Judged = tuple[Tensor, list[Tensor]]
LEAK = 0.1


class CodecCritics(nn.Module):
    """All of them; each gives (judgement, feelings)."""

    def __init__(self, width: int = 8) -> None:
        super().__init__()
        self.spectral = nn.ModuleList(_Spectral(window, width) for window in WINDOWS)
        self.periodic = nn.ModuleList(_Periodic(period, width) for period in PERIODS)

    def forward(self, wave: Tensor) -> list[Judged]:
        """Of float32 `[batch, samples]`."""
        return [critic(wave) for critics in (self.spectral, self.periodic) for critic in critics]


class _Layers(nn.Module):
    """2-D convolutions, what each of them feels, and a judgement at the end."""

    def __init__(self, layers: list[nn.Conv2d], last: nn.Conv2d) -> None:
        super().__init__()
        self.layers = nn.ModuleList(weight_norm(layer) for layer in layers)
        self.last = weight_norm(last)

    def forward(self, x: Tensor) -> Judged:
        felt = []
        for layer in self.layers:
            x = nn.functional.leaky_relu(layer(x), LEAK)
            felt.append(x)
        return self.last(x), felt


class _Spectral(nn.Module):
    """Of the complex spectrogram, compressed by a root; frequencies are halved layer by layer."""

    window: Tensor

    def __init__(self, size: int, width: int) -> None:
        super().__init__()
        self.size = size
        self.register_buffer("window", torch.hann_window(size), persistent=False)
        first = nn.Conv2d(2, width, (7, 3), (2, 1), (3, 1))
        more = [
            nn.Conv2d(width, width, (7, 3), (2, 1), (3, dilation), dilation=(1, dilation))
            for dilation in (1, 2)
        ]
        self.layers = _Layers([first, *more], nn.Conv2d(width, 1, 3, padding=1))

    def forward(self, wave: Tensor) -> Judged:
        complexes = torch.stft(wave, self.size, self.size // 4, window=self.window, return_complex=True)
        both = torch.view_as_real(complexes) / self.window.sum().sqrt()
        loud = (both.square().sum(-1, keepdim=True) + 1e-6).sqrt()
        judged: Judged = self.layers(rearrange(both / loud.sqrt(), "b f t c -> b c f t"))
        return judged


class _Periodic(nn.Module):
    """Of the samples folded by a period."""

    def __init__(self, period: int, width: int) -> None:
        super().__init__()
        self.period = period
        sizes = (1, width, 2 * width, 4 * width, 4 * width)
        layers = [nn.Conv2d(sizes[i], sizes[i + 1], (5, 1), (3, 1), (2, 0)) for i in range(4)]
        self.layers = _Layers(layers, nn.Conv2d(sizes[-1], 1, (3, 1), padding=(1, 0)))

    def forward(self, wave: Tensor) -> Judged:
        whole = wave.shape[-1] - wave.shape[-1] % self.period
        judged: Judged = self.layers(rearrange(wave[:, :whole], "b (t p) -> b 1 t p", p=self.period))
        return judged
