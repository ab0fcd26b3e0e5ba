"""Odds of what follows what → a chain of chords, drawn exactly under what each of them must be."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from generators.rhythm.progressions import START


def draw_chain(
    after: NDArray[np.float32],
    wishes: Sequence[NDArray[np.float64]],
    rng: np.random.Generator,
    *,
    before: tuple[int, int] = (START, START),
    then: int | None = None,
) -> list[int]:
    """Draw as many chords as there are wishes.

    Forward filtering, backward sampling on the second-order chain, the other way about: odds of all
    continuations are summed from the end, then chords are drawn from the start, so that what is to
    come bears on what is drawn now (Pachet, Roy and Barbieri 2011 on Markov processes under constraints).

    Args:
        after: float32 `[73, 73, 72]`, the odds of a chord given the two before it.
        wishes: float64 `[72]` each, what every chord of that place is weighted by; 0 forbids it.
        before: the two chords before the first.
        then: a chord that is to follow the last.

    Raises:
        ValueError: if the wishes allow nothing.
    """
    contexts = after.shape[0]
    ahead = np.ones((contexts, contexts))  # after two chords, the odds of everything that is yet to come
    if then is not None:
        ahead = after[:, :, then].astype(np.float64)
    later = []
    for wish in reversed(wishes):
        later.append(ahead)
        worth = (wish * ahead[:, : len(wish)]).astype(np.float32)
        ahead = np.matmul(after.transpose(1, 0, 2), worth[:, :, None])[:, :, 0].T.astype(np.float64)
        ahead = ahead / max(float(ahead.max()), 1e-300)
    chain = list(before)
    for wish, ahead in zip(wishes, reversed(later), strict=True):
        odds = after[chain[-2], chain[-1]] * wish * ahead[chain[-1], : len(wish)]
        total = float(odds.sum())
        if total <= 0.0:
            raise ValueError("no chord is both wished for and possible")
        chain.append(int(rng.choice(len(odds), p=odds / total)))
    return chain[2:]
