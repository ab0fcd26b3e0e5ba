"""`v2m codec`: sound → a few kbit/s of codes, and back."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from v2m.cli.options import Force

app = typer.Typer(help="Sound as a few kbit/s of codes, and back.", no_args_is_help=True)
Weights = Annotated[
    Path | None,
    typer.Option(
        "--weights",
        metavar="FILE",
        help="A codec of one's own (v2m train codec); the one that ships if left out.",
    ),
]


@app.command("encode")
def encode(
    sound: Annotated[Path, typer.Argument(metavar="SOUND", help="Any media file.", show_default=False)],
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="Otherwise SOUND.codes.")
    ] = None,
    books: Annotated[
        int | None, typer.Option(min=1, help="Keep the first codebooks only, for fewer bits.")
    ] = None,
    weights: Weights = None,
    force: Force = False,
) -> None:
    """Write a sound's codes, mixed to mono at 22,050 Hz."""
    from generators.vqgan.codec import load_codec
    from v2m.codec_file import SUFFIX, encode_file

    out = output or sound.with_suffix(SUFFIX)
    bits_per_s = encode_file(sound, out, load_codec(weights), books=books, force=force)
    print(f"{out} ({bits_per_s / 1000:.2f} kbit/s)")


@app.command("decode")
def decode(
    codes: Annotated[Path, typer.Argument(metavar="CODES", help="What encode wrote.", show_default=False)],
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="Otherwise CODES.wav.")
    ] = None,
    weights: Weights = None,
    force: Force = False,
) -> None:
    """Play codes into a WAV."""
    from generators.vqgan.codec import load_codec
    from v2m.codec_file import decode_file

    out = output or codes.with_suffix(".wav")
    decode_file(codes, out, load_codec(weights), force=force)
    print(out)
