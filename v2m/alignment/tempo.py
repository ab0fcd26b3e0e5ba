"""An onset envelope → tempo, beats and bars, where nobody has told them: an estimate.

Beats by dynamic programming (Ellis, "Beat tracking by dynamic programming", J. New Music Research
36(1), 2007): the tempo is the strongest period of the envelope, weighed by how readily people tap it;
the beats are the chain of instants with the most onset strength that keeps to that period. Bars are
taken to have four beats, the strongest of the four phases leading. Both go wrong: on music without a
pulse they are a guess, and a half or double tempo is common.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from v2m.alignment.onsets import HOP_S

BEATS_A_BAR = 4
TAPPED_BPM = 120.0
"""The tempo that is tapped most readily; others count less, by their distance in octaves."""

_OCTAVES = 0.9
_SLOWEST_BPM, _FASTEST_BPM = 40.0, 240.0
# How much a step that is not one period costs, in deviations of the envelope (Ellis's alpha).
_TIGHTNESS = 100.0
# The envelope's slow swells say nothing of its pulse.
_SWELL_S = 0.5
# A beat this much weaker than the others, at either end, is past the music.
_WEAK_SHARE = 0.5


@dataclass(frozen=True, eq=False)
class Pulse:
    """The beats of some music.

    Attributes:
        tempo_bpm: median tempo; nan without beats.
        beats_s: float64 `[beats]`.
        downbeats_s: float64 `[bars]`, which are beats too.
        source: `plan`, `MIDI` or `estimated`.
    """

    tempo_bpm: float
    beats_s: NDArray[np.float64]
    downbeats_s: NDArray[np.float64]
    source: str

    @classmethod
    def of(cls, beats_s: NDArray[np.float64], downbeats_s: NDArray[np.float64], source: str) -> Pulse:
        """From beats; the tempo is that of their median distance."""
        tempo = 60.0 / float(np.median(np.diff(beats_s))) if len(beats_s) > 1 else float("nan")
        return cls(tempo, beats_s, downbeats_s, source)


def estimate_pulse(envelope: NDArray[np.float32], *, hop_s: float = HOP_S) -> Pulse:
    """Tempo, beats and bars of an onset envelope `[frames]`; no beats where it is flat or too short."""
    nothing = Pulse.of(np.zeros(0), np.zeros(0), "estimated")
    if len(envelope) < round(2.0 / hop_s):
        return nothing
    strength = _without_swells(envelope.astype(np.float64), hop_s)
    spread = float(strength.std())
    if not spread > 1e-9:
        return nothing
    strength = strength / spread
    period = _period(strength, hop_s)
    frames = _trimmed(_chain(strength, period), strength)
    beats = (frames + _between(strength, frames)) * hop_s
    first = _downbeat(strength, frames)
    return Pulse.of(beats, beats[first::BEATS_A_BAR], "estimated")


def _without_swells(envelope: NDArray[np.float64], hop_s: float) -> NDArray[np.float64]:
    width = 2 * round(_SWELL_S / hop_s) + 1
    around = np.convolve(np.pad(envelope, width // 2, mode="edge"), np.full(width, 1 / width), mode="valid")
    return np.maximum(envelope - around, 0.0)


def _period(strength: NDArray[np.float64], hop_s: float) -> float:
    """The strongest period in frames: autocorrelation, that of the double period helping (Ellis's TPS2)."""
    longest = min(round(2 * 60.0 / _SLOWEST_BPM / hop_s), len(strength) - 1)
    size = 1 << int(len(strength) + longest).bit_length()
    spectrum = np.fft.rfft(strength - strength.mean(), size)
    alike = np.fft.irfft(spectrum * np.conj(spectrum), size)[: longest + 1]
    lags = np.arange(1, longest + 1)
    octaves = np.log2(lags * hop_s / (60.0 / TAPPED_BPM))
    weighed = alike[1:] * np.exp(-0.5 * (octaves / _OCTAVES) ** 2)

    def at(lag: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(np.interp(lag, lags, weighed, right=0.0))

    shortest = 60.0 / _FASTEST_BPM / hop_s
    periods = np.arange(shortest, min(60.0 / _SLOWEST_BPM / hop_s, longest), 0.05)
    score = at(periods) + 0.5 * at(2 * periods) + 0.25 * (at(2 * periods - 1) + at(2 * periods + 1))
    return float(periods[int(np.argmax(score))])


def _chain(strength: NDArray[np.float64], period: float) -> NDArray[np.int64]:
    """Frames of the beats: C(t) = O(t) + max over the beat before, τ, of C(τ) − α log²((t − τ) / period)."""
    sigma = max(period / 32.0, 0.5)
    reach = int(np.ceil(3 * sigma))
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    local = np.convolve(strength, kernel / kernel.sum(), mode="same")
    back = np.arange(-round(2 * period), -max(round(period / 2), 1) + 1)
    cost = -_TIGHTNESS * np.log(-back / period) ** 2
    total = local.copy()
    before = np.full(len(local), -1, dtype=np.int64)
    for t in range(-int(back[-1]), len(local)):
        first = max(0, -(t + int(back[0])))
        ways = total[t + back[first] : t + back[-1] + 1] + cost[first:]
        best = int(np.argmax(ways))
        # The first beat has none before it, and needs none.
        if ways[best] > 0:
            total[t] += ways[best]
            before[t] = t + back[first + best]
    last = len(total) - 1 - int(np.argmax(total[: -round(period) - 1 : -1]))
    chain = [last]
    while before[chain[-1]] >= 0:
        chain.append(int(before[chain[-1]]))
    return np.array(chain[::-1], dtype=np.int64)


def _trimmed(frames: NDArray[np.int64], strength: NDArray[np.float64]) -> NDArray[np.int64]:
    """Without the beats at either end that lie where nothing sounds any more."""
    around = np.maximum(np.maximum(strength[frames], strength[np.maximum(frames - 1, 0)]), 1e-12)
    strong = np.flatnonzero(around >= _WEAK_SHARE * float(np.sqrt(np.mean(around**2))))
    return frames[strong[0] : strong[-1] + 1] if len(strong) else frames


def _between(strength: NDArray[np.float64], frames: NDArray[np.int64]) -> NDArray[np.float64]:
    """Where between the frames each beat's peak is, −0.5 to 0.5."""
    last = len(strength) - 1
    before, after = strength[np.maximum(frames - 1, 0)], strength[np.minimum(frames + 1, last)]
    bend = before - 2 * strength[frames] + after
    shift = np.divide(0.5 * (before - after), bend, out=np.zeros(len(frames)), where=bend < -1e-9)
    return np.clip(shift, -0.5, 0.5)


def _downbeat(strength: NDArray[np.float64], frames: NDArray[np.int64]) -> int:
    """Which of the first four beats leads a bar."""
    means = [float(strength[frames[k::BEATS_A_BAR]].mean()) for k in range(min(BEATS_A_BAR, len(frames)))]
    return int(np.argmax(means)) if means else 0
