"""SoundFonts made by code: one preset, one sine, every number known."""

from __future__ import annotations

import io
import struct
from collections.abc import Sequence
from pathlib import Path

import numpy as np

RATE = 44100
CYCLE = 100  # samples a period: a 441 Hz sine, so that loop points are exact
ROOT_KEY = 69
ROOT_HZ = RATE / CYCLE

Generators = Sequence[tuple[int, int]]


def chunk(name: str, data: bytes) -> bytes:
    return name.encode() + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)


def listed(name: str, *chunks: bytes) -> bytes:
    return chunk("LIST", name.encode() + b"".join(chunks))


def make_font(
    path: Path,
    instrument: Generators = ((54, 1),),
    preset: Generators = (),
    *,
    compressed: bool = False,
    bank: int = 0,
    program: int = 0,
) -> Path:
    """A font whose only sound is a looped sine of half full scale, recorded at key 69 (441 Hz)."""
    sine = 0.5 * np.sin(2 * np.pi * np.arange(20 * CYCLE) / CYCLE)
    loop = (5 * CYCLE, 15 * CYCLE)
    if compressed:
        import soundfile

        buffer = io.BytesIO()
        soundfile.write(buffer, sine.astype(np.float32), RATE, format="OGG", subtype="VORBIS")
        data, end, kind = buffer.getvalue(), len(buffer.getvalue()), 0x11
    else:
        data, end, kind = (sine * 32767).astype("<i2").tobytes() + bytes(92), len(sine), 1

    def gens(rows: Generators) -> bytes:
        return b"".join(struct.pack("<Hh", oper, amount) for oper, amount in rows)

    inner = [*instrument, (53, 0)]
    outer = [*preset, (41, 0)]
    phdr = struct.pack("<20sHHHIII", b"sine", program, bank, 0, 0, 0, 0)
    phdr += struct.pack("<20sHHHIII", b"EOP", 0, 0, 1, 0, 0, 0)
    inst = struct.pack("<20sH", b"sine", 0) + struct.pack("<20sH", b"EOI", 1)
    shdr = struct.pack("<20sIIIIIBbHH", b"sine", 0, end, *loop, RATE, ROOT_KEY, 0, 0, kind)
    shdr += struct.pack("<20sIIIIIBbHH", b"EOS", 0, 0, 0, 0, 0, 0, 0, 0, 0)
    body = listed("INFO", chunk("ifil", struct.pack("<HH", 3 if compressed else 2, 1)))
    body += listed("sdta", chunk("smpl", data))
    body += listed(
        "pdta",
        chunk("phdr", phdr),
        chunk("pbag", struct.pack("<HHHH", 0, 0, len(outer), 0)),
        chunk("pmod", bytes(10)),
        chunk("pgen", gens(outer) + bytes(4)),
        chunk("inst", inst),
        chunk("ibag", struct.pack("<HHHH", 0, 0, len(inner), 0)),
        chunk("imod", bytes(10)),
        chunk("igen", gens(inner) + bytes(4)),
        chunk("shdr", shdr),
    )
    path.write_bytes(chunk("RIFF", b"sfbk" + body))
    return path
