"""What `render` asks of whatever plays a voice: a program of a SoundFont, or a patch of the synthesizer."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

MOST_KEYS = 3


def spread_over(keys: NDArray[np.int64]) -> NDArray[np.int64]:
    """Up to `MOST_KEYS` of sorted keys, spread over their range."""
    chosen = np.unique(np.linspace(0, len(keys) - 1, MOST_KEYS).round().astype(int))
    return np.asarray(keys[chosen])


class Instrument(Protocol):
    """Plays one voice's notes, each into a buffer.

    Attributes:
        sample_rate: of the sound it gives, Hz.
        note: a sentence for the run report, or empty.
    """

    @property
    def sample_rate(self) -> int: ...

    @property
    def note(self) -> str: ...

    def exclusive(self, key: int, velocity: int) -> frozenset[int]:
        """The groups in which this key silences what was struck before (hi-hats), by number above 0."""
        ...

    def levelled_by(self, keys: NDArray[np.int64]) -> NDArray[np.int64]:
        """Which keys say how loud it is, of those it plays (sorted, each once)."""
        ...

    def samples(self, key: int, velocity: int, held_s: float) -> int:
        """How many samples a note of this length takes at most."""
        ...

    def play(
        self,
        out: NDArray[np.float32],
        at: int,
        key: int,
        velocity: int,
        held_s: float,
        gain: float = 1.0,
        stop_s: float | None = None,
        bend_cents: NDArray[np.float32] | None = None,
        wheel: NDArray[np.float32] | None = None,
        take: int = 0,
    ) -> None:
        """Add one note to `out`, float32 `[2, n]`, from sample `at` on; `out` must be long enough.

        Args:
            held_s: from the note's start to its end (key up).
            stop_s: when something chokes it, from its start.
            bend_cents: float32 `[m]`, pitch bend from the note's start on, at this rate.
            wheel: float32 `[m]`, the modulation wheel likewise, 0 to 1.
            take: the number of the note in its track; what strays, strays differently in each.
        """
        ...

    def insert(self) -> Insert | None:
        """A new effect that the whole voice goes through, or None."""
        ...


class Insert(Protocol):
    """An effect on a voice that remembers what went before."""

    def feed(self, block: NDArray[np.float32]) -> NDArray[np.float32]:
        """`block` float32 `[2, n]` → float32 `[2, n]`; blocks of any length give the same sound."""
        ...
