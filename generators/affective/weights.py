"""Weights as they are kept: half precision, safetensors, their hash checked before they are believed."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from encoders.errors import V2MError
from generators.affective.model import AffectiveTransformer, Config


class WeightsError(V2MError, ValueError):
    """A file of weights is damaged, or another model's."""


def write_weights(path: Path, model: AffectiveTransformer, about: dict[str, Any]) -> str:
    """Write a model whole or not at all.

    Args:
        path: the file.
        model: whose weights.
        about: what is told of them, plain data.

    Returns:
        The SHA-256 of the file.

    Raises:
        OSError: if the folder cannot be written to.
    """
    from safetensors.torch import save

    tensors = {name: t.detach().cpu().half().contiguous() for name, t in model.state_dict().items()}
    header = {"config": json.dumps(asdict(model.config)), "about": json.dumps(about)}
    data = save(tensors, header)
    part = path.with_name(f".{path.name}.part")
    try:
        part.write_bytes(data)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return hashlib.sha256(data).hexdigest()


def read_weights(path: Path, sha256: str | None = None) -> AffectiveTransformer:
    """Read a model, ready to compose.

    Args:
        path: the file.
        sha256: what its hash must be, if that is known.

    Raises:
        WeightsError: if it is not there, is not what its hash says, or is another model's.
    """
    from safetensors import SafetensorError, safe_open
    from safetensors.torch import load

    try:
        data = path.read_bytes()
        if sha256 is not None and hashlib.sha256(data).hexdigest() != sha256:
            raise WeightsError(f"{path} is not the file it should be: its SHA-256 differs")
        with safe_open(path, framework="pt") as file:
            config = Config(**json.loads((file.metadata() or {})["config"]))
        model = AffectiveTransformer(config)
        model.load_state_dict({name: tensor.float() for name, tensor in load(data).items()})
    except (OSError, SafetensorError, KeyError, TypeError, RuntimeError, ValueError) as error:
        if isinstance(error, WeightsError):
            raise
        raise WeightsError(f"{path} holds no weights of this model ({error})") from None
    return model.eval()


def deterministic(seed: int) -> torch.Generator:
    """A generator of its own for one piece."""
    return torch.Generator().manual_seed(seed)
