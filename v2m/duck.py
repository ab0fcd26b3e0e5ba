"""The clip's own sound → how loud it is kept, and how far the music goes down under it.

A sidechain compressor with foresight: the own sound is measured first (speech band and full
band, every 10 ms), so the music is already down when a word begins, stays down through the
gaps between words, and comes back slowly.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from v2m.convolve import Convolver
from v2m.loudness import Meter
from v2m.sound_file import read_blocks

SILENT_LUFS = -55.0
OWN_LUFS = -16.0  # where speech is brought to before mastering
MOST_GAIN_DB = 15.0  # quiet room tone is not raised into noise
MUSIC_BELOW_LU = 1.0  # music's level in the gaps, against the own sound
HOP_S = 0.01
ATTACK_S, HOLD_S, RELEASE_S, AHEAD_S = 0.12, 0.35, 0.6, 0.1
SPEECH_HZ = (300.0, 3400.0)
KNEE_DB = 8.0  # the duck goes from nothing to full over this many decibels


@dataclass(frozen=True, eq=False)
class Balance:
    """How own sound and music are put together, before mastering.

    Attributes:
        own_sound: the file.
        audible: false where it is silent, and the music plays alone.
        own_gain, music_gain: constant factors.
        duck: float32 `[hops]`, the music's further factor every `HOP_S`.
        sample_rate: Hz.
        notes: sentences for the run report.
    """

    own_sound: Path
    audible: bool
    own_gain: float
    music_gain: float
    duck: NDArray[np.float32]
    sample_rate: int
    notes: tuple[str, ...]

    def music_curve(self, first: int, n: int) -> NDArray[np.float32]:
        """The music's factor on samples `first` to `first + n`."""
        hop = HOP_S * self.sample_rate
        at = np.arange(first, first + n)
        curve = np.interp(at, (np.arange(len(self.duck)) + 0.5) * hop, self.duck)
        return (curve * self.music_gain).astype(np.float32)


def balance(own_sound: Path, music_lufs: float, sample_rate: int, total: int, duck_db: float) -> Balance:
    """Measure the own sound and decide.

    Args:
        own_sound: sound file at `sample_rate`.
        music_lufs: loudness of the music bus.
        total: length in samples.
        duck_db: full depth of the duck.
    """
    meter = Meter(sample_rate)
    hop = round(HOP_S * sample_rate)
    band = Convolver(_speech_band(sample_rate))
    speech, whole = [], []
    step = hop * 2000
    for block in read_blocks(own_sound, step, total):
        meter.add(block)
        speech.append(_power(band.feed(block), hop))
        whole.append(_power(block, hop))
    meter.close()
    lufs = meter.lufs
    if lufs < SILENT_LUFS:
        note = "the clip's own sound is silent: the music plays alone"
        return Balance(own_sound, False, 0.0, 1.0, np.ones(1, np.float32), sample_rate, (note,))
    own_db = min(OWN_LUFS - lufs, MOST_GAIN_DB)
    # Faint own sound stays under the music instead of setting its level.
    level = max(lufs + own_db - MUSIC_BELOW_LU, OWN_LUFS - MUSIC_BELOW_LU - 6)
    music_db = level - music_lufs if math.isfinite(music_lufs) else 0.0
    presence = _presence(np.concatenate(speech), np.concatenate(whole))
    factor = 10 ** (-duck_db * presence / 20)
    share = float((presence > 0.5).mean())
    note = f"the clip's own sound is kept; the music goes down {duck_db:g} dB under {share:.0%} of it"
    return Balance(
        own_sound,
        True,
        10 ** (own_db / 20),
        10 ** (music_db / 20),
        factor.astype(np.float32),
        sample_rate,
        (note,),
    )


def _presence(speech: NDArray[np.float64], whole: NDArray[np.float64]) -> NDArray[np.float64]:
    """0 to 1, every hop: how much the own sound wants to be heard.

    Foreground is what stands out of the clip's own background (a low percentile) and is not far
    below its loud parts. The speech band counts fully, the rest 6 dB less: loud moments duck too.
    """
    heard = np.maximum(speech, whole * 10**-0.6)
    heard = np.convolve(heard, np.ones(5) / 5, "same")
    db = 10 * np.log10(heard + 1e-9)
    floor, loud = np.percentile(db, 10), np.percentile(db, 95)
    # Even sound (rain, an engine, a crowd) has no foreground: half way down all along.
    if loud - floor < 9.0:
        return np.full(len(db), 0.5)
    threshold = max(loud - 18.0, floor + 5.0)
    wanted = np.clip((db - threshold) / KNEE_DB, 0, 1)
    return _ballistics(wanted)


def _ballistics(wanted: NDArray[np.float64]) -> NDArray[np.float64]:
    """Hold, linear release, look-ahead and a smooth onset, all in closed form."""
    hold, release = round(HOLD_S / HOP_S), round(RELEASE_S / HOP_S)
    ahead, attack = round(AHEAD_S / HOP_S), round(ATTACK_S / HOP_S)
    padded = np.pad(wanted, (hold, ahead))
    held = np.lib.stride_tricks.sliding_window_view(padded, hold + ahead + 1).max(axis=1)
    slope = np.arange(len(held)) / release
    released = np.maximum.accumulate(held + slope) - slope
    kernel = np.hanning(attack + 2)[1:-1]
    smooth: NDArray[np.float64] = np.convolve(
        np.pad(released, (attack // 2, attack - 1 - attack // 2), mode="edge"), kernel / kernel.sum(), "valid"
    )
    return np.clip(smooth, 0, 1)


def _power(block: NDArray[np.float32], hop: int) -> NDArray[np.float64]:
    """Mean square of both channels a hop (the last hop may be shorter)."""
    squares = np.einsum("cn,cn->n", block, block) / 2
    rest = -len(squares) % hop
    power: NDArray[np.float64] = np.pad(squares, (0, rest)).reshape(-1, hop).mean(axis=1, dtype=np.float64)
    return power


def _speech_band(sample_rate: int, taps: int = 2048) -> NDArray[np.float32]:
    """Impulse response `[1, taps]` of a telephone band-pass (fourth order in all)."""
    hz = np.fft.rfftfreq(4 * taps, 1 / sample_rate)
    s_low, s_high = 1j * hz / SPEECH_HZ[0], 1j * hz / SPEECH_HZ[1]
    response = s_low**2 / (s_low**2 + np.sqrt(2) * s_low + 1) / (s_high**2 + np.sqrt(2) * s_high + 1)
    return np.fft.irfft(response)[None, :taps].astype(np.float32)
