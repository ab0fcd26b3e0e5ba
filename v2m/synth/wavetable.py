"""A waveform through a filter, as tables: one period for every cutoff, read at a moving phase and cutoff.

A note's waveform is periodic, so a filter does no more than weigh its harmonics. Each row of a table
is the sum of the harmonics below half the sampling rate, weighed for one cutoff: nothing can alias,
and a filter that sweeps is a reading place that moves from row to row (cf. Bristow-Johnson 1996,
"Wavetable Synthesis 101"). The weights have no phase, so that neighbouring rows blend without a notch.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from encoders.compiled import compiled
from v2m.synth.errors import SynthError
from v2m.synth.pitch import CONTROL, Phases

WAVES = ("sine", "triangle", "square", "saw", "pulse")
FILTERS = ("lowpass", "highpass", "bandpass")
LOWEST_HZ = 30.0
ROWS_PER_OCTAVE = 6
ROWS = 58  # from 30 Hz to 21 kHz
HIGHEST_HZ = 19000.0
NYQUIST_SHARE = 0.42  # of the rate; what is left is for detuning and vibrato
SAMPLES_PER_HARMONIC = 6
SMALLEST = 2048
CACHE_BYTES = 48 << 20


@dataclass(frozen=True)
class Response:
    """The shape of a filter.

    Attributes:
        kind: one of `FILTERS`.
        poles: 2 or 4 (12 or 24 dB an octave); a band-pass has 2.
        resonance: quality factor at the cutoff, 0.5 to 8; 0.707 is flat.
    """

    kind: str = "lowpass"
    poles: int = 4
    resonance: float = 0.707

    def __post_init__(self) -> None:
        if self.kind not in FILTERS:
            raise SynthError(f"filter {self.kind!r} is none of {', '.join(FILTERS)}")
        if self.poles not in (2, 4) or not 0.5 <= self.resonance <= 8:
            raise SynthError("a filter has 2 or 4 poles and a resonance of 0.5 to 8")

    def magnitude(self, hz: NDArray[np.floating], cutoff_hz: NDArray[np.floating]) -> NDArray[np.floating]:
        """Gain at `hz` `[K]` for cutoffs `[R]`, `[R, K]`."""
        x = hz / cutoff_hz[:, None]
        below = 1 - x * x
        gain = 1 / np.hypot(below, x / self.resonance)
        if self.poles == 4 and self.kind != "bandpass":
            gain /= np.hypot(below, x * np.sqrt(2))
        if self.kind == "highpass":
            gain *= x**self.poles
        if self.kind == "bandpass":
            gain *= x / self.resonance
        return np.asarray(gain)


def row_of(cutoff_octaves: NDArray[np.float32]) -> NDArray[np.float32]:
    """Octaves above `LOWEST_HZ` → the place between rows."""
    return np.clip(cutoff_octaves * ROWS_PER_OCTAVE, 0, ROWS - 1.001).astype(np.float32)


def harmonics(wave: str, count: int, pulse_width: float) -> NDArray[np.complex128]:
    """Fourier coefficients 1 to `count` of a waveform as loud as a sine of amplitude 1."""
    k = np.arange(1, count + 1)
    odd = k % 2
    if wave == "pulse":
        loud = np.pi * np.sqrt(pulse_width * (1 - pulse_width) / 2)
        return np.asarray(np.sin(np.pi * k * pulse_width) / k / loud, np.complex128)
    amplitudes = {
        "saw": 1 / k / np.sqrt(np.pi**2 / 6),
        "square": odd / k / np.sqrt(np.pi**2 / 8),
        "triangle": odd * (-1.0) ** (k // 2) / k**2 / np.sqrt(np.pi**4 / 96),
        "sine": np.where(k == 1, 1.0, 0.0),
    }
    return np.asarray(-1j * amplitudes[wave], np.complex128)


@dataclass(frozen=True, eq=False)
class Table:
    """float32 `[rows, size, 2]`: a sample of the period, and the step to the next; the last row twice."""

    points: NDArray[np.float32]


def make_table(
    hz: float, rate: int, wave: str, pulse_width: float, response: Response | None, low_cut_hz: float
) -> Table:
    """The table of a key: all rows, or one where there is no filter.

    Args:
        hz: the fundamental; harmonics above what the rate can hold are left out.
        low_cut_hz: a second-order high-pass that stands still; 0 for none.
    """
    count = max(1, int(min(NYQUIST_SHARE * rate, HIGHEST_HZ) / hz))
    size = max(SMALLEST, 1 << (SAMPLES_PER_HARMONIC * count - 1).bit_length())
    at_hz = hz * np.arange(1, count + 1)
    weights: NDArray[np.floating] = np.ones((1, count))
    if response is not None:
        cutoffs = LOWEST_HZ * 2.0 ** (np.arange(ROWS) / ROWS_PER_OCTAVE)
        weights = response.magnitude(at_hz, cutoffs)
    if low_cut_hz:
        cut = Response("highpass", 2, np.sqrt(0.5))
        weights = weights * cut.magnitude(at_hz, np.array([low_cut_hz]))
    spectrum = np.zeros((len(weights), size // 2 + 1), np.complex128)
    spectrum[:, 1 : count + 1] = weights * harmonics(wave, count, pulse_width) * (size / 2)
    period = np.fft.irfft(spectrum, size, axis=1)
    period = np.concatenate([period, period[-1:]])
    return Table(np.stack([period, np.roll(period, -1, axis=1) - period], axis=2).astype(np.float32))


class Tables:
    """The tables of one oscillator, key by key, the latest used kept."""

    def __init__(
        self, rate: int, wave: str, pulse_width: float, response: Response | None, low_cut_hz: float
    ) -> None:
        self._made_of = (rate, wave, pulse_width, response, low_cut_hz)
        self._kept: OrderedDict[float, Table] = OrderedDict()

    def of(self, hz: float) -> Table:
        """The table for a fundamental of `hz`."""
        table = self._kept.pop(hz, None) or make_table(hz, *self._made_of)
        self._kept[hz] = table
        while sum(t.points.nbytes for t in self._kept.values()) > CACHE_BYTES and len(self._kept) > 1:
            self._kept.popitem(last=False)
        return table


def read(
    table: Table, phases: Phases, rows: NDArray[np.float32] | None, gains: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Oscillators read from a table and mixed, float32 `[channels, blocks · CONTROL]`.

    Linear between points and between rows.

    Args:
        rows: `[blocks + 1]`, the place between rows at each block's beginning, and at the end; None for
            the only row.
        gains: `[channels, oscillators]`.
    """
    count = phases.step.shape[1]
    out = np.zeros((len(gains), count * CONTROL), np.float32)
    still = np.zeros(count + 1, np.float32) if rows is None else rows
    points = table.points
    _read(points.reshape(-1), 2 * points.shape[1], phases.first, phases.step, still, gains, out)
    return out


@compiled
def _read(
    flat: NDArray[np.float32],
    size: int,
    first: NDArray[np.uint32],
    step: NDArray[np.uint32],
    rows: NDArray[np.float32],
    gains: NDArray[np.float32],
    out: NDArray[np.float32],
) -> None:
    """`read`, block by block; `flat` is a table's points, `size` how many a row has, times two."""
    shift = np.uint32(33)
    for _ in range(int(np.log2(size))):
        shift -= np.uint32(1)
    mask, part = np.uint32((1 << shift) - 1), np.float32(2.0 ** -float(shift))
    whole, blend = np.empty(CONTROL, np.uint64), np.empty(CONTROL, np.float32)
    sample = np.empty(CONTROL, np.float32)
    for block in range(len(rows) - 1):
        rise = (rows[block + 1] - rows[block]) / np.float32(CONTROL)
        for i in range(CONTROL):
            place = rows[block] + rise * np.float32(i)
            row = np.uint64(place)
            whole[i] = row * np.uint64(size)
            blend[i] = place - np.float32(row)
        for voice in range(len(first)):
            phase, stride = first[voice, block], step[voice, block]
            for i in range(CONTROL):
                at = whole[i] + (np.uint64(phase >> shift) << np.uint64(1))
                within = np.float32(phase & mask) * part
                below = flat[at] + flat[at + np.uint64(1)] * within
                at += np.uint64(size)
                above = flat[at] + flat[at + np.uint64(1)] * within
                sample[i] = below + (above - below) * blend[i]
                phase = np.uint32(phase + stride)
            for channel in range(len(out)):
                gain = gains[channel, voice]
                heard = out[channel, block * CONTROL : (block + 1) * CONTROL]
                for i in range(CONTROL):
                    heard[i] += sample[i] * gain
