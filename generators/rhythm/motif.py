"""Label → motif: the short idea that comes back with its section, and how phrases are built of it.

Its rhythms are bars of songs (`melody_odds`): those that go with the groove which the picture asked for.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from generators.rhythm.band import Band
from generators.rhythm.melody_odds import SLOTS, load_melodies
from generators.rhythm.meter import fit_pattern
from generators.rhythm.timeline import Timeline

PHRASE_BARS = 4
NOTES_PER_S = (0.4, 3.1)  # of a tune, at density 0 and 1; in songs most bars have 0.7 to 2.8
COUNT_SPREAD = 0.3  # octaves of the number of notes that a rhythm may be off before it becomes rare
ARCH = 2.5  # scale steps from a phrase's ends to its middle
GROOVE_PULL, CONTRAST_PULL = 3.0, 3.0

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
        own = float(np.interp(position * len(shape), np.arange(len(shape)) + 0.5, shape))
        arch = ARCH * float(np.sin(np.pi * (bar + position) / max(bars, 1)))  # a phrase rises and comes home
        return own + shift + arch

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
    wanted = _notes_wanted(timeline, label)
    idea = _rhythm(rng, wanted, groove)
    contrast = _rhythm(rng, wanted, "", unlike=idea)
    return Motif(
        motif=tuple(motif),
        contrast=SHAPES[int(second)],
        sequence=int(rng.choice([-2, -1, 1, 2])),
        form=FORMS[int(rng.integers(len(FORMS)))],
        rhythms={"a": idea, "A": idea, "b": contrast, "c": _rhythm(rng, wanted / 2, "", closes=True)},
    )


def tune_notes_per_s(timeline: Timeline, bar: int) -> float:
    """How many notes a second a tune has in a bar, by how full the bar is."""
    sparse, full = NOTES_PER_S
    return sparse + (full - sparse) * timeline.plan.curves.density[bar]


def _notes_wanted(timeline: Timeline, label: str) -> float:
    """How many notes the tune has in four beats of a label's first section."""
    section = next(s for s in timeline.plan.sections if s.label == label)
    bars = range(section.start_bar, section.end_bar)
    beats = timeline.plan.grid.bars
    each = [tune_notes_per_s(timeline, b) * timeline.bar_length_s(b) * 4 / beats[b].beats for b in bars]
    return float(np.mean(each))


def _rhythm(
    rng: np.random.Generator, wanted: float, groove: str, *, unlike: str = "", closes: bool = False
) -> str:
    """A bar's rhythm as songs have it, drawn by how usual it is and how well it suits.

    Args:
        wanted: how many notes, in four beats.
        groove: whose notes it should have.
        unlike: a rhythm that it should not be like.
        closes: it comes to rest in the second half of the bar at the latest.
    """
    rhythms = load_melodies().rhythms
    names = list(rhythms)
    onsets = np.array([[char != "." for char in name] for name in names])
    off = np.log2(onsets.sum(axis=1) / max(wanted, 1.0))
    odds = np.sqrt(np.array([rhythms[name] for name in names])) * np.exp(-0.5 * (off / COUNT_SPREAD) ** 2)
    if groove:
        asked = _onsets(groove)
        odds *= np.exp(GROOVE_PULL * (onsets & asked).sum(axis=1) / asked.sum())
    if unlike:
        odds *= np.exp(-CONTRAST_PULL * (onsets == _onsets(unlike)).mean(axis=1))
    if closes:
        odds *= onsets[:, 0] & ~onsets[:, SLOTS // 2 + 1 :].any(axis=1)
    return names[int(rng.choice(len(names), p=odds / odds.sum()))]


def _onsets(pattern: str) -> np.ndarray:
    return np.array([char != "." for char in fit_pattern(pattern, 4, SLOTS // 4)])


def phrases(start_bar: int, end_bar: int) -> list[tuple[int, int]]:
    """A section's bars in phrases of four; a lone last bar joins the phrase before it."""
    edges = list(range(start_bar, end_bar, PHRASE_BARS))
    if len(edges) > 1 and end_bar - edges[-1] == 1:
        edges.pop()
    return list(zip(edges, [*edges[1:], end_bar], strict=True))
