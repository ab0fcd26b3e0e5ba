"""Music → the controls that its generator is trained on."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from generators.vqgan.codec import Codec
from generators.vqgan.controls import (
    BANDS_HZ,
    SAMPLE_RATE,
    STYLES,
    Controls,
    draw_beats,
    draw_curve,
    draw_onsets,
    fold_tones,
    latents_of,
)
from generators.vqgan.sketch import draw_sketch, lowered
from generators.vqgan.tones import keep_tones

WINDOW = 512  # of the onsets, 23 ms
FULL_RISE_DB = 24.0  # a rise that is as strong as it gets
LEAST_RISE_DB = 5.0
APART_S = 0.045
SMOOTH_S = 0.25  # of loudness and brightness: a picture's curves are no finer
CHROMA_WINDOW, CHROMA_STEP = 4096, 1024
QUIETEST_DB = -70.0


@dataclass(frozen=True, eq=False)
class Told:
    """What is known of a piece beside its sound; all of it may be missing.

    Attributes:
        style: a name in `controls.STYLES`.
        beats_s: float64 `[B]`, its beats and where the last one ends; empty if they are not known.
        first_beats: int64 `[bars + 1]`, how many beats lie before each bar and in all.
        affect: (valence, arousal), −1 to 1.
    """

    style: str = "unknown"
    beats_s: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    first_beats: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    affect: tuple[float, float] | None = None


def listen(
    sound: NDArray[np.float32],
    codec: Codec,
    told: Told = Told(),
) -> Controls:
    """The controls of one piece.

    Args:
        sound: float32 `[n]`, mono at `SAMPLE_RATE`.
        codec: whose frames are told of; there is one for every hop begun.
        told: what is known of it.
    """
    controls, sketch = hear(sound, codec.hop, told)
    return controls.plus("sketch", latents_of(codec, sketch))


def hear(sound: NDArray[np.float32], hop: int, told: Told) -> tuple[Controls, NDArray[np.float32]]:
    """The controls that no codec is needed for, and the wave of the sketch; see `listen`."""
    frames = -(-len(sound) // hop)
    wave = torch.from_numpy(np.ascontiguousarray(sound, np.float32))
    times, level, bright = _levels(wave, hop)
    chroma_s, chroma = _chroma(wave)
    beat, on_beat = draw_beats(told.beats_s, told.first_beats, frames, hop)
    affect = torch.zeros(1, 2, frames)
    if told.affect is not None:
        affect += torch.tensor(told.affect)[None, :, None]
    everywhere = torch.ones(1, frames, dtype=torch.bool)
    audible = draw_curve(times, level, frames, hop)[:, 0] > float(scaled_level(QUIETEST_DB + 10))
    strokes, guide = find_strokes(wave), keep_tones(lowered(wave))
    sketch = draw_sketch(guide, strokes, times, level_db(level), frames * hop)
    values = {
        "onsets": draw_onsets(strokes, frames, hop),
        "beat": beat,
        "level": draw_curve(times, level, frames, hop),
        "brightness": draw_curve(times, bright, frames, hop),
        "chroma": draw_curve(chroma_s, chroma, frames, hop),
        "affect": affect,
        "tones": fold_tones(guide, frames, hop),
    }
    heard: dict[str, Tensor] = dict.fromkeys(values, everywhere) | {
        "beat": on_beat,
        "brightness": audible,
        "affect": torch.full_like(everywhere, told.affect is not None),
    }
    style = STYLES.index(told.style) if told.style in STYLES else 0
    return Controls(values, heard, torch.tensor([style])), sketch


def scaled_level(level_db: float | NDArray[np.floating]) -> NDArray[np.float64]:
    """Decibels of full scale (RMS) → the level control: 0 at −20 dB, 1 at −10 dB."""
    return (np.maximum(np.asarray(level_db, np.float64), QUIETEST_DB) + 20.0) / 10.0


def level_db(scaled: NDArray[np.float64]) -> NDArray[np.float64]:
    """The level control → decibels of full scale."""
    return 10.0 * scaled - 20.0


def find_strokes(wave: Tensor) -> list[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """`[n]` → (times in s, strengths 0 to 1) of the onsets in each of `BANDS_HZ`.

    An onset is where a band's energy rises most, by at least `LEAST_RISE_DB` within 12 ms.
    """
    step = 64
    if len(wave) < 2 * WINDOW:
        return [(np.zeros(0), np.zeros(0)) for _ in BANDS_HZ]
    bins = torch.stft(wave, WINDOW, step, window=torch.hann_window(WINDOW), return_complex=True)
    power = bins.abs().square() / WINDOW
    hz = torch.arange(power.shape[0]) * SAMPLE_RATE / WINDOW
    found = []
    for low, high in BANDS_HZ:
        band = power[(hz >= low) & (hz < high)].sum(0)
        level = 10 * torch.log10(band + 1e-7 + 1e-3 * band.mean())
        rise = torch.zeros_like(level)
        rise[4:] = (level[4:] - level[:-4]).clamp(min=0)
        around = torch.nn.functional.max_pool1d(
            rise[None, None], 2 * round(APART_S * SAMPLE_RATE / step) + 1, 1,
            round(APART_S * SAMPLE_RATE / step),
        )[0, 0]  # fmt: skip
        at = torch.nonzero((rise >= around) & (rise >= LEAST_RISE_DB))[:, 0].numpy()
        if len(at):
            at = at[np.append(True, np.diff(at) > 2)]
        strengths = np.clip(rise.numpy()[at] / FULL_RISE_DB, 0, 1).astype(np.float64)
        found.append((at * step / SAMPLE_RATE, strengths))
    return found


def _levels(wave: Tensor, hop: int) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Times, loudness and brightness (octaves above 1 kHz), both smoothed."""
    window = 1024
    if len(wave) < window:
        wave = torch.nn.functional.pad(wave, (0, window - len(wave)))
    bins = torch.stft(wave, window, hop, window=torch.hann_window(window), return_complex=True)
    power = (bins.abs().square() / (window * 0.375 * window / 2)).double().numpy()
    hz = np.arange(len(power)) * SAMPLE_RATE / window
    span = max(round(SMOOTH_S * SAMPLE_RATE / hop), 1)
    shape = np.hanning(span + 2)[1:-1]
    energy = _smoothed(power.sum(0), shape)
    centroid = _smoothed((power * hz[:, None]).sum(0), shape) / np.maximum(energy, 1e-12)
    times = np.arange(power.shape[1]) * hop / SAMPLE_RATE
    level = scaled_level(10 * np.log10(energy + 1e-12))
    return times, level, np.log2(np.maximum(centroid, 60.0) / 1000.0)


def _smoothed(values: NDArray[np.float64], shape: NDArray[np.float64]) -> NDArray[np.float64]:
    padded = np.pad(values, (len(shape) // 2, (len(shape) - 1) // 2), mode="edge")
    return np.convolve(padded, shape / shape.sum(), mode="valid")


def _chroma(wave: Tensor) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Times and `[T, 12]`, the pitch classes between 60 Hz and 2 kHz, the strongest being 1."""
    if len(wave) < CHROMA_WINDOW:
        wave = torch.nn.functional.pad(wave, (0, CHROMA_WINDOW - len(wave)))
    bins = torch.stft(
        wave, CHROMA_WINDOW, CHROMA_STEP, window=torch.hann_window(CHROMA_WINDOW), return_complex=True
    )
    loud = bins.abs().double().numpy()
    hz = np.arange(len(loud)) * SAMPLE_RATE / CHROMA_WINDOW
    inside = (hz >= 60) & (hz <= 2000)
    pitch = np.round(69 + 12 * np.log2(hz[inside] / 440)).astype(int) % 12
    folded = np.zeros((12, loud.shape[1]))
    np.add.at(folded, pitch, loud[inside])
    folded = np.stack([_smoothed(row, np.ones(5)) for row in folded])
    return (
        np.arange(loud.shape[1]) * CHROMA_STEP / SAMPLE_RATE,
        (folded / np.maximum(folded.max(0, keepdims=True), 1e-3)).T,
    )
