"""What a codec may do to a sound beside being far from it: buzz, smooth, roughen, click."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from benchmarks.sound_descriptors import clicks

Sound = NDArray[np.floating]
BLOCK_S = 0.001  # of the envelope
HARMONICS = 3  # of the frame rate at which a buzz is looked for
BESIDE_HZ = (1.0, 6.0)  # from such a harmonic: where the envelope is what it would be without a buzz
WINDOW = 2048
LOUD_DB = -50.0  # below the loudest frame, flatness is that of silence


def buzz_db(sound: Sound, rate: int, frame_hz: float) -> float:
    """How much more a sound's loudness moves at the frame rate and its harmonics than beside them, in dB.

    A decoder that draws each frame alone is heard as a tone at the frame rate.

    Args:
        sound: `[samples]`, some seconds.
        rate: of it.
        frame_hz: frames a second.
    """
    block = round(BLOCK_S * rate)
    whole = len(sound) // block * block
    high = np.diff(sound[:whole], prepend=sound[:1])
    level = np.log10(high.reshape(-1, block).std(1) + 1e-5)
    power = np.abs(np.fft.rfft((level - level.mean()) * np.hanning(len(level)))) ** 2
    hz = np.fft.rfftfreq(len(level), block / rate)
    found = []
    for harmonic in range(1, HARMONICS + 1):
        apart = np.abs(hz - harmonic * frame_hz)
        beside = power[(apart > BESIDE_HZ[0]) & (apart < BESIDE_HZ[1])].mean()
        found.append(10 * np.log10(power[apart < 3 * hz[1]].mean() / max(beside, 1e-12)))
    return float(max(found))


def flatness_db(sound: Sound) -> NDArray[np.float64]:
    """Spectral flatness of each frame `[frames]`: 0 is white noise, a tone is far below."""
    frames = np.lib.stride_tricks.sliding_window_view(sound, WINDOW)[:: WINDOW // 2]
    power = np.abs(np.fft.rfft(frames * np.hanning(WINDOW), axis=1)) ** 2 + 1e-9
    return np.asarray(10 * (np.log10(power).mean(1) - np.log10(power.mean(1))), np.float64)


def rougher_db(made: Sound, true: Sound) -> float:
    """By how much the made sound is flatter, nearer to noise, than the true one; loud frames' mean."""
    frames = np.lib.stride_tricks.sliding_window_view(true, WINDOW)[:: WINDOW // 2]
    level = 10 * np.log10((frames**2).mean(1) + 1e-12)
    loud = level > level.max() + LOUD_DB
    return float((flatness_db(made) - flatness_db(true))[loud].mean())


def new_clicks(made: Sound, true: Sound, rate: int) -> int:
    """Jumps of the waveform that the true sound does not have within 10 ms."""
    before = clicks(true[None], rate)
    after = clicks(made[None], rate)
    return int(sum(not len(before) or np.abs(before - at).min() > 0.01 * rate for at in after))
