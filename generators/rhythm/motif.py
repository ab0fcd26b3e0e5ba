"""Label → motif: the short idea that comes back with its section, and how phrases are built of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from generators.rhythm.band import Band
from generators.rhythm.timeline import Timeline

PHRASE_BARS = 4

# Contours in scale steps, by the shapes that Huron (1996) found most common in folk song:
# arch, fall, rise, and a turn about one note.
SHAPES = (
    (0, 2, 4, 2),
    (0, 1, 2, 4),
    (4, 3, 2, 0),
    (2, 1, 0, 2),
    (0, 4, 3, 2),
    (0, -1, 0, 2),
    (2, 4, 5, 4),
    (0, 2, 1, 0),
    (4, 2, 1, 2),
    (0, 3, 2, 1),
)
# What each bar of a phrase says: the motif (a), the motif elsewhere (A), a contrast (b), a close (c).
FORMS = ("aAbc", "abac", "aAac", "abAc")


@dataclass(frozen=True)
class Motif:
    """A label's melodic idea.

    Attributes:
        motif, contrast: scale steps through one bar.
        sequence: by how many steps the motif is moved when it comes again at once.
        form: what each bar of a phrase says, one letter of `FORMS` a bar.
        rhythms: letter → one-bar onset template.
    """

    motif: tuple[int, ...]
    contrast: tuple[int, ...]
    sequence: int
    form: str
    rhythms: dict[str, str]

    def step(self, bar: int, bars: int, position: float, variation: int) -> float:
        """Where the melody aims, in scale steps from its centre.

        Args:
            bar: within the phrase.
            bars: length of the phrase.
            position: within the bar, 0 to 1.
            variation: 0 the first time; later times reach higher in the second half.
        """
        letter = self.letter(bar, bars)
        shape: tuple[int, ...] = self.motif
        shift = 0.0
        if letter == "A":
            shift = self.sequence
        elif letter == "b":
            shape = self.contrast
        elif letter == "c":
            shape = (self.contrast[0], 1, 0, 0)
        if variation and bar * 2 >= bars and letter != "c":
            shift += 1 + variation % 2
        index = min(int(position * len(shape)), len(shape) - 1)
        arch = 1.5 * float(np.sin(np.pi * (bar + position) / max(bars, 1)))  # a phrase rises and comes home
        return shape[index] + shift + arch

    def varies(self, bar: int, bars: int, phrase: int) -> bool:
        """Whether a return goes its own way here: in the second half of every second phrase."""
        return (phrase % 2 == 1 or bars < PHRASE_BARS) and bar * 2 >= bars and self.letter(bar, bars) != "c"

    def letter(self, bar: int, bars: int) -> str:
        """The form's letter for a bar; a shortened phrase keeps its beginning and its close."""
        return self.form[-1] if bar == bars - 1 and bars > 1 else self.form[min(bar, PHRASE_BARS - 2)]


def invent(timeline: Timeline, band: Band, label: str, groove: str) -> Motif:
    """The motif of a label; `groove` is the template that its picture asks for."""
    rng = timeline.random("motif", label)
    first, second = rng.choice(len(SHAPES), size=2, replace=False)
    motif = [step + int(rng.integers(-1, 2)) * int(i > 0) for i, step in enumerate(SHAPES[int(first)])]
    count = groove.count("x")
    others = sorted(band.rhythms, key=lambda r: (abs(r.count("x") - count), r != groove, r))
    near = others[1 : 1 + max(3, len(others) // 2)] or others
    contrast = near[int(rng.integers(len(near)))]
    beats = len(groove) // 4
    close = (
        "x..."
        + ("x..." if rng.random() < 0.5 and beats > 2 else "....")
        + "x..." * int(beats > 2)
        + "...." * beats
    )
    return Motif(
        motif=tuple(motif),
        contrast=SHAPES[int(second)],
        sequence=int(rng.choice([-2, -1, 1, 2])),
        form=FORMS[int(rng.integers(len(FORMS)))],
        rhythms={"a": groove, "A": groove, "b": contrast, "c": close[: 4 * beats]},
    )


def phrases(start_bar: int, end_bar: int) -> list[tuple[int, int]]:
    """A section's bars in phrases of four; a lone last bar joins the phrase before it."""
    edges = list(range(start_bar, end_bar, PHRASE_BARS))
    if len(edges) > 1 and end_bar - edges[-1] == 1:
        edges.pop()
    return list(zip(edges, [*edges[1:], end_bar], strict=True))
