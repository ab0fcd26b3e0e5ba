"""Melody: does the tune move in steps, lengths and a range that people sing?"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from generators.takes import Take
from v2m.alignment import music
from v2m.alignment.music_melody import intervals, marked_melody
from v2m.alignment.reference import load_reference
from v2m.critics.assessment import Assessment
from v2m.critics.changes import TakeChange, bars_of
from v2m.critics.critic import Critic
from v2m.critics.work import Request, Work, in_turn

NUMBERS = ("melody_range", "melody_intervals", "melody_note_values", "melody_onset_gaps")
RAREST = 1e-3
"""The least share that an interval is taken to have among people's."""


def score(assessment: Assessment) -> float:
    """How far these numbers are from people's, made negative: 0 is nearest."""
    return -music.distance([assessment.measures[f"music.{name}"] for name in NUMBERS])


def ask(work: Work, asked: int) -> Iterator[Request]:
    """The tune anew, in the phrases whose intervals are the least likely among people's."""
    tunes = work.voices("melody")
    ranked = sorted(
        (-unlikely, bars.start, bars) for bars, unlikely in _unlikely(work) if not math.isnan(unlikely)
    )
    phrases = [bars for _, _, bars in ranked]
    told = {bars: -unlikely for unlikely, _, bars in ranked}
    for bars in in_turn(phrases, asked):
        at = bars_of(bars)
        found = (
            f"The tune's steps in {at} are of {told[bars]:.1f} bits each among people's; the tune is "
            f"{-score(work.assessment):.2f} standard deviations from theirs."
        )
        yield Request(found, TakeChange(Take(at, tuple(tunes), work.seed("melody", bars.start, asked))))


def _unlikely(work: Work) -> Iterator[tuple[range, float]]:
    """How many bits each phrase's intervals are worth on average; nan where there is no tune."""
    piece = work.assessment.piece
    shape = load_reference().nearest(piece.length_s).histograms.get("melody_intervals")
    for bars in work.phrases():
        tune = marked_melody(piece.excerpt(bars.start, bars.stop))
        counts = intervals(tune) if tune is not None and shape is not None else np.zeros(0)
        if shape is None or not counts.sum():
            yield bars, math.nan
        else:
            yield bars, float(counts @ -np.log2(np.maximum(shape.mean, RAREST)) / counts.sum())


CRITIC = Critic("melody", "distance of its tune from people's, in standard deviations, negative", score, ask)
