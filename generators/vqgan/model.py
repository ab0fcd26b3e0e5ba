"""Controls → the codec's latents, by dilated-residual convolutions; and the critics that judge them.

D2M-GAN's design (Zhu et al., ECCV 2022): a stack of dilated-residual 1-D convolutions after MelGAN (Kumar et
al. 2019) writes the latents that a frozen codec quantises and plays, judged by critics at several scales.
What differs: what is written is added to the latents of a rough sketch of the same tones and strokes;
conditions may be missing, style among them; the critics hear the latents together with the
controls, so that music which does not listen is told from music which does; noise is drawn per place in time,
so that a long piece can be written in windows that agree wherever they overlap.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import weight_norm

from generators.vqgan.controls import STYLES, Controls, widths

SLOPE = 0.2
JUDGED = ("onsets", "level", "chroma", "tones")
"""The controls that critics hear beside the latents."""


@dataclass(frozen=True)
class Config:
    """A generator's size; kept beside its weights.

    Attributes:
        hop, latent: of the codec, samples a frame and numbers a frame.
        width: channels.
        dilations: of the blocks of one stack.
        stacks: how many stacks.
        noise: channels of noise, for what the controls leave open.
    """

    hop: int
    latent: int
    width: int = 192
    dilations: tuple[int, ...] = (1, 3, 9)
    stacks: int = 4
    noise: int = 8

    def __post_init__(self) -> None:
        object.__setattr__(self, "dilations", tuple(self.dilations))

    @property
    def reach(self) -> int:
        """How many frames on either side a frame is written from."""
        return 2 + self.stacks * sum(self.dilations) + 1


class Residual(nn.Module):
    """A dilated convolution beside its shortcut, `[B, W, T]` → `[B, W, T]`."""

    def __init__(self, width: int, dilation: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.LeakyReLU(SLOPE),
            weight_norm(nn.Conv1d(width, width, 3, dilation=dilation, padding=dilation)),
            nn.LeakyReLU(SLOPE),
            weight_norm(nn.Conv1d(width, width, 1)),
        )

    def forward(self, x: Tensor) -> Tensor:
        return x + self.body(x)  # type: ignore[no-any-return]


class Generator(nn.Module):
    """Controls and noise → latents.

    Latents are those of the codec less `mean` and over `spread`, so that training begins near them.
    """

    mean: Tensor
    spread: Tensor

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        told = widths(config.hop, config.latent)
        self.told = nn.ModuleDict(
            {name: nn.Conv1d(width, config.width, 5, padding=2) for name, width in told.items()}
        )
        self.silent = nn.ParameterDict(
            {name: nn.Parameter(torch.zeros(width)) for name, width in told.items()}
        )
        self.style = nn.Embedding(len(STYLES), config.width)
        nn.init.normal_(self.style.weight, std=0.1)
        self.noise = nn.Conv1d(config.noise, config.width, 1)
        self.body = nn.Sequential(
            *(Residual(config.width, d) for _ in range(config.stacks) for d in config.dilations)
        )
        self.write = nn.Sequential(nn.LeakyReLU(SLOPE), nn.Conv1d(config.width, config.latent, 3, padding=1))
        # Near the sketch to begin with: what is added is to grow.
        self.kept = nn.Parameter(torch.ones(config.latent))
        last = self.write[-1]
        assert isinstance(last, nn.Conv1d)
        nn.init.normal_(last.weight, std=0.005)
        self.register_buffer("mean", torch.zeros(config.latent))
        self.register_buffer("spread", torch.ones(config.latent))

    def forward(self, controls: Controls, noise: Tensor) -> Tensor:
        """Latents `[B, latent, T]`, scaled back to the codec's.

        Args:
            controls: of T frames.
            noise: `[B, config.noise, T]`, normal.
        """
        x = self.noise(noise) + self.style(controls.style)[..., None]
        values = {**controls.values, "sketch": self.scaled(controls.values["sketch"])}
        for name, layer in self.told.items():
            heard = controls.heard[name][:, None]
            x = x + layer(torch.where(heard, values[name], self.silent[name][:, None]))
        sketch = values["sketch"] * controls.heard["sketch"][:, None]
        written: Tensor = self.write(self.body(x)) + self.kept[:, None] * sketch
        return written * self.spread[:, None] + self.mean[:, None]

    def scaled(self, latents: Tensor) -> Tensor:
        """The codec's latents `[B, latent, T]` as the generator writes them: about 1 in size."""
        return (latents - self.mean[:, None]) / self.spread[:, None]


class Critic(nn.Module):
    """Latents with their controls `[B, C, T]` → judgements at one scale, and what it felt on the way."""

    def __init__(self, channels: int, width: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            [
                weight_norm(nn.Conv1d(channels, width, 7, padding=3)),
                weight_norm(nn.Conv1d(width, width, 9, stride=2, padding=4, groups=4)),
                weight_norm(nn.Conv1d(width, width, 9, stride=2, padding=4, groups=4)),
                weight_norm(nn.Conv1d(width, width, 5, padding=2)),
            ]
        )
        self.judge = weight_norm(nn.Conv1d(width, 1, 3, padding=1))

    def forward(self, x: Tensor) -> tuple[Tensor, list[Tensor]]:
        felt = []
        for layer in self.layers:
            x = nn.functional.leaky_relu(layer(x), SLOPE)
            felt.append(x)
        return self.judge(x), felt


class Critics(nn.Module):
    """Critics of the latents at full, half and quarter rate."""

    def __init__(self, config: Config, width: int = 128, scales: int = 3) -> None:
        super().__init__()
        heard = sum(widths(config.hop, config.latent)[name] for name in JUDGED)
        self.scales = nn.ModuleList(Critic(config.latent + heard, width) for _ in range(scales))

    def forward(self, latents: Tensor, controls: Controls) -> list[tuple[Tensor, list[Tensor]]]:
        """(judgement, feelings) of each scale; `latents` are scaled to about 1."""
        told = [controls.values[name] * controls.heard[name][:, None] for name in JUDGED]
        x = torch.cat([latents, *told], 1)
        judged = []
        for critic in self.scales:
            judged.append(critic(x))
            x = nn.functional.avg_pool1d(x, 4, 2, 1)
        return judged


def critics_loss(
    real: Sequence[tuple[Tensor, list[Tensor]]], made: Sequence[tuple[Tensor, list[Tensor]]]
) -> Tensor:
    """Hinge loss of the critics (Lim & Ye 2017)."""
    relu = nn.functional.relu
    each = [relu(1 - r).mean() + relu(1 + m).mean() for (r, _), (m, _) in zip(real, made, strict=True)]
    return torch.stack(each).mean()


def makers_loss(
    real: Sequence[tuple[Tensor, list[Tensor]]], made: Sequence[tuple[Tensor, list[Tensor]]]
) -> tuple[Tensor, Tensor]:
    """(adversarial, feature matching) loss of what is judged."""
    fooled = torch.stack([-m.mean() for m, _ in made]).mean()
    alike = [
        (a.detach() - b).abs().mean() / a.detach().abs().mean().clamp(min=1e-3)
        for (_, felt), (_, other) in zip(real, made, strict=True)
        for a, b in zip(felt, other, strict=True)
    ]
    return fooled, torch.stack(alike).mean()
