"""Weights of the affective transformer as they are kept (`generators.weights_file`).

A file holds one model or several whose odds are averaged, its members: their tensors are named `0.…`,
`1.…`, and the header tells the size of each. `join_weights` makes one file of several.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from generators.affective.model import AffectiveTransformer, Config
from generators.affective.senses import WIDTHS
from generators.weights_file import WeightsError, read_tensors, write_tensors

KIND = "affective"
LARGEST_BYTES = 25_000_000  # of a file that goes with the program


def write_weights(path: Path, models: Sequence[AffectiveTransformer], about: Mapping[str, Any]) -> str:
    """Write the members whole or not at all.

    Args:
        path: the file.
        models: its members, at least one; their sizes may differ.
        about: what is told of them, plain data.

    Returns:
        The SHA-256 of the file.

    Raises:
        WeightsError: if there is no member, or they need more than `LARGEST_BYTES`.
        OSError: if the folder cannot be written to.
    """
    if not models:
        raise WeightsError(f"{path} would hold no model")
    tensors = {f"{i}.{name}": t for i, model in enumerate(models) for name, t in model.state_dict().items()}
    configs = [asdict(model.config) for model in models]
    return write_tensors(path, tensors, KIND, {"configs": configs, "about": dict(about)}, LARGEST_BYTES)


def read_weights(path: Path, sha256: str | None = None) -> tuple[AffectiveTransformer, ...]:
    """Read the members, ready to compose.

    Args:
        path: the file.
        sha256: what its hash must be, if that is known.

    Raises:
        WeightsError: if it is not there, is not what its hash says, or is another model's.
    """
    return _read(path, sha256)[0]


def read_about(path: Path) -> dict[str, Any]:
    """What is told of the members in a file of weights.

    Raises:
        WeightsError: as `read_weights`.
    """
    return _read(path, None)[1]


def join_weights(paths: Sequence[Path], out: Path, trust: Mapping[str, float] | None = None) -> str:
    """Make one file of the members of several, in their order; what is told of each is kept.

    Args:
        paths: files of weights.
        out: the new one.
        trust: sense → how much of what it says is believed, 0 to 1; all of it where it is not named. What
            a sense says is drawn toward what is put in its place when it is silent: a few hundred videos
            teach more of themselves than of videos, and validation tells how much.

    Returns:
        The SHA-256 of the new file.

    Raises:
        WeightsError: if one of them cannot be read, or all are too large together, or a sense is unknown.
        OSError: if the folder cannot be written to.
    """
    trust = dict(trust or {})
    if unknown := [name for name, share in trust.items() if name not in WIDTHS or not 0 <= share <= 1]:
        raise WeightsError(f"trust is for {', '.join(WIDTHS)}, 0 to 1, not for {', '.join(unknown)}")
    read = [_read(path, None) for path in paths]
    models = [model for members, _ in read for model in members]
    for model in models:
        _believe(model, trust)
    told = [part for _, about in read for part in about.get("members", [about])]
    return write_weights(out, models, {"members": told} | ({"trust": trust} if trust else {}))


@torch.no_grad()
def _believe(model: AffectiveTransformer, trust: Mapping[str, float]) -> None:
    for name, share in trust.items():
        layer, silent = model.senses[name], model.silent[name]
        assert isinstance(layer, torch.nn.Linear)
        layer.weight.mul_(share)
        layer.bias.copy_(torch.lerp(silent, layer.bias, share))


def _read(path: Path, sha256: str | None) -> tuple[tuple[AffectiveTransformer, ...], dict[str, Any]]:
    tensors, about = read_tensors(path, KIND, sha256)
    try:
        models = []
        for i, config in enumerate(about["configs"]):
            model = AffectiveTransformer(Config(**config))
            own = {n.split(".", 1)[1]: t for n, t in tensors.items() if n.startswith(f"{i}.")}
            model.load_state_dict(own)
            models.append(model.eval())
        if not models:
            raise ValueError("no member")
        return tuple(models), about["about"]
    except (KeyError, TypeError, RuntimeError, ValueError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise WeightsError(f"{path} holds no weights of this model ({reason})") from None
