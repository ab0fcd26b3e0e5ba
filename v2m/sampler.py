"""A note on a SoundFont preset → its sound.

A note's sound up to its release is a function of zone, key and brightness only: pitch (with
vibrato), filter and volume envelope all run from the note's start. So it is made once, kept,
and each note is that wave times its own level, then its release. symusic's synthesizer, the
obvious alternative, plays every note equally loud whatever its velocity and cuts it off at its end.

The model is the SoundFont 2.04 specification's (sections 8 and 9), with its default modulators
velocity → attenuation (8.4.1) and velocity → filter cutoff (8.4.2). Modulators of the font's own are
not read. Attenuation generators count 0.4 of their value, as on the hardware fonts are tuned on.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from v2m import sf2
from v2m.instrument import Insert, spread_over
from v2m.sf2 import SoundFont, SoundFontError, Zone
from v2m.wave import BRIGHT_STEPS, SILENCE_DB, Wave, natural_s, seconds, sound

ATTENUATION_FACTOR = 0.4
MIN_RELEASE_S, MAX_RELEASE_S = 0.02, 5.0
CHOKE_S = 0.03  # a hi-hat that closes stops the open one this fast
CACHE_BYTES = 64 << 20


@dataclass(frozen=True)
class Layer:
    """One zone's share of a note: level left and right, how it ends."""

    zone: Zone
    left: float
    right: float
    release_s: float
    rings: bool  # plays to its own end, whatever the note's length (percussion)
    exclusive: int


class Patch:
    """One program of a font at one sample rate, ready to play notes.

    Args:
        font: the opened SoundFont.
        program: General MIDI program.
        is_drum: the percussion bank; a kit the font lacks becomes the standard kit.
        sample_rate: of the sound it gives, Hz.

    Attributes:
        note: a sentence if the font lacked the program and another plays instead, else empty.

    Raises:
        SoundFontError: if the font has nothing to play instead.
    """

    def __init__(self, font: SoundFont, program: int, is_drum: bool, sample_rate: int) -> None:
        self.font, self.sample_rate, self.is_drum = font, sample_rate, is_drum
        self.note = ""
        bank, other = (128, 0) if is_drum else (0, program // 8 * 8)
        self.zones = font.zones(bank, program)
        for stand_in in (other, 0):
            if not self.zones:
                self.zones = font.zones(bank, stand_in)
                self.note = f"{font.path.name} lacks {'drum kit' if is_drum else 'program'} {program}; "
                self.note += f"{stand_in} plays instead"
        if not self.zones:
            kind = "drum kit" if is_drum else "instrument"
            raise SoundFontError(f"{font.path}: the SoundFont has no {kind} to play program {program}")
        self._waves: OrderedDict[tuple[int, int, int], Wave] = OrderedDict()
        self._bytes = 0
        self._falls: dict[float, Wave] = {}
        self._layers: dict[tuple[int, int], tuple[Layer, ...]] = {}

    def layers(self, key: int, velocity: int) -> tuple[Layer, ...]:
        """What sounds for a key struck at a velocity (1-127)."""
        found = self._layers.get((key, velocity))
        if found is None:
            found = tuple(self._layer(z, velocity) for z in self.zones if z.covers(key, velocity))
            self._layers[key, velocity] = found
        return found

    def _layer(self, zone: Zone, velocity: int) -> Layer:
        g = zone.gen
        # Concave velocity curve: 40 dB a decade of velocity (8.4.1), and attenuation in centibels.
        gain = (velocity / 127.0) ** 2 * 10 ** (-ATTENUATION_FACTOR * max(g[sf2.ATTENUATION], 0.0) / 200)
        angle = (np.clip(g[sf2.PAN], -500, 500) / 1000 + 0.5) * np.pi / 2
        return Layer(
            zone,
            float(gain * np.cos(angle) * np.sqrt(2)),
            float(gain * np.sin(angle) * np.sqrt(2)),
            float(np.clip(seconds(g[sf2.VOL_RELEASE]) * SILENCE_DB / 100, MIN_RELEASE_S, MAX_RELEASE_S)),
            self.is_drum and (int(g[sf2.SAMPLE_MODES]) & 1 == 0 or g[sf2.VOL_SUSTAIN] >= 900),
            int(g[sf2.EXCLUSIVE_CLASS]),
        )

    def length_s(self, layer: Layer, key: int, held_s: float) -> float:
        """How long a layer sounds: held, then released; or as long as it rings."""
        if layer.rings:
            return natural_s(self.font, layer.zone, key)
        return min(held_s + layer.release_s, natural_s(self.font, layer.zone, key))

    def exclusive(self, key: int, velocity: int) -> frozenset[int]:
        """The exclusive classes of what sounds."""
        return frozenset({layer.exclusive for layer in self.layers(key, velocity)} - {0})

    def levelled_by(self, keys: NDArray[np.int64]) -> NDArray[np.int64]:
        """Keys all over the range that is played."""
        return spread_over(keys)

    def insert(self) -> Insert | None:
        """A SoundFont's voice goes through no effect."""
        return None

    def samples(self, key: int, velocity: int, held_s: float) -> int:
        """How many samples a note of this length takes at most."""
        lengths = [self.length_s(layer, key, held_s) for layer in self.layers(key, velocity)]
        return int(max(lengths, default=0.0) * self.sample_rate) + 1

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
        """Add one note to `out`; see `instrument.Instrument.play`.

        The modulation wheel moves nothing, and every take is the same.
        """
        for layer in self.layers(key, velocity):
            total_s = self.length_s(layer, key, held_s)
            if stop_s is not None:
                total_s = min(total_s, stop_s + CHOKE_S)
            n = min(int(total_s * self.sample_rate), out.shape[1] - at)
            if n <= 0:
                continue
            bright = -1 if velocity >= 96 else min(velocity * BRIGHT_STEPS // 96, BRIGHT_STEPS - 1)
            wave = self._wave(layer.zone, key, bright, n, bend_cents)
            n = min(n, len(wave))
            ends = [] if layer.rings else [(held_s, layer.release_s)]
            if stop_s is not None:
                ends.append((stop_s, CHOKE_S))
            wave = self._released(wave[:n], ends)
            n = len(wave)
            out[0, at : at + n] += wave * np.float32(layer.left * gain)
            out[1, at : at + n] += wave * np.float32(layer.right * gain)

    def _released(self, wave: Wave, ends: Sequence[tuple[float, float]]) -> Wave:
        """The wave with each release (from a time on, over a time) applied; it stops when all is silent."""
        for begin_s, lasts_s in ends:
            first = int(begin_s * self.sample_rate)
            if first >= len(wave):
                continue
            fall = self._falls.get(lasts_s)
            if fall is None:
                # Linear in decibels, and to zero in the end.
                ramp = np.linspace(0, 1, int(lasts_s * self.sample_rate) + 1, dtype=np.float32)
                fall = np.power(np.float32(10), ramp * np.float32(-SILENCE_DB / 20))
                fall *= np.minimum(1, 10 * (1 - ramp))
                self._falls[lasts_s] = fall
            tail = wave[first : first + len(fall)]
            wave = np.concatenate([wave[:first], tail * fall[: len(tail)]])
        return wave

    def _wave(
        self, zone: Zone, key: int, bright: int, n: int, bend_cents: NDArray[np.float32] | None
    ) -> Wave:
        """At least `n` samples of a zone's sound before release, mono (fewer if it ends by itself)."""
        if bend_cents is not None:
            return sound(self.font, zone, key, bright, n, self.sample_rate, bend_cents)
        name = (id(zone), key, bright)
        wave = self._waves.pop(name, None)
        if wave is None or len(wave) < n:
            ends = natural_s(self.font, zone, key) * self.sample_rate
            if wave is None or len(wave) + 1 <= ends:
                if wave is not None:
                    self._bytes -= wave.nbytes
                # Rounded up, so that a slightly longer note finds it long enough.
                step = self.sample_rate // 2
                wave = sound(
                    self.font, zone, key, bright, int(min(ends, -(-n // step) * step)), self.sample_rate
                )
                self._bytes += wave.nbytes
        self._waves[name] = wave
        while self._bytes > CACHE_BYTES and len(self._waves) > 1:
            self._bytes -= self._waves.popitem(last=False)[1].nbytes
        return wave
