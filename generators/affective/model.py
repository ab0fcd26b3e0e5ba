"""The affective transformer: streams and the song so far → the next chord, its fullness, loudness and tune.

An encoder looks at the streams in both directions. A causal decoder hears the song so far with relative
attention (Huang et al. 2018) in which every head also weighs what has been heard before (`echo`), and
gives the next chord as a mixture of three experts: the vocabulary's softmax, a chord copied from the song
(pointer-sentinel, Merity et al. 2017), and the chord that sounds already, held. Density and loudness are
normal distributions, so that sampling does not fall to their mean; the tune's skeleton is one pitch a step.
The first of its kind (Video2Music; Kang, Poria and Herremans 2023) copies nothing and ignores the video.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import torch
from einops import rearrange
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 (its usual name)

from generators.affective.chord_words import QUALITIES, QUALITY_NUMBERS, ROOTS, WORDS
from generators.affective.echo import FEATURES, Echo, echoes
from generators.affective.outlook import SAID, Outlook
from generators.affective.senses import CORPORA, PICTURE, WIDTHS, Senses

TUNE = 38  # 0 no note, then 37 pitches of three octaves about the tonic
BUCKETS = 32
FLOOR = 1e-6  # of a copied chord's probability, so that its logarithm is finite


@dataclass(frozen=True)
class Config:
    """The model's size.

    Attributes:
        width, heads, encoder_layers, decoder_layers: of the transformers.
        lags: how many steps are looked back, by every layer.
        pointers: how many ways of copying a chord from the song.
        dropout: in training.
    """

    width: int = 128
    heads: int = 4
    encoder_layers: int = 1
    decoder_layers: int = 3
    lags: int = 256
    pointers: int = 2
    dropout: float = 0.2


class Step(NamedTuple):
    """What is known of the music at each step, or of the last one.

    Attributes:
        chords: int64 `[batch, time]`.
        levels: float32 `[batch, time, 2]`, density and loudness in standard deviations; NaN if unknown.
        tune: int64 `[batch, time]`, 0 to `TUNE` − 1; −1 if unknown.
    """

    chords: Tensor
    levels: Tensor
    tune: Tensor

    def to(self, device: torch.device) -> Step:
        """The same on another device."""
        return Step(*(part.to(device) for part in self))


class Foretold(NamedTuple):
    """What is foretold of each next step.

    Attributes:
        chords: float32 `[batch, time, WORDS]`, log-probabilities.
        levels: float32 `[batch, time, 2]`, means of density and loudness.
        spread: float32 `[batch, time, 2]`, logarithms of their standard deviations.
        tune: float32 `[batch, time, TUNE]`, log-probabilities.
    """

    chords: Tensor
    levels: Tensor
    spread: Tensor
    tune: Tensor


class Block(nn.Module):
    """Attention and a feed-forward layer, each on what a norm leaves and added to what came in."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        width = config.width
        self.heads, self.dropout = config.heads, config.dropout
        self.norm_attention, self.norm_forward = nn.LayerNorm(width), nn.LayerNorm(width)
        self.query_key_value, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.forward_in, self.forward_out = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)
        self.drop = nn.Dropout(config.dropout)

    def split(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Queries, keys and values, `[batch, heads, time, width / heads]` each."""
        mixed = self.query_key_value(self.norm_attention(x))
        q, k, v = rearrange(mixed, "b t (three h d) -> three b h t d", three=3, h=self.heads)
        return q, k, v

    def forward(self, x: Tensor, bias: Tensor) -> Tensor:
        """`x` `[batch, time, width]`; `bias`, `[batch or 1, heads, time, time]`, is added to the logits."""
        return self.attend(x, *self.split(x), bias)

    def attend(self, x: Tensor, q: Tensor, k: Tensor, v: Tensor, bias: Tensor) -> Tensor:
        """The layer with queries, keys and values that are there already."""
        heard = F.scaled_dot_product_attention(
            q, k, v, attn_mask=bias, dropout_p=self.dropout if self.training else 0.0
        )
        x = x + self.drop(self.out(rearrange(heard, "b h t d -> b t (h d)")))
        inner = self.drop(F.gelu(self.forward_in(self.norm_forward(x))))
        out: Tensor = x + self.drop(self.forward_out(inner))
        return out


@dataclass
class Memory:
    """What composing remembers of a song: keys and values, no further back than the model looks.

    Attributes:
        echo: what has been heard before.
        past: int64 `[batch, steps]`, the chords.
        layers: of each decoder layer, its keys and values.
        pointer: the keys of the chords that can be copied.
    """

    echo: Echo
    past: Tensor
    layers: list[tuple[Tensor, Tensor] | None]
    pointer: Tensor | None = None

    @classmethod
    def begin(cls, batch: int, config: Config) -> Memory:
        nothing = torch.empty(batch, 0, dtype=torch.long)
        return cls(Echo.begin(batch, config.lags), nothing, [None] * config.decoder_layers)


class AffectiveTransformer(nn.Module):
    """See the module. `forward` takes whole songs (training, scoring); `sampling` goes step by step."""

    roots: Tensor
    qualities: Tensor

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        width, heads = config.width, config.heads
        self.senses = nn.ModuleDict({name: nn.Linear(size, width) for name, size in WIDTHS.items()})
        self.silent = nn.ParameterDict({name: nn.Parameter(0.02 * torch.randn(width)) for name in WIDTHS})
        self.outlook = Outlook()
        self.outlook_in = nn.Linear(len(PICTURE) * SAID, width)
        self.corpus = nn.Embedding(len(CORPORA), width)
        self.encoder = nn.ModuleList(Block(config) for _ in range(config.encoder_layers))
        self.encoder_distance = nn.Embedding(2 * BUCKETS, heads)
        self.encoder_norm = nn.LayerNorm(width)

        self.root = nn.Embedding(13, width)
        self.quality = nn.Embedding(len(QUALITIES) + 1, width)
        self.held = nn.Embedding(16, width)
        self.tune_in = nn.Embedding(TUNE + 1, width)
        self.levels_in = nn.Linear(2, width)
        self.levels_unknown = nn.Parameter(0.02 * torch.randn(2, width))
        self.decoder = nn.ModuleList(Block(config) for _ in range(config.decoder_layers))
        self.decoder_distance = nn.Embedding(BUCKETS, heads)
        self.weigher = nn.Linear(width, heads * FEATURES)
        self.decoder_norm = nn.LayerNorm(width)

        self.pointer_query = nn.Linear(width, config.pointers * 32)
        self.pointer_key = nn.Linear(width, config.pointers * 32)
        self.pointer_weigher = nn.Linear(width, config.pointers * FEATURES)
        self.vocabulary = nn.Linear(width, WORDS)
        self.gate = nn.Linear(width + config.pointers, config.pointers + 2)
        self.levels_out = nn.Linear(width, 4)
        self.tune_out = nn.Linear(width, TUNE)
        self.drop = nn.Dropout(config.dropout)
        self.register_buffer("roots", ROOTS, persistent=False)
        self.register_buffer("qualities", QUALITY_NUMBERS, persistent=False)
        with torch.no_grad():
            # At first the longest matches are trusted a little, everywhere alike.
            for weigher in (self.weigher, self.pointer_weigher):
                weigher.weight.mul_(0.1)
                weigher.bias.view(-1, FEATURES)[:, 1:6] = 1.0

    def __call__(self, senses: Senses, music: Step, outlook: Tensor | None = None) -> Foretold:
        foretold: Foretold = super().__call__(senses, music, outlook)
        return foretold

    def look(self, senses: Senses, outlook: Tensor | None = None) -> Tensor:
        """The encoder: float32 `[batch, time, width]`, what the streams say of each step.

        `outlook`, as its `forward` gives it, takes the place of this model's own, which has seen the
        songs that it is trained on.
        """
        said = self.outlook(senses) if outlook is None else outlook
        listened = torch.stack([senses.heard[name] for name in PICTURE], -1)[..., None]
        x = self.corpus(senses.corpus)[:, None] + self.outlook_in((said * listened).flatten(-2))
        for name, layer in self.senses.items():
            heard = senses.heard[name][..., None]
            values = torch.where(heard, senses.values[name], 0.0)
            x = x + torch.where(heard, layer(self.drop(values)), self.silent[name])
        steps = torch.arange(x.shape[1], device=x.device)
        distance = steps[:, None] - steps
        near = _bucket(distance.abs()) + BUCKETS * (distance < 0)
        bias = rearrange(self.encoder_distance(near), "q k h -> 1 h q k")
        bias = bias.masked_fill(distance.abs() >= self.config.lags, -math.inf)
        for block in self.encoder:
            x = block(x, bias)
        seen: Tensor = self.encoder_norm(x)
        return seen

    def embed(self, music: Step, held: Tensor) -> Tensor:
        """float32 `[batch, time, width]`: the music itself; `held` int64, steps since its last change."""
        known = ~music.levels.isnan()
        levels = torch.where(known, music.levels, 0.0)
        unknown = torch.where(known[..., None], 0.0, self.levels_unknown).sum(-2)
        heard: Tensor = self.drop(
            self.root(self.roots[music.chords])
            + self.quality(self.qualities[music.chords])
            + self.held(held.clamp(max=15))
            + self.tune_in(music.tune + 1)
            + self.levels_in(levels)
            + unknown
        )
        return heard

    def forward(self, senses: Senses, music: Step, outlook: Tensor | None = None) -> Foretold:
        """Foretell every step but the first of whole songs.

        Args:
            senses: of `time` steps.
            music: of the same steps; step t is foretold from those before it.
            outlook: as in `look`.

        Returns:
            `time − 1` steps, from the second on.
        """
        heard = Step(music.chords[:, :-1], music.levels[:, :-1], music.tune[:, :-1])
        steps = heard.chords.shape[1]
        lags = min(self.config.lags, steps)
        echo = echoes(heard.chords, lags)
        x = self.embed(heard, _held(heard.chords)) + self.look(senses, outlook)[:, 1:]
        at = torch.arange(steps, device=x.device)
        lag = at[:, None] - at
        outside = (lag < 0) | (lag >= lags)
        lag = lag.clamp(0, lags - 1)
        bias = self.weigh(self.weigher, x, echo) + rearrange(
            self.decoder_distance(_bucket(torch.arange(lags, device=x.device))), "lag h -> 1 h 1 lag"
        )
        bias = _by_key(bias, lag).masked_fill(outside, -math.inf)
        for block in self.decoder:
            x = block(x, bias)
        x = self.decoder_norm(x)
        evidence = _by_key(self.weigh(self.pointer_weigher, x, echo), lag)
        key = rearrange(self.pointer_key(x), "b t (p d) -> b p t d", d=32)
        return self.foretell(x, evidence.masked_fill(outside, -math.inf), key, heard.chords)

    @torch.no_grad()
    def step(self, seen: Tensor, heard: Step, memory: Memory) -> Foretold:
        """Foretell one step from the one before and what is remembered: `forward`, a step at a time.

        Args:
            seen: `[batch, 1, width]`, what `look` gave for the step that is foretold.
            heard: the step before, `time` 1.
            memory: of the song so far; it is changed.
        """
        echo = memory.echo.hear(heard.chords[:, 0])[:, None]
        x = self.embed(heard, memory.echo.since[:, :1].long()) + seen
        memory.past = torch.cat([memory.past, heard.chords], 1)[:, -self.config.lags :]
        keys = memory.past.shape[1]
        near = _bucket(torch.arange(keys, device=x.device))
        bias = self.weigh(self.weigher, x, echo)[..., :keys]
        bias = (bias + rearrange(self.decoder_distance(near), "lag h -> 1 h 1 lag")).flip(-1)
        for number, block in enumerate(self.decoder):
            assert isinstance(block, Block)
            q, k, v = block.split(x)
            before = memory.layers[number]
            if before is not None and keys > 1:
                k, v = (
                    torch.cat([old[:, :, 1 - keys :], new], 2)
                    for old, new in zip(before, (k, v), strict=True)
                )
            memory.layers[number] = k, v
            x = block.attend(x, q, k, v, bias)
        x = self.decoder_norm(x)
        evidence = self.weigh(self.pointer_weigher, x, echo)[..., :keys].flip(-1)
        key = rearrange(self.pointer_key(x), "b t (p d) -> b p t d", d=32)
        if memory.pointer is not None and keys > 1:
            key = torch.cat([memory.pointer[:, :, 1 - keys :], key], 2)
        memory.pointer = key
        return self.foretell(x, evidence, key, memory.past)

    @staticmethod
    def weigh(weigher: nn.Linear, x: Tensor, echo: Tensor) -> Tensor:
        """Logits from evidence, weighed as the music at each step wants it.

        Args:
            weigher: width → heads × FEATURES.
            x: `[batch, time, width]`.
            echo: `[batch, time, FEATURES, lags]`.

        Returns:
            `[batch, heads, time, lags]`.
        """
        weights = rearrange(weigher(x), "b t (h f) -> b t h f", f=FEATURES)
        logits: Tensor = rearrange(weights @ echo, "b t h lag -> b h t lag")
        return logits

    def foretell(self, x: Tensor, evidence: Tensor, key: Tensor, past: Tensor) -> Foretold:
        """The heads.

        Args:
            x: `[batch, time, width]`, what the decoder makes of each step.
            evidence: `[batch, pointers, time, past]`, logits of copying each chord of the past.
            key: `[batch, pointers, past, 32]`.
            past: int64 `[batch, past]`, the chords that can be copied, the newest last.
        """
        query = rearrange(self.pointer_query(x), "b t (p d) -> b p t d", d=32)
        logits = query @ key.transpose(-1, -2) / math.sqrt(32) + evidence
        one_hot = F.one_hot(past, WORDS).float()[:, None]
        copied = rearrange(logits.softmax(-1) @ one_hot, "b p t w -> b t p w")
        stays = one_hot[:, 0, -x.shape[1] :, None]
        surest = rearrange(logits.amax(-1).detach(), "b p t -> b t p") / 10
        gate = F.log_softmax(self.gate(torch.cat([x, surest], -1)), -1)[..., None]
        written = F.log_softmax(self.vocabulary(self.drop(x)), -1)[..., None, :]
        experts = torch.cat([written, torch.log(copied + FLOOR), torch.log(stays + FLOOR)], -2)
        chords = torch.logsumexp(experts + gate, -2)
        levels, spread = self.levels_out(x).chunk(2, -1)
        return Foretold(
            chords.log_softmax(-1), levels, spread.clamp(-4, 2), F.log_softmax(self.tune_out(x), -1)
        )


def _held(chords: Tensor) -> Tensor:
    """int64 like `chords`: steps since the last change."""
    held = torch.zeros_like(chords)
    for step in range(1, chords.shape[1]):
        held[:, step] = (held[:, step - 1] + 1) * (chords[:, step] == chords[:, step - 1])
    return held


def _bucket(distance: Tensor) -> Tensor:
    """int64: distances up to half of `BUCKETS` by themselves, farther ones by their logarithm, to 512."""
    exact = BUCKETS // 2
    far = torch.log(distance.clamp(min=exact) / exact) / math.log(512 / exact) * exact
    return torch.where(distance < exact, distance, exact + far.long().clamp(max=exact - 1))


def _by_key(by_lag: Tensor, lag: Tensor) -> Tensor:
    """`[..., time, lags]` → `[..., time, keys]`; `lag` int64 `[time, keys]`."""
    return by_lag.gather(-1, lag.expand(*by_lag.shape[:-2], *lag.shape))
