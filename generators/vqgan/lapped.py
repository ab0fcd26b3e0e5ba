"""Sound ↔ the modified discrete cosine transform (Princen, Johnson and Bradley 1987), sine window.

Critically sampled: `size` numbers for every `size` samples, and the way back is exact. A codec on these
frames needs no convolution at the sample rate, which is what makes it small and quick.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn


class Lapped(nn.Module):
    """The transform of one block size, there and back."""

    window: Tensor
    basis: Tensor

    def __init__(self, size: int) -> None:
        super().__init__()
        self.size = size
        at = torch.arange(2 * size, dtype=torch.float64)
        window = torch.sin(math.pi * (at + 0.5) / (2 * size))
        phase = math.pi / size * torch.outer(at + 0.5 + size / 2, torch.arange(size) + 0.5)
        self.register_buffer("window", window.float(), persistent=False)
        self.register_buffer("basis", (math.sqrt(2 / size) * phase.cos()).float(), persistent=False)

    def forward(self, wave: Tensor) -> Tensor:
        """Float32 `[batch, n]` → `[batch, size, ceil(n / size)]`.

        The first and the last half block stand outside what is overlapped, and come back with half a block
        of alias; what is there is padded with silence, which comes back as silence.
        """
        blocks = -(-wave.shape[-1] // self.size)
        half = self.size // 2
        padded = nn.functional.pad(wave, (half, blocks * self.size - wave.shape[-1] + half))
        cut = padded.unfold(-1, 2 * self.size, self.size) * self.window
        return (cut @ self.basis).transpose(-1, -2)

    def inverse(self, blocks: Tensor) -> Tensor:
        """`[batch, size, T]` → float32 `[batch, T · size]`."""
        cut = (blocks.transpose(-1, -2) @ self.basis.T) * self.window
        first, second = cut.chunk(2, -1)
        silence = torch.zeros_like(first[:, :1])
        joined = torch.cat([first, silence], 1) + torch.cat([silence, second], 1)
        half = self.size // 2
        return joined.flatten(1)[:, half:-half]
