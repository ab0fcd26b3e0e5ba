"""What a training needs beside its loop: a checkpoint to go on from, and a log of its curves."""

from __future__ import annotations

import io
import json
import pickle
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from encoders.errors import V2MError
from encoders.whole import write_whole

if TYPE_CHECKING:
    import torch
    from torch import Tensor


class CheckpointError(V2MError, ValueError):
    """A training cannot be gone on with, or its folder cannot be made."""


class MissingWandbError(V2MError):
    """The curves cannot be sent."""


def made_folder(out: Path) -> Path:
    """The folder of a training, made if it is not there.

    Raises:
        CheckpointError: if it cannot be.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CheckpointError(f"{out} cannot be made ({error.strerror})") from None
    return out


def read_checkpoint(path: Path, device: torch.device) -> dict[str, Any]:
    """What `write_checkpoint` kept.

    Raises:
        CheckpointError: if it is damaged.
    """
    import torch

    try:
        kept: dict[str, Any] = torch.load(path, map_location=device, weights_only=True)
    except (OSError, RuntimeError, pickle.UnpicklingError, EOFError, IndexError) as error:
        reason = str(error).partition("\n")[0]
        raise CheckpointError(f"{path} cannot be gone on from; delete it to begin anew ({reason})") from None
    return kept


def write_checkpoint(path: Path, state: dict[str, Any]) -> None:
    """Keep states of modules and optimisers and plain data, whole or not at all."""
    import torch

    data = io.BytesIO()
    torch.save(state, data)
    write_whole(path, data.getvalue())


@contextmanager
def training_log(
    out: Path, project: str, settings: dict[str, Any], online: bool
) -> Iterator[Callable[[dict[str, float]], None]]:
    """A function that keeps a row: in `log.jsonl` always, and in wandb where it is installed.

    Args:
        out: the training's folder.
        project: its name in wandb.
        settings: of the training, plain data.
        online: send the curves there; else they stay in the folder.

    Raises:
        MissingWandbError: if the curves are to be sent and wandb is not installed.
    """
    run = None
    try:
        import wandb
    except ImportError:
        if online:
            raise MissingWandbError("--wandb needs wandb: pip install 'v2m[train]'") from None
    else:
        mode = "online" if online else "offline"
        run = wandb.init(project=project, mode=mode, dir=str(out), config=settings)

    def log(row: dict[str, float]) -> None:
        with (out / "log.jsonl").open("a") as file:
            file.write(json.dumps(row) + "\n")
        if run is not None:
            run.log(row)

    try:
        yield log
    finally:
        if run is not None:
            run.finish()


class Means:
    """Running means of the losses between two checks."""

    def __init__(self) -> None:
        self._sums: dict[str, list[float]] = defaultdict(list)

    def add(self, **losses: Tensor) -> None:
        for name, loss in losses.items():
            self._sums[name].append(float(loss.detach()))

    def take(self) -> dict[str, float]:
        """Each loss's mean since the last time."""
        means = {name: sum(values) / len(values) for name, values in self._sums.items()}
        self._sums.clear()
        return means
