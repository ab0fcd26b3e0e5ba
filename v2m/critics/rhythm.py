"""Rhythm: do attacks come when the picture moves, and not when it doesn't?"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from generators.takes import Take
from v2m.alignment.local import SIGMA_S
from v2m.alignment.trains import Train
from v2m.critics.assessment import Assessment
from v2m.critics.changes import CurveChange, TakeChange, bars_of
from v2m.critics.critic import Critic
from v2m.critics.work import Request, Work, in_turn

PLAYERS = ("drums", "arpeggio", "chords", "bass")
BY = 0.15


def score(assessment: Assessment) -> float:
    """`accent_alignment` over its chance level."""
    measure = assessment.measures["sync.accent_alignment"]
    return measure.score if measure.chance is None else measure.chance.gain


def ask(work: Work, asked: int) -> Iterator[Request]:
    """Where attacks and accents agree least: the busiest player anew, or fuller or emptier bars."""
    grid = work.brief.grid
    attacks, accents = work.assessment.attacks, work.brief.accents
    fits: list[tuple[float, int, range, int]] = []
    for phrase in work.phrases():
        span = grid.bars[phrase.start].start_s, grid.bar_end_s(phrase.stop - 1)
        ours, theirs = (_within(train, *span) for train in (attacks, accents))
        if len(theirs.times_s):
            more = len(ours.times_s) - len(theirs.times_s)
            fits.append((ours.cosine(theirs, SIGMA_S), phrase.start, phrase, more))
    told = {bars: (fit, more) for fit, _, bars, more in fits}
    for number, bars in enumerate(in_turn([bars for _, _, bars, _ in sorted(fits)], asked // 2)):
        at = bars_of(bars)
        fit, more = told[bars]
        found = (
            f"In {at} attacks and the picture's accents agree to {fit:.2f}, with "
            f"{abs(more)} {'more' if more >= 0 else 'fewer'} attacks than accents; in all they agree to "
            f"{score(work.assessment):.2f} over chance."
        )
        player = _busiest(work, bars)
        if (asked + number) % 2 == 0 and player is not None:
            take = Take(at, (player,), work.seed("rhythm", bars.start, asked))
            yield Request(found, TakeChange(take))
        else:
            yield Request(found, CurveChange(at, "density", -BY if more > 0 else BY))


def _within(train: Train, start_s: float, end_s: float) -> Train:
    inside = (train.times_s >= start_s) & (train.times_s < end_s)
    return Train(train.times_s[inside], train.strengths[inside])


def _busiest(work: Work, bars: range) -> str | None:
    """Who of those that keep time begins most notes in some bars."""
    grid = work.brief.grid
    start_s, end_s = grid.bars[bars.start].start_s, grid.bar_end_s(bars.stop - 1)
    counts: dict[str, int] = {}
    for voice, track in zip(work.music.voices, work.music.score.tracks, strict=True):
        if voice.role in PLAYERS and len(track.notes):
            starts = track.notes.numpy()["time"]
            counts[voice.name] = int(np.count_nonzero((starts >= start_s) & (starts < end_s)))
    return max(counts, key=lambda name: counts[name]) if any(counts.values()) else None


CRITIC = Critic("rhythm", "agreement of attacks with the picture's accents, over chance", score, ask)
