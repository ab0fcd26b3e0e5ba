"""Mix: is the tune heard over those who accompany it, and they beside it?"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from generators.takes import MOST_DB
from v2m.alignment.balance import HEARD_DB
from v2m.critics.assessment import Assessment
from v2m.critics.changes import LevelChange
from v2m.critics.critic import Critic
from v2m.critics.work import Request, Work

STEP_DB = (1.0, 3.0)
"""The least and the most that one change moves a level by."""
COVERING = ("pad", "chords", "arpeggio", "counter")


def score(assessment: Assessment) -> float:
    """`lead_heard`."""
    return assessment.score("balance.lead_heard")


def ask(work: Work, asked: int) -> Iterator[Request]:
    """The tune louder where it is covered, or who covers it softer; and the other way round."""
    margins = work.assessment.margins_db
    margins = margins[~np.isnan(margins)]
    low, high = HEARD_DB
    outside = np.where(margins < low, low - margins, np.where(margins > high, high - margins, 0.0))
    wrong = outside[outside != 0]
    if not len(wrong):
        return
    lack_db = float(np.median(wrong))
    heard = work.assessment.score("balance.lead_heard")
    found = (
        f"The tune stands out as it should for {100 * heard:.0f} % of the time; elsewhere it is "
        f"{abs(lack_db):.1f} dB too {'soft' if lack_db > 0 else 'loud'} beside the others."
    )
    by_db = float(np.sign(lack_db) * np.clip(round(abs(lack_db) * 2) / 2, *STEP_DB))
    levels = {level.voice: level.gain_db for level in work.plan.levels}
    asked_for = [(name, by_db) for name in work.voices("melody")]
    asked_for += [(name, -by_db) for name in _loudest(work)]
    turned = asked_for[asked % len(asked_for) :] + asked_for[: asked % len(asked_for)]
    for name, step_db in turned:
        if abs(levels.get(name, 0.0) + step_db) <= MOST_DB:
            yield Request(found, LevelChange(name, step_db))


def _loudest(work: Work) -> list[str]:
    """Who may cover a tune, the loudest first."""
    energy = 10 ** (work.assessment.voices_db / 10)
    level = dict(zip((voice.name for voice in work.music.voices), energy.sum(axis=1), strict=True))
    return sorted(work.voices(*COVERING), key=lambda name: -level[name])


CRITIC = Critic("mix", "share of the time in which the tune stands out as it should", score, ask)
