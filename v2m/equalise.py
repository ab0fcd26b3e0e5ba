"""Bands of an equaliser → one impulse response: all of a channel's bands cost one convolution."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from generators.desk import EqBand

TAPS = 4096
FLOOR = 1e-5  # a cut is zero at 0 Hz, and a minimum phase needs a logarithm


def impulse_of(bands: Sequence[EqBand], sample_rate: int) -> NDArray[np.float32]:
    """Impulse response float32 `[1, TAPS]`, of minimum phase: causal, without latency.

    The magnitude is the analogue filters' own up to half the sampling rate, where a bilinear
    transform would squeeze it; the phase is found from it by the cepstrum (Oppenheim & Schafer,
    *Discrete-Time Signal Processing*, "Minimum-Phase and All-Pass Decomposition").
    """
    size = 4 * TAPS
    magnitude = np.abs(response(bands, np.fft.rfftfreq(size, 1 / sample_rate)))
    cepstrum = np.fft.irfft(np.log(np.maximum(magnitude, FLOOR)), size)
    cepstrum[1 : size // 2] *= 2
    cepstrum[size // 2 + 1 :] = 0
    impulse = np.fft.irfft(np.exp(np.fft.rfft(cepstrum)), size)[:TAPS]
    return impulse[None, :].astype(np.float32)


def response(bands: Sequence[EqBand], hz: NDArray[np.floating]) -> NDArray[np.complex128]:
    """Frequency response of all bands at `hz`.

    The analogue prototypes of Bristow-Johnson, "Cookbook formulae for audio EQ biquad filter
    coefficients" (1994).
    """
    whole = np.ones(len(hz), np.complex128)
    for band in bands:
        s = 1j * hz / band.hz
        a, q = 10 ** (band.gain_db / 40), band.q
        bell = np.sqrt(a) / q * s
        if band.kind == "low-cut":
            whole *= s * s / (s * s + s / q + 1)
        elif band.kind == "high-cut":
            whole *= 1 / (s * s + s / q + 1)
        elif band.kind == "low-shelf":
            whole *= a * (s * s + bell + a) / (a * s * s + bell + 1)
        elif band.kind == "high-shelf":
            whole *= a * (a * s * s + bell + 1) / (s * s + bell + a)
        else:
            whole *= (s * s + s * a / q + 1) / (s * s + s / (a * q) + 1)
    return whole
