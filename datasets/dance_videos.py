"""A folder of dance videos with their music → a prepared corpus of the VQ-GAN.

    python -m datasets.dance_videos FOLDER -o mine.safetensors

For one's own videos, whose music one may learn from. On one side stands the sound, on the other what the
encoders see of the dancer: kinematic beats and visual onsets. The generator is trained on both with the same
command as without pictures (`v2m train vqgan`): now and then it is told what moves in place of what is
struck. Beats are estimated from the sound. The video's name says to which split it belongs, for ever. Files
that are no video with sound, or too short, are told of and left out.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from encoders.clip import Clip, probe
from encoders.encode import encode
from encoders.errors import V2MError
from encoders.stream import Streams
from generators.affective.corpus import split_by_name
from generators.vqgan.controls import SAMPLE_RATE
from generators.vqgan.corpus import Moves, Piece, write_pieces
from generators.vqgan.listening import Told
from v2m.alignment.audio import fitted, read_track
from v2m.alignment.heard import hear

SHORTEST_S = 2.0
SENSES = ("cuts", "motion", "pose")


def read_clip(
    path: Path, *, id: str, split: str, see: Callable[[Clip], Moves] | None = None, sound: Path | None = None
) -> Piece:
    """One video and its music.

    Args:
        path: the video.
        id: its name in the corpus.
        split: where it belongs.
        see: tells what moves; the encoders if None.
        sound: a file with the music, if it is not in the video; both begin together.

    Raises:
        V2MError: if there is no picture or no sound.
        ValueError: if it is too short to learn from.
    """
    clip = probe(path)
    zero_s = clip.start_s if sound is None else None
    track = read_track(path if sound is None else sound, zero_s=zero_s, keep_s=clip.duration_s)
    samples = fitted(track.samples, clip.duration_s)
    if len(samples) < SHORTEST_S * SAMPLE_RATE:
        raise ValueError(f"{path} lasts {clip.duration_s:.1f} s, less than {SHORTEST_S:g}")
    moves = moves_of(encode(clip, senses=list(SENSES))) if see is None else see(clip)
    return Piece(id, split, as_int16(samples), told_of(samples), moves)


def moves_of(streams: Streams) -> Moves:
    """Kinematic beats and visual onsets, in order."""
    seen = [streams[name] for name in ("kinematic_beats", "visual_onsets") if name in streams]
    times = np.concatenate([stream.times_s for stream in seen])
    weights = np.concatenate([stream.column("strength").astype(np.float64) for stream in seen])
    order = np.argsort(times, kind="stable")
    return Moves(times[order], np.clip(weights[order], 0, 1))


def told_of(samples: NDArray[np.float32]) -> Told:
    """The beats that are heard."""
    pulse = hear(samples, len(samples) / SAMPLE_RATE).pulse
    beats, downbeats = pulse.beats_s, pulse.downbeats_s
    if len(beats) < 2:
        return Told()
    bars = np.searchsorted(beats, downbeats - 1e-3)
    first = np.unique(np.concatenate([[0], bars, [len(beats) - 1]])).astype(np.int64)
    return Told("unknown", beats, first)


def as_int16(samples: NDArray[np.float32]) -> NDArray[np.int16]:
    """−1 to 1 → int16."""
    return (np.clip(samples, -1, 1) * 32767).round().astype(np.int16)


def gather(readings: Iterable[Callable[[], Piece]]) -> list[Piece]:
    """What can be read; what cannot is told of."""
    pieces = []
    for read in readings:
        try:
            pieces.append(read())
        except (V2MError, ValueError) as error:
            print(f"left out: {error}", file=sys.stderr)
    return pieces


def write(output: Path, pieces: list[Piece], *, corpus: str, licence: str, source: str) -> None:
    """Write the corpus and say how much it holds, or say in one line why there is none."""
    if not pieces:
        raise SystemExit("there is no video with music to learn from")
    try:
        write_pieces(output, pieces, corpus=corpus, licence=licence, source=source)
    except OSError as error:
        raise SystemExit(f"{output} cannot be written: {error.strerror}") from None
    minutes = sum(len(piece.sound) for piece in pieces) / SAMPLE_RATE / 60
    print(f"{len(pieces)} videos, {minutes:.1f} minutes → {output}")


def asked_folder(description: str) -> tuple[Path, Path, str]:
    """The command line of a recipe of videos: their folder, the output, the licence of the music."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("folder", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--licence", default="unknown", help="under which terms the music came")
    arguments = parser.parse_args()
    if not arguments.folder.is_dir():
        raise SystemExit(f"{arguments.folder} is not a folder")
    return arguments.folder, arguments.output, arguments.licence


def main() -> None:
    """The command line."""
    folder, output, licence = asked_folder("Dance videos with music → a prepared corpus")
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    names = {path: str(path.relative_to(folder)) for path in files}
    pieces = gather(
        lambda p=path: read_clip(p, id=names[p], split=split_by_name(f"video {names[p]}")) for path in files
    )
    write(output, pieces, corpus="dance videos", licence=licence, source="videos with music")


if __name__ == "__main__":
    main()
