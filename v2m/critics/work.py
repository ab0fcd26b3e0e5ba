"""One version of the music with all that is known of it: what a critic is shown, and what it answers."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from generators.music import SymbolicMusic
from generators.plan import Plan
from generators.rhythm.motif import phrases
from v2m.critics.assessment import Assessment, assess
from v2m.critics.brief import Brief
from v2m.critics.changes import Change
from v2m.critics.reward import WEIGHTS, reward, terms

EARLY_S = 0.05
"""A note is begun up to so much ahead of where it is meant."""


@dataclass(frozen=True, eq=False)
class Work:
    """One version.

    Attributes:
        plan: what it is composed from.
        music: the notes.
        brief: what it is to answer.
        assessment: how well it does.
        reward: in one number.
    """

    plan: Plan
    music: SymbolicMusic
    brief: Brief
    assessment: Assessment
    reward: float

    def phrases(self) -> list[range]:
        """The bars of each phrase, counted from 0, section by section."""
        return [range(*bars) for s in self.plan.sections for bars in phrases(s.start_bar, s.end_bar)]

    def may_rechord(self, bars: range) -> bool:
        """Whether the chords of some bars are nobody's own words."""
        return not self.brief.chords_asked_for & set(bars)

    def voices(self, *roles: str) -> list[str]:
        """Who has one of the roles and plays, in the score's order."""
        rows = zip(self.music.voices, self.music.score.tracks, strict=True)
        return [voice.name for voice, track in rows if voice.role in roles and len(track.notes)]

    def playing(self) -> dict[str, set[int]]:
        """Voice → the bars, counted from 0, in which it begins a note; those who never play are left out."""
        found: dict[str, set[int]] = {}
        for voice, track in zip(self.music.voices, self.music.score.tracks, strict=True):
            if len(track.notes):
                starts = track.notes.numpy()["time"].tolist()
                found[voice.name] = {self.plan.grid.bar_at(start_s + EARLY_S) for start_s in starts}
        return found

    def seed(self, *purpose: str | int) -> int:
        """A seed for something that is done again: another for every purpose, and the same every time."""
        words = [str(part).encode() for part in (self.plan.seed, self.plan.clip_hash, *purpose)]
        return zlib.crc32(b"/".join(words)) % 1_000_000


@dataclass(frozen=True)
class Request:
    """What a critic asks for, and what it has found to ask for it.

    Attributes:
        found: one sentence with the measure in it.
        change: what is to be done.
    """

    found: str
    change: Change


def make_work(plan: Plan, music: SymbolicMusic, brief: Brief, weights: Mapping[str, float] = WEIGHTS) -> Work:
    """Look at one version of the music."""
    assessment = assess(music, plan, brief)
    return Work(plan, music, brief, assessment, reward(terms(assessment), weights))


def in_turn(ranked: list[range], asked: int) -> Iterator[range]:
    """The worst bars first, and the next worst each time that a critic asks again."""
    for number in range(len(ranked)):
        yield ranked[(asked + number) % len(ranked)]
