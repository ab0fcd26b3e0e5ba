"""A patch of oscillators, a filter and envelopes → notes: basses, pads, leads, plucks, stabs.

What strays (drift, free phases) is drawn from the voice's seed and the note's number: a chord
struck twice is not the same sound twice, and a render replays bit for bit.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from v2m.synth.breath import Breath, Breathing
from v2m.synth.envelope import Envelope
from v2m.synth.errors import SynthError
from v2m.synth.inserts import Chorus, Tremolo
from v2m.synth.melodic import Melodic, driven
from v2m.synth.pitch import CONTROL, Motion, Phases, blocks, controlled, key_hz
from v2m.synth.wavetable import (
    LOWEST_HZ,
    WAVES,
    Response,
    Tables,
    read,
    row_of,
)

MIDDLE_KEY, MIDDLE_VELOCITY = 60, 80


@dataclass(frozen=True)
class Oscillator:
    """One waveform, or several of it a little out of tune with one another.

    Attributes:
        wave: one of `wavetable.WAVES`.
        pulse_width: of a `pulse`, 0.05 to 0.5.
        level_db: against the other oscillators.
        semitones: above the note.
        voices: how many, 1 to 9.
        detune_cents: from the lowest of them to the highest.
        spread: how far apart they lie in stereo, 0 to 1.
    """

    wave: str = "saw"
    pulse_width: float = 0.3
    level_db: float = 0.0
    semitones: float = 0.0
    voices: int = 1
    detune_cents: float = 0.0
    spread: float = 0.0

    def __post_init__(self) -> None:
        if self.wave not in WAVES:
            raise SynthError(f"wave {self.wave!r} is none of {', '.join(WAVES)}")
        if not 1 <= self.voices <= 9 or not 0 <= self.spread <= 1 or not 0 <= self.detune_cents <= 100:
            raise SynthError("voices are 1 to 9, spread 0 to 1, detune_cents 0 to 100")
        if not 0.05 <= self.pulse_width <= 0.5 or abs(self.semitones) > 36:
            raise SynthError("pulse_width is 0.05 to 0.5, semitones −36 to 36")

    def detuned(self) -> NDArray[np.float64]:
        """Cents of each voice, `[voices]`: closer together in the middle, so that no beat is regular."""
        place = np.linspace(-1, 1, self.voices) if self.voices > 1 else np.zeros(1)
        cents: NDArray[np.float64] = np.sign(place) * np.abs(place) ** 1.3 * self.detune_cents / 2
        return cents

    def gains(self) -> NDArray[np.float32]:
        """Left and right of each voice, float32 `[2, voices]`, at equal power; neighbours in tune apart."""
        place = np.linspace(-1, 1, self.voices) if self.voices > 1 else np.zeros(1)
        place[1::2] *= -1
        angle = (place * self.spread + 1) * np.pi / 4
        level = 10 ** (self.level_db / 20) * np.sqrt(2 / self.voices)
        return np.array([level * np.cos(angle), level * np.sin(angle)], np.float32)


@dataclass(frozen=True)
class Filter:
    """The filter and what moves it, all in octaves.

    Attributes:
        kind, poles, resonance: see `wavetable.Response`.
        hz: the cutoff at middle C, middling velocity.
        octaves, envelope: how far the envelope opens it.
        key_track: how much of the note's pitch it follows, 0 to 1.
        velocity_octaves: how much further a velocity of 127 opens it than one of 1.
        wheel_octaves: how much further the modulation wheel opens it.
        sway_octaves, sway_hz: a slow sine, at a phase of its own in every note.
    """

    kind: str = "lowpass"
    poles: int = 4
    resonance: float = 0.707
    hz: float = 2000.0
    octaves: float = 0.0
    envelope: Envelope = field(default_factory=Envelope)
    key_track: float = 0.5
    velocity_octaves: float = 1.0
    wheel_octaves: float = 1.0
    sway_octaves: float = 0.0
    sway_hz: float = 0.1

    def __post_init__(self) -> None:
        self.response()
        if not LOWEST_HZ <= self.hz <= 20000 or not abs(self.octaves) <= 8 or not 0 <= self.key_track <= 1:
            raise SynthError("a filter's hz is 30 to 20000, octaves −8 to 8, key_track 0 to 1")

    def response(self) -> Response:
        return Response(self.kind, self.poles, self.resonance)


@dataclass(frozen=True)
class AnalogPatch:
    """The settings of an analogue voice.

    Attributes:
        title: for people.
        oscillators, filter, amp, motion, noise: see there; without a filter all harmonics sound.
        free: oscillators run on between notes; else each note begins at phase 0.
        low_cut_hz: what lies below is thinned out; 0 for none.
        drive_db: soft clipping of each note, see `saturate`; 0 for none.
        chorus, tremolo: of the whole voice.
    """

    title: str
    oscillators: tuple[Oscillator, ...]
    kind: str = "analog"
    amp: Envelope = field(default_factory=Envelope)
    filter: Filter | None = None
    motion: Motion = field(default_factory=Motion)
    noise: Breath | None = None
    free: bool = True
    low_cut_hz: float = 0.0
    drive_db: float = 0.0
    chorus: Chorus | None = None
    tremolo: Tremolo | None = None

    def __post_init__(self) -> None:
        if not self.oscillators:
            raise SynthError("an analog patch needs an oscillator")


class Analog(Melodic):
    """An analogue patch as an instrument; see `instrument.Instrument`."""

    def __init__(self, patch: AnalogPatch, sample_rate: int, seed: list[int]) -> None:
        super().__init__(patch.amp, sample_rate, seed, patch.chorus, patch.tremolo)
        self.patch = patch
        apart = patch.noise is not None or any(o.spread and o.voices > 1 for o in patch.oscillators)
        self._channels = 2 if apart else 1
        response = patch.filter.response() if patch.filter else None
        self._tables = [
            Tables(sample_rate, o.wave, o.pulse_width, response, patch.low_cut_hz) for o in patch.oscillators
        ]
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
        rows = None
        if patch.filter is not None:
            rows = self._rows(patch.filter, key, velocity, held_s, n, rng, wheel)
        out = np.zeros((self._channels, blocks(n) * CONTROL), np.float32)
        for oscillator, tables in zip(patch.oscillators, self._tables, strict=True):
            hz = key_hz(key + oscillator.semitones)
            table, gains = tables.of(hz), oscillator.gains()[: self._channels]
            cents = patch.motion.cents(oscillator.voices, n, rate, rng, bend_cents, wheel)
            begin = rng.uniform(size=oscillator.voices) if patch.free else np.zeros(oscillator.voices)
            phases = Phases(hz * np.exp2(oscillator.detuned() / 1200), cents, begin, rate)
            out += read(table, phases, rows, gains)
        out = out[:, :n]
        if self._breathing is not None:
            self._breathing.add(out, held_s, rng)
        out *= patch.amp.curve(held_s, n, rate)
        return driven(out, patch.drive_db, rate) if patch.drive_db else out

    def _rows(
        self,
        filter_: Filter,
        key: int,
        velocity: int,
        held_s: float,
        n: int,
        rng: np.random.Generator,
        wheel: NDArray[np.float32] | None,
    ) -> NDArray[np.float32]:
        """The place between a table's rows at each block's beginning, float32 `[blocks + 1]`."""
        count = blocks(n) + 1
        octaves = np.full(count, np.log2(filter_.hz / LOWEST_HZ), np.float32)
        octaves += filter_.key_track * (key - MIDDLE_KEY) / 12
        octaves += filter_.velocity_octaves * (velocity - MIDDLE_VELOCITY) / 127
        if filter_.octaves:
            curve = filter_.envelope.curve(held_s, count, self.sample_rate / CONTROL)
            octaves += np.float32(filter_.octaves) * curve
        if filter_.sway_octaves:
            times = np.arange(count) * (CONTROL / self.sample_rate)
            sway = np.sin(2 * np.pi * (filter_.sway_hz * times + rng.uniform()))
            octaves += (filter_.sway_octaves * sway).astype(np.float32)
        if wheel is not None and filter_.wheel_octaves:
            opened = controlled(wheel, count * CONTROL) * np.float32(filter_.wheel_octaves)
            octaves += opened
        return row_of(octaves)
