"""How differently do two mixes sound? Decibels, from what each octave does over time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import signal

OCTAVES_HZ = (62.5, 125.0, 250.0, 500.0, 1000.0, 2000.0, 4000.0, 8000.0)
FRAME = 4096  # samples; half of it from one frame to the next
SILENT = 1e-6  # of an octave's loudest frame: below it an octave rests
NARROW_DB = -30.0  # a side signal softer than this is not heard as width
# So that each kind has about as much to say: balance and tone spread by 8 dB over music of many kinds,
# swings and attacks by 1 to 3 dB, width by 8 dB but far less of it is noticed.
WEIGHTS = {"balance_db": 1.0, "swing_db": 2.0, "attack_db": 2.0, "tone_db": 1.0, "width_db": 0.5}


@dataclass(frozen=True, eq=False)
class Fingerprint:
    """What a mix does, octave by octave; each field is float64 `[octaves]`, decibels.

    Attributes:
        balance_db: mean level, against the loudest octave.
        swing_db: standard deviation of the level over the frames in which the octave sounds.
        attack_db: mean change of the level from frame to frame (43 ms at 48 kHz): plucks and drums against
            pads.
        tone_db: how far the strongest line stands above the geometric mean: tones against noise (spectral
            crest; Peeters 2004, "A large set of audio features").
        width_db: side over middle.
    """

    balance_db: NDArray[np.float64]
    swing_db: NDArray[np.float64]
    attack_db: NDArray[np.float64]
    tone_db: NDArray[np.float64]
    width_db: NDArray[np.float64]


def fingerprint(sound: NDArray[np.floating], rate: int) -> Fingerprint:
    """The fingerprint of `sound` `[2, n]` at `rate` Hz."""
    sides = ((sound[0] + sound[1]) / 2, (sound[0] - sound[1]) / 2)
    hz, _, spectrum = signal.stft(np.stack(sides), rate, nperseg=FRAME, noverlap=FRAME // 2)
    middle, side = np.abs(spectrum) ** 2
    rows = [
        _octave(middle[within], side[within])
        for within in ((hz >= centre / 2**0.5) & (hz < centre * 2**0.5) for centre in OCTAVES_HZ)
    ]
    balance, swing, attack, tone, width = np.array(rows).T
    return Fingerprint(balance - balance.max(), swing, attack, tone, width)


def _octave(middle: NDArray[np.float64], side: NDArray[np.float64]) -> tuple[float, ...]:
    """An octave's five numbers from its powers `[lines, frames]`."""
    level = middle.sum(axis=0)
    floor = max(float(level.max()) * SILENT, 1e-20)
    heard = level > floor
    if not heard.any():
        return -200.0, 0.0, 0.0, 0.0, NARROW_DB
    lines = middle[:, heard] + 1e-20
    crest = _db(lines.max(axis=0)) - _db(lines).mean(axis=0)
    return (
        float(_db(level.mean() + side.sum(axis=0).mean())),
        float(_db(level[heard]).std()),
        float(np.abs(np.diff(_db(level + floor))).mean()),
        float(crest.mean()),
        float(np.maximum(_db(side.sum() / level.sum() + 1e-20), NARROW_DB)),
    )


def _db(power: NDArray[np.float64] | float) -> NDArray[np.float64]:
    return np.asarray(10 * np.log10(power))


def difference_db(one: Fingerprint, other: Fingerprint) -> float:
    """Root mean square over octaves and kinds, each kind by its `WEIGHTS`."""
    parts = [weight * (getattr(one, kind) - getattr(other, kind)) for kind, weight in WEIGHTS.items()]
    return float(np.sqrt(np.mean(np.square(parts))))
