"""Sound → the instants at which something begins to sound.

AV-Align (Yariv et al. 2024) and the dance-to-music beat scores are defined by librosa's onset
detector, so this is that detector: the same frames, mel bands, decibels and peak picking (Böck, Krebs &
Schedl, "Evaluating the online capabilities of onset detection methods", ISMIR 2012), written for NumPy
alone. librosa compiles code when it is first used, which takes longer than scoring a clip; the tests
hold this module to librosa's own onsets.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from v2m.alignment.windows import windows

SAMPLE_RATE = 22_050
"""Hz; AV-Align and the dance-to-music beat scores are defined at this rate."""
HOP_SAMPLES = 512
HOP_S = HOP_SAMPLES / SAMPLE_RATE

_WINDOW_SAMPLES = 2048
_BANDS = 128
_LEAST_POWER = 1e-10
_RANGE_DB = 80.0
# Frames a block: 8 MB of spectrum, whatever the length of the sound.
_BLOCK_FRAMES = 1024


@dataclass(frozen=True)
class Picking:
    """What makes a frame of the envelope (scaled to 0–1) an onset; the defaults are librosa's.

    Attributes:
        pre_max, post_max: it is the largest from `pre_max` frames before to `post_max` − 1 after.
        pre_avg, post_avg: it exceeds the mean from `pre_avg` before to `post_avg` − 1 after …
        delta: … by this much.
        wait: the last onset is more than this many frames before.

    Raises:
        ValueError: if a number is negative, or nothing after a frame counts, not even itself.
    """

    pre_max: int = 1
    post_max: int = 1
    pre_avg: int = 4
    post_avg: int = 5
    delta: float = 0.07
    wait: int = 1

    def __post_init__(self) -> None:
        if min(self.pre_max, self.pre_avg, self.wait, self.delta) < 0:
            raise ValueError("pre_max, pre_avg, wait and delta must not be negative")
        if min(self.post_max, self.post_avg) < 1:
            raise ValueError("post_max and post_avg must be at least 1")


def detect_onsets(samples: NDArray[np.float32], *, picking: Picking | None = None) -> NDArray[np.float64]:
    """Onsets as librosa finds them.

    Args:
        samples: mono `[samples]` at 22,050 Hz.
        picking: what makes an onset; librosa's defaults if None, which is how AV-Align defines audio
            peaks.

    Returns:
        float64 `[onsets]`, seconds, increasing; empty for silence.

    Raises:
        ValueError: if the samples are not mono or not finite.
    """
    return pick_onsets(onset_envelope(samples), picking=picking)


def onset_envelope(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """How much louder each instant is than the one before, in dB, mean over mel bands.

    Args:
        samples: mono `[samples]` at 22,050 Hz.

    Returns:
        float32 `[1 + samples // 512]`, not negative; entry k belongs to k · `HOP_S` seconds. Empty
        for no samples.

    Raises:
        ValueError: if the samples are not mono or not finite.
    """
    if samples.ndim != 1 or not np.isfinite(samples).all():
        raise ValueError("onsets are detected in mono, finite samples")
    if not samples.any():
        return np.zeros(1 + len(samples) // HOP_SAMPLES if samples.size else 0, np.float32)
    level = mel_decibels(samples)
    rise = np.empty(len(level) - 1, np.float32)
    for first in range(0, len(rise), _BLOCK_FRAMES):
        step = np.diff(level[first : first + _BLOCK_FRAMES + 1], axis=0)
        rise[first : first + _BLOCK_FRAMES] = np.maximum(np.float32(0), step).mean(axis=1)
    # A window hears an attack as soon as its end touches it, half its length ahead.
    late = 1 + _WINDOW_SAMPLES // (2 * HOP_SAMPLES)
    return np.concatenate([np.zeros(late, np.float32), rise])[: len(level)]


def pick_onsets(envelope: NDArray[np.float32], *, picking: Picking | None = None) -> NDArray[np.float64]:
    """Peaks of an onset envelope, float64 `[onsets]` in seconds, increasing; see `Picking`."""
    how = picking or Picking()
    if not len(envelope):
        return np.zeros(0)
    height = envelope - envelope.min()
    height /= height.max() + np.finfo(np.float32).tiny
    if not height.any():
        return np.zeros(0)
    is_largest = height == _running_max(height, how.pre_max, how.post_max)
    # The threshold as librosa has it, in single precision.
    delta = float(np.float32(how.delta))
    picked: list[int] = []
    for frame in np.flatnonzero(is_largest).tolist():
        if picked and frame - picked[-1] <= how.wait:
            continue
        around = height[max(0, frame - how.pre_avg) : frame + how.post_avg]
        if height[frame] >= around.mean(dtype=np.float64) + delta:
            picked.append(frame)
    return np.array(picked, dtype=np.float64) * HOP_SAMPLES / SAMPLE_RATE


def mel_decibels(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """The mel spectrogram in dB, `[1 + samples // 512, 128]`, at most 80 dB below its loudest entry.

    Entry k is of the 2048 samples around k · 512, under a Hann window, silence beyond the ends.
    """
    hann, bands = _hann(), _mel_bands().T
    level = np.empty((1 + len(samples) // HOP_SAMPLES, _BANDS), np.float32)
    blocks = windows(
        samples.astype(np.float32, copy=False),
        _WINDOW_SAMPLES,
        HOP_SAMPLES,
        lead=_WINDOW_SAMPLES // 2,
        count=len(level),
        block=_BLOCK_FRAMES,
    )
    for number, block in enumerate(blocks):
        power = np.abs(np.fft.rfft(block * hann, axis=1).astype(np.complex64, copy=False)) ** 2
        level[number * _BLOCK_FRAMES :][: len(block)] = power @ bands
    np.maximum(level, np.float32(_LEAST_POWER), out=level)
    np.log10(level, out=level)
    level *= np.float32(10)
    np.maximum(level, level.max() - np.float32(_RANGE_DB), out=level)
    return level


def _running_max(values: NDArray[np.float32], before: int, after: int) -> NDArray[np.float32]:
    """Largest of `values[k − before : k + after]` for each k, as far as there are values."""
    low = np.float32(-np.inf)
    padded = np.concatenate([np.full(before, low), values, np.full(after - 1, low)])
    return np.asarray(np.lib.stride_tricks.sliding_window_view(padded, before + after).max(axis=1))


@lru_cache(maxsize=1)
def _hann() -> NDArray[np.float32]:
    """The periodic Hann window, `[2048]`."""
    return np.asarray(np.hanning(_WINDOW_SAMPLES + 1)[:-1], dtype=np.float32)


@lru_cache(maxsize=1)
def _mel_bands() -> NDArray[np.float32]:
    """Triangular bands on Slaney's mel scale up to half the sampling rate, of equal area, `[128, 1025]`."""
    # Linear up to 1 kHz, 15 mel there; logarithmic above, 27 mel to a factor of 6.4.
    top = 15.0 + 27.0 * np.log(SAMPLE_RATE / 2 / 1000.0) / np.log(6.4)
    mel = np.linspace(0.0, top, _BANDS + 2)
    edges_hz = np.where(mel < 15.0, 200.0 / 3 * mel, 1000.0 * np.exp(np.log(6.4) / 27.0 * (mel - 15.0)))
    bins_hz = np.fft.rfftfreq(_WINDOW_SAMPLES, 1 / SAMPLE_RATE)
    low, middle, high = edges_hz[:-2, None], edges_hz[1:-1, None], edges_hz[2:, None]
    rising, falling = (bins_hz - low) / (middle - low), (high - bins_hz) / (high - middle)
    bands = np.maximum(0.0, np.minimum(rising, falling)) * 2.0 / (high - low)
    return np.asarray(bands, dtype=np.float32)
