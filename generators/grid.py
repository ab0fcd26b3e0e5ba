"""The beat grid: bars, beats and sixteenths as seconds on the clip's clock (a tempo map)."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from encoders.errors import V2MError

DOTTED_SLOTS = 6  # of a beat that is a beat and a half of its neighbours: the one of a 3/8 bar


class PlanError(V2MError, ValueError):
    """A plan contradicts itself, or a plan file does not say what it must."""


@dataclass(frozen=True)
class Accent:
    """A grid position on which the picture moves, and so may the music.

    Attributes:
        slot: position within the bar, in slots (`slots_per_beat` a beat) from the downbeat.
        time_s: when it is to be played, near the slot's even time: the ensemble leans
            towards the picture as players lean towards a conductor.
        weight: 0 to 1, how much the picture asks for it.
        source: what moves: section, cut, fade, beat (kinematic), accent, onset.
    """

    slot: int
    time_s: float
    weight: float
    source: str


@dataclass(frozen=True)
class Bar:
    """One bar.

    Attributes:
        beats_s: the time of each beat, the first is the downbeat; as many as the bar has beats.
        slots_per_beat: 4 where the beat divides into sixteenths, 3 where it is compound and divides into
            eighths, 6 where one dotted beat stands among quarters.
        accents: where the picture moves, sorted by slot, at most one a slot.
    """

    beats_s: tuple[float, ...]
    slots_per_beat: int = 4
    accents: tuple[Accent, ...] = field(default=())

    @property
    def start_s(self) -> float:
        return self.beats_s[0]

    @property
    def beats(self) -> int:
        return len(self.beats_s)

    @property
    def slots(self) -> int:
        return self.beats * self.slots_per_beat

    @property
    def dotted(self) -> bool:
        """Whether it is a single beat and a half of its neighbours': 3/8 among quarters."""
        return is_dotted(self.beats, self.slots_per_beat)

    @property
    def eighth_slots(self) -> int:
        """How many slots an eighth has: a third of a dotted beat, half of any other."""
        return max(1, self.slots_per_beat // (3 if self.slots_per_beat % 3 == 0 else 2))


def is_dotted(beats: int, slots_per_beat: int) -> bool:
    """Whether a bar is a single beat and a half of its neighbours'."""
    return beats == 1 and slots_per_beat == DOTTED_SLOTS


@dataclass(frozen=True)
class BeatGrid:
    """All bars, end to end.

    `bars[0]` starts at or shortly after 0; each bar ends where the next starts, the last one
    at `end_s`, which is the end of the picture or shortly before or after it.

    Raises:
        PlanError: if there is no bar, or times do not strictly increase.
    """

    bars: tuple[Bar, ...]
    end_s: float

    def __post_init__(self) -> None:
        if not self.bars or any(not bar.beats_s for bar in self.bars):
            raise PlanError("a beat grid needs at least one bar, and each bar at least one beat")
        if (np.diff(self.knots_s) <= 0).any():
            raise PlanError("beat times must strictly increase up to the grid's end")

    @cached_property
    def beats_s(self) -> NDArray[np.float64]:
        """float64 `[B]`: every beat."""
        return np.array([t for bar in self.bars for t in bar.beats_s], dtype=np.float64)

    @property
    def knots_s(self) -> NDArray[np.float64]:
        """float64 `[B + 1]`: every beat, and the end."""
        return np.append(self.beats_s, self.end_s)

    @property
    def plain_beats_s(self) -> NDArray[np.float64]:
        """float64 `[B]`: how long each beat is, a dotted one told as the plain beat whose tempo it keeps."""
        dotted = [bar.dotted for bar in self.bars for _ in bar.beats_s]
        return np.asarray(np.diff(self.knots_s) / np.where(dotted, 1.5, 1.0), dtype=np.float64)

    @cached_property
    def first_beat(self) -> NDArray[np.int64]:
        """int64 `[bars + 1]`: the number of beats before each bar, and in all."""
        return np.cumsum([0] + [bar.beats for bar in self.bars])

    @property
    def downbeats_s(self) -> NDArray[np.float64]:
        """float64 `[bars]`."""
        return np.array([bar.start_s for bar in self.bars], dtype=np.float64)

    def bar_end_s(self, bar: int) -> float:
        return self.bars[bar + 1].start_s if bar + 1 < len(self.bars) else self.end_s

    def tempo_bpm(self, bar: int) -> float:
        """Mean tempo of one bar, in its beats a minute; a dotted bar counts as a beat and a half."""
        beats = 1.5 if self.bars[bar].dotted else self.bars[bar].beats
        return 60.0 * beats / (self.bar_end_s(bar) - self.bars[bar].start_s)

    def time_s(self, beat: float | NDArray[np.float64]) -> NDArray[np.float64]:
        """Seconds at a position counted in beats from the first downbeat (fractions allowed).

        Linear within a beat; before the first and after the last beat the tempo continues.
        """
        knots = self.knots_s
        beat = np.asarray(beat, dtype=np.float64)
        k = np.clip(np.floor(beat).astype(np.int64), 0, len(knots) - 2)
        return knots[k] + (beat - k) * (knots[k + 1] - knots[k])

    def beat_at(self, time_s: float | NDArray[np.float64]) -> NDArray[np.float64]:
        """The inverse of `time_s`: position in beats from the first downbeat."""
        knots = self.knots_s
        time = np.asarray(time_s, dtype=np.float64)
        k = np.clip(np.searchsorted(knots, time, side="right") - 1, 0, len(knots) - 2)
        return k + (time - knots[k]) / (knots[k + 1] - knots[k])

    def slot_time_s(self, bar: int, slot: float) -> float:
        """Even (unleaned) time of a slot of a bar; `slot` may be a fraction, or past the bar's end."""
        return float(self.time_s(float(self.first_beat[bar]) + slot / self.bars[bar].slots_per_beat))

    def played_time_s(self, bar: int, slot: int) -> float:
        """When a note on this slot sounds: where the picture asks if it asks, else the even time.

        Every voice takes its times from here, so that the ensemble leans together.
        """
        for accent in self.bars[bar].accents:
            if accent.slot == slot:
                return accent.time_s
        return self.slot_time_s(bar, slot)

    def bar_at(self, time_s: float) -> int:
        """The bar in which a time lies (the first or last bar for times outside)."""
        return int(
            np.clip(np.searchsorted(self.downbeats_s, time_s, side="right") - 1, 0, len(self.bars) - 1)
        )
