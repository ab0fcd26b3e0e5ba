"""What critics found and changed, for a person to read and for a program to check.

Every number was measured: before the change, and after it on the music that the change gave. What did not
help was taken back, and the log says so.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class Entry:
    """One thing that was asked for and tried.

    Attributes:
        round: counted from 1.
        critic: who asked.
        found: a sentence that says why.
        asks: what for, in words.
        change: the same, as `v2m.critics.changes` reads it.
        measure: what the critic's own number is.
        before, after: that number.
        reward_before, reward_after: of the whole.
        kept: whether the change stands.
        why: what decided it.
    """

    round: int
    critic: str
    found: str
    asks: str
    change: Mapping[str, Any]
    measure: str
    before: float
    after: float
    reward_before: float
    reward_after: float
    kept: bool
    why: str


@dataclass(frozen=True)
class Candidate:
    """One of several pieces of which the best was kept: its seed, its reward, and whether it was the one."""

    seed: int
    reward: float
    chosen: bool


@dataclass(frozen=True)
class Log:
    """All of it.

    Attributes:
        entries: in order; each starts from what the one before it left.
        reward_before, reward_after: of the music as composed, and as it is now.
        terms_before, terms_after: of the reward (`v2m.critics.reward`).
        weights: that it was summed with.
        notes: sentences: who had nothing to measure, or did not answer.
        candidates: the pieces that the critics' one was chosen of, if there were several.
    """

    entries: tuple[Entry, ...]
    reward_before: float
    reward_after: float
    terms_before: Mapping[str, float] = field(default_factory=dict)
    terms_after: Mapping[str, float] = field(default_factory=dict)
    weights: Mapping[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    candidates: tuple[Candidate, ...] = ()

    @property
    def kept(self) -> tuple[Entry, ...]:
        """The changes that stand."""
        return tuple(entry for entry in self.entries if entry.kept)

    def summary(self) -> str:
        """One line."""
        asked = len(self.entries)
        if not asked:
            return f"nothing was asked for, reward {self.reward_after:+.3f}"
        rewards = f"reward {self.reward_before:+.3f} to {self.reward_after:+.3f}"
        return f"{len(self.kept)} of {asked} changes kept, {rewards}"

    def to_text(self) -> str:
        """The log as a page."""
        lines = [f"Critics: {self.summary()}."]
        lines += [
            f"Candidate with seed {c.seed}: reward {c.reward:+.4f}{', the best, kept' if c.chosen else ''}."
            for c in self.candidates
        ]
        lines += [f"Note: {note}" for note in self.notes]
        number = 0
        for entry in self.entries:
            if entry.round != number:
                number = entry.round
                lines += ["", f"Round {number}"]
            fate = "kept" if entry.kept else "taken back"
            lines += [
                f"* {entry.critic}: {entry.found}",
                f"  Asked to {entry.asks}.",
                f"  {entry.measure}: {entry.before:.3f} to {entry.after:.3f}; "
                f"reward {entry.reward_before:+.4f} to {entry.reward_after:+.4f}: {fate}, {entry.why}.",
            ]
        if self.terms_before:
            lines += ["", "Terms of the reward, before and after, with their weights:"]
            lines += [
                f"  {name:<9} {self.terms_before[name]:+.3f} {self.terms_after[name]:+.3f}  "
                f"×{self.weights.get(name, 0.0):.3f}"
                for name in self.terms_before
            ]
        return "\n".join(lines) + "\n"

    def to_dict(self) -> dict[str, Any]:
        """As it stands in a run report."""
        return asdict(self)

    def to_json(self) -> str:
        """The same as text."""
        return json.dumps(self.to_dict(), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def log_of(row: Mapping[str, Any]) -> Log:
    """The log that `Log.to_dict` gave.

    Raises:
        TypeError, KeyError: if it is none.
    """
    return Log(
        **{
            **row,
            "entries": tuple(Entry(**entry) for entry in row["entries"]),
            "notes": tuple(row["notes"]),
            "candidates": tuple(Candidate(**candidate) for candidate in row["candidates"]),
        }
    )
