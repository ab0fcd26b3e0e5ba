"""The weights that ship with the package; `generators/weights/affective.md` says where they come from."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import generators
from generators.affective.model import AffectiveTransformer
from generators.affective.weights import read_weights

WEIGHTS = Path(generators.__path__[0]) / "weights" / "affective.safetensors"
SHA256 = "ce6f4bc1936793b53759d8bd8b49398d7f91b5c5b9d0d5f803497cdaf032e680"


@cache
def shipped_models() -> tuple[AffectiveTransformer, ...]:
    """The members whose odds are averaged.

    Raises:
        WeightsError: if the file is damaged.
    """
    return read_weights(WEIGHTS, SHA256)
