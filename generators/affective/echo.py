"""What of a song has been heard before: the evidence on which it is repeated.

Music repeats itself, and where it does the best guess of the next chord is what came next the last
time. For every lag this tells how well what led to now matches what led to that moment then: the
matches of one chord with the other, averaged over several lengths of the past; how many of the last
chords match without a gap; whether chords *change* together, since the pulse of a song goes on where
its chords do not. A model weighs these (`model.Weigher`); nothing here is learnt.

All is a recurrence over time for each lag by itself, so that memory is linear in the length, and
composing costs one step a chord. The idea is that of pointer and cache models (Grave, Joulin and
Usunier 2017) with match lengths in place of hidden states.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from generators.affective.chord_words import QUALITIES

# Shares of the past kept at each step: matches over about 1, 2, 4, 8, 16 and 50 chords.
MEMORIES = (0.0, 0.5, 0.75, 0.88, 0.94, 0.98)
CHANGE_MEMORIES = (0.8, 0.95)
NEIGHBOURS = 3  # the memory whose matches at the lags beside count as well: loops are no whole steps long
FEATURES = len(MEMORIES) + len(CHANGE_MEMORIES) + 9
NOTHING = -1


@dataclass
class Echo:
    """The state of the recurrence.

    Attributes:
        past: int64 `[batch, lags + 1]`, the chords so far, the newest first; `NOTHING` before the song.
        since: float32 `[batch, lags + 1]`, steps since the last change at each of these.
        matches: float32 `[memories, batch, lags]`.
        changes: float32 `[change memories, batch, lags]`.
        run: float32 `[batch, lags]`, how many of the last chords match one by one.
    """

    past: Tensor
    since: Tensor
    matches: Tensor
    changes: Tensor
    run: Tensor

    @classmethod
    def begin(cls, batch: int, lags: int, device: torch.device | None = None) -> Echo:
        return cls(
            torch.full((batch, lags + 1), NOTHING, device=device),
            torch.zeros(batch, lags + 1, device=device),
            torch.zeros(len(MEMORIES), batch, lags, device=device),
            torch.zeros(len(CHANGE_MEMORIES), batch, lags, device=device),
            torch.zeros(batch, lags, device=device),
        )

    def hear(self, chords: Tensor) -> Tensor:
        """Hear one more chord of each song.

        Args:
            chords: int64 `[batch]`.

        Returns:
            float32 `[batch, FEATURES, lags]`: for each lag, how well the chord `lag` steps ago follows
            on what led here. Lag 0 is the chord that is heard now.
        """
        held = torch.where(chords == self.past[:, 0], self.since[:, 0] + 1, 0.0)
        then, then_since = self.past[:, :-1], self.since[:, :-1]
        same = (then == chords[:, None]).float()
        known = (then != NOTHING).float()
        keep = chords.new_tensor(MEMORIES, dtype=torch.float32)[:, None, None]
        self.matches = keep * self.matches + (1 - keep) * same
        self.run = (self.run + 1) * same
        moves, moved = (held == 0).float()[:, None], (then_since == 0).float()
        together = moves * moved - 0.5 * (moves - moved).abs()
        keep = chords.new_tensor(CHANGE_MEMORIES, dtype=torch.float32)[:, None, None]
        self.changes = keep * self.changes + 2 * (1 - keep) * together * known

        slow = self.matches[NEIGHBOURS]
        edge = torch.zeros_like(slow[:, :1])
        followed = self.past[:, :-1].roll(1, 1)
        followed[:, 0] = chords
        root = _root(chords)[:, None] == _root(then)
        features = torch.stack(
            [
                *self.matches,
                *self.changes,
                torch.cat([slow[:, 1:], edge], 1),
                torch.cat([edge, slow[:, :-1]], 1),
                self.matches[-2] ** 2,
                torch.log1p(self.run) / 3,
                torch.log1p((held[:, None] - then_since).abs()) * known / 2,
                root.float() * known,
                (followed == chords[:, None]).float(),
                torch.log1p(torch.arange(then.shape[1], device=then.device)).expand_as(slow) / 6,
                known,
            ],
            1,
        )
        self.past = torch.cat([chords[:, None], self.past[:, :-1]], 1)
        self.since = torch.cat([held[:, None], self.since[:, :-1]], 1)
        return features


def _root(chords: Tensor) -> Tensor:
    return (chords - 1).div(len(QUALITIES), rounding_mode="floor")


def echoes(chords: Tensor, lags: int) -> Tensor:
    """All steps of whole songs.

    Args:
        chords: int64 `[batch, time]`.
        lags: how far back.

    Returns:
        float32 `[batch, time, FEATURES, lags]`.
    """
    echo = Echo.begin(len(chords), lags, chords.device)
    out = torch.empty(*chords.shape, FEATURES, lags, device=chords.device)
    for step in range(chords.shape[1]):
        out[:, step] = echo.hear(chords[:, step])
    return out
