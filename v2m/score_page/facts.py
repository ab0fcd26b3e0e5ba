"""What the page of a score shows: the measures, and what there was to meet, to follow and to hear."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
from numpy.typing import ArrayLike, NDArray

from v2m.alignment.local import LocalAlignment
from v2m.alignment.measure import Measure

SIDES = ("picture", "music")
WAVEFORM_COLUMNS = 2400


@dataclass(frozen=True, eq=False)
class Targets:
    """Instants of the picture that music may meet, and how far the music is from each.

    Attributes:
        name: what they are, in the plural: `cuts`, `hit points`, `body beats`.
        by: what meets them, in the singular: `onset`, `beat`, `downbeat`.
        times_s: float64 `[N]`, non-decreasing.
        apart_s: float64 `[N]`, nearest event − target, positive where the music is late; nan where the
            music has no such event at all.
        tolerance_s: a target is met if the event is at most this far.
        kinds: what each is (`fade`, `section`), or empty.

    Raises:
        ValueError: if the arrays disagree or the times are not events.
    """

    name: str
    by: str
    times_s: NDArray[np.float64]
    apart_s: NDArray[np.float64]
    tolerance_s: float
    kinds: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_events(self.name, self.times_s)
        if self.apart_s.shape != self.times_s.shape or len(self.kinds) not in (0, len(self.times_s)):
            raise ValueError(f"{len(self.times_s)} {self.name} need as many distances, and kinds if any")
        if not self.tolerance_s >= 0:
            raise ValueError("the tolerance must not be negative")

    @property
    def met(self) -> NDArray[np.bool_]:
        """bool `[N]`, as `v2m.alignment.sync.share_met` counts."""
        return np.asarray(np.abs(self.apart_s) <= self.tolerance_s + 1e-9)


@dataclass(frozen=True, eq=False)
class Curve:
    """A number over time.

    Attributes:
        name: of what it is.
        side: picture or music.
        times_s, values: float64 `[N]`; nan where there is nothing to say.
        unit: "" for a number without one.
        limits: lowest and highest of the scale it is drawn on; its own extremes if None.

    Raises:
        ValueError: if the side is none of `SIDES`, the arrays disagree, times are not events, a value is
            infinite, or the limits are not two rising numbers.
    """

    name: str
    side: str
    times_s: NDArray[np.float64]
    values: NDArray[np.float64]
    unit: str = ""
    limits: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        if self.side not in SIDES:
            raise ValueError(f"a curve is of {' or '.join(SIDES)}, not of {self.side!r}")
        check_events(self.name, self.times_s)
        if self.values.shape != self.times_s.shape or np.isinf(self.values).any():
            raise ValueError(f"the curve {self.name} needs a finite number, or nan, for each time")
        if self.limits is not None and not self.limits[0] < self.limits[1]:
            raise ValueError(f"the scale of {self.name} must rise")


@dataclass(frozen=True)
class Panel:
    """Curves that are to be compared, one over the other.

    Attributes:
        name: the panel's heading.
        curves: drawn in this order.
        about: what a reader should look for, or "".
    """

    name: str
    curves: tuple[Curve, ...]
    about: str = ""


@dataclass(frozen=True, eq=False)
class Waveform:
    """Lowest and highest sample of each of many equal stretches of the clip, float32 `[columns]`, ±1."""

    low: NDArray[np.float32]
    high: NDArray[np.float32]

    def __post_init__(self) -> None:
        if self.low.ndim != 1 or self.low.shape != self.high.shape or not self.low.size:
            raise ValueError("a waveform has a lowest and a highest sample for each column")
        if not (np.isfinite(self.low).all() and np.isfinite(self.high).all()):
            raise ValueError("a waveform must be finite")


@dataclass(frozen=True, eq=False)
class Roll:
    """The notes of the music.

    Attributes:
        start_s, end_s: float64 `[N]`, in any order.
        pitch: int64 `[N]`, MIDI numbers.
        is_drum: bool `[N]`; of these only the instants are shown.

    Raises:
        ValueError: if the arrays disagree, or a time is not finite.
    """

    start_s: NDArray[np.float64]
    end_s: NDArray[np.float64]
    pitch: NDArray[np.int64]
    is_drum: NDArray[np.bool_]

    def __post_init__(self) -> None:
        if len({values.shape for values in vars(self).values()}) != 1 or self.start_s.ndim != 1:
            raise ValueError("notes are four arrays of one length")
        if not (np.isfinite(self.start_s).all() and np.isfinite(self.end_s).all()):
            raise ValueError("a note's times must be finite")


@dataclass(frozen=True)
class Film:
    """Pictures evenly spread over the clip.

    Attributes:
        jpegs: one file each, the k-th from the middle of the k-th of as many equal stretches.
        width, height: of every picture, pixels.
    """

    jpegs: tuple[bytes, ...]
    width: int
    height: int

    def __post_init__(self) -> None:
        if not self.jpegs or self.width < 1 or self.height < 1:
            raise ValueError("a film strip has at least one picture with a size")


@dataclass(frozen=True, eq=False)
class ScorePage:
    """All that the page shows. What is None or empty was not looked for, and has no lane.

    Attributes:
        title: the clip's name.
        music: what was scored.
        duration_s: length of the clip, and of the page's one time axis.
        measures: of every task, in the order in which they are listed.
        shifts: how many turned copies of the music the chance levels come from; 0 if there are none.
        film, waveform, roll, local: see their types.
        onsets_s, beats_s, downbeats_s: float64, of the music.
        targets: what there was to meet, a lane each.
        panels: curves, a lane each.
        remarks: sentences that a reader of the numbers should know.
        settings: name → value: versions, seeds, files.

    Raises:
        ValueError: if the length is not positive, or events are not non-decreasing finite seconds.
    """

    title: str
    music: str
    duration_s: float
    measures: tuple[Measure, ...]
    shifts: int
    film: Film | None = None
    waveform: Waveform | None = None
    roll: Roll | None = None
    onsets_s: NDArray[np.float64] | None = None
    beats_s: NDArray[np.float64] | None = None
    downbeats_s: NDArray[np.float64] | None = None
    targets: tuple[Targets, ...] = ()
    panels: tuple[Panel, ...] = ()
    local: LocalAlignment | None = None
    remarks: tuple[str, ...] = ()
    settings: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not (math.isfinite(self.duration_s) and self.duration_s > 0):
            raise ValueError("the page needs a positive length")
        if self.shifts < 0:
            raise ValueError("there cannot be fewer than no shifts")
        for name in ("onsets_s", "beats_s", "downbeats_s"):
            if getattr(self, name) is not None:
                check_events(name, getattr(self, name))
        object.__setattr__(self, "settings", MappingProxyType(dict(self.settings)))

    @property
    def has_lanes(self) -> bool:
        """Whether anything is known over time; sounds that were compared without a clip have nothing."""
        events = (self.onsets_s, self.beats_s, self.downbeats_s)
        drawn = (self.film, self.waveform, self.roll, self.local, *events)
        return bool(self.targets or self.panels) or any(one is not None for one in drawn)


def check_events(name: str, times_s: NDArray[np.float64]) -> None:
    """Check that an array is one of events.

    Raises:
        ValueError: if it is not one-dimensional, finite and non-decreasing.
    """
    if times_s.ndim != 1 or not np.isfinite(times_s).all() or (np.diff(times_s) < 0).any():
        raise ValueError(f"{name}: times must be one-dimensional, finite and non-decreasing")


def meet(
    name: str,
    times_s: ArrayLike,
    by: str,
    events_s: ArrayLike,
    *,
    tolerance_s: float,
    kinds: tuple[str, ...] = (),
) -> Targets:
    """Targets, each with its distance to the nearest of the music's events; of two as near, the earlier.

    Raises:
        ValueError: see `Targets`.
    """
    times, events = np.asarray(times_s, dtype=np.float64), np.asarray(events_s, dtype=np.float64)
    check_events(name, times)
    check_events(by, events)
    if not events.size:
        return Targets(name, by, times, np.full(times.shape, np.nan), tolerance_s, kinds)
    after = np.searchsorted(events, times)
    before = events[np.maximum(after - 1, 0)] - times
    behind = events[np.minimum(after, len(events) - 1)] - times
    apart = np.where(np.abs(before) <= np.abs(behind), before, behind)
    return Targets(name, by, times, apart, tolerance_s, kinds)


def waveform_of(
    samples: NDArray[np.float32], sample_rate: int, duration_s: float, *, columns: int = WAVEFORM_COLUMNS
) -> Waveform:
    """Extremes of mono samples over the clip's length; silent where the sound has ended.

    Args:
        samples: float32 `[samples]`, from the clip's first frame on.
        sample_rate: Hz.
        duration_s: of the clip; sound beyond it is not shown.
        columns: how many stretches.

    Raises:
        ValueError: if the samples are not mono, or a length or rate is not positive.
    """
    if samples.ndim != 1 or not (sample_rate > 0 and duration_s > 0 and columns > 0):
        raise ValueError("a waveform needs mono samples, a rate, a length and columns")
    edges = np.rint(np.linspace(0.0, duration_s * sample_rate, columns + 1)).astype(np.int64)
    low, high = np.zeros(columns, np.float32), np.zeros(columns, np.float32)
    for k in range(columns):
        stretch = samples[edges[k] : max(edges[k + 1], edges[k] + 1)]
        if stretch.size:
            low[k], high[k] = stretch.min(), stretch.max()
    return Waveform(low, high)
