"""Controls of any length → latents and sound, window by window, as if all had been written at once.

What a convolution writes depends on a bounded stretch around it. So a window is computed with that much more
on either side, which is then dropped: what is left is the same number for number however the piece is cut,
and there is nothing to be joined or faded. Noise is drawn for places in time, not for windows. Every window
is told of the same plan, so key, tempo and texture hold. Memory is that of one window.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from generators.vqgan.controls import Controls
from generators.vqgan.model import Generator

if TYPE_CHECKING:
    from generators.vqgan.codec import Codec

WINDOW_S = 6.0
NOISE_BLOCK = 256  # frames whose noise is drawn together


def noise_between(start: int, end: int, channels: int, seed: int) -> Tensor:
    """float32 `[1, channels, end − start]`: the same at a frame whatever is asked for around it."""
    first = start // NOISE_BLOCK
    blocks = []
    for block in range(first, -(-end // NOISE_BLOCK)):
        rng = np.random.default_rng([seed, block + 2**20])
        blocks.append(rng.standard_normal((channels, NOISE_BLOCK)).astype(np.float32))
    drawn = np.concatenate(blocks, 1)[:, start - first * NOISE_BLOCK :][:, : end - start]
    return torch.from_numpy(drawn[None])


def spans(frames: int, window: int) -> Iterator[tuple[int, int]]:
    """(start, end) of windows that lie end to end."""
    for start in range(0, frames, window):
        yield start, min(start + window, frames)


@torch.no_grad()
def write_latents(
    generator: Generator,
    controls: Controls,
    *,
    seed: int = 0,
    window: int,
    progress: Callable[[float], None] | None = None,
) -> Tensor:
    """float32 `[1, latent, frames]`; `window` frames at a time."""
    reach, channels = generator.config.reach, generator.config.noise
    written = []
    for start, end in spans(controls.frames, window):
        around = (start - reach, end + reach)
        latents = generator(controls.between(*around), noise_between(*around, channels, seed))
        written.append(latents[..., reach:-reach])
        if progress is not None:
            progress(end / controls.frames)
    return torch.cat(written, -1)


@torch.no_grad()
def play_codes(
    codec: Codec,
    codes: Tensor,
    *,
    window: int,
    progress: Callable[[float], None] | None = None,
) -> NDArray[np.float32]:
    """Codes `[1, books, frames]` → float32 `[frames · hop]`, `window` frames at a time."""
    frames, hop, reach = codes.shape[-1], codec.hop, codec.reach
    played = []
    for start, end in spans(frames, window):
        low, high = max(start - reach, 0), min(end + reach, frames)
        sound = codec.decode(codes[..., low:high], first=low)[0, : (high - low) * hop]
        played.append(sound[(start - low) * hop : (end - low) * hop].numpy())
        if progress is not None:
            progress(end / frames)
    return np.concatenate(played)
