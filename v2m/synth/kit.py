"""A patch of percussion → strokes: tones whose pitch falls, bursts of noise, metal.

A stroke is the sum of its sound's layers, clipped if it is driven. Tones are made once; noise and
metal are taken from another place of a long stretch in every stroke, so that no two are the same.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from v2m.instrument import Insert
from v2m.saturate import saturated
from v2m.synth.envelope import QUICKEST_S
from v2m.synth.errors import SynthError
from v2m.synth.melodic import choke, choked_after
from v2m.synth.noise import LENGTH, Stretch, metal_stretch, noise_stretch, widen, window

LAYERS = ("tone", "noise", "metal")
FULL_VELOCITY = 100
SILENT_DB = 60.0
LONGEST_S = 12.0


@dataclass(frozen=True)
class Layer:
    """One thing that sounds in a stroke.

    Attributes:
        kind: one of `LAYERS`.
        level_db: against a sine of amplitude 1.
        velocity_db: how much more of it a stroke of velocity 127 has than one of 27 (it is softer anyway).
        delay_s, attack_s, hold_s: until it begins; until it is full; how long it stays so.
        decay_s: from there until it is down by 60 dB.
        pan, width: where it lies, −1 to 1; 0 in mono to 1 left and right apart.
        hz: of a tone, where it ends up; of metal, the lowest of its oscillators.
        fall: of a tone, [octaves above, seconds until 95 % of them is gone], any number of such pairs.
        phase: of a tone, where its period begins: 0 as a sine does, 0.25 with a click.
        low_hz, high_hz: of noise and metal, the band.
        bursts, burst_s: of noise: so many short strokes before the last, so far apart (claps).
        sweep_octaves: of noise: how far its band moves up while it sounds.
    """

    kind: str
    level_db: float = 0.0
    velocity_db: float = 0.0
    delay_s: float = 0.0
    attack_s: float = 0.001
    hold_s: float = 0.0
    decay_s: float = 0.3
    pan: float = 0.0
    width: float = 0.0
    hz: float = 200.0
    fall: tuple[tuple[float, ...], ...] = ()
    phase: float = 0.0
    low_hz: float = 1000.0
    high_hz: float = 12000.0
    bursts: int = 0
    burst_s: float = 0.01
    sweep_octaves: float = 0.0

    def __post_init__(self) -> None:
        if self.kind not in LAYERS:
            raise SynthError(f"layer {self.kind!r} is none of {', '.join(LAYERS)}")
        if self.attack_s < QUICKEST_S or self.decay_s < 0.005 or self.lasts_s > LONGEST_S:
            raise SynthError(
                f"a layer rises in at least {QUICKEST_S:g} s, falls in 5 ms and ends by {LONGEST_S:g} s"
            )
        if not 10 <= self.hz <= 18000 or not 10 <= self.low_hz <= self.high_hz <= 22000:
            raise SynthError("hz is 10 to 18000, and low_hz at most high_hz")
        if any(len(pair) != 2 for pair in self.fall) or not 0 <= self.width <= 1 or not abs(self.pan) <= 1:
            raise SynthError("fall is pairs [octaves, seconds], width 0 to 1, pan −1 to 1")

    @property
    def lasts_s(self) -> float:
        return self.delay_s + self.bursts * self.burst_s + self.attack_s + self.hold_s + self.decay_s

    def gain(self, velocity: int) -> float:
        return float(10 ** ((self.level_db + self.velocity_db * (velocity - FULL_VELOCITY) / 100) / 20))

    def sides(self) -> NDArray[np.float32]:
        turn = (self.pan + 1) * np.pi / 4
        return np.array([[np.cos(turn)], [np.sin(turn)]], np.float32) * np.float32(np.sqrt(2))


@dataclass(frozen=True)
class Sound:
    """What some keys of the kit sound like.

    Attributes:
        name: for people.
        keys: General MIDI percussion keys.
        semitones: how much each of them is above what the layers say; 0 for all if not given.
        layers: see there.
        level_db: of them all.
        drive_db: soft clipping of the sum, see `saturate`.
        choke: a number above 0: a stroke silences earlier ones of that number.
        held: it lasts as long as its note, and rises until its end (risers): attacks are then as
            long as the note, and decays follow it.
    """

    name: str
    keys: tuple[int, ...]
    layers: tuple[Layer, ...]
    semitones: tuple[float, ...] = ()
    level_db: float = 0.0
    drive_db: float = 0.0
    choke: int = 0
    held: bool = False

    def __post_init__(self) -> None:
        if not self.layers or not self.keys or not all(0 <= k <= 127 for k in self.keys):
            raise SynthError(f"sound {self.name}: needs layers, and keys from 0 to 127")
        if self.semitones and len(self.semitones) != len(self.keys):
            raise SynthError(f"sound {self.name}: semitones has another length than keys")


@dataclass(frozen=True)
class KitPatch:
    """The settings of a kit.

    Attributes:
        title: for people.
        sounds: see there.
        base: another kit's name, whose sounds are on the keys that this one leaves free.
        reference: the key whose loudness levels the whole kit, so that its balance stays.
    """

    title: str
    sounds: tuple[Sound, ...] = field(default=())
    kind: str = "kit"
    base: str = ""
    reference: int = 38


class Kit:
    """A kit as an instrument; see `instrument.Instrument`.

    Raises:
        SynthError: if two sounds are on one key, or none on the reference key.
    """

    note = ""

    def __init__(self, patch: KitPatch, under: KitPatch | None, sample_rate: int, seed: list[int]) -> None:
        self.patch, self.sample_rate, self.seed = patch, sample_rate, seed
        self._at: dict[int, tuple[Sound, float]] = {}
        for kit in (patch, under):
            found: dict[int, tuple[Sound, float]] = {}
            for sound in kit.sounds if kit is not None else ():
                for key, semitones in zip(sound.keys, sound.semitones or (0.0,) * 128, strict=False):
                    if key in found:
                        raise SynthError(f"{patch.title}: {sound.name} is on key {key}, which is taken")
                    found[key] = (sound, semitones)
            self._at = {**found, **self._at}
        if patch.reference not in self._at:
            raise SynthError(f"{patch.title}: nothing is on its reference key, {patch.reference}")
        self._stretches: dict[tuple[float, ...], Stretch] = {}
        self._tones: dict[tuple[Layer, float], NDArray[np.float32]] = {}
        self._levels: dict[Layer, NDArray[np.float32]] = {}

    def _sound(self, key: int) -> tuple[Sound, float]:
        found = self._at.get(key)
        if found is None:
            raise SynthError(f"{self.patch.title}: nothing is on percussion key {key}")
        return found

    def exclusive(self, key: int, velocity: int) -> frozenset[int]:
        choke = self._sound(key)[0].choke
        return frozenset({choke} if choke else ())

    def levelled_by(self, keys: NDArray[np.int64]) -> NDArray[np.int64]:
        return np.array([self.patch.reference])

    def samples(self, key: int, velocity: int, held_s: float) -> int:
        sound, _ = self._sound(key)
        lasts = max(layer.lasts_s for layer in sound.layers) + (held_s if sound.held else 0.0)
        return int(lasts * self.sample_rate) + 1

    def insert(self) -> Insert | None:
        return None

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
        sound, semitones = self._sound(key)
        rng = np.random.default_rng([*self.seed, 0, take])
        wave = np.zeros((2, n), np.float32)
        for layer in sound.layers:
            self._add(wave, layer, velocity, semitones, held_s if sound.held else None, rng)
        level = gain * 10 ** (sound.level_db / 20) * (velocity / 127) ** 2
        if sound.drive_db:
            wave = saturated(wave, sound.drive_db)
            # Full scale stays full scale, so that a drive changes the sound and not the kit's balance.
            level *= np.hypot(1.0, 10 ** (sound.drive_db / 20))
        wave *= np.float32(level)
        if stop_s is not None:
            choke(wave, stop_s, self.sample_rate)
        out[:, at : at + n] += wave

    def _add(
        self,
        wave: NDArray[np.float32],
        layer: Layer,
        velocity: int,
        semitones: float,
        held_s: float | None,
        rng: np.random.Generator,
    ) -> None:
        """Add a layer of a stroke to `wave`, float32 `[2, n]`, as much of it as there is room for."""
        first = int(layer.delay_s * self.sample_rate)
        level = self._level(layer, held_s)
        whole, n = len(level), min(len(level), wave.shape[1] - first)
        if n <= 0:
            return
        begin = int(rng.integers(LENGTH))
        if layer.kind == "tone":
            sound = self._tone(layer, semitones, whole)[:n]
        elif layer.sweep_octaves:
            sound = widen(self._sweeping(layer, begin, whole), layer.width)[:, :n]
        else:
            sound = widen(window(self._stretch(layer, semitones), begin, n), layer.width)
        wave[:, first : first + n] += sound * (level[:n] * np.float32(layer.gain(velocity))) * layer.sides()

    def _level(self, layer: Layer, held_s: float | None) -> NDArray[np.float32]:
        """The envelope of a whole stroke, which is made once; or of a sound that lasts as its note does."""
        n = int((layer.lasts_s - layer.delay_s + (held_s or 0.0)) * self.sample_rate)
        if held_s is not None:
            return _rising(layer, held_s, n, self.sample_rate)
        if layer not in self._levels:
            self._levels[layer] = _struck(layer, n, self.sample_rate)
        return self._levels[layer]

    def _tone(self, layer: Layer, semitones: float, n: int) -> NDArray[np.float32]:
        """`n` samples of a layer's tone at full level; it is made once."""
        kept = self._tones.get((layer, semitones))
        if kept is None or len(kept) < n:
            times = np.arange(n) / self.sample_rate
            octaves = np.full(n, semitones / 12)
            for above, settles_s in layer.fall:
                octaves += above * np.exp(-3 * times / settles_s)
            hz = np.minimum(layer.hz * np.exp2(octaves), 0.4 * self.sample_rate)
            phase = layer.phase + (np.cumsum(hz) - hz) / self.sample_rate
            kept = np.sin(2 * np.pi * (phase % 1)).astype(np.float32)
            self._tones[layer, semitones] = kept
        return kept[:n]

    def _stretch(self, layer: Layer, semitones: float) -> Stretch:
        up = 2.0 ** (semitones / 12)
        if layer.kind == "metal":
            name = (layer.hz * up, layer.low_hz, layer.high_hz)
        else:
            name = (0.0, layer.low_hz * up, layer.high_hz * up)
        if name not in self._stretches:
            # Seeded by what it is, so that the order in which keys are struck is of no account.
            rng = np.random.default_rng([*self.seed, 1, *(round(part) for part in name)])
            self._stretches[name] = (
                metal_stretch(rng, *name, self.sample_rate)
                if layer.kind == "metal"
                else noise_stretch(rng, *name[1:], self.sample_rate)
            )
        return self._stretches[name]

    def _sweeping(self, layer: Layer, begin: int, n: int) -> Stretch:
        """Noise whose band moves: stretches an octave apart, each heard around its own place."""
        steps = max(1, round(abs(layer.sweep_octaves)))
        places = np.linspace(0, layer.sweep_octaves, steps + 1)
        now = np.linspace(0, layer.sweep_octaves, n, dtype=np.float32)
        out = np.zeros((2, n), np.float32)
        for place in places:
            near = np.clip(1 - np.abs(now - np.float32(place)) * (steps / abs(layer.sweep_octaves)), 0, 1)
            out += window(self._stretch(layer, 12 * float(place)), begin, n) * np.sqrt(near)
        return out


def _struck(layer: Layer, n: int, rate: int) -> NDArray[np.float32]:
    """The envelope of a stroke, float32 `[n]`."""
    gap, rise = round(layer.burst_s * rate), max(round(layer.attack_s * rate), 1)
    level = np.zeros(n, np.float32)
    for burst in range(layer.bursts + 1):
        first = burst * gap
        if first >= n:
            break
        last = burst == layer.bursts
        # The strokes before the last are cut short by the next.
        length = min(n if last else first + gap, n) - first
        fall_s = layer.decay_s if last else min(2.5 * layer.burst_s, layer.decay_s)
        times = np.arange(length, dtype=np.float32) - (rise + (round(layer.hold_s * rate) if last else 0))
        part = np.power(np.float32(10), np.minimum(-times, 0) * np.float32(SILENT_DB / 20 / (fall_s * rate)))
        rising = min(rise, length)
        before = level[first - 1] if first else 0.0
        shape = np.sin(np.linspace(0, np.pi / 2, rising, endpoint=False, dtype=np.float32)) ** 2
        part[:rising] = before + (1 - before) * shape
        level[first : first + length] = part
    return _ended(level, layer, rate)


def _rising(layer: Layer, held_s: float, n: int, rate: int) -> NDArray[np.float32]:
    """Up by 40 dB while the note lasts, then down as the layer decays, float32 `[n]`."""
    times = np.arange(n, dtype=np.float32) / np.float32(rate)
    up = np.clip(times / np.float32(max(held_s, 1e-3)), 0, 1)
    level = np.power(np.float32(10), 2 * (up - 1)) * np.minimum(1, 20 * up)
    over = np.maximum(times - np.float32(held_s), 0)
    level *= np.power(np.float32(10), -over * np.float32(SILENT_DB / 20 / layer.decay_s))
    return _ended(level, layer, rate)


def _ended(level: NDArray[np.float32], layer: Layer, rate: int) -> NDArray[np.float32]:
    """The last of the decay, brought to exact zero."""
    tail = min(len(level), max(round(0.25 * layer.decay_s * rate), 1))
    level[len(level) - tail :] *= np.cos(np.linspace(0, np.pi / 2, tail, dtype=np.float32))
    return level
