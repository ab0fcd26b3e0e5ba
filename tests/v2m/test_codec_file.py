"""`v2m codec`: sound → a file of bits → sound."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from generators.vqgan.codec import Codec, CodecConfig, write_codec
from tests.generators.vqgan.codecs import codec
from v2m.atomic import OutputError
from v2m.cli.app import app
from v2m.codec_file import CodesError, decode_file, encode_file, pack_bits, read_codes, unpack_bits


@pytest.fixture
def sound(tmp_path: Path) -> Path:
    path = tmp_path / "sound.wav"
    at = np.arange(48000) / 48000
    tone = 0.5 * np.sin(2 * np.pi * 220 * at)
    soundfile.write(path, np.stack([tone, 0.5 * tone], 1), 48000)
    return path


@pytest.mark.parametrize("size", [2, 3, 100, 1024])
def test_bits_come_back(size: int) -> None:
    codes = np.random.default_rng(0).integers(size, size=(3, 7))
    packed = pack_bits(codes, size)
    assert len(packed) == -(-21 * (size - 1).bit_length() // 8)
    assert np.array_equal(unpack_bits(packed, 3, 7, size), codes)
    with pytest.raises(ValueError, match="length"):
        unpack_bits(packed + b"\0", 3, 7, size)


def test_there_and_back_from_the_command_line(sound: Path, tmp_path: Path, capsys) -> None:
    weights = tmp_path / "w.safetensors"
    write_codec(weights, codec(), {})
    own = ["--weights", str(weights)]
    assert not app(["codec", "encode", str(sound), *own], standalone_mode=False)
    codes = sound.with_suffix(".codes")
    # Three books of five bits, 44 frames a second, and one line about them.
    assert codes.stat().st_size < 300
    assert "0.66 kbit/s" in capsys.readouterr().out
    assert not app(
        ["codec", "decode", str(codes), "-o", str(tmp_path / "back.wav"), *own], standalone_mode=False
    )
    back, rate = soundfile.read(tmp_path / "back.wav")
    assert rate == 22050
    assert back.shape == (22050, 2)


def test_fewer_books_are_fewer_bits(sound: Path, tmp_path: Path) -> None:
    all_of_them = encode_file(sound, tmp_path / "all.codes", codec())
    one = encode_file(sound, tmp_path / "one.codes", codec(), books=1)
    assert one == pytest.approx(all_of_them / 3, rel=0.02)
    whole, _ = read_codes(tmp_path / "all.codes", codec())
    first, samples = read_codes(tmp_path / "one.codes", codec())
    assert np.array_equal(first, whole[:1])
    assert samples == 22050
    decode_file(tmp_path / "one.codes", tmp_path / "one.wav", codec())
    with pytest.raises(CodesError, match="1 to 3 books, not 4"):
        encode_file(sound, tmp_path / "four.codes", codec(), books=4)
    assert not (tmp_path / "four.codes").exists()


def test_what_cannot_be_read_is_said_and_nothing_is_left(sound: Path, tmp_path: Path) -> None:
    codes = tmp_path / "sound.codes"
    encode_file(sound, codes, codec())
    with pytest.raises(OutputError, match="exists already"):
        encode_file(sound, codes, codec())
    out = tmp_path / "out.wav"
    torch.manual_seed(1)
    other = Codec(CodecConfig(hop=512, width=32, encoder=1, decoder=2, latent=16, books=3, size=32)).eval()
    with pytest.raises(CodesError, match="of another codec"):
        decode_file(codes, out, other)
    kept = codes.read_bytes()
    for damaged in (kept[:-1], b"{}\n", b"\xff\xfe", b"[1]\n" + kept):
        codes.write_bytes(damaged)
        with pytest.raises(CodesError, match="is not a file of codes"):
            decode_file(codes, out, codec())
    with pytest.raises(CodesError, match="cannot be read"):
        decode_file(tmp_path / "none.codes", out, codec())
    assert not out.exists()
