"""Sound ↔ a file of the codec's codes: bits end to end, and what is needed to play them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from encoders.errors import V2MError
from generators.vqgan.codec import Codec
from generators.vqgan.controls import latents_of
from generators.vqgan.long_form import WINDOW_S, play_codes
from generators.vqgan.weights import codec_mark
from v2m.alignment.audio import read_sound
from v2m.atomic import outputs
from v2m.sound_file import SoundWriter

SUFFIX = ".codes"
FORMAT = "v2m codes 1"


class CodesError(V2MError, ValueError):
    """A file of codes is damaged, or another codec's."""


def encode_file(
    sound: Path, out: Path, codec: Codec, *, books: int | None = None, force: bool = False
) -> float:
    """Write a file of codes.

    Args:
        sound: any media file; its first sound track is taken, mixed to mono.
        out: where.
        codec: which.
        books: how many of its first books are kept, for fewer bits; all if None.
        force: whether a file that exists is overwritten.

    Returns:
        Bits per second.

    Raises:
        ClipError: if the file cannot be read or has no sound.
        CodesError: if the codec has fewer books.
        OutputError: if `out` exists or cannot be written.
    """
    kept = codec.books if books is None else books
    if not 0 < kept <= codec.books:
        raise CodesError(f"the codec has 1 to {codec.books} books, not {kept}")
    with outputs(force, [sound]) as made:
        place = made.claim(out)
        wave = read_sound(sound)
        with torch.no_grad():
            codes = codec.codes_of(latents_of(codec, wave))[0, :kept].numpy()
        packed = pack_bits(codes, codec.size)
        about = {"format": FORMAT, "codec": codec_mark(codec), "books": kept, "samples": len(wave)}
        place.write_bytes(json.dumps(about).encode() + b"\n" + packed)
    return 8 * len(packed) * codec.sample_rate / max(len(wave), 1)


def decode_file(codes: Path, out: Path, codec: Codec, *, force: bool = False) -> None:
    """Play a file of codes into a 24-bit WAV, the same on both sides.

    Raises:
        CodesError: if it cannot be read, is damaged, or is of another codec.
        OutputError: if `out` exists or cannot be written.
    """
    with outputs(force, [codes]) as made:
        place = made.claim(out)
        read, samples = read_codes(codes, codec)
        window = round(WINDOW_S * codec.sample_rate / codec.hop)
        wave = play_codes(codec, torch.from_numpy(read)[None], window=window)[:samples]
        with SoundWriter(place, codec.sample_rate, samples) as file:
            file.write(np.stack([wave, wave]))


def read_codes(path: Path, codec: Codec) -> tuple[NDArray[np.int64], int]:
    """Codes `[books, frames]` of a file, and how many samples they are of.

    Raises:
        CodesError: if it cannot be read, is damaged, or is of another codec.
    """
    try:
        head, _, packed = path.read_bytes().partition(b"\n")
    except OSError as error:
        raise CodesError(f"{path} cannot be read ({error.strerror})") from None
    try:
        about = json.loads(head)
        if about["format"] != FORMAT:
            raise ValueError(f"its format is {about['format']}")
        books, samples = int(about["books"]), int(about["samples"])
        codes = unpack_bits(packed, books, -(-samples // codec.hop), codec.size)
    except (ValueError, KeyError, TypeError) as error:
        raise CodesError(f"{path} is not a file of codes ({str(error).partition(':')[0]})") from None
    if about.get("codec") != codec_mark(codec) or not 0 < books <= codec.books:
        raise CodesError(f"{path} is of another codec than the one that is here")
    return codes, samples


def pack_bits(codes: NDArray[np.int64], size: int) -> bytes:
    """Codes `[books, frames]`, frame by frame, each of as many bits as a book of `size` codes needs."""
    bits = (size - 1).bit_length()
    each = codes.T.reshape(-1, 1) >> np.arange(bits)[::-1] & 1
    return np.packbits(each.astype(np.uint8)).tobytes()


def unpack_bits(packed: bytes, books: int, frames: int, size: int) -> NDArray[np.int64]:
    """What `pack_bits` packed, `[books, frames]`.

    Raises:
        ValueError: if there are more or fewer bytes than that.
    """
    bits = (size - 1).bit_length()
    if books < 1 or len(packed) != -(-books * frames * bits // 8):
        raise ValueError("its length is not what it should be")
    each = np.unpackbits(np.frombuffer(packed, np.uint8), count=books * frames * bits).reshape(-1, bits)
    codes = each.astype(np.int64) @ (1 << np.arange(bits)[::-1])
    return np.ascontiguousarray(codes.reshape(frames, books).T)
