"""Inner loops that are compiled when they are first called (numba), and kept for the next run.

The compiled code lies beside the source, or in the user's cache folder where that cannot be written
to; where neither can, it is made anew in each run. It lets go of the interpreter, so that senses and
voices in threads of their own run side by side, and it computes as written: nothing is reordered for
speed, so that a run repeats bit for bit.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar, cast

import numba

P = ParamSpec("P")
R = TypeVar("R")


def compiled(loop: Callable[P, R]) -> Callable[P, R]:
    """A function of arrays and numbers, compiled for the types that it is called with."""
    try:
        return cast(Callable[P, R], numba.njit(loop, nogil=True, error_model="numpy", cache=True))
    except RuntimeError:  # nowhere to keep it
        return cast(Callable[P, R], numba.njit(loop, nogil=True, error_model="numpy"))
