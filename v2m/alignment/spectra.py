"""Samples → what a listener could tell of each instant: how loud, how bright, and which pitch classes.

Two short-time spectra of mono sound: windows of 93 ms for loudness and timbre, and of 372 ms, which
part neighbouring semitones down to the octave below middle C, for pitch classes. Those are the harmonic
pitch class profile (Gómez, "Tonal description of polyphonic audio for music content processing",
INFORMS Journal on Computing 18(3), 2006): spectral peaks, their frequencies interpolated, are counted
for the pitch class that they belong to and, less and less, for those that they may be a harmonic of.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from v2m.alignment.onsets import SAMPLE_RATE
from v2m.alignment.windows import windows

SILENCE_DB = -70.0
"""RMS, dB re full scale, below which a window is silent."""
BRIGHT_HZ = 1500.0
"""Above this, energy makes sound bright (the cut-off of Juslin 2000, Eerola et al. 2009)."""

BANDS = 24
_BAND_EDGES_HZ = (60.0, 10_000.0)
_SHORT, _SHORT_HOP = 2048, 1024
_LONG, _LONG_HOP = 8192, 2048
_BLOCK_FRAMES = 512

# The peaks that count: from the bass's lowest octave to where partials crowd.
_PITCH_HZ = (55.0, 3500.0)
_BASS_HZ = 260.0
# How many semitones' breadth a peak is spread over, how many harmonics it may be, and how they fall.
_BREADTH_SEMITONES = 1.0
_HARMONICS = 6
_HARMONIC_DECAY = 0.6
# Peaks farther below a window's strongest than this are noise.
_FLOOR_DB = 50.0


@dataclass(frozen=True, eq=False)
class Timbre:
    """Loudness and brightness over time; every window is centred on its time.

    Attributes:
        times_s: float64 `[F]`.
        level_db: float64 `[F]`, RMS in dB re full scale, at least `SILENCE_DB`.
        centroid_hz: float64 `[F]`, the spectrum's centre of gravity by magnitude; 0 in silence.
        bright: float64 `[F]`, share of the energy above 1,500 Hz; 0 in silence.
        bands_db: float64 `[F, 24]`, level in bands spaced logarithmically from 60 Hz to 10 kHz.
    """

    times_s: NDArray[np.float64]
    level_db: NDArray[np.float64]
    centroid_hz: NDArray[np.float64]
    bright: NDArray[np.float64]
    bands_db: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Chroma:
    """Pitch classes over time, C first; every window is centred on its time.

    Attributes:
        times_s: float64 `[F]`.
        whole: float64 `[F, 12]`, magnitude by pitch class, not normalised; 0 in silence.
        bass: float64 `[F, 12]`, the same of fundamentals below 260 Hz alone.
        register: float64 `[F]`, mean MIDI pitch of the spectral peaks, by magnitude; nan where there is none.
        tuning_semitones: how far the sound lies from A = 440 Hz, −0.5 to 0.5; taken out of both.
    """

    times_s: NDArray[np.float64]
    whole: NDArray[np.float64]
    bass: NDArray[np.float64]
    register: NDArray[np.float64]
    tuning_semitones: float


def validate(samples: NDArray[np.float32]) -> None:
    """Check what is to be described.

    Raises:
        ValueError: if it is not mono or not finite.
    """
    if samples.ndim != 1 or not np.isfinite(samples).all():
        raise ValueError("spectra are taken of mono, finite samples")


def timbre(samples: NDArray[np.float32]) -> Timbre:
    """Mono samples at 22,050 Hz → `Timbre`, 21.5 windows a second.

    Raises:
        ValueError: see `validate`.
    """
    validate(samples)
    hz = np.fft.rfftfreq(_SHORT, 1 / SAMPLE_RATE)
    edges = np.geomspace(*_BAND_EDGES_HZ, BANDS + 1)
    band = np.searchsorted(edges, hz, side="right") - 1
    into = np.zeros((len(hz), BANDS), np.float32)
    inside = (band >= 0) & (band < BANDS)
    into[np.flatnonzero(inside), band[inside]] = 1.0
    rows = []
    for block in _spectra(samples, _SHORT, _SHORT_HOP):
        magnitude = np.abs(block)
        power = magnitude**2
        total = power.sum(axis=1, dtype=np.float64)
        weight = magnitude.sum(axis=1, dtype=np.float64)
        rows.append(
            np.column_stack(
                [
                    total,
                    np.divide(magnitude @ hz, weight, out=np.zeros(len(block)), where=weight > 0),
                    power[:, hz >= BRIGHT_HZ].sum(axis=1, dtype=np.float64),
                    power @ into,
                ]
            )
        )
    found = np.concatenate(rows) if rows else np.zeros((0, 3 + BANDS))
    # A Hann window keeps 3/8 of the energy, and a real spectrum shows half of it.
    mean_square = found[:, 0] / (0.375 * _SHORT * _SHORT / 2)
    floor = 10 ** (SILENCE_DB / 10)
    loud = mean_square > floor
    bands = found[:, 3:] / (0.375 * _SHORT * _SHORT / 2)
    return Timbre(
        times_s=np.arange(len(found)) * _SHORT_HOP / SAMPLE_RATE,
        level_db=10 * np.log10(np.maximum(mean_square, floor)),
        centroid_hz=np.where(loud, found[:, 1], 0.0),
        bright=np.where(loud, found[:, 2] / np.maximum(found[:, 0], 1e-30), 0.0),
        bands_db=10 * np.log10(np.maximum(bands, floor)),
    )


def chroma(samples: NDArray[np.float32]) -> Chroma:
    """Mono samples at 22,050 Hz → `Chroma`, 10.8 windows a second.

    Raises:
        ValueError: see `validate`.
    """
    validate(samples)
    # Noise has hundreds of peaks a window: they are held in half the precision, for an hour of it.
    held: list[tuple[int, NDArray[np.int16], NDArray[np.float32], NDArray[np.float32]]] = []
    turn = 0j
    for block in _spectra(samples, _LONG, _LONG_HOP):
        frame, pitch, height = _peaks(np.abs(block))
        turn += complex(np.sum(height * np.exp(2j * np.pi * pitch)))
        held.append((len(block), frame.astype(np.int16), pitch.astype(np.float32), height.astype(np.float32)))
    # The tuning is that of the whole, and known only now.
    tuning = float(np.angle(turn) / (2 * np.pi)) if turn else 0.0
    profiles = [(np.zeros((0, 12)), np.zeros((0, 12)), np.zeros(0))]
    profiles += [_profiles(*block, tuning) for block in held]
    whole, bass, register = (np.concatenate(parts) for parts in zip(*profiles, strict=True))
    times_s = np.arange(len(whole)) * _LONG_HOP / SAMPLE_RATE
    return Chroma(times_s, whole, bass, register, tuning)


def _profiles(
    count: int,
    frame: NDArray[np.int16],
    pitch: NDArray[np.float32],
    height: NDArray[np.float32],
    tuning: float,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """A block's peaks → its pitch classes, `[count, 12]`, those of the bass, and its register `[count]`."""
    at, tuned, weight = frame.astype(np.int64), pitch.astype(np.float64) - tuning, height.astype(np.float64)
    total = np.bincount(at, weight, minlength=count)
    moment = np.bincount(at, weight * tuned, minlength=count)
    low = tuned < 69 + 12 * np.log2(_BASS_HZ / 440.0)
    return (
        _fold(at, tuned, weight, count, _HARMONICS),
        _fold(at[low], tuned[low], weight[low], count, 1),
        np.divide(moment, total, out=np.full(count, np.nan), where=total > 0),
    )


def _spectra(samples: NDArray[np.float32], window: int, hop: int) -> Iterator[NDArray[np.complex64]]:
    """Hann-windowed spectra of windows centred on every `hop`-th sample, in blocks `[frames, bins]`."""
    if not samples.size:
        return
    shape = np.hanning(window + 1)[:-1].astype(np.float32)
    count = 1 + len(samples) // hop
    samples = samples.astype(np.float32, copy=False)
    for views in windows(samples, window, hop, lead=window // 2, count=count, block=_BLOCK_FRAMES):
        if views.any():
            yield np.fft.rfft(views * shape, axis=1).astype(np.complex64, copy=False)
        else:
            yield np.zeros((len(views), window // 2 + 1), np.complex64)


def _peaks(
    magnitude: NDArray[np.float32],
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """Spectral peaks of a block: which frame, MIDI pitch (a real number), and magnitude re full scale."""
    first, last = (int(hz * _LONG / SAMPLE_RATE) for hz in _PITCH_HZ)
    middle = magnitude[:, first : last + 1]
    before, after = magnitude[:, first - 1 : last], magnitude[:, first + 1 : last + 2]
    strongest = magnitude.max(axis=1, keepdims=True)
    least = np.maximum(strongest * 10 ** (-_FLOOR_DB / 20), _LONG / 4 * 10 ** (SILENCE_DB / 20))
    frame, bin_ = np.nonzero((middle > before) & (middle >= after) & (middle > least))
    # The parabola through the logarithms of three bins (Smith & Serra 1987).
    left, here, right = (np.log(np.maximum(a[frame, bin_], 1e-20)) for a in (before, middle, after))
    bend = left - 2 * here + right
    shift = np.divide(0.5 * (left - right), bend, out=np.zeros(len(frame)), where=bend < 0)
    hz = (first + bin_ + shift) * SAMPLE_RATE / _LONG
    height = np.exp(here - 0.25 * (left - right) * shift) / (_LONG / 4)
    return frame.astype(np.int64), 69 + 12 * np.log2(hz / 440.0), height.astype(np.float64)


def _fold(
    frame: NDArray[np.int64],
    pitch: NDArray[np.float64],
    height: NDArray[np.float64],
    count: int,
    harmonics: int,
) -> NDArray[np.float64]:
    """Peaks → `[count, 12]`: each spread over the pitch classes near it and near what it may be above."""
    profile = np.zeros(count * 12)
    for n in range(1, harmonics + 1):
        root = pitch - 12 * np.log2(n)
        share = height * _HARMONIC_DECAY ** (n - 1)
        near = np.rint(root).astype(np.int64)
        for step in (-1, 0, 1):
            off = np.abs(root - (near + step))
            # A raised cosine over the breadth, as in the profile's definition.
            weight = np.where(
                off < _BREADTH_SEMITONES / 2 + 1e-12, np.cos(np.pi * off / _BREADTH_SEMITONES) ** 2, 0.0
            )
            profile += np.bincount(frame * 12 + (near + step) % 12, share * weight, minlength=len(profile))
    return profile.reshape(count, 12)
