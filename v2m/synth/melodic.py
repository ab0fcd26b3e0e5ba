"""What every pitched voice of the synthesizer does alike: length, level, choke, its place in a buffer."""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod

import numpy as np
from numpy.typing import NDArray

from v2m.instrument import Insert, spread_over
from v2m.recursion import dc_block
from v2m.saturate import saturated
from v2m.synth.envelope import Envelope
from v2m.synth.inserts import Chorus, InsertChain, Tremolo

CHOKE_S = 0.03
OFFSET_HZ = 8.0  # below this nothing is heard


class Melodic(ABC):
    """A pitched instrument: `sound` makes a note, the rest is here.

    Args:
        amp: how long a note lasts.
        seed: of everything that strays.
    """

    note = ""

    def __init__(
        self,
        amp: Envelope,
        sample_rate: int,
        seed: list[int],
        chorus: Chorus | None,
        tremolo: Tremolo | None,
    ) -> None:
        self.amp, self.sample_rate, self.seed = amp, sample_rate, seed
        self._chorus, self._tremolo = chorus, tremolo

    @abstractmethod
    def sound(
        self,
        key: int,
        velocity: int,
        held_s: float,
        n: int,
        rng: np.random.Generator,
        bend_cents: NDArray[np.float32] | None,
        wheel: NDArray[np.float32] | None,
    ) -> NDArray[np.float32]:
        """`n` samples of a note at full level, float32 `[2, n]`, or `[1, n]` of a voice in the middle."""

    def exclusive(self, key: int, velocity: int) -> frozenset[int]:
        return frozenset()

    def levelled_by(self, keys: NDArray[np.int64]) -> NDArray[np.int64]:
        return spread_over(keys)

    def samples(self, key: int, velocity: int, held_s: float) -> int:
        return int(self.amp.lasts_s(held_s) * self.sample_rate) + 1

    def play(
        self,
        out: NDArray[np.float32],
        at: int,
        key: int,
        velocity: int,
        held_s: float,
        gain: float = 1.0,
        stop_s: float | None = None,
        bend_cents: NDArray[np.float32] | None = None,
        wheel: NDArray[np.float32] | None = None,
        take: int = 0,
    ) -> None:
        n = min(
            self.samples(key, velocity, held_s), out.shape[1] - at, choked_after(stop_s, self.sample_rate)
        )
        if n <= 0:
            return
        rng = np.random.default_rng([*self.seed, 0, take])
        wave = self.sound(key, velocity, held_s, n, rng, bend_cents, wheel)
        # As loud as a SoundFont's: 40 dB a decade of velocity.
        wave *= np.float32(gain * (velocity / 127) ** 2)
        if stop_s is not None:
            choke(wave, stop_s, self.sample_rate)
        out[:, at : at + n] += wave

    def insert(self) -> Insert | None:
        effects = [e.begin(self.sample_rate) for e in (self._chorus, self._tremolo) if e is not None]
        return InsertChain(effects) if effects else None


def driven(note: NDArray[np.float32], drive_db: float, rate: int) -> NDArray[np.float32]:
    """A note clipped softly, float32 `[channels, n]`; the offset that clips one side more is taken out."""
    clipped = dc_block(OFFSET_HZ, rate, len(note)).feed(saturated(note, drive_db)).astype(np.float32)
    last = min(int(CHOKE_S * rate), note.shape[1])
    clipped[:, note.shape[1] - last :] *= np.linspace(1, 0, last, dtype=np.float32)
    return np.asarray(clipped)


def choked_after(stop_s: float | None, rate: int) -> int:
    """How many samples of a note are heard if it is choked at `stop_s`; no limit if it is not."""
    return sys.maxsize if stop_s is None else int((stop_s + CHOKE_S) * rate)


def choke(wave: NDArray[np.float32], stop_s: float, rate: int) -> None:
    """Fade a sound, float32 `[channels, n]`, to nothing within `CHOKE_S` from `stop_s` on."""
    first = min(int(stop_s * rate), wave.shape[1])
    fall = np.clip(1 - np.arange(wave.shape[1] - first, dtype=np.float32) / (CHOKE_S * rate), 0, 1) ** 2
    wave[:, first:] *= fall
