"""Harmony: do the chords change, return and sound together as people's do?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from generators.rhythm import outline
from v2m.alignment import music
from v2m.alignment.music_harmony import consonance
from v2m.critics.assessment import Assessment
from v2m.critics.changes import ChordsChange, bars_of
from v2m.critics.critic import Critic
from v2m.critics.work import Request, Work, in_turn

NUMBERS = ("chord_repetition", "chord_changes_per_bar", "chord_tone_share", "consonance", "pche_1bar")


def score(assessment: Assessment) -> float:
    """How far these numbers are from people's, made negative: 0 is nearest."""
    return -music.distance([assessment.measures[f"music.{name}"] for name in NUMBERS])


def ask(work: Work, asked: int) -> Iterator[Request]:
    """The chords that another seed has, in the phrases in which tones agree least."""
    piece = work.assessment.piece
    agree = {phrase: consonance(piece.excerpt(phrase.start, phrase.stop)) for phrase in work.phrases()}
    ranked = sorted(
        (p for p in agree if agree[p] == agree[p] and work.may_rechord(p)), key=lambda p: agree[p]
    )
    for bars in in_turn(ranked, asked):
        other = replace(work.plan, seed=work.seed("harmony", bars.start, asked))
        chords = tuple(chord for chord in outline(other).chords if chord.bar in bars)
        if not chords:
            continue
        at = bars_of(bars)
        found = (
            f"In {at} {100 * agree[bars]:.0f} % of the tones that sound together are consonant; harmony is "
            f"{-score(work.assessment):.2f} standard deviations from people's."
        )
        yield Request(found, ChordsChange(at, chords))


CRITIC = Critic(
    "harmony", "distance of its chords from people's, in standard deviations, negative", score, ask
)
