"""Sound → loudness and true peak, in a stream (ITU-R BS.1770-4).

K-weighting is the recommendation's two biquads, derived for any rate from their analogue
prototypes and applied as one FFT convolution. What is kept is one number a hop (0.7 ms):
weighted energy and 4× oversampled peak. Both together let the limiter foresee the loudness
of any gain without touching the sound again.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from v2m.convolve import Convolver

OFFSET_LU = -0.691
ABSOLUTE_GATE_LUFS = -70.0
RELATIVE_GATE_LU = -10.0
OVERSAMPLING = 4
STRETCH = 1 << 14
HALF_TAPS = 6  # of the interpolator, a side: twelve taps a phase, as in the recommendation (annex 2)


def hop_samples(sample_rate: int) -> int:
    """The longest hop up to 32 samples that divides the meter's 100 ms step evenly."""
    step = sample_rate // 10
    return next(hop for hop in range(32, 0, -1) if step % hop == 0)


@lru_cache(maxsize=4)
def k_weighting(sample_rate: int, taps: int = 8192) -> NDArray[np.float32]:
    """Impulse response, float32 `[1, taps]`, of BS.1770's high shelf and high-pass in series.

    The pre-filter models the head (+4 dB shelf from 1.7 kHz), the second is the RLB curve
    (38 Hz); the bilinear transform of both gives the recommendation's table at 48 kHz.
    """
    z = np.exp(-2j * np.pi * np.arange(taps + 1) / (2 * taps))

    def biquad(b: tuple[float, float, float], a: tuple[float, float, float]) -> NDArray[np.complex128]:
        response: NDArray[np.complex128] = (b[0] + b[1] * z + b[2] * z * z) / (a[0] + a[1] * z + a[2] * z * z)
        return response

    k = math.tan(math.pi * 1681.974450955533 / sample_rate)
    q, high = 0.7071752369554196, 10 ** (3.999843853973347 / 20)
    band = high**0.4996667741545416
    shelf = biquad(
        (high + band * k / q + k * k, 2 * (k * k - high), high - band * k / q + k * k),
        (1 + k / q + k * k, 2 * (k * k - 1), 1 - k / q + k * k),
    )
    k, q = math.tan(math.pi * 38.13547087602444 / sample_rate), 0.5003270373238773
    # The recommendation's table leaves this numerator at 1, −2, 1 with its denominator normalised.
    lead = 1 + k / q + k * k
    highpass = biquad((lead, -2.0 * lead, lead), (lead, 2 * (k * k - 1), 1 - k / q + k * k))
    impulse = np.fft.irfft(shelf * highpass)[:taps]
    return impulse[None, :].astype(np.float32)


@lru_cache(maxsize=1)
def _phases() -> NDArray[np.float32]:
    """Interpolators for the three instants between samples, float32 `[3, 2·HALF_TAPS]`."""
    at = np.arange(1 - HALF_TAPS, HALF_TAPS + 1)
    rows = []
    for phase in range(1, OVERSAMPLING):
        x = at - phase / OVERSAMPLING
        row = np.sinc(x) * np.i0(5.0 * np.sqrt(np.clip(1 - (x / HALF_TAPS) ** 2, 0, 1))) / np.i0(5.0)
        rows.append(row / row.sum())
    return np.array(rows, np.float32)


class Meter:
    """Takes sound in blocks, keeps energy and peak a hop.

    Blocks may have any length; call `close` after the last.
    """

    def __init__(self, sample_rate: int) -> None:
        self.sample_rate = sample_rate
        self.hop = hop_samples(sample_rate)
        self._weigh = Convolver(k_weighting(sample_rate))
        self._energy_rest = np.zeros(0, np.float32)
        self._peak_rest = np.zeros(0, np.float32)
        self._before = np.zeros((2, 2 * HALF_TAPS - 1), np.float32)
        self._energies: list[NDArray[np.float32]] = []
        self._peaks: list[NDArray[np.float32]] = []

    def add(self, block: NDArray[np.float32]) -> None:
        """`block`: float32 `[2, n]`."""
        weighted = self._weigh.feed(block)
        squares = np.einsum("cn,cn->n", weighted, weighted)
        self._energy_rest = _fold(squares, self._energy_rest, self.hop, self._energies, np.add)
        self._peak_rest = _fold(self._oversampled(block), self._peak_rest, self.hop, self._peaks, np.maximum)

    def close(self) -> None:
        """Let the interpolator's last samples out and close the last hop."""
        self._peak_rest = _fold(
            self._oversampled(np.zeros((2, HALF_TAPS), np.float32)),
            self._peak_rest,
            self.hop,
            self._peaks,
            np.maximum,
        )
        for rest, found in ((self._energy_rest, self._energies), (self._peak_rest, self._peaks)):
            if len(rest):
                _fold(np.zeros(self.hop - len(rest), np.float32), rest, self.hop, found, np.maximum)

    def _oversampled(self, block: NDArray[np.float32]) -> NDArray[np.float32]:
        """Largest magnitude among each sample and the three instants after it, both channels, `[n]`.

        Runs `HALF_TAPS` samples late.
        """
        joined = np.concatenate([self._before, block], axis=1)
        self._before = joined[:, joined.shape[1] - (2 * HALF_TAPS - 1) :]
        n = block.shape[1]
        largest = np.zeros(n, np.float32)
        phases = _phases()
        # Tap by tap over stretches that stay in the cache: six times as fast as np.convolve.
        for first in range(0, n, STRETCH):
            last = min(first + STRETCH, n)
            highest = largest[first:last]
            for channel in joined:
                between = phases[:, :1] * channel[first:last]
                for tap in range(1, 2 * HALF_TAPS):
                    between += phases[:, tap : tap + 1] * channel[first + tap : last + tap]
                np.maximum(highest, np.abs(between).max(axis=0), out=highest)
                at = channel[first + HALF_TAPS - 1 : last + HALF_TAPS - 1]
                np.maximum(highest, np.abs(at), out=highest)
        return largest

    @property
    def energies(self) -> NDArray[np.float32]:
        """float32 `[hops]`: K-weighted energy, both channels summed."""
        return np.concatenate(self._energies) if self._energies else np.zeros(0, np.float32)

    @property
    def peaks(self) -> NDArray[np.float32]:
        """float32 `[hops]`: 4× oversampled peak magnitude. Runs `HALF_TAPS` samples late."""
        return np.concatenate(self._peaks) if self._peaks else np.zeros(0, np.float32)

    @property
    def lufs(self) -> float:
        """Integrated loudness of everything so far; −inf for silence."""
        return integrated_lufs(self.energies, self.sample_rate)

    @property
    def true_peak_dbtp(self) -> float:
        peaks = self.peaks
        top = float(peaks.max()) if len(peaks) else 0.0
        return 20 * math.log10(top) if top > 0 else -math.inf


def integrated_lufs(energies: NDArray[np.floating], sample_rate: int) -> float:
    """Gated loudness (BS.1770-4, 5.1) from K-weighted energy a hop.

    Sound shorter than one gating block (400 ms) is taken as one block of its own length.
    """
    hop = hop_samples(sample_rate)
    per_step = sample_rate // 10 // hop
    steps = len(energies) // per_step
    if steps < 4:
        total = float(np.sum(energies, dtype=np.float64))
        return OFFSET_LU + 10 * math.log10(total / (len(energies) * hop)) if total > 1e-12 else -math.inf
    step = energies[: steps * per_step].reshape(steps, per_step).sum(axis=1, dtype=np.float64)
    power = np.convolve(step, np.ones(4), "valid") / (4 * per_step * hop)
    power = power[power > 10 ** ((ABSOLUTE_GATE_LUFS - OFFSET_LU) / 10)]
    if not len(power):
        return -math.inf
    power = power[power > power.mean() * 10 ** (RELATIVE_GATE_LU / 10)]
    return OFFSET_LU + 10 * math.log10(float(power.mean()))


def _fold(
    values: NDArray[np.float32],
    rest: NDArray[np.float32],
    hop: int,
    found: list[NDArray[np.float32]],
    how: np.ufunc,
) -> NDArray[np.float32]:
    """Reduce `rest` + `values` hop by hop into `found`; returns what doesn't fill a hop yet."""
    joined = np.concatenate([rest, values]) if len(rest) else values
    whole = len(joined) // hop * hop
    if whole:
        found.append(how.reduce(joined[:whole].reshape(-1, hop), axis=1))
    return joined[whole:].copy()
