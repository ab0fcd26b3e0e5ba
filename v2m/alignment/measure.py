"""One measured number, and all that a reader needs to believe it."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from v2m.alignment.chance import Chance, Score, against_chance, curve_against_chance

BETTER = ("higher", "lower", "nearer", "none")


@dataclass(frozen=True)
class Measure:
    """One number of one task, beside what chance and music that knows nothing would score.

    Attributes:
        task: the module it comes from: beats, sync, curves, affect, music, sound, learned.
        name: of the metric, with its variant: `av_align`, `d2mgan_coverage`.
        score: nan where it is undefined; `note` then says why.
        unit: "" for a share or a correlation, else `LUFS`, `s`, `dBTP` …
        better: higher, lower, nearer (to nought), or none (a description, not a verdict).
        count: how many things there were to meet (cuts, seconds, notes); None where that means nothing.
        chance: the level under circular shifts; None where turning the music in time changes nothing.
        straw: straw man (silence, noise, metronome) → its score, nan where undefined.
        details: what else belongs to it, by name (`lag_s`, `tolerance_s`).
        note: one sentence, or "".

    Raises:
        ValueError: if `better` is none of `BETTER`, or an undefined score does not say why.
    """

    task: str
    name: str
    score: float
    unit: str = ""
    better: str = "higher"
    count: int | None = None
    chance: Chance | None = None
    straw: Mapping[str, float] = field(default_factory=dict)
    details: Mapping[str, float] = field(default_factory=dict)
    note: str = ""

    def __post_init__(self) -> None:
        if self.better not in BETTER:
            raise ValueError(f"better is one of {', '.join(BETTER)}, not {self.better!r}")
        if math.isnan(self.score) and not self.note:
            raise ValueError(f"{self.task}.{self.name} is undefined and does not say why")
        for name in ("straw", "details"):
            object.__setattr__(self, name, MappingProxyType(dict(getattr(self, name))))

    @property
    def defined(self) -> bool:
        """Whether there is a number."""
        return not math.isnan(self.score)


def measure_events(
    task: str,
    name: str,
    score: Score,
    events_s: NDArray[np.float64],
    duration_s: float,
    *,
    shifts: int,
    seed: int,
    **told: Any,
) -> Measure:
    """The score of the music's events, with its chance level unless `shifts` is 0.

    Args:
        task, name: see `Measure`.
        score: event times → number.
        events_s: float64 `[events]`, of the music; these are turned.
        duration_s: length of the music.
        shifts, seed: see `v2m.alignment.chance`; no shifts, no chance level.
        told: the other attributes of the `Measure`.
    """
    if shifts == 0:
        return Measure(task, name, score(events_s), **told)
    chance = against_chance(score, events_s, duration_s, shifts=shifts, seed=seed)
    return Measure(task, name, chance.score, chance=chance, **told)


def measure_curve(
    task: str,
    name: str,
    score: Score,
    curve: NDArray[np.float64],
    *,
    shifts: int,
    seed: int,
    **told: Any,
) -> Measure:
    """As `measure_events`, of a curve `[steps]` that is turned by whole steps: a correlation."""
    if shifts == 0:
        return Measure(task, name, score(curve), **told)
    chance = curve_against_chance(score, curve, shifts=shifts, seed=seed)
    return Measure(task, name, chance.score, chance=chance, **told)


@contextmanager
def quiet() -> Iterator[None]:
    """As in mir_eval, empty inputs warn; within this block they don't: each measure tells what is empty."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=UserWarning)
        yield


def undefined(task: str, name: str, why: str, **told: Any) -> Measure:
    """A metric that has no number here, and one sentence that says why."""
    return Measure(task, name, math.nan, note=why, **told)


def beside_straw_men(
    measures: Sequence[Measure], straw: Mapping[str, Sequence[Measure]]
) -> tuple[Measure, ...]:
    """The measures, each with the score that every straw man gets for the same metric.

    Args:
        measures: of the music.
        straw: straw man → the same tasks' measures of it.
    """
    scores = {man: {(m.task, m.name): m.score for m in theirs} for man, theirs in straw.items()}
    return tuple(
        replace(m, straw={man: got.get((m.task, m.name), math.nan) for man, got in scores.items()})
        for m in measures
    )
