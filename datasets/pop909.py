"""POP909 → the human reference of `v2m.alignment.music`: statistics only, no note of a song.

    python -m datasets.pop909 pop909.zip -o v2m/alignment/references/pop909.json

POP909 (Wang, Chen, Jiang, Zhang, Xu, Dai & Xia, "POP909: a pop-song dataset for music arrangement
generation", ISMIR 2020; MIT) holds 909 Chinese pop songs arranged for piano by professionals, as
MIDI with the tune (MELODY), a second line (BRIDGE) and the accompaniment (PIANO), and beats,
chords and keys beside it. The repository's archive is read as it is:

    git clone https://github.com/music-x-lab/POP909-Dataset && cd POP909-Dataset && zip -r pop909.zip POP909

Every song is measured whole, and in one excerpt of about 15, 30, 60 and 120 s: whole bars from a
bar drawn with a seed of the song's own. Bars are those of `beat_midi.txt`, whose third column marks the
downbeats (of four beats nearly always; the time signatures within the MIDI files are not to be relied on).
It prints the numbers of whole songs, and how often the chords that the notes are guessed
to make are the annotated ones. One core takes about 50 minutes; `--jobs` takes more of them.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import sys
import zipfile
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from encoders.errors import V2MError
from v2m.alignment.music_harmony import chords
from v2m.alignment.music_statistics import HISTOGRAMS, UNITS, Statistics, describe
from v2m.alignment.piece import Piece, make_piece
from v2m.alignment.reference import Corpus, Reference, shape_of, spread_of, to_plain
from v2m.atomic import outputs

LENGTHS_S = (15.0, 30.0, 60.0, 120.0)
NATURALS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
KINDS = {"maj": 0, "7": 0, "min": 12}
"""How an annotated chord's name begins after its root → major or minor; others are not judged."""


class RecipeError(V2MError):
    """The archive is not POP909."""


@dataclass(frozen=True, eq=False)
class Song:
    """One song as it was annotated.

    Attributes:
        number: 1 to 909.
        piece: the notes of all three tracks, in the annotated bars.
        chords: int64 `[beats]`, root + 12 · minor; −1 for none, −2 for a chord of another kind.
    """

    number: int
    piece: Piece
    chords: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Measured:
    """The statistics of one song: of an excerpt at each length (None if it is shorter), and whole."""

    excerpts: tuple[Statistics | None, ...]
    whole: Statistics
    chord_beats: int
    chord_hits: int


def song_numbers(archive: Path) -> list[int]:
    """The songs in the archive.

    Raises:
        RecipeError: if it is no archive, or holds none.
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            names = opened.namelist()
    except (OSError, zipfile.BadZipFile) as error:
        raise RecipeError(f"{archive}: cannot be read as a zip archive ({error})") from error
    numbers = [int(p.stem) for p in map(Path, names) if p.match("POP909/*/[0-9][0-9][0-9].mid")]
    if len(set(numbers)) < 2:
        raise RecipeError(f"{archive}: holds no songs as POP909/NNN/NNN.mid")
    return sorted(set(numbers))


def read_song(archive: Path, number: int) -> Song:
    """Read one song.

    Raises:
        RecipeError: if one of its files is missing or is not what it should be.
    """
    folder = f"POP909/{number:03d}"
    try:
        with zipfile.ZipFile(archive) as opened:
            midi = opened.read(f"{folder}/{number:03d}.mid")
            marks = np.loadtxt(io.StringIO(opened.read(f"{folder}/beat_midi.txt").decode()))
            lines = opened.read(f"{folder}/chord_midi.txt").decode().splitlines()
        piece = _piece(midi, marks)
        return Song(number, piece, _annotated(lines, piece.beats_s))
    except (KeyError, ValueError, IndexError) as error:
        raise RecipeError(f"{archive}: song {number:03d} is not as expected ({error})") from error


def _piece(midi: bytes, marks: NDArray[np.float64]) -> Piece:
    import symusic

    score = symusic.Score.from_midi(midi).to("second")
    columns = [(track.notes.numpy(), track.name == "MELODY") for track in score.tracks]
    beats = marks[:, 0]
    return make_piece(
        np.concatenate([notes["time"].astype(np.float64) for notes, _ in columns]),
        np.concatenate([np.maximum(notes["duration"].astype(np.float64), 1e-3) for notes, _ in columns]),
        np.concatenate([notes["pitch"] for notes, _ in columns]),
        is_melody=np.concatenate([np.full(len(notes["time"]), is_tune) for notes, is_tune in columns]),
        beats_s=beats,
        downbeats_s=beats[marks[:, 2] > 0],
        end_s=float(beats[-1] + np.median(np.diff(beats))),
    )


def _annotated(lines: Sequence[str], beats_s: NDArray[np.float64]) -> NDArray[np.int64]:
    named = np.full(len(beats_s), -2)
    inside = beats_s + 0.1  # annotations begin on a beat, give or take their rounding
    for line in lines:
        begin, end, name = line.split()
        here = (inside >= float(begin)) & (inside < float(end))
        if name == "N":
            named[here] = -1
            continue
        root, kind = name.split(":")
        tonic = NATURALS[root[0]] + root.count("#") - root.count("b")
        known = [k for start, k in KINDS.items() if kind.split("/")[0].startswith(start)]
        if known:
            named[here] = tonic % 12 + known[0]
    return named


def excerpt(piece: Piece, length_s: float, rng: np.random.Generator) -> Piece | None:
    """So many whole bars that they last about `length_s`, from a bar drawn among those in which notes are.

    None where the piece is not that long.
    """
    sounding = piece.bar[(piece.bar >= 0) & (piece.bar < piece.bars)]
    edges = np.append(piece.downbeats_s, piece.end_s)
    lead, end = int(sounding.min()), int(sounding.max()) + 1
    starts = [b for b in range(lead, end) if edges[end] - edges[b] >= length_s]
    if not starts:
        return None
    first = int(rng.choice(starts))
    return piece.excerpt(first, max(int(np.argmin(np.abs(edges - edges[first] - length_s))), first + 1))


def measure_song(number: int, archive: Path) -> Measured:
    """Read and measure one song; the same number gives the same excerpts."""
    song = read_song(archive, number)
    rng = np.random.default_rng([909, number])
    excerpts = [excerpt(song.piece, length_s, rng) for length_s in LENGTHS_S]
    judged = song.chords >= 0
    hits = (chords(song.piece) == song.chords)[judged]
    described = tuple(None if e is None else describe(e) for e in excerpts)
    return Measured(described, describe(song.piece), int(judged.sum()), int(hits.sum()))


def corpus_of(pieces: Sequence[Statistics], *, length_s: float, whole: bool) -> Corpus:
    """The spread of every metric that is defined in at least half of the pieces."""
    numbers = {name: np.array([p.numbers[name] for p in pieces]) for name in UNITS}
    histograms = {name: np.array([p.histograms[name] for p in pieces]) for name in HISTOGRAMS}
    enough = len(pieces) / 2
    return Corpus(
        length_s,
        whole,
        len(pieces),
        {n: spread_of(v) for n, v in numbers.items() if np.isfinite(v).sum() >= enough},
        {n: shape_of(h) for n, h in histograms.items() if np.isfinite(h).all(axis=1).sum() >= enough},
    )


def make_reference(archive: Path, numbers: Sequence[int], *, jobs: int = 1) -> tuple[Reference, float]:
    """Measure the songs.

    Args:
        archive: the zip file.
        numbers: which songs.
        jobs: processes.

    Returns:
        The reference, and the share of the judged beats whose chord is guessed as annotated.

    Raises:
        RecipeError: see `read_song`.
    """
    work = partial(measure_song, archive=archive)
    if jobs > 1:
        with ProcessPoolExecutor(jobs) as pool:
            songs = list(pool.map(work, numbers, chunksize=4))
    else:
        songs = [work(number) for number in numbers]
    corpora = []
    for k, length_s in enumerate(LENGTHS_S):
        found = [e for s in songs if (e := s.excerpts[k]) is not None]
        if len(found) > 1:
            corpora.append(corpus_of(found, length_s=length_s, whole=False))
    wholes = [song.whole for song in songs]
    middle = float(np.median([w.length_s for w in wholes]))
    corpora.append(corpus_of(wholes, length_s=middle, whole=True))
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    reference = Reference(
        name="pop909",
        title="POP909: pop songs arranged for piano",
        licence="MIT, Copyright (c) 2020 Music X Lab",
        source="https://github.com/music-x-lab/POP909-Dataset (Wang et al., ISMIR 2020)",
        recipe=f"python -m datasets.pop909 pop909.zip -o pop909.json; sha256 of the archive {digest}",
        notes="Statistics of the songs, none of their notes. Chinese pop songs arranged for piano: no drums.",
        corpora=tuple(corpora),
    )
    shared = sum(s.chord_hits for s in songs) / max(sum(s.chord_beats for s in songs), 1)
    return reference, shared


def write_reference(reference: Reference, path: Path, *, force: bool = False) -> None:
    """Write a reference as JSON, whole or not at all."""
    with outputs(force) as files:
        part = files.claim(path)
        part.write_text(_lines(to_plain(reference)) + "\n", encoding="utf-8")


def _lines(plain: Any) -> str:
    """JSON with a line for every list of numbers, so that a change of one metric is one line's."""
    if isinstance(plain, dict):
        return "{\n" + ",\n".join(f"{json.dumps(k)}: {_lines(v)}" for k, v in plain.items()) + "\n}"
    if isinstance(plain, list) and plain and isinstance(plain[0], dict):
        return "[\n" + ",\n".join(map(_lines, plain)) + "\n]"
    return json.dumps(plain, separators=(",", ":"))


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line of the recipe; returns the exit code."""
    lines = (__doc__ or "").splitlines()
    parser = argparse.ArgumentParser(prog="python -m datasets.pop909", description=lines[0])
    parser.add_argument("archive", type=Path, help="the POP909 folder of the repository, zipped")
    parser.add_argument("-o", "--out", type=Path, required=True, help="the JSON file to write")
    parser.add_argument("--songs", type=int, help="only so many, spread over the corpus")
    parser.add_argument("--jobs", type=int, default=1, help="processes (default 1)")
    parser.add_argument("--force", action="store_true", help="overwrite the file")
    asked = parser.parse_args(arguments)
    try:
        numbers = song_numbers(asked.archive)
        if asked.songs is not None:
            kept = np.linspace(0, len(numbers) - 1, min(max(asked.songs, 2), len(numbers)))
            numbers = [numbers[k] for k in np.unique(kept.round().astype(int))]
        reference, chord_share = make_reference(asked.archive, numbers, jobs=asked.jobs)
        write_reference(reference, asked.out, force=asked.force)
    except V2MError as error:
        print(error, file=sys.stderr)
        return 1
    whole = reference.corpora[-1]
    print(f"{whole.pieces} songs, median length {whole.length_s:.0f} s")
    for name, spread in whole.numbers.items():
        print(f"{name:24} {spread.mean:8.3f} ± {spread.sd:.3f} {UNITS[name]}")
    print(f"{'chords as annotated':24} {chord_share:8.3f}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
