"""Samples → overlapping windows in blocks, silence beyond the ends, without a padded copy of it all."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray


def windows(
    samples: NDArray[np.float32], size: int, hop: int, *, lead: int, count: int, block: int
) -> Iterator[NDArray[np.float32]]:
    """Window k is `size` samples from k · `hop` − `lead` on.

    Args:
        samples: float32 `[n]`.
        size, hop, lead: in samples.
        count: how many windows.
        block: how many are given at once.

    Yields:
        `[up to block, size]`; views, not to be written to.
    """
    for first in range(0, count, block):
        begin = first * hop - lead
        end = (min(first + block, count) - 1) * hop - lead + size
        part = samples[max(begin, 0) : max(end, 0)]
        before = min(max(-begin, 0), end - begin)
        if len(part) < end - begin:
            part = np.pad(part, (before, end - begin - before - len(part)))
        yield np.lib.stride_tricks.sliding_window_view(part, size)[::hop]
