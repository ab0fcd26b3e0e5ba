"""Weights of the generator as they are kept (`generators.weights_file`), and those that ship.

`generators/weights/vqgan.md` says where they come from. A generator writes the latents of one codec: the
mark of that codec is kept beside it, and checked.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

import generators
from generators.vqgan.codec import Codec
from generators.vqgan.model import Config, Generator
from generators.vqgan.play import Player
from generators.weights_file import WeightsError, read_tensors, write_tensors

KIND = "vqgan"
LARGEST_BYTES = 20_000_000
WEIGHTS = Path(generators.__path__[0]) / "weights" / "vqgan.safetensors"
SHA256 = "25d0e7b02b14f274490fc20a6292801d7d291440d36eceae0734283a1080eeec"


def codec_mark(codec: Codec) -> str:
    """By which the meaning of a codec's codes is known: a hash of its words, in half precision.

    A decoder that learns on, the words staying as they are, plays what the generator writes the better.
    """
    said = hashlib.sha256()
    for name, tensor in sorted(codec.quantiser.state_dict().items()):
        if name.endswith("words"):
            said.update(tensor.detach().cpu().half().numpy().tobytes())
    return said.hexdigest()[:16]


def write_generator(path: Path, generator: Generator, about: Mapping[str, Any]) -> str:
    """Write it whole or not at all.

    Args:
        path: the file.
        generator: with its size.
        about: what is told of it; `codec` is the mark of the codec it writes for.

    Returns:
        The SHA-256 of the file.

    Raises:
        WeightsError: if it needs more than `LARGEST_BYTES`.
        OSError: if the folder cannot be written to.
    """
    told = {"config": asdict(generator.config), "about": dict(about)}
    return write_tensors(path, generator.state_dict(), KIND, told, LARGEST_BYTES)


def read_generator(path: Path, sha256: str | None = None) -> tuple[Generator, dict[str, Any]]:
    """Read a generator, ready to play, and what is told of it.

    Raises:
        WeightsError: if it is not there, is not what its hash says, or is another model's.
    """
    tensors, told = read_tensors(path, KIND, sha256)
    try:
        generator = Generator(Config(**told["config"]))
        generator.load_state_dict(tensors)
        return generator.eval(), dict(told["about"])
    except (KeyError, TypeError, RuntimeError, ValueError) as error:
        raise WeightsError(f"{path} holds no weights of this model ({str(error).splitlines()[0]})") from None


def player_of(path: Path, codec: Codec, sha256: str | None = None) -> Player:
    """The generator of a file with the codec that it was trained for.

    Raises:
        WeightsError: if the file cannot be read, or was trained for another codec.
    """
    generator, about = read_generator(path, sha256)
    if about.get("codec") != codec_mark(codec):
        raise WeightsError(f"{path} was trained for another codec than the one that is here")
    return Player(generator, codec, f"VQ-GAN, {path.name}, step {about.get('step', '?')}")


@cache
def shipped_player() -> Player:
    """What ships with the package.

    Raises:
        WeightsError: if a file is damaged.
    """
    from generators.vqgan.codec import load_codec

    return player_of(WEIGHTS, load_codec(), SHA256)
