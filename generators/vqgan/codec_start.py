"""Where the codec's learning begins: at the best codec that needs none.

A network that starts from noise spends its first thousands of steps on finding what has long been known: that
a transform's strongest components are worth the most (Karhunen–Loève), and that a noise is told by its
levels. Here the first and last layers are set to that. Some latents are components of the levels, the others
of the lapped numbers; the decoder's last layer is the way back; the books are k-means of the latents. The
blocks between begin as nearly nothing, and learn to do better.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from generators.vqgan.codec import Codec

FOR_LEVELS = 16  # latents that begin as components of the levels
LEVELS_WEIGHT = 0.5  # of a level (20 dB) beside a compressed lapped number, in what the books tell apart
FAINT = 0.1  # of the layers' random beginnings that stays where nothing is set
KNOWN_TOLD = -1.5  # hiss (in units of 20 dB) where the lapped numbers are told already


@torch.no_grad()
def start(codec: Codec, wave: Tensor, frames_a_step: int) -> None:
    """Set a codec to its beginning.

    Args:
        codec: as it was made.
        wave: float32 `[n, samples]`, windows of music, of several thousand frames in all.
        frames_a_step: how many frames each step of the training will have.
    """
    config = codec.config
    features = codec.features(wave)
    frames = features.transpose(1, 2).flatten(0, 1)
    rows, levels = frames[:, : config.hop], frames[:, config.hop :]
    of_levels = min(FOR_LEVELS, config.latent // 2, config.levels)
    of_rows = min(config.latent, config.width) - of_levels
    row_basis, level_basis = _components(rows, of_rows), _components(levels, of_levels)
    middle = levels.mean(0)
    (first, last), (into, back) = _ends(codec.encoder), _ends(codec.decoder)
    for weight, bias in (first, last, into, back):
        weight *= FAINT
        bias.zero_()
    used = of_rows + of_levels
    first.weight[:used] = 0
    into.weight[:used] = 0
    first.weight[:of_rows, : config.hop, 1] = row_basis.T
    first.weight[of_rows:used, config.hop :, 1] = LEVELS_WEIGHT * level_basis.T
    first.bias[of_rows:used] = -LEVELS_WEIGHT * middle @ level_basis
    last.weight[:used, :used, 0] = torch.eye(used, device=wave.device)
    into.weight[:used, :used, 1] = torch.eye(used, device=wave.device)
    back.weight[:, :used] = 0
    back.weight[: config.hop, :of_rows, 0] = row_basis
    back.weight[config.hop :, of_rows:used, 0] = level_basis / LEVELS_WEIGHT
    told = row_basis.square().sum(1).reshape(-1)  # how much of each lapped number the latents hold
    per_band = nn.functional.interpolate(told[None, None], codec.short.size, mode="area")[0, 0]
    share = (codec.bank / codec.bank.sum(0)).T @ per_band
    back.bias[config.hop :] = middle + KNOWN_TOLD * share.repeat_interleave(config.instants)
    codec.quantiser.start(codec.latents(wave).transpose(1, 2).flatten(0, 1), frames_a_step / config.size)


class _Layer(NamedTuple):
    weight: Tensor
    bias: Tensor


def _ends(layers: nn.Sequential) -> tuple[_Layer, _Layer]:
    """The first and the last layer's parameters."""
    found = []
    for layer in (layers[0], layers[-1]):
        assert isinstance(layer, nn.Conv1d)
        assert layer.bias is not None
        found.append(_Layer(layer.weight, layer.bias))
    return found[0], found[1]


def _components(x: Tensor, count: int) -> Tensor:
    """The strongest principal components of `[n, d]`, as columns `[d, count]`."""
    centred = (x - x.mean(0)).double()
    _, vectors = torch.linalg.eigh(centred.T @ centred)
    strongest: Tensor = vectors[:, -count:].flip(1).float()
    return strongest
