"""Plan and streams → waveform music. The page to read first.

What the picture and the plan ask for (`conducting`) becomes controls, the generator (`model`) writes the
codec's latents for them window by window (`long_form`), these are quantised, and the codec plays the codes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from encoders.stream import Streams
from generators.music import Voice, WaveMusic
from generators.plan import Plan
from generators.vqgan.conducting import conduct
from generators.vqgan.controls import SAMPLE_RATE, Controls
from generators.vqgan.long_form import WINDOW_S, play_codes, write_latents
from generators.vqgan.model import Generator

if TYPE_CHECKING:
    from generators.vqgan.codec import Codec

VOICE = Voice("Music", "band", 0, reverb=0.35)
"""One voice in the middle; the room around it is the mix's."""


@dataclass(frozen=True, eq=False)
class Player:
    """A generator, the codec whose codes it writes, and where both come from."""

    generator: Generator
    codec: Codec
    source: str


def play(
    plan: Plan,
    streams: Streams | None,
    player: Player,
    *,
    without: tuple[str, ...] = (),
    window_s: float = WINDOW_S,
    progress: Callable[[float], None] | None = None,
) -> WaveMusic:
    """The music of a plan as sound: mono, as long as the picture.

    The same plan, streams and weights give the same sound on one machine; another seed other noise, other
    figures and other chords.

    Args:
        plan: all of it.
        streams: of the picture; None where only the plan is at hand.
        player: who plays.
        without: controls that are not told (`controls.widths`).
        window_s: how much is written at a time; it changes memory, never the sound.
        progress: called with the share that is done, 0 to 1.

    Raises:
        PlanError: if the plan's style is unknown.
    """
    controls = conduct(plan, streams, player.codec).without(*without)
    sound = sound_of(controls, player, seed=plan.seed, window_s=window_s, progress=progress)
    total = round(plan.duration_s * SAMPLE_RATE)
    samples = np.zeros((1, total), np.float32)
    samples[0, : min(total, len(sound))] = sound[:total]
    silences = tuple((s.start_s, s.end_s) for s in plan.silences)
    return WaveMusic(
        samples,
        SAMPLE_RATE,
        replace(VOICE),
        plan.duration_s,
        min(plan.final_s, plan.duration_s),
        silences_s=silences,
    )


def sound_of(
    controls: Controls,
    player: Player,
    *,
    seed: int = 0,
    window_s: float = WINDOW_S,
    progress: Callable[[float], None] | None = None,
) -> NDArray[np.float32]:
    """Controls → float32 `[frames · hop]`."""
    told = progress or (lambda share: None)
    codec, generator = player.codec, player.generator
    window = max(1, round(window_s * SAMPLE_RATE / codec.hop))
    latents = write_latents(generator, controls, seed=seed, window=window, progress=lambda s: told(0.3 * s))
    with torch.no_grad():
        codes = codec.codes_of(latents)
    return play_codes(codec, codes, window=window, progress=lambda s: told(0.3 + 0.7 * s))
