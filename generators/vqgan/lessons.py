"""Pieces of a corpus → what the generator learns from: controls, codes and sound, and windows of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from generators.vqgan.codec import Codec
from generators.vqgan.controls import SAMPLE_RATE, Controls, draw_onsets, latents_of, stack
from generators.vqgan.corpus import Moves, Piece
from generators.vqgan.listening import listen
from generators.vqgan.strokes import as_events, stroke_of


@dataclass(frozen=True, eq=False)
class Lesson:
    """One piece as it is learnt.

    Attributes:
        controls: heard in it, of its frames.
        codes: int16 `[1, books, frames]`.
        sound: int16 `[frames · hop]`.
        moves: of its picture, or None.
    """

    controls: Controls
    codes: Tensor
    sound: NDArray[np.int16]
    moves: Moves | None

    @property
    def frames(self) -> int:
        return self.controls.frames


def lesson_of(piece: Piece, codec: Codec) -> Lesson:
    """Hear a piece and encode it."""
    frames = -(-len(piece.sound) // codec.hop)
    wave = np.zeros(frames * codec.hop, np.float32)
    wave[: len(piece.sound)] = piece.wave
    sound = (wave * 32767).astype(np.int16)
    return Lesson(listen(wave, codec, piece.told), encode(codec, wave), sound, piece.moves)


@torch.no_grad()
def encode(codec: Codec, wave: NDArray[np.float32]) -> Tensor:
    """`[frames · hop]` → int16 `[1, books, frames]`."""
    latents = latents_of(codec, wave)
    return codec.codes_of(latents.to(next(codec.parameters()).device)).cpu().to(torch.int16)


@dataclass(frozen=True, eq=False)
class Batch:
    """Windows of some pieces: controls, codes `[B, books, T]`, sound `[B, T · hop]`."""

    controls: Controls
    codes: Tensor
    sound: Tensor


def draw_batch(
    lessons: Sequence[Lesson], hop: int, window: int, count: int, seen: float, rng: torch.Generator
) -> Batch:
    """Windows drawn from pieces by how long they are.

    Args:
        lessons: the pieces, none shorter than a window.
        hop: of the codec.
        window: frames.
        count: how many windows.
        seen: how often a piece with a picture is told what moves in it, in place of its onsets.
        rng: what draws them.
    """
    lengths = torch.tensor([float(lesson.frames) for lesson in lessons])
    drawn = torch.multinomial(lengths, count, replacement=True, generator=rng).tolist()
    controls, codes, sounds = [], [], []
    for i in drawn:
        lesson = lessons[i]
        start = int(torch.randint(lesson.frames - window + 1, (1,), generator=rng))
        piece = lesson.controls.between(start, start + window)
        if lesson.moves is not None and float(torch.rand(1, generator=rng)) < seen:
            piece = _as_seen(piece, lesson.moves, start, hop)
        controls.append(piece)
        codes.append(lesson.codes[..., start : start + window])
        sounds.append(torch.from_numpy(lesson.sound[start * hop : (start + window) * hop]))
    return Batch(stack(controls), torch.cat(codes).long(), torch.stack(sounds).float() / 32768)


def _as_seen(controls: Controls, moves: Moves, start: int, hop: int) -> Controls:
    """The controls of a window with what moves in the picture for its onsets, and no sketch of these."""
    times = moves.times_s - start * hop / SAMPLE_RATE
    inside = (times > -0.2) & (times < controls.frames * hop / SAMPLE_RATE)
    strokes = [
        stroke_of(float(t), float(w)) for t, w in zip(times[inside], moves.weights[inside], strict=True)
    ]
    onsets = draw_onsets(as_events(strokes), controls.frames, hop)
    seen = Controls({**controls.values, "onsets": onsets}, controls.heard, controls.style)
    return seen.without("sketch")
