"""What the VQ-GAN is told, frame by frame of the codec, and how it may be told less.

Music ControlNet's way (Wu et al. 2024): in training every control is taken from the music itself
(`listening`), at inference its counterpart is taken from the picture and the plan (`conducting`). Both draw
with the functions of this module, so that a curve looks the same wherever it comes from; `roughen` makes the
music's curves as rough as a picture's. A control that has nothing to say is masked, and the generator puts a
learnt vector in its place.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

if TYPE_CHECKING:
    from generators.vqgan.codec import Codec

SAMPLE_RATE = 22050
BANDS_HZ = ((30.0, 150.0), (150.0, 2000.0), (2000.0, 10000.0))
"""Where onsets are told apart: drums and bass below, tones and snares, cymbals above."""
SUB = 4  # instants a frame at which onsets are told: a frame alone is too coarse for an attack
FALL_S = 0.06  # how fast a drawn onset fades
TONE_STEP = 8  # the tones' guide is told at every so many samples
PART, AROUND = 860, 40  # frames that are encoded at once, and those beside them that are heard with them
STYLES = (
    "unknown", "ambient", "cinematic", "electronic", "funk", "hiphop", "latin", "lofi", "piano", "pop",
    "rock", "tense", "waltz",
)  # fmt: skip
"""Styles by their place in the embedding; never reordered, only added to."""


def widths(hop: int, latent: int) -> dict[str, int]:
    """Control → numbers a frame, for a codec of this hop and so many latents.

    `onsets` of three bands, `SUB` instants each; `beat` is the phase in the beat and in the bar as points of
    a circle; `level` (loudness), `brightness`, `affect` (valence, arousal); `chroma`; `tones`, a drawing of
    what sounds below 1.3 kHz, sample by sample, so that the phase of a tone is known; and `sketch`, the
    codec's latents of those tones with a burst for every onset.
    """
    return {
        "onsets": len(BANDS_HZ) * SUB,
        "beat": 4,
        "level": 1,
        "brightness": 1,
        "chroma": 12,
        "affect": 2,
        "tones": hop // TONE_STEP,
        "sketch": latent,
    }


@dataclass(frozen=True)
class Controls:
    """The frames of some pieces.

    Attributes:
        values: name → float32 `[batch, width, frames]`.
        heard: name → bool `[batch, frames]`, false where the control has nothing to say.
        style: int64 `[batch]`, the index in `STYLES`.
    """

    values: Mapping[str, Tensor]
    heard: Mapping[str, Tensor]
    style: Tensor

    def __post_init__(self) -> None:
        for name, value in self.values.items():
            if value.ndim != 3 or self.heard[name].shape != (value.shape[0], value.shape[2]):
                raise ValueError(f"control {name} is {tuple(value.shape)}, {tuple(self.heard[name].shape)}")

    @property
    def frames(self) -> int:
        return next(iter(self.values.values())).shape[2]

    def without(self, *names: str) -> Controls:
        """The same with some controls masked."""
        heard = {n: torch.zeros_like(m) if n in names else m for n, m in self.heard.items()}
        return replace(self, heard=heard)

    def plus(self, name: str, value: Tensor) -> Controls:
        """The same with one more, told everywhere."""
        heard = torch.ones(value.shape[0], value.shape[2], dtype=torch.bool)
        return replace(self, values={**self.values, name: value}, heard={**self.heard, name: heard})

    def between(self, start: int, end: int) -> Controls:
        """Frames `start` to `end`; masked where that reaches over the ends."""
        low, high = max(start, 0), min(end, self.frames)
        around = (low - start, end - high)
        pad = torch.nn.functional.pad
        return Controls(
            {n: pad(v[..., low:high], around) for n, v in self.values.items()},
            {n: pad(m[..., low:high], around) for n, m in self.heard.items()},
            self.style,
        )

    def to(self, device: torch.device) -> Controls:
        """The same on another device."""
        return Controls(
            {n: v.to(device) for n, v in self.values.items()},
            {n: m.to(device) for n, m in self.heard.items()},
            self.style.to(device),
        )


def stack(pieces: Sequence[Controls]) -> Controls:
    """Pieces of one length → a batch of them."""
    return Controls(
        {n: torch.cat([p.values[n] for p in pieces]) for n in pieces[0].values},
        {n: torch.cat([p.heard[n] for p in pieces]) for n in pieces[0].heard},
        torch.cat([p.style for p in pieces]),
    )


def draw_onsets(
    events: Sequence[tuple[NDArray[np.float64], NDArray[np.float64]]], frames: int, hop: int
) -> Tensor:
    """Onsets of each band → float32 `[1, bands · SUB, frames]`.

    Args:
        events: (times in s, strengths 0 to 1) of each band.
        frames, hop: of the codec.
    """
    step_s = hop / SUB / SAMPLE_RATE
    reach = int(6 * FALL_S / step_s)
    curves = np.zeros((len(events), frames * SUB + reach + 1), np.float32)
    for curve, (times, strengths) in zip(curves, events, strict=True):
        for time, strength in zip(times, strengths, strict=True):
            first = max(int(np.ceil(time / step_s - 1e-9)), 0)
            if first < frames * SUB:
                fall = strength * np.exp(-(np.arange(first, first + reach) * step_s - time) / FALL_S)
                part = curve[first : first + reach]
                np.maximum(part, fall.astype(np.float32), out=part)
    kept = curves[:, : frames * SUB].reshape(len(events), frames, SUB)
    return torch.from_numpy(np.ascontiguousarray(kept.transpose(0, 2, 1).reshape(1, -1, frames)))


def draw_beats(
    beats_s: NDArray[np.float64], first_beats: NDArray[np.int64], frames: int, hop: int
) -> tuple[Tensor, Tensor]:
    """Beats → float32 `[1, 4, frames]` and bool `[1, frames]`, where they are known.

    Args:
        beats_s: float64 `[B]`, every beat and where the last one ends.
        first_beats: int64 `[bars + 1]`, how many beats lie before each bar and in all.
        frames, hop: of the codec.
    """
    if len(beats_s) < 2:
        return torch.zeros(1, 4, frames), torch.zeros(1, frames, dtype=torch.bool)
    times = (np.arange(frames) + 0.5) * hop / SAMPLE_RATE
    beat = np.interp(times, beats_s, np.arange(len(beats_s)))
    bar = np.interp(beat, first_beats, np.arange(len(first_beats)))
    turns = 2 * np.pi * np.stack([beat, bar])
    known = (times >= beats_s[0]) & (times <= beats_s[-1])
    drawn = np.concatenate([np.cos(turns), np.sin(turns)]).astype(np.float32) * known
    return torch.from_numpy(drawn[None]), torch.from_numpy(known[None])


def draw_curve(times_s: NDArray[np.float64], values: NDArray[np.floating], frames: int, hop: int) -> Tensor:
    """`[T]` or `[T, D]` at times → float32 `[1, D, frames]`, linear between them."""
    at = (np.arange(frames) + 0.5) * hop / SAMPLE_RATE
    rows = np.asarray(values, np.float64).reshape(len(times_s), -1)
    drawn = np.stack([np.interp(at, times_s, row) for row in rows.T]).astype(np.float32)
    return torch.from_numpy(drawn[None])


def fold_tones(guide: NDArray[np.float32], frames: int, hop: int) -> Tensor:
    """A drawing of tones, a sample every `TONE_STEP`, → float32 `[1, hop / TONE_STEP, frames]`."""
    each = hop // TONE_STEP
    padded = np.zeros(frames * each, np.float32)
    padded[: min(len(guide), len(padded))] = guide[: len(padded)]
    return torch.from_numpy(np.ascontiguousarray(padded.reshape(frames, each).T[None]))


@torch.no_grad()
def latents_of(codec: Codec, wave: NDArray[np.float32]) -> Tensor:
    """A wave → the codec's latents before they are quantised, float32 `[1, latent, frames]`, in parts."""
    hop, frames = codec.hop, -(-len(wave) // codec.hop)
    sound = torch.from_numpy(np.pad(wave, (0, frames * hop - len(wave))))[None]
    device = next(codec.parameters()).device
    parts = []
    for start in range(0, frames, PART):
        low, high = max(start - AROUND, 0), min(start + PART + AROUND, frames)
        latents = codec.latents(sound[:, low * hop : high * hop].to(device)).cpu()
        parts.append(latents[..., start - low : min(start + PART, frames) - low])
    return torch.cat(parts, -1)


# How much of the time a control is not told in training.
UNTOLD = {
    "onsets": 0.05, "beat": 0.3, "level": 0.05, "brightness": 0.2, "chroma": 0.3, "affect": 0.5,
    "tones": 0.1, "sketch": 0.1,
}  # fmt: skip
UNTOLD_STYLE = 0.3


def roughen(controls: Controls, rng: torch.Generator) -> Controls:
    """The controls as a picture might tell them: noise on the curves, some of them missing.

    A control is missing for a whole piece, or (a third as often) for a part of it.
    """
    values, heard = dict(controls.values), dict(controls.heard)
    batch, frames = len(controls.style), controls.frames

    def draw(*shape: int) -> Tensor:
        return torch.rand(*shape, generator=rng)

    for name in ("level", "brightness"):
        slow = torch.nn.functional.interpolate(
            torch.randn(batch, 1, 4 + frames // 40, generator=rng), size=frames, mode="linear"
        )
        values[name] = values[name] + 0.15 * slow
    values["onsets"] = values["onsets"] * (0.75 + 0.5 * draw(batch, 1, 1))
    values["chroma"] = (values["chroma"] + 0.1 * torch.randn(batch, 12, 1, generator=rng)).clamp(0, 1)
    values["tones"] = values["tones"] * 10 ** ((draw(batch, 1, 1) - 0.5) * 0.3)
    at = torch.arange(frames)
    for name, share in UNTOLD.items():
        whole = draw(batch, 1) < share
        start, length = draw(batch, 1) * frames, draw(batch, 1) * frames / 2
        part = (draw(batch, 1) < share / 3) & (at >= start) & (at < start + length)
        heard[name] = heard[name] & ~whole & ~part
    style = torch.where(draw(batch) < UNTOLD_STYLE, 0, controls.style)
    return Controls(values, heard, style)
