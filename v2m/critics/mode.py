"""Mode: is every section heard in the key that was planned for it?"""

from __future__ import annotations

import math
from collections.abc import Iterator

from generators.chord_names import parse_chord, spell_chord
from generators.rhythm import outline
from generators.rhythm.chords import QUALITIES
from generators.written import WrittenChord
from v2m.alignment import mode
from v2m.critics.assessment import Assessment, spans_of
from v2m.critics.changes import ChordsChange, bars_of
from v2m.critics.critic import Critic
from v2m.critics.work import Request, Work, in_turn

CLEAR = 0.3
"""A key that leads by so much is heard as it is meant."""


def score(assessment: Assessment) -> float:
    """`key_lead`."""
    return assessment.score("mode.key_lead")


def ask(work: Work, asked: int) -> Iterator[Request]:
    """The tonic at the head of a phrase, in the sections whose key is told least from others."""
    plan = work.plan
    spans = spans_of(plan)
    leads = [mode.key_lead(work.assessment.notes, span) for span in spans]
    leads += [math.nan] * (len(plan.sections) - len(spans))
    unclear = [index for index, lead in enumerate(leads) if lead < CLEAR]
    heads = [
        range(phrase.start, phrase.start + 1)
        for index in sorted(unclear, key=lambda index: leads[index])
        for phrase in work.phrases()
        if phrase.start in range(plan.sections[index].start_bar, plan.sections[index].end_bar)
        and work.may_rechord(phrase)
    ]
    sounding = {chord.bar: chord.name for chord in reversed(outline(plan).chords)} if heads else {}
    for bars in in_turn(heads, asked):
        index = next(i for i, s in enumerate(plan.sections) if bars.start < s.end_bar)
        section = plan.sections[index]
        tonic, minor = section.key.tonic, (section.key.tonic + 3) % 12 in section.key.scale
        chord = WrittenChord(bars.start, 0, spell_chord(tonic, "min" if minor else "maj", tonic))
        root, quality, _ = parse_chord(sounding.get(bars.start, chord.name))
        if (root, QUALITIES[quality][1:2]) == (tonic, QUALITIES["min" if minor else "maj"][1:2]):
            continue  # it begins at home as it is
        found = (
            f"Section {section.title} is to be in {section.key}; its tones lie "
            + (
                f"{leads[index]:.2f} nearer to it than to"
                if leads[index] > 0
                else f"{-leads[index]:.2f} nearer to"
            )
            + " another key."
        )
        yield Request(found, ChordsChange(bars_of(bars), (chord,)))


CRITIC = Critic("mode", "key strength over that of the next key", score, ask)
