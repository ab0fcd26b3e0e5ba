"""How good each generator was measured to be, and which of them `auto` takes.

`generators/weights/measured.json` is written by `python -m benchmarks.vqgan --record`: the same clips scored
by every generator, judged by how far above chance the music's onsets meet the picture's movements (`lift`,
AV-Align), by how far its sound is from recordings of people (`apart_db`), and by how much more noise lies
between its tones than between theirs (`noise_db`). Quality is the first over the sum of the others. Weights
that get better are taken when the benchmark says so, and not before.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import generators

CLEARLY = 1.25  # times as good: two sets of two clips put the same generator a fifth apart
MEASURED = Path(generators.__path__[0]) / "weights" / "measured.json"


@dataclass(frozen=True)
class Quality:
    """Of one generator, a mean over clips.

    Attributes:
        lift: AV-Align over its mean under circular shifts.
        apart_db: decibels from recordings of people, octave by octave: balance, swing, attack, tone.
        noise_db: by how much less its strongest lines stand above what lies between them, from 180 Hz to
            2.8 kHz; 0 where they stand as high as in recordings.
        clips: how many.
    """

    lift: float
    apart_db: float
    noise_db: float
    clips: int

    @property
    def quality(self) -> float:
        """The more the better."""
        return self.lift / (self.apart_db + self.noise_db)


@cache
def measured() -> dict[str, Quality]:
    """Generator → what was measured of it."""
    told = json.loads(MEASURED.read_text(encoding="utf-8"))
    return {name: Quality(**row) for name, row in told["generators"].items()}


def best_of(names: Iterable[str]) -> str:
    """The generator of these that was measured to be best, the first of those that are as good."""
    known = measured()
    best, *others = names
    for name in others:
        if known[name].quality > CLEARLY * known[best].quality:
            best = name
    return best


def ahead_of(name: str) -> tuple[str, ...]:
    """A sentence if another generator was measured to be better than this one; none if it is the best."""
    known = measured()
    best = best_of(known)
    if best == name:
        return ()
    here, there = known[name], known[best]
    return (
        f"It would sound better with --generator {best}: {_said(best, there)}; {_said(name, here)} "
        f"(means over {here.clips} clips).",
    )


def _said(name: str, quality: Quality) -> str:
    return (
        f"{name} is {quality.apart_db:.1f} dB from recordings with {quality.noise_db:.1f} dB more noise, and "
        f"meets movement {quality.lift:.2f} times as often as chance"
    )
