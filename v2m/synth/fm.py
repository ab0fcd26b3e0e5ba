"""A patch of sines that modulate one another's phase → notes: electric pianos, bells, mallets, glass.

Chowning 1973, "The Synthesis of Complex Audio Spectra by Means of Frequency Modulation". An
operator's index is held down where its sidebands, by Carson's rule, would pass half the sampling rate.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from v2m.synth.analog import MIDDLE_KEY
from v2m.synth.breath import Breath, Breathing
from v2m.synth.envelope import Envelope
from v2m.synth.errors import SynthError
from v2m.synth.inserts import Chorus, Tremolo
from v2m.synth.melodic import Melodic, driven
from v2m.synth.pitch import CONTROL, Motion, Phases, blocks, controlled, key_hz

BAND_SHARE = 0.45
STRETCH = 96  # blocks of CONTROL samples at once: they stay in a core's cache
SILENT = 1e-4
FULL_VELOCITY = 100
RAMP = np.arange(CONTROL, dtype=np.float32) / np.float32(CONTROL)


@dataclass(frozen=True)
class Operator:
    """A sine that is heard, or that modulates another.

    Attributes:
        name: by which another may name it.
        to: the operator whose phase it modulates, further down the list; heard if empty.
        ratio: of the note's frequency.
        level: amplitude if it is heard, index in radians if it modulates.
        envelope: of that level.
        velocity: how steeply that level follows velocity: level · (velocity / 100) ** this.
        wheel: how much the modulation wheel adds to that level, as a factor.
        detune_cents, pan: a little off the ratio; where it lies, −1 to 1.
    """

    name: str
    to: str = ""
    ratio: float = 1.0
    level: float = 1.0
    envelope: Envelope = field(default_factory=Envelope)
    velocity: float = 0.0
    wheel: float = 0.0
    detune_cents: float = 0.0
    pan: float = 0.0

    def __post_init__(self) -> None:
        if not 0.1 <= self.ratio <= 32 or not 0 <= self.level <= 20 or not abs(self.pan) <= 1:
            raise SynthError(f"operator {self.name}: ratio is 0.1 to 32, level 0 to 20, pan −1 to 1")


@dataclass(frozen=True)
class FmPatch:
    """The settings of an FM voice.

    Attributes:
        title: for people.
        operators: modulators before what they modulate.
        hurry: how much faster envelopes fall an octave higher: 1 twice as fast, 0 alike.
        amp: the whole note's volume.
        motion, noise, drive_db, chorus, tremolo: as in `analog.AnalogPatch`.
    """

    title: str
    operators: tuple[Operator, ...]
    kind: str = "fm"
    amp: Envelope = field(default_factory=Envelope)
    hurry: float = 0.5
    motion: Motion = field(default_factory=Motion)
    noise: Breath | None = None
    drive_db: float = 0.0
    chorus: Chorus | None = None
    tremolo: Tremolo | None = None

    def __post_init__(self) -> None:
        names = [o.name for o in self.operators]
        if len(set(names)) != len(names) or all(o.to for o in self.operators):
            raise SynthError("operators need names of their own, and one of them is heard")
        for i, operator in enumerate(self.operators):
            if operator.to and operator.to not in names[i + 1 :]:
                raise SynthError(
                    f"operator {operator.name} modulates {operator.to!r}, which does not follow it"
                )


class Fm(Melodic):
    """An FM patch as an instrument; see `instrument.Instrument`."""

    def __init__(self, patch: FmPatch, sample_rate: int, seed: list[int]) -> None:
        super().__init__(patch.amp, sample_rate, seed, patch.chorus, patch.tremolo)
        self.patch = patch
        self._channels = 2 if patch.noise is not None or any(o.pan for o in patch.operators) else 1
        self._at = {o.name: i for i, o in enumerate(patch.operators)}
        turn = (np.array([o.pan for o in patch.operators]) + 1) * np.pi / 4
        sides = np.array([np.cos(turn), np.sin(turn)], np.float32) * np.float32(np.sqrt(2))
        self._sides = sides.T[:, : self._channels, None]
        self._breathing = Breathing(patch.noise, sample_rate, seed) if patch.noise is not None else None

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
        rate, patch = self.sample_rate, self.patch
        hurry = 2.0 ** (patch.hurry * (key - MIDDLE_KEY) / 12)
        ratios = np.array([o.ratio * 2 ** (o.detune_cents / 1200) for o in patch.operators])
        hz = key_hz(key) * ratios
        cents = patch.motion.cents(1, n, rate, rng, bend_cents, wheel)
        phases = Phases(hz, cents, np.zeros(len(hz)), rate)
        count = blocks(n)
        levels = self._levels(hz, velocity, held_s, count + 1, hurry, wheel)
        steps = np.diff(levels)
        out = np.zeros((self._channels, count * CONTROL), np.float32)
        for first in range(0, count, STRETCH):
            last = min(first + STRETCH, count)
            at = slice(first, last)
            part = self._stretch(phases.stretch(first, last), levels[:, at], steps[:, at])
            out[:, first * CONTROL : last * CONTROL] = part
        out = out[:, :n]
        if self._breathing is not None:
            self._breathing.add(out, held_s, rng, hurry)
        out *= patch.amp.curve(held_s, n, rate)
        return driven(out, patch.drive_db, rate) if patch.drive_db else out

    def _levels(
        self,
        hz: NDArray[np.float64],
        velocity: int,
        held_s: float,
        count: int,
        hurry: float,
        wheel: NDArray[np.float32] | None,
    ) -> NDArray[np.float32]:
        """Each operator's level at block beginnings, float32 `[operators, count]`."""
        levels = np.empty((len(hz), count), np.float32)
        for i, o in enumerate(self.patch.operators):
            level = o.level * (velocity / FULL_VELOCITY) ** o.velocity
            if o.to:
                room = (BAND_SHARE * self.sample_rate - hz[self._at[o.to]]) / hz[i] - 1
                level = min(level, max(room, 0.0))
            elif hz[i] > BAND_SHARE * self.sample_rate:
                level = 0.0
            levels[i] = o.envelope.curve(held_s, count, self.sample_rate / CONTROL, hurry) * level
            if wheel is not None and o.wheel:
                levels[i] *= 1 + np.float32(o.wheel) * controlled(wheel, count * CONTROL)
        return levels

    def _stretch(
        self, phase: NDArray[np.uint32], levels: NDArray[np.float32], steps: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """One run of blocks, float32 `[channels, samples]`.

        Args:
            phase: `[operators, samples]`.
            levels, steps: `[operators, blocks]`, at each block's beginning and from there to the next.
        """
        peaks = np.maximum(levels.max(axis=1), (levels[:, -1] + steps[:, -1]))
        angle = phase.astype(np.float32)
        angle *= np.float32(2 * np.pi / 2**32)
        out = np.zeros((self._channels, angle.shape[1]), np.float32)
        for i, o in enumerate(self.patch.operators):
            if peaks[i] < SILENT:
                continue
            wave = np.sin(angle[i])
            wave *= (levels[i, :, None] + steps[i, :, None] * RAMP).ravel()
            if o.to:
                angle[self._at[o.to]] += wave
            else:
                out += self._sides[i] * wave
        return out
