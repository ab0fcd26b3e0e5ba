"""The weights that ship with the package; `generators/weights/affective.md` says where they come from."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import generators
from generators.affective.model import AffectiveTransformer
from generators.affective.weights import read_weights

WEIGHTS = Path(generators.__path__[0]) / "weights" / "affective.safetensors"
SHA256 = "5006a9e05ac17fe2ea7a91d3a854690da0001fdc4f03ef1028be38a7310efa8d"


@cache
def shipped_models() -> tuple[AffectiveTransformer, ...]:
    """The members whose odds are averaged.

    Raises:
        WeightsError: if the file is damaged.
    """
    return read_weights(WEIGHTS, SHA256)
