"""The codec: sound ↔ a few codes a frame. Vector-quantised, trained as a GAN (`codec_training`).

An encoder and a decoder of ConvNeXt blocks (Liu et al. 2022) with snake activations (Ziyin et al. 2020) stand
on the frames of a lapped transform instead of on samples (as Vocos, Siuzdak 2024, does on its way back): a
second of music is 43 frames, and a laptop's core encodes and decodes it many times faster than it sounds.
The transform's numbers are compressed by a square root on the way in and out, so that quiet things count.

A few kbit/s tell no more than the envelope of most of what is high or noisy, and a decoder that draws it from
an envelope buzzes. So the decoder gives each frame two things: the numbers that it knows, and how loud a hiss
to add in some bands at some instants of the frame (perceptual noise substitution, Herre and Schulz 1998, here
learnt). Its transform is a shorter one, so that drums stay sharp. `codec_start` says where learning begins.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import torch
from einops import rearrange
from torch import Tensor, nn

import generators
from generators.vqgan.lapped import Lapped
from generators.vqgan.quantise import Quantised, Quantiser
from generators.weights_file import WeightsError, read_tensors, write_tensors

SAMPLE_RATE = 22050
QUIET = 1e-4  # below about this the compression is linear, so that its slope stays finite
SILENT = 1e-4  # no band is heard as quieter: lapped numbers, as all of these
LEVEL = -2.0  # log10 of a usual level, told as 0
LOUDEST = 0.3  # log10 of the loudest hiss: what training has not seen must not burst
HISS_SEED = 0  # what is decoded twice sounds the same twice
HISS_FRAMES = 64  # that are drawn at once
KIND = "codec"
LARGEST_BYTES = 20_000_000
WEIGHTS = Path(generators.__path__[0]) / "weights" / "codec.safetensors"
SHA256 = "a9abb91c1837210b24174cb4d35cdc1fb082578b313262babbefab6bb33983f2"


@dataclass(frozen=True)
class CodecConfig:
    """A codec's size; kept beside its weights.

    Attributes:
        hop: samples a code frame.
        width: channels.
        encoder, decoder: ConvNeXt blocks in each.
        latent: numbers a frame between them.
        books, size: codebooks, codes a book.
        left_out: how often, in training, some of the last books are left out.
        instants, bands: of hiss: how many in a frame, in how many bands each.
    """

    hop: int = 512
    width: int = 256
    encoder: int = 4
    decoder: int = 6
    latent: int = 48
    books: int = 8
    size: int = 1024
    left_out: float = 0.2
    instants: int = 4
    bands: int = 16

    def __post_init__(self) -> None:
        least = min(self.hop, self.width, self.latent, self.books, self.size, self.instants, self.bands - 1)
        if least < 1 or min(self.encoder, self.decoder, self.left_out) < 0 or self.hop % self.instants:
            raise ValueError(f"{self} is out of range")

    @property
    def levels(self) -> int:
        """How many levels of bands a frame has."""
        return self.instants * self.bands


class Heard(NamedTuple):
    """What training listens to.

    Attributes:
        wave: float32 `[batch, samples]`, as it comes back.
        known: the same without the hiss.
        quantised: between the two halves.
    """

    wave: Tensor
    known: Tensor
    quantised: Quantised


class Snake(nn.Module):
    """x + sin²(ax) / a, a learnt for each channel: it bends toward what is periodic."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.rate = nn.Parameter(torch.ones(width))

    def forward(self, x: Tensor) -> Tensor:
        return x + torch.sin(self.rate * x).square() / (self.rate + 1e-6)


class Block(nn.Module):
    """A depthwise convolution in time and a feed-forward layer, beside a shortcut."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.near = nn.Conv1d(width, width, 7, padding=3, groups=width)
        self.norm = nn.LayerNorm(width)
        self.wide, self.act, self.narrow = (
            nn.Linear(width, 3 * width),
            Snake(3 * width),
            nn.Linear(3 * width, width),
        )
        self.scale = nn.Parameter(torch.full((width,), 0.1))

    def forward(self, x: Tensor) -> Tensor:
        inner: Tensor = self.norm(self.near(x).transpose(1, 2))
        inner = self.narrow(self.act(self.wide(inner)))
        return x + (self.scale * inner).transpose(1, 2)


class Codec(nn.Module):
    """See the module. All sound is mono, float32, −1 to 1, at `sample_rate`."""

    sample_rate = SAMPLE_RATE
    bank: Tensor

    def __init__(self, config: CodecConfig = CodecConfig()) -> None:
        super().__init__()
        self.config = config
        self.hop, self.books, self.size, self.latent = config.hop, config.books, config.size, config.latent
        self.lapped, self.short = Lapped(config.hop), Lapped(config.hop // config.instants)
        width, heard = config.width, config.hop + config.levels
        self.encoder = nn.Sequential(
            nn.Conv1d(heard, width, 3, padding=1),
            *(Block(width) for _ in range(config.encoder)),
            nn.Conv1d(width, config.latent, 1),
        )
        self.quantiser = Quantiser(config.latent, config.books, config.size, config.left_out)
        self.decoder = nn.Sequential(
            nn.Conv1d(config.latent, width, 3, padding=1),
            *(Block(width) for _ in range(config.decoder)),
            nn.Conv1d(width, heard, 1),
        )
        self.register_buffer("bank", _bands(config.bands, self.short.size), persistent=False)

    @property
    def bits_per_s(self) -> float:
        """What the codes need."""
        return self.books * (self.size - 1).bit_length() * self.sample_rate / self.hop

    @property
    def reach(self) -> int:
        """How many frames on either side a frame of sound is decoded from."""
        return 2 + 3 * self.config.decoder

    def forward(self, wave: Tensor) -> Heard:
        """There and back, `[batch, samples]`."""
        quantised: Quantised = self.quantiser(self.latents(wave))
        known, hiss = (sound[:, : wave.shape[-1]] for sound in self._sounds(quantised.latents))
        return Heard(known + hiss, known, quantised)

    def latents(self, wave: Tensor) -> Tensor:
        """Float32 `[batch, samples]` → `[batch, latent, frames]`, a frame for every hop begun."""
        features = self.features(wave)
        with self._mixed(wave):
            encoded: Tensor = self.encoder(features)
        return encoded.float()

    def features(self, wave: Tensor) -> Tensor:
        """Compressed lapped numbers, then levels of bands: `[batch, hop + levels, frames]`."""
        wave = nn.functional.pad(wave, (0, -wave.shape[-1] % self.hop))
        power = torch.einsum("sb,nst->nbt", self.bank / self.bank.sum(0), self.short(wave).square())
        levels = (power + SILENT**2).log10() / 2 - LEVEL
        folded = rearrange(levels, "n b (t k) -> n (b k) t", k=self.config.instants)
        return torch.cat([compressed(self.lapped(wave)), folded], 1)

    def play(self, latents: Tensor, first: int = 0) -> Tensor:
        """`[batch, latent, frames]`, from frame `first` of a piece on → float32 `[batch, frames · hop]`."""
        known, hiss = self._sounds(latents, first)
        return known + hiss

    def _sounds(self, latents: Tensor, first: int = 0) -> tuple[Tensor, Tensor]:
        """What is known and what is hissed, float32 `[batch, frames · hop]`."""
        with self._mixed(latents):
            told = self.decoder(latents)
        known, levels = told.float().split([self.hop, self.config.levels], 1)
        levels = rearrange(levels, "n (b k) t -> n b (t k)", k=self.config.instants)
        loud = 10 ** (torch.einsum("sb,nbt->nst", self.bank, levels) + LEVEL).clamp(max=LOUDEST)
        if self.training:
            drawn = torch.randn_like(loud)
        else:
            drawn = _hiss(first, latents.shape[-1], self.config.instants, self.short.size).to(loud)
        return self.lapped.inverse(_expanded(known)), self.short.inverse(loud * drawn)

    def _mixed(self, like: Tensor) -> torch.autocast:
        """Half the precision for the layers, on a GPU in training."""
        return torch.autocast(like.device.type, torch.bfloat16, enabled=self.training and like.is_cuda)

    def codes_of(self, latents: Tensor) -> Tensor:
        """`[batch, latent, frames]` → int64 `[batch, books, frames]`."""
        quantised: Quantised = self.quantiser(latents)
        return quantised.codes

    @torch.no_grad()
    def encode(self, wave: Tensor) -> Tensor:
        """Float32 `[batch, samples]` → int64 `[batch, books, frames]`."""
        return self.codes_of(self.latents(wave))

    @torch.no_grad()
    def decode(self, codes: Tensor, first: int = 0) -> Tensor:
        """Int64 `[batch, books, frames]`, or of the first books only → float32 `[batch, frames · hop]`.

        Args:
            codes: as `encode` gives.
            first: the first frame's place in the whole piece, so that what is decoded part by part agrees.

        Raises:
            ValueError: if there are more books, or other codes, than the codec has.
        """
        if codes.ndim != 3 or not 0 < codes.shape[1] <= self.books:
            raise ValueError(f"codes are {tuple(codes.shape)}, not [batch, up to {self.books}, frames]")
        if codes.numel() and not 0 <= int(codes.min()) <= int(codes.max()) < self.size:
            raise ValueError(f"a code is outside 0 to {self.size - 1}")
        return self.play(self.quantiser.say(codes), first)


def write_codec(path: Path, codec: Codec, about: Mapping[str, Any]) -> str:
    """Write it whole or not at all.

    Args:
        path: the file.
        codec: with its size.
        about: what is told of it, plain data.

    Returns:
        The SHA-256 of the file.

    Raises:
        WeightsError: if it needs more than `LARGEST_BYTES`.
        OSError: if the folder cannot be written to.
    """
    told = {"config": asdict(codec.config), "about": dict(about)}
    return write_tensors(path, codec.state_dict(), KIND, told, LARGEST_BYTES)


def read_codec(path: Path, sha256: str | None = None) -> Codec:
    """Read a codec, ready to be used.

    Raises:
        WeightsError: if it is not there, is not what its hash says, or is another model's.
    """
    tensors, told = read_tensors(path, KIND, sha256)
    try:
        codec = Codec(CodecConfig(**told["config"]))
        codec.load_state_dict(tensors)
    except (KeyError, TypeError, RuntimeError, ValueError) as error:
        raise WeightsError(f"{path} holds no weights of this codec ({str(error).splitlines()[0]})") from None
    return codec.eval()


@cache
def load_codec(path: Path | None = None) -> Codec:
    """The codec that ships with the package, or one of one's own.

    `generators/weights/codec.md` says where the former comes from.

    Raises:
        WeightsError: if the file is damaged or no codec's.
    """
    return read_codec(WEIGHTS, SHA256) if path is None else read_codec(path)


def compressed(rows: Tensor) -> Tensor:
    """Lapped numbers, their roots: the loud are nearer to the quiet."""
    return rows / (rows.abs() + QUIET).sqrt()


def _expanded(rows: Tensor) -> Tensor:
    """Nearly the way back; the decoder learns the rest."""
    loud: Tensor = rows.abs() + QUIET**0.5
    return rows * loud


def _hiss(first: int, frames: int, instants: int, size: int) -> Tensor:
    """`[size, frames · instants]`: each frame's hiss belongs to its place, wherever decoding begins."""
    start, end = first // HISS_FRAMES, (first + frames - 1) // HISS_FRAMES
    drawn = [
        torch.randn(size, HISS_FRAMES * instants, generator=torch.Generator().manual_seed(HISS_SEED + chunk))
        for chunk in range(start, end + 1)
    ]
    skipped = (first - start * HISS_FRAMES) * instants
    return torch.cat(drawn, 1)[:, skipped : skipped + frames * instants]


def _bands(bands: int, size: int) -> Tensor:
    """`[size, bands]`: each number's share of two neighbouring bands, wider above, as we hear."""
    hz = SAMPLE_RATE / 2 * (torch.arange(size) + 0.5) / size
    at = torch.log1p(hz / 700) / math.log1p(SAMPLE_RATE / 2 / 700) * (bands - 1)
    return (1 - (at[:, None] - torch.arange(bands)).abs()).clamp(min=0)
