"""Tones as a drawing: the few steady partials below 1.3 kHz, sample by sample.

A codec's codes depend on the phase of what sounds, which no chroma tells: a generator that has to guess it
makes noise of every chord. So the harmony is told as a wave. In training it is what is steady in the music
(`keep_tones`); at inference it is drawn from notes (`draw_tones`) and put through the same sieve, so that
both look alike. The idea is that of source-filter vocoders with a sine source (Wang, Takaki & Yamagishi
2019, "Neural source-filter-based waveform model"), with chords in place of one voice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from generators.vqgan.controls import SAMPLE_RATE, TONE_STEP

RATE = SAMPLE_RATE / TONE_STEP
HIGHEST_HZ = 1250.0
LOWEST_HZ = 38.0
WINDOW, STEP = 512, 64  # 186 ms every 23 ms
KEPT = 14  # partials at once
BESIDE = 2  # bins on either side of a peak: the window's main lobe
QUIET = 0.02  # of the loudest in the last seconds; below that nothing is kept
STEADY = 0.35  # of its own height is what a peak must have had around it, else it is a stroke


def keep_tones(guide: NDArray[np.float32]) -> NDArray[np.float32]:
    """The steady partials of a sound, at their own phases.

    Args:
        guide: float32 `[n]`, at `RATE`.

    Returns:
        float32 `[n]`, the sound without its strokes, its noise and all but its strongest partials.
    """
    if len(guide) < WINDOW:
        return np.zeros_like(guide)
    window = torch.hann_window(WINDOW)
    sound = torch.from_numpy(np.ascontiguousarray(guide, np.float32))
    bins = torch.stft(sound, WINDOW, STEP, window=window, return_complex=True)
    loud = bins.abs()
    hz = torch.arange(loud.shape[0]) * RATE / WINDOW
    loud = torch.where(((hz >= LOWEST_HZ) & (hz <= HIGHEST_HZ))[:, None], loud, 0.0)
    peak = torch.zeros_like(loud, dtype=torch.bool)
    peak[1:-1] = (loud[1:-1] > loud[:-2]) & (loud[1:-1] >= loud[2:])
    around = torch.nn.functional.pad(loud[None], (4, 4), mode="replicate")[0].unfold(1, 9, 1)
    # A partial may swell or be struck, but it is there for half of the time around.
    peak &= around.amax(0, keepdim=True).amax(-1) > 0
    peak &= around.median(-1).values >= STEADY * loud
    floor = torch.nn.functional.max_pool1d(loud.amax(0)[None, None], 129, 1, 64)[0, 0]
    heights = torch.where(peak & (loud >= QUIET * floor), loud, 0.0)
    least = heights.topk(KEPT, dim=0).values[-1]
    heights = torch.where(heights >= least, heights, 0.0)
    mask = torch.nn.functional.max_pool1d((heights > 0).float().T[None], 2 * BESIDE + 1, 1, BESIDE)[0].T
    kept = torch.istft(bins * mask, WINDOW, STEP, window=window, length=len(guide))
    return kept.numpy()


@dataclass(frozen=True)
class Tone:
    """A note to be drawn.

    Attributes:
        start_s, end_s: when it sounds; it dies away within a tenth of a second after.
        pitch: MIDI.
        level: amplitude of its fundamental.
        fall_s: after which it has fallen to a third, for plucked ones; None if it is held.
    """

    start_s: float
    end_s: float
    pitch: float
    level: float
    fall_s: float | None = None


ATTACK_S, RELEASE_S = 0.012, 0.08
PARTIALS = 6


def draw_tones(tones: Sequence[Tone], duration_s: float, rng: np.random.Generator) -> NDArray[np.float32]:
    """Notes → float32 `[duration · RATE]`: sines whose phases are drawn, and run on while they sound."""
    drawn = np.zeros(int(np.ceil(duration_s * RATE)) + 1, np.float64)
    for tone in tones:
        first = max(int(tone.start_s * RATE), 0)
        last = min(int((tone.end_s + 4 * RELEASE_S) * RATE), len(drawn))
        if last <= first:
            continue
        at = np.arange(first, last) / RATE - tone.start_s
        envelope = np.clip(at / ATTACK_S, 0, 1) * np.exp(
            -np.maximum(at - (tone.end_s - tone.start_s), 0) / RELEASE_S
        )
        if tone.fall_s is not None:
            envelope *= np.exp(-at / tone.fall_s)
        hz = 440 * 2 ** ((tone.pitch - 69) / 12)
        for k in range(1, PARTIALS + 1):
            if k * hz > HIGHEST_HZ:
                break
            phase = rng.uniform(0, 2 * np.pi)
            drawn[first:last] += tone.level * k**-1.2 * envelope * np.sin(2 * np.pi * k * hz * at + phase)
    return drawn.astype(np.float32)
