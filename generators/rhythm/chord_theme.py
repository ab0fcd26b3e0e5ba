"""Label → its chords: a phrase that is stated, repeated with another ending, left, and come back to.

Songs are built of phrases of four bars heard again; a label's harmony is therefore two phrases, not as
many chords as its longest section has. Both are drawn from the style's odds so that each leads to what
follows it, round and round.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from generators.form import Section
from generators.rhythm.band import Band
from generators.rhythm.chord_chain import draw_chain
from generators.rhythm.chord_odds import ChordOdds
from generators.rhythm.chord_space import SYMBOLS, foreign_notes, kind_of, root_of
from generators.rhythm.harmonic_rhythm import choose_rhythm
from generators.rhythm.timeline import Timeline

FORM = ("statement", "answer", "contrast", "statement")
HOME = 6.0  # odds for beginning on the tonic in the home section, an intro and an outro; elsewhere
AWAY = 0.15
FRESH = 0.25  # odds against a contrast that begins as the statement did


@dataclass(frozen=True)
class ChordTheme:
    """A label's harmony.

    Attributes:
        phrases: name in `FORM` → chord symbols, one for each change of the rhythm.
        rhythms: name in `FORM` → which half bars bring a change, bool `[8]`.
        valence, tension: of the picture it was made for.
    """

    phrases: dict[str, tuple[int, ...]]
    rhythms: dict[str, tuple[bool, ...]]
    valence: float
    tension: float

    def name(self, phrase: int) -> str:
        """Which of `FORM` a section's phrase is."""
        return FORM[phrase % len(FORM)]

    def chord(self, name: str, half_bar: int) -> int:
        """The symbol that sounds in a half bar of a phrase; longer phrases go round again."""
        rhythm = self.rhythms[name]
        k = sum(rhythm[: half_bar % len(rhythm) + 1]) - 1
        return self.phrases[name][min(k, len(self.phrases[name]) - 1)]


def make_theme(timeline: Timeline, band: Band, odds: ChordOdds, section: Section) -> ChordTheme:
    """The chords of a label; `section` is its first."""
    curves = timeline.plan.curves
    bars = range(section.start_bar, section.end_bar)
    valence = float(np.mean([curves.valence[b] for b in bars]))
    tension = float(np.mean([curves.tension[b] for b in bars]))
    rng = timeline.random("progression", section.label, odds.mode)
    first = choose_rhythm(timeline, band, section, "statement")
    other = choose_rhythm(timeline, band, section, "contrast") if rng.random() < 0.4 else first

    def wishes(rhythm: tuple[bool, ...]) -> list[NDArray[np.float64]]:
        halves = [k for k, on in enumerate(rhythm) if on]
        last = len(halves) - 1
        return [
            odds.wish(
                "first" if i == 0 else "last" if i == last else "inner",
                valence,
                # A phrase's own course of tension, so that it tightens where the picture does.
                curves.tension[min(section.start_bar + k // 2, section.end_bar - 1)],
            )
            for i, k in enumerate(halves)
        ]

    wanted = wishes(first)
    opening = wanted[0] * _opening(odds.mode, home=section.label == "A" or section.role != "theme")
    (start,) = draw_chain(odds.after, [opening], rng)
    statement = [start, *draw_chain(odds.after, wanted[1:], rng, before=(72, start), then=start)]
    half = (len(statement) + 1) // 2
    kept = statement[:half]
    answer = kept + draw_chain(odds.after, wanted[half:], rng, before=_last_two(kept), then=None)
    wanted = wishes(other)
    fresh = np.where(np.arange(SYMBOLS) == start, FRESH, 1.0) * _opening(odds.mode, home=None)
    contrast = draw_chain(
        odds.after, [wanted[0] * fresh, *wanted[1:]], rng, before=_last_two(answer), then=start
    )
    return ChordTheme(
        phrases={"statement": tuple(statement), "answer": tuple(answer), "contrast": tuple(contrast)},
        rhythms={"statement": first, "answer": first, "contrast": other},
        valence=valence,
        tension=tension,
    )


def _last_two(chain: list[int]) -> tuple[int, int]:
    return (chain[-2], chain[-1]) if len(chain) > 1 else (72, chain[-1])


def _opening(mode: str, home: bool | None) -> NDArray[np.float64]:
    """float64 `[72]`: what a phrase may begin with: a plain chord of the key; the tonic at home."""
    foreign = foreign_notes(mode)
    odds = np.array(
        [float(foreign[s] == 0 and kind_of(s) in ("maj", "min")) for s in range(SYMBOLS)], dtype=np.float64
    )
    if home is not None:
        odds *= [(HOME if home else AWAY) if root_of(s) == 0 else 1.0 for s in range(SYMBOLS)]
    return odds
