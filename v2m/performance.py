"""A track → what its player does: when each key goes down, comes up, or is choked; volume and bend."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from v2m.instrument import Instrument

if TYPE_CHECKING:
    import symusic

WHEEL, VOLUME, EXPRESSION, SUSTAIN = 1, 7, 11, 64
RINGS_ON_S = 5.0  # how long after key up a controller still moves a note
BEND_RANGE_CENTS = 200.0  # General MIDI's default, ± two semitones
LONGEST_S = 24.0  # a longer note is bowed anew, so that no note's sound outgrows memory
REBOW_OVERLAP_S = 0.25
GLIDE_S = 0.01  # controllers step; the sound glides


@dataclass(frozen=True, eq=False)
class Performance:
    """Notes `[N]` in order of start, and the track's controllers.

    Attributes:
        start_s, held_s: key down, and how long it stays down (pedal included).
        pitch, velocity: MIDI numbers.
        stop_s: seconds after the start at which a choking note cuts it; inf where none does.
        gain_times_s, gains: steps of volume × expression, as factors.
        bend_times_s, bends_cents: steps of pitch bend.
        wheel_times_s, wheels: steps of the modulation wheel, 0 to 1.
    """

    start_s: NDArray[np.float64]
    held_s: NDArray[np.float64]
    pitch: NDArray[np.int64]
    velocity: NDArray[np.int64]
    stop_s: NDArray[np.float64]
    gain_times_s: NDArray[np.float64]
    gains: NDArray[np.float64]
    bend_times_s: NDArray[np.float64]
    bends_cents: NDArray[np.float64]
    wheel_times_s: NDArray[np.float64]
    wheels: NDArray[np.float64]

    def start_samples(self, rate: int) -> NDArray[np.int64]:
        return np.round(self.start_s * rate).astype(np.int64)

    def volume(self, first: int, n: int, rate: int) -> NDArray[np.float32] | None:
        """The factor on samples `first` to `first + n`, or None where it is 1 all along."""
        if not len(self.gains):
            return None
        times = (first + np.arange(n)) / rate
        return _gliding(self.gain_times_s, self.gains, times, 1.0).astype(np.float32)

    def bend_cents(self, note: int, rate: int) -> NDArray[np.float32] | None:
        """Pitch bend over one note and its release, at `rate`; None where there is none."""
        return self._over(note, self.bend_times_s, self.bends_cents, rate)

    def wheel(self, note: int, rate: int) -> NDArray[np.float32] | None:
        """The modulation wheel likewise, 0 to 1; None where it stays down."""
        return self._over(note, self.wheel_times_s, self.wheels, rate)

    def _over(
        self, note: int, times_s: NDArray[np.float64], values: NDArray[np.float64], rate: int
    ) -> NDArray[np.float32] | None:
        if not len(values):
            return None
        at_s = self.start_s[note] + np.arange(int((self.held_s[note] + RINGS_ON_S) * rate)) / rate
        curve = _gliding(times_s, values, at_s, 0.0)
        return curve.astype(np.float32) if curve.any() else None


def perform(track: symusic.core.TrackSecond, patch: Instrument) -> Performance:
    """Read a track: notes in order, pedal applied, hi-hats choked, long notes bowed anew."""
    columns = track.notes.numpy()
    start = columns["time"].astype(np.float64)
    held = np.maximum(columns["duration"].astype(np.float64), 0.0)
    pitch = columns["pitch"].astype(np.int64)
    velocity = np.clip(columns["velocity"].astype(np.int64), 0, 127)
    sounding = velocity > 0
    start, held, pitch, velocity = start[sounding], held[sounding], pitch[sounding], velocity[sounding]
    held = _pedalled(track, start, held)
    start, held, pitch, velocity = _rebowed(start, held, pitch, velocity)
    order = np.lexsort((velocity, pitch, start))
    start, held, pitch, velocity = start[order], held[order], pitch[order], velocity[order]
    gain_times, gains = _volume_steps(track)
    bends = sorted((float(b.time), float(b.value)) for b in track.pitch_bends)
    wheels = sorted((float(c.time), c.value / 127) for c in track.controls if c.number == WHEEL)
    return Performance(
        start,
        held,
        pitch,
        velocity,
        _chokes(start, pitch, velocity, patch),
        gain_times,
        gains,
        np.array([t for t, _ in bends]),
        np.array([v / 8192 * BEND_RANGE_CENTS for _, v in bends]),
        np.array([t for t, _ in wheels]),
        np.array([v for _, v in wheels]),
    )


def _volume_steps(track: symusic.core.TrackSecond) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """CC 7 × CC 11, each by General MIDI's square law; CC 7's default (100) counts as no change."""
    changes = sorted(
        (float(c.time), int(c.number), int(c.value))
        for c in track.controls
        if c.number in (VOLUME, EXPRESSION)
    )
    now = {VOLUME: 100, EXPRESSION: 127}
    times, gains = [], []
    for time_s, number, value in changes:
        now[number] = value
        times.append(time_s)
        gains.append((now[VOLUME] / 100) ** 2 * (now[EXPRESSION] / 127) ** 2)
    return np.array(times), np.array(gains)


def _pedalled(
    track: symusic.core.TrackSecond, start: NDArray[np.float64], held: NDArray[np.float64]
) -> NDArray[np.float64]:
    """A key that comes up while the pedal is down sounds until the pedal comes up."""
    downs = [(float(p.time), float(p.time + p.duration)) for p in track.pedals]
    down_s: float | None = None
    for c in sorted((c for c in track.controls if c.number == SUSTAIN), key=lambda c: float(c.time)):
        if c.value >= 64 and down_s is None:
            down_s = float(c.time)
        elif c.value < 64 and down_s is not None:
            downs.append((down_s, float(c.time)))
            down_s = None
    end = start + held
    for low, high in sorted(downs):
        end = np.where((end >= low) & (end < high) & (start < high), high, end)
    lasting: NDArray[np.float64] = end - start
    return lasting


def _rebowed(
    start: NDArray[np.float64],
    held: NDArray[np.float64],
    pitch: NDArray[np.int64],
    velocity: NDArray[np.int64],
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]]:
    """Split each note longer than `LONGEST_S` into even parts that overlap a little."""
    parts = np.maximum(1, np.ceil(held / LONGEST_S)).astype(np.int64)
    if (parts == 1).all():
        return start, held, pitch, velocity
    source = np.repeat(np.arange(len(start)), parts)
    number = np.arange(len(source)) - np.repeat(np.cumsum(parts) - parts, parts)
    length = (held / parts)[source]
    overlap = np.where(number < parts[source] - 1, REBOW_OVERLAP_S, 0.0)
    return start[source] + number * length, length + overlap, pitch[source], velocity[source]


def _chokes(
    start: NDArray[np.float64], pitch: NDArray[np.int64], velocity: NDArray[np.int64], patch: Instrument
) -> NDArray[np.float64]:
    """When a later note of the same exclusive class (closed hi-hat on open) cuts each note."""
    stop = np.full(len(start), np.inf)
    latest: dict[int, list[int]] = {}
    for i in range(len(start)):
        for kind in patch.exclusive(int(pitch[i]), int(velocity[i])):
            before = latest.setdefault(kind, [])
            if before and start[before[0]] < start[i]:
                for j in before:
                    stop[j] = start[i] - start[j]
                before.clear()
            before.append(i)
    return stop


def _gliding(
    times_s: NDArray[np.float64], values: NDArray[np.float64], at_s: NDArray[np.float64], default: float
) -> NDArray[np.float64]:
    """Steps at `times_s` turned into `GLIDE_S` ramps, read at `at_s`."""
    before = np.concatenate([[default if times_s[0] > 0 else values[0]], values[:-1]])
    # Where steps follow one another faster than a glide, the glide ends where the next begins.
    ends = np.minimum(times_s + GLIDE_S, np.append(times_s[1:], np.inf))
    knots = np.stack([times_s, ends], axis=1).ravel()
    levels = np.stack([before, values], axis=1).ravel()
    read: NDArray[np.float64] = np.interp(at_s, knots, levels)
    return read
