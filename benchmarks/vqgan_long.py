"""A minute of the VQ-GAN: do key, tempo and texture hold, and can its windows be heard?"""

from __future__ import annotations

import resource
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.sound_descriptors import clicks
from encoders.stream import Streams
from generators.plan import Plan
from generators.vqgan.controls import SAMPLE_RATE
from generators.vqgan.long_form import WINDOW_S, spans
from generators.vqgan.play import Player, play
from v2m.alignment.onsets import onset_envelope
from v2m.alignment.spectra import chroma, timbre
from v2m.alignment.tempo import estimate_pulse
from v2m.alignment.tonality import key_strengths

PART_S = 10.0
NEAR_S = 0.03  # of a join
FLUX_WINDOW, FLUX_HOP = 512, 128
NAMES = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")


@dataclass(frozen=True)
class Long:
    """What was found.

    Attributes:
        duration_s, made_s: how much music, and how long it took on this machine's one thread.
        planned: the plan's key and tempo.
        keys, tempi_bpm: of every 10 s, estimated from the sound alone.
        in_key: share of the chroma that lies in the planned scale (7 tones of 12), in the worst 10 s.
        flux_at_joins, flux_elsewhere: mean spectral flux.
        percentile: how many of the other instants have less of it than the joins' median.
        joins: how many.
        clicks: how often the waveform jumps.
        brightness_spread: standard deviation of the parts' mean spectral centroid, octaves.
        memory_mb: most memory that the process has had.
    """

    duration_s: float
    made_s: float
    planned: tuple[str, float]
    keys: tuple[str, ...]
    tempi_bpm: tuple[float, ...]
    in_key: float
    flux_at_joins: float
    flux_elsewhere: float
    percentile: float
    joins: int
    clicks: int
    brightness_spread: float
    memory_mb: float


def flux(sound: NDArray[np.float32]) -> NDArray[np.float64]:
    """How much the compressed spectrum grows from window to window, `[frames]`, one every 128 samples."""
    frames = np.lib.stride_tricks.sliding_window_view(sound, FLUX_WINDOW)[::FLUX_HOP]
    loud = np.log1p(100 * np.abs(np.fft.rfft(frames * np.hanning(FLUX_WINDOW), axis=1)))
    return np.maximum(np.diff(loud, axis=0), 0).mean(axis=1)


def at_joins(sound: NDArray[np.float32], joins_s: NDArray[np.float64]) -> tuple[float, float, float]:
    """Mean flux at joins and elsewhere, and the percentile of the joins' median among all frames."""
    moving = flux(sound)
    times = (np.arange(len(moving)) * FLUX_HOP + FLUX_WINDOW / 2 + FLUX_HOP) / SAMPLE_RATE
    near = np.abs(times[:, None] - joins_s).min(1) <= NEAR_S
    middle = float(np.median(moving[near]))
    return float(moving[near].mean()), float(moving[~near].mean()), float((moving[~near] <= middle).mean())


def measure(plan: Plan, streams: Streams | None, player: Player) -> tuple[Long, NDArray[np.float32]]:
    """Play the plan and measure what came out."""
    began = time.perf_counter()
    sound = play(plan, streams, player).samples[0]
    made_s = time.perf_counter() - began
    window = round(WINDOW_S * SAMPLE_RATE / player.codec.hop)
    frames = -(-len(sound) // player.codec.hop)
    joins = np.array([end for _, end in spans(frames, window)][:-1]) * player.codec.hop / SAMPLE_RATE
    joined, elsewhere, percentile = at_joins(sound, joins)
    scale = np.array(plan.key.scale)
    keys, tempi, inside, bright = [], [], [], []
    for start in np.arange(0, plan.duration_s - PART_S / 2, PART_S):
        part = sound[round(start * SAMPLE_RATE) : round((start + PART_S) * SAMPLE_RATE)]
        tones = chroma(part).whole.sum(0, keepdims=True)
        key = int(key_strengths(tones).argmax())
        keys.append(f"{NAMES[key % 12]} {'major' if key < 12 else 'minor'}")
        inside.append(float(tones[0, scale].sum() / max(tones.sum(), 1e-9)))
        tempi.append(round(float(estimate_pulse(onset_envelope(part)).tempo_bpm), 1))
        bright.append(float(np.log2(max(timbre(part).centroid_hz.mean(), 1.0))))
    found = Long(
        duration_s=plan.duration_s,
        made_s=made_s,
        planned=(
            str(plan.key),
            float(np.median([plan.grid.tempo_bpm(b) for b in range(len(plan.grid.bars))])),
        ),
        keys=tuple(keys),
        tempi_bpm=tuple(tempi),
        in_key=min(inside),
        flux_at_joins=joined,
        flux_elsewhere=elsewhere,
        percentile=percentile,
        joins=len(joins),
        clicks=len(clicks(sound[None], SAMPLE_RATE)),
        brightness_spread=float(np.std(bright)),
        memory_mb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    )
    return found, sound


def draw(sound: NDArray[np.float32], png: Path, title: str) -> None:
    """A spectrogram to look at: buzz, clicks and seams are seen before they are heard."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(14, 5))
    axes.specgram(sound + 1e-9, NFFT=1024, Fs=SAMPLE_RATE, noverlap=768, vmin=-140, vmax=-40, cmap="magma")
    axes.set(title=title, xlabel="s", ylabel="Hz")
    figure.tight_layout()
    figure.savefig(png, dpi=80)
    plt.close(figure)
