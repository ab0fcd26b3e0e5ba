"""How much of music does the codec keep? `python -m benchmarks.codec --rendered FILE ... --recordings FOLDER`

Excerpts of the test pieces of rendered corpora (`datasets.rendered_music`), which training never hears, and
of recordings, of which it hears none at all. Each goes through the codec, through Opus, and through two
codecs
that nobody has trained: layers as they are drawn, and the beginning of the training (`codec_start`), made
    here of the corpora's training pieces. Bits are counted: of the codes, and of Opus's packets. Opus cannot
    go as low as the codec; it is told the same bitrate and gives its least, and 6 kbit/s beside it.

*mel*: mean distance of log-mel spectrograms at six scales, in dB (`generators.vqgan.mel`). *SI-SDR*: median,
in dB. *buzz*: how much more the loudness moves at the frame rate than in the excerpt itself, in dB.
*rougher*: by how much the spectrum is flatter than the excerpt's, in dB. *clicks*: jumps that the excerpt
does not have, a minute.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

if not __package__:  # run as a file: the checkout, not this folder, is where modules are
    sys.path[0] = str(Path(__file__).resolve().parents[1])

import numpy as np
import torch
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from benchmarks.sound_faults import buzz_db, new_clicks, rougher_db
from generators.vqgan.codec import SAMPLE_RATE, Codec, load_codec
from generators.vqgan.codec_start import start
from generators.vqgan.corpus import Piece, read_pieces
from generators.vqgan.mel import mel_distance, si_sdr
from v2m.alignment.audio import read_sound
from v2m.ffmpeg import run_ffmpeg

EXCERPT_S = 10.0
OPUS_BITS_PER_S = 6000
MOST_SHIFT = 400  # samples by which another codec may be late, looked for
BEGUN_FROM = 400  # windows of a second of the training pieces
STEP_FRAMES = 264
KINDS = (".ogg", ".mp3", ".wav", ".flac", ".m4a")
Wave = NDArray[np.float32]
Coder = Callable[[Wave], tuple[Wave, float]]
"""A sound → how it comes back, and the bits that it took."""


@dataclass(frozen=True)
class Row:
    """One coder on some excerpts; see the module."""

    kbit_per_s: float
    mel_db: float
    si_sdr_db: float
    buzz_db: float
    rougher_db: float
    clicks_a_minute: float


def excerpts(sounds: Iterable[Wave], each: int) -> list[Wave]:
    """At most so many of each sound, of `EXCERPT_S`, evenly spaced, none of them silent."""
    length, found = round(EXCERPT_S * SAMPLE_RATE), []
    for sound in sounds:
        for at in np.linspace(0, max(len(sound) - length, 0), each + 2)[1:-1].astype(int):
            part = sound[at : at + length]
            if len(part) == length and float(np.abs(part).max()) > 0.01:
                found.append(part)
    return found


def coded_by(codec: Codec) -> Coder:
    """The codec as it is."""

    def code(wave: Wave) -> tuple[Wave, float]:
        codes = codec.encode(torch.from_numpy(wave)[None])
        back = codec.decode(codes)[0, : len(wave)].numpy()
        return back, codes.numel() * (codec.size - 1).bit_length()

    return code


def coded_by_opus(bits_per_s: float, work: Path) -> Coder:
    """Opus through ffmpeg, in frames of 60 ms, which cost it least."""
    import av
    import soundfile

    def code(wave: Wave) -> tuple[Wave, float]:
        before, packed, after = (work / name for name in ("before.wav", "packed.ogg", "after.wav"))
        soundfile.write(before, wave, SAMPLE_RATE, subtype="FLOAT")
        how = ["-c:a", "libopus", "-b:a", str(round(bits_per_s)), "-frame_duration", "60"]
        run_ffmpeg(["-y", "-i", str(before), *how, str(packed)], "coding with Opus")
        run_ffmpeg(
            ["-y", "-i", str(packed), "-ar", str(SAMPLE_RATE), "-c:a", "pcm_f32le", str(after)], "decoding"
        )
        with av.open(str(packed)) as container:
            bits = 8.0 * sum(packet.size for packet in container.demux(audio=0))
        back, _ = soundfile.read(after, dtype="float32")
        return in_time(back, wave), bits

    return code


def in_time(late: Wave, wave: Wave) -> Wave:
    """A sound shifted to where it fits another one best, and of its length."""
    late = np.pad(late, (MOST_SHIFT, MOST_SHIFT + max(len(wave) - len(late), 0)))
    shifts = range(2 * MOST_SHIFT + 1)
    best = max(shifts, key=lambda s: float(np.dot(late[s : s + len(wave)], wave)))
    return late[best : best + len(wave)]


def judge(code: Coder, sounds: Sequence[Wave], frame_hz: float) -> tuple[Row, list[Wave]]:
    """Means over excerpts, and how they come back."""
    rows, backs = [], []
    for wave in sounds:
        back, bits = code(wave)
        ours, theirs = (torch.from_numpy(x)[None] for x in (back, wave))
        seconds = len(wave) / SAMPLE_RATE
        rows.append(
            (
                bits / seconds / 1000,
                20 * float(mel_distance(ours, theirs, SAMPLE_RATE)),
                float(si_sdr(ours, theirs)),
                buzz_db(back, SAMPLE_RATE, frame_hz) - buzz_db(wave, SAMPLE_RATE, frame_hz),
                rougher_db(back, wave),
                new_clicks(back, wave, SAMPLE_RATE) * 60 / seconds,
            )
        )
        backs.append(back)
    found = np.array(rows)
    means = found.mean(0)
    return replace(Row(*map(float, means)), si_sdr_db=float(np.median(found[:, 2]))), backs


def usage(codec: Codec, sounds: Iterable[Wave]) -> tuple[list[float], list[float]]:
    """Of each book, the share of its codes that the sounds use, and the entropy in bits a code."""
    codes = torch.cat([codec.encode(torch.from_numpy(wave)[None])[0] for wave in sounds], -1)
    shares, bits = [], []
    for book in codes:
        share = torch.bincount(book, minlength=codec.size).double() / len(book)
        shares.append(float((share > 0).float().mean()))
        bits.append(float(-(share[share > 0] * share[share > 0].log2()).sum()))
    return shares, bits


def begun(codec: Codec, pieces: Sequence[Piece]) -> Codec:
    """Where the training of such a codec begins."""
    torch.manual_seed(0)
    made = Codec(codec.config).eval()
    rng, length = np.random.default_rng(0), SAMPLE_RATE
    windows = []
    for _ in range(BEGUN_FROM):
        piece = pieces[int(rng.integers(len(pieces)))]
        at = int(rng.integers(max(len(piece.sound) - length, 1)))
        windows.append(np.resize(piece.wave[at : at + length], length))
    start(made, torch.from_numpy(np.stack(windows)), STEP_FRAMES)
    return made


def draw(sounds: dict[str, Wave], path: Path) -> None:
    """Spectrograms below one another."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(len(sounds), 1, figsize=(14, 3 * len(sounds)), squeeze=False)
    for axis, (name, sound) in zip(axes[:, 0], sounds.items(), strict=True):
        axis.specgram(sound + 1e-9, NFFT=1024, noverlap=768, Fs=SAMPLE_RATE, vmin=-140, vmax=-40)
        axis.set_title(name, loc="left", fontsize=9)
    figure.tight_layout()
    figure.savefig(path, dpi=70)
    plt.close(figure)


def measure(
    codec: Codec,
    sets: dict[str, list[Wave]],
    training: Sequence[Piece],
    console: Console,
    pictures: Path | None = None,
) -> dict[str, dict[str, Row]]:
    """Every coder on every set of excerpts, printed; spectrograms of some if there is a folder for them."""
    found: dict[str, dict[str, Row]] = {}
    with tempfile.TemporaryDirectory() as scratch:
        work = Path(scratch)
        torch.manual_seed(0)
        coders: dict[str, Coder] = {
            "codec": coded_by(codec),
            "Opus, told the same": coded_by_opus(codec.bits_per_s, work),
            f"Opus, {OPUS_BITS_PER_S / 1000:.0f} kbit/s": coded_by_opus(OPUS_BITS_PER_S, work),
            "untrained": coded_by(Codec(codec.config).eval()),
        }
        if training:
            coders["where training begins"] = coded_by(begun(codec, training))
        for name, sounds in sets.items():
            table = Table(title=f"{name}: {len(sounds)} excerpts of {EXCERPT_S:.0f} s")
            for heading in ("", "kbit/s", "mel dB", "SI-SDR dB", "buzz dB", "rougher dB", "clicks a min"):
                table.add_column(heading, justify="left" if not heading else "right")
            backs: dict[str, list[Wave]] = {}
            for coder, code in coders.items():
                row, backs[coder] = judge(code, sounds, codec.sample_rate / codec.hop)
                found.setdefault(name, {})[coder] = row
                table.add_row(coder, *(f"{value:.2f}" for value in asdict(row).values()))
            console.print(table)
            if pictures is not None:
                for number in range(0, len(sounds), max(len(sounds) // 4, 1)):
                    shown = {coder: back[number] for coder, back in backs.items() if coder != "untrained"}
                    draw({"true": sounds[number], **shown}, pictures / f"{name} {number}.png")
    return found


def speed(codec: Codec, sound: Wave) -> tuple[float, float]:
    """How many times faster than it sounds a sound is encoded and decoded, on one thread."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    began = time.process_time()
    codes = codec.encode(torch.from_numpy(sound)[None])
    between = time.process_time()
    codec.decode(codes)
    ended = time.process_time()
    torch.set_num_threads(threads)
    seconds = len(sound) / SAMPLE_RATE
    return seconds / max(between - began, 1e-9), seconds / max(ended - between, 1e-9)


def report(
    codec: Codec,
    rendered: Sequence[Path],
    recordings: Path | None,
    console: Console,
    *,
    each: int = 2,
    pictures: Path | None = None,
) -> dict[str, Any]:
    """All of it, printed, as plain data.

    Args:
        codec: what is measured.
        rendered: prepared corpora, of whose test pieces excerpts are taken, and all of which is counted in.
        recordings: a folder of sound files.
        console: where it is printed.
        each: excerpts of each rendered piece, and twice as many of each recording.
        pictures: a folder for spectrograms.
    """
    pieces = [piece for path in rendered for piece in read_pieces(path)]
    sets: dict[str, list[Wave]] = {}
    if pieces:
        sets["rendered"] = excerpts((p.wave for p in pieces if p.split == "test"), each)
    if recordings is not None:
        files = sorted(f for f in recordings.iterdir() if f.suffix in KINDS)
        sets["recordings"] = excerpts(map(read_sound, files), 2 * each)
    if not any(sets.values()):
        raise SystemExit("nothing to measure the codec on: give --rendered or --recordings")
    if pictures is not None:
        pictures.mkdir(parents=True, exist_ok=True)
    found = measure(codec, sets, [p for p in pieces if p.split == "train"], console, pictures)
    # Every code of 1,024 wants some tens of thousands of frames to have had its chance.
    heard = [p.wave for p in pieces] or [wave for some in sets.values() for wave in some]
    shares, bits = usage(codec, heard)
    there, back = speed(codec, np.resize(heard[0], 60 * SAMPLE_RATE))
    frames = sum(len(wave) for wave in heard) // codec.hop
    console.print(f"codes in use of {frames} frames, a book each: " + " ".join(f"{s:.1%}" for s in shares))
    console.print("entropy, bits a code: " + " ".join(f"{b:.2f}" for b in bits))
    console.print(f"one thread encodes {there:.0f} times and decodes {back:.0f} times faster than it sounds")
    rows = {name: {coder: asdict(row) for coder, row in some.items()} for name, some in found.items()}
    return {"rows": rows, "used": shares, "entropy_bits": bits, "speed": [there, back]}


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.codec", description=__doc__.splitlines()[0])
    parser.add_argument("--rendered", type=Path, nargs="*", default=[], help="prepared corpora of sound")
    parser.add_argument("--recordings", type=Path, help="a folder of recordings")
    parser.add_argument("--each", type=int, default=2, help="excerpts of each piece (default 2)")
    parser.add_argument("--weights", type=Path, help="a codec's weights; those that ship if left out")
    parser.add_argument("--pictures", type=Path, help="a folder for spectrograms")
    parser.add_argument("--json", action="store_true", help="print the numbers for another program")
    given = parser.parse_args()
    found = report(
        load_codec(given.weights), given.rendered, given.recordings, Console(stderr=given.json, width=110),
        each=given.each, pictures=given.pictures,
    )  # fmt: skip
    if given.json:
        print(json.dumps(found))


if __name__ == "__main__":
    main()
