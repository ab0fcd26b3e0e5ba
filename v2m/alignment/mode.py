"""Is each section heard in the key and mode that it was planned in?

Conventions
-----------
Key strength is the correlation of pitch classes with the key profiles of Krumhansl & Kessler
(`v2m.alignment.tonality`), which know major and minor: a mode is heard as the one whose third it has.
The tones of a section count by how long they sound. Turning music in time changes its sections' tones
together with their keys, so there is no chance level; what stands beside it is 0, where the planned
key is as strong as the strongest other one.

Metrics
-------
* `key_lead`: strength of the planned key less that of the strongest other key, −2 to 2, mean over the
  sections by their length.
* `in_scale`: share of the sounding time that belongs to the planned scale.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from v2m.alignment.measure import Measure, undefined
from v2m.alignment.notes import Notes
from v2m.alignment.tonality import key_strengths


@dataclass(frozen=True)
class Span:
    """A section: from when to when, on which tonic (0 = C), in which scale (pitch classes).

    Raises:
        ValueError: if it is empty, or has no third to tell major from minor by.
    """

    start_s: float
    end_s: float
    tonic: int
    scale: frozenset[int]

    def __post_init__(self) -> None:
        if not self.start_s < self.end_s:
            raise ValueError("a section ends after it begins")
        if not {(self.tonic + 3) % 12, (self.tonic + 4) % 12} & self.scale:
            raise ValueError("a scale has a minor or a major third")

    @property
    def key(self) -> int:
        """Its number among the keys of `tonality`: 0–11 major, 12–23 minor."""
        return self.tonic + (0 if (self.tonic + 4) % 12 in self.scale else 12)


def tones(notes: Notes, span: Span) -> NDArray[np.float64]:
    """Seconds for which each pitch class sounds within a section, float64 `[12]`."""
    tuned = notes.pitched()
    held = np.minimum(tuned.end_s, span.end_s) - np.maximum(tuned.start_s, span.start_s)
    sounds = held > 0
    return np.bincount(tuned.pitch[sounds] % 12, held[sounds], minlength=12).astype(np.float64)


def key_lead(notes: Notes, span: Span) -> float:
    """Of one section; nan where nothing sounds."""
    heard = tones(notes, span)
    if heard.sum() <= 0:
        return math.nan
    strengths = key_strengths(heard[None])[0]
    return float(strengths[span.key] - np.delete(strengths, span.key).max())


def evaluate(notes: Notes, spans: Sequence[Span]) -> tuple[Measure, ...]:
    """Both metrics over all sections."""
    leads = np.array([key_lead(notes, span) for span in spans])
    lengths = np.array([span.end_s - span.start_s for span in spans])
    heard = [tones(notes, span) for span in spans]
    total = sum(float(row.sum()) for row in heard)
    if not total:
        return tuple(undefined("mode", name, "nothing sounds", count=0) for name in ("key_lead", "in_scale"))
    said = ~np.isnan(leads)
    lead = float(np.average(leads[said], weights=lengths[said]))
    inside = sum(float(row[sorted(span.scale)].sum()) for row, span in zip(heard, spans, strict=True))
    return (
        Measure("mode", "key_lead", lead, count=int(said.sum())),
        Measure("mode", "in_scale", inside / total, count=len(spans)),
    )
