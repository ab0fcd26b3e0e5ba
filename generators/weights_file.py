"""Weights as they are kept: half precision, safetensors, their hash checked before they are believed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from encoders.errors import V2MError
from encoders.whole import write_whole

if TYPE_CHECKING:
    from torch import Tensor


class WeightsError(V2MError, ValueError):
    """A file of weights is damaged, too large, or another model's."""


def write_tensors(
    path: Path, tensors: Mapping[str, Tensor], kind: str, about: Mapping[str, Any], largest_bytes: int
) -> str:
    """Write tensors whole or not at all, those of real numbers in half precision.

    Args:
        path: the file.
        tensors: by name.
        kind: of which model they are.
        about: what is told of them, plain data.
        largest_bytes: of a file that goes with the program.

    Returns:
        The SHA-256 of the file.

    Raises:
        WeightsError: if the file would be larger than `largest_bytes`.
        OSError: if the folder cannot be written to.
    """
    from safetensors.torch import save

    kept = {
        name: (t.detach().cpu().half() if t.is_floating_point() else t.detach().cpu()).contiguous()
        for name, t in tensors.items()
    }
    # Safetensors writes a header in no certain order; with one entry the same weights are the same bytes.
    data = save(kept, {kind: json.dumps(dict(about))})
    if len(data) > largest_bytes:
        raise WeightsError(f"{path} would hold {len(data) / 1e6:.1f} MB, more than {largest_bytes / 1e6:.0f}")
    write_whole(path, data)
    return hashlib.sha256(data).hexdigest()


def read_tensors(
    path: Path, kind: str, sha256: str | None = None
) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Tensors in single precision, and what is told of them.

    Args:
        path: the file.
        kind: of which model they must be.
        sha256: what its hash must be, if that is known.

    Raises:
        WeightsError: if it is not there, is not what its hash says, or is another model's.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load

    try:
        data = path.read_bytes()
    except OSError as error:
        raise WeightsError(f"{path} cannot be read ({error.strerror})") from None
    if sha256 is not None and hashlib.sha256(data).hexdigest() != sha256:
        raise WeightsError(f"{path} is not the file it should be: its SHA-256 differs")
    try:
        tensors = {n: t.float() if t.is_floating_point() else t for n, t in load(data).items()}
        header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
        about: dict[str, Any] = json.loads(header["__metadata__"][kind])
    except (SafetensorError, KeyError, TypeError, ValueError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise WeightsError(f"{path} holds no weights of this model ({reason})") from None
    return tensors, about
