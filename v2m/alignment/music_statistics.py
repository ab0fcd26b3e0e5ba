"""A piece → the numbers and histograms by which it is compared with human ones.

`NUMBERS` and `HISTOGRAMS` are all there is; a new metric is one line here, and a new run of the
recipe that makes the reference.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from v2m.alignment import music_form, music_harmony, music_melody, music_pitch, music_rhythm
from v2m.alignment.piece import Piece

NUMBERS: dict[str, tuple[str, Callable[[Piece], float]]] = {
    "pche_1bar": ("bits", lambda piece: music_pitch.pche(piece, bars=1)),
    "pche_4bars": ("bits", lambda piece: music_pitch.pche(piece, bars=4)),
    "scale_consistency": ("", music_pitch.scale_consistency),
    "polyphony": ("pitches", music_pitch.polyphony),
    "pitch_range": ("semitones", music_pitch.pitch_range),
    "notes_per_s": ("1/s", music_pitch.notes_per_s),
    "empty_bar_rate": ("", music_pitch.empty_bar_rate),
    "gps": ("", music_rhythm.gps),
    "chord_repetition": ("", music_harmony.chord_repetition),
    "chord_changes_per_bar": ("1/bar", music_harmony.chord_changes_per_bar),
    "chord_tone_share": ("", music_harmony.chord_tone_share),
    "consonance": ("", music_harmony.consonance),
    "bar_recurrence": ("", music_form.bar_recurrence),
}
"""Metric → its unit, and the function of a piece."""

FORM = tuple(f"si_{name}" for name in music_form.RANGES_S)
LINES: dict[str, Callable[[Piece], Piece | None]] = {
    "melody": music_melody.marked_melody,
    "skyline": music_melody.skyline,
}
"""The marked tune and the guessed one, each with a range and three histograms of its own."""

HISTOGRAMS: dict[str, Callable[[Piece], NDArray[np.float64]]] = {
    f"{line}_{name}": function
    for line in LINES
    for name, function in (
        ("intervals", music_melody.intervals),
        ("note_values", music_rhythm.note_values),
        ("onset_gaps", music_rhythm.onset_gaps),
    )
}
UNITS: dict[str, str] = {
    **{name: unit for name, (unit, _) in NUMBERS.items()},
    **dict.fromkeys(FORM, ""),
    **{f"{line}_range": "semitones" for line in LINES},
}
"""Every metric that is a number → its unit, in the order in which they are reported."""


@dataclass(frozen=True, eq=False)
class Statistics:
    """What is measured of one piece.

    Attributes:
        length_s: of the piece, on which several of the numbers depend.
        numbers: every metric of `UNITS` → its value, nan where undefined.
        histograms: every metric of `HISTOGRAMS` → shares `[bins]` that sum to 1, or all nan where
            nothing was counted.
    """

    length_s: float
    numbers: Mapping[str, float]
    histograms: Mapping[str, NDArray[np.float64]]

    def __post_init__(self) -> None:
        if self.numbers.keys() != UNITS.keys() or self.histograms.keys() != HISTOGRAMS.keys():
            raise ValueError("statistics hold every metric, and no other")
        for name in ("numbers", "histograms"):
            object.__setattr__(self, name, dict(getattr(self, name)))


def describe(piece: Piece) -> Statistics:
    """Measure one piece."""
    numbers = {name: function(piece) for name, (_, function) in NUMBERS.items()}
    frame_s = music_form.frame_s_of(piece.length_s)
    if (~piece.is_drum).any():
        found = music_form.structureness(music_form.score_chroma(piece, frame_s), frame_s)
    else:
        found = dict.fromkeys(music_form.RANGES_S, math.nan)
    numbers |= {f"si_{name}": value for name, value in found.items()}
    histograms: dict[str, NDArray[np.float64]] = {}
    for line, find in LINES.items():
        tune = find(piece)
        numbers[f"{line}_range"] = math.nan if tune is None else music_pitch.pitch_range(tune)
        for name, function in HISTOGRAMS.items():
            if name.startswith(f"{line}_"):
                histograms[name] = shares(function(tune if tune is not None else piece.only(piece.is_melody)))
    return Statistics(piece.length_s, numbers, histograms)


def shares(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Counts as shares of their sum; all nan where nothing was counted."""
    total = counts.sum()
    return counts / total if total > 0 else np.full(counts.shape, math.nan)
