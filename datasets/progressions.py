"""Prepared songs → the chord model. `python -m datasets.progressions SONGS.jsonl ... -o progressions.npz`

Only songs of the training split are counted. What is counted is described in
`generators.rhythm.progressions`; how well it tells songs that it has not seen, `benchmarks/harmony.py`.
"""

from __future__ import annotations

import argparse
import hashlib
import io
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from encoders.whole import write_whole
from generators.rhythm.chord_songs import ChordPhrase, ChordSong, distinct, read_songs
from generators.rhythm.chord_space import SYMBOLS
from generators.rhythm.progressions import (
    PHRASE_HALF_BARS,
    PLACES,
    SOURCES,
    START,
    TONALITIES,
    Progressions,
    pack,
    tonality_of,
)

SONG_CAP = 2  # a song that repeats its chorus ten times tells of it twice at most
DIMENSIONS = 12
LEAST_SEEN = 60  # a chord with fewer neighbours than this gets no vector


def fit(songs: Iterable[ChordSong]) -> Progressions:
    """Count the songs."""
    songs = list(songs)
    places = np.zeros((2, len(PLACES), SYMBOLS), dtype=np.float32)
    for song in songs:
        table = places[TONALITIES.index(tonality_of(song.mode))]
        for phrase in song.phrases:
            chords = [chord for _, _, chord in phrase.spans if chord is not None]
            for i, chord in enumerate(chords):
                table[0 if i == 0 else 2 if i == len(chords) - 1 else 1, chord] += 1
    return Progressions(
        trigrams={
            (tonality, source): count_trigrams(
                song for song in songs if tonality_of(song.mode) == tonality and song.source == source
            )
            for tonality in TONALITIES
            for source in SOURCES
        },
        places=places,
        half_bar_rhythms={s: count_rhythms(songs, s, half_bars=True) for s in SOURCES},
        bar_rhythms={s: count_rhythms(songs, s, half_bars=False) for s in SOURCES},
        vectors=np.stack([embed([s for s in songs if tonality_of(s.mode) == t]) for t in TONALITIES]),
    )


def count_trigrams(songs: Iterable[ChordSong]) -> NDArray[np.float32]:
    """float32 `[73, 73, 72]`: see `Progressions.trigrams`."""
    counts = np.zeros((SYMBOLS + 1, SYMBOLS + 1, SYMBOLS), dtype=np.float32)
    for song in songs:
        own: Counter[tuple[int, int, int]] = Counter()
        for chain in song.chains():
            padded = [START, START, *chain]
            own.update(zip(padded, padded[1:], padded[2:], strict=False))
        for at, times in own.items():
            counts[at] += min(times, SONG_CAP)
    return counts


def count_rhythms(songs: Iterable[ChordSong], source: str, *, half_bars: bool) -> NDArray[np.float64]:
    """float64 `[256]` or `[16]`: how many phrases of four bars change chords just so."""
    steps = PHRASE_HALF_BARS if half_bars else PHRASE_HALF_BARS // 2
    counts = np.zeros(2**steps)
    for song in songs:
        if song.source == source and (song.beats_per_bar == 4 or not half_bars):
            step = song.beats_per_bar / (2 if half_bars else 1)
            for phrase in song.phrases:
                for code in _rhythms(phrase, step, steps):
                    counts[code] += 1
    return counts


def _rhythms(phrase: ChordPhrase, step: float, steps: int) -> Iterator[int]:
    """The changes of each whole run of four bars in a phrase, as bits; its first chord is one."""
    changes = {int(at / step) for at, _, chord in phrase.spans if chord is not None}
    sounding = all(chord is not None for chord in phrase.symbols)
    for first in range(0, int(phrase.beats / step) - steps + 1, steps):
        if sounding:
            bits = [k == 0 or first + k in changes for k in range(steps)]
            yield sum(bit << (steps - 1 - k) for k, bit in enumerate(bits))


def embed(songs: Iterable[ChordSong]) -> NDArray[np.float32]:
    """float32 `[72, 12]`: chords by the company they keep.

    Singular vectors of the pointwise mutual information between a chord and what comes before it, and
    what comes after it (two tables side by side, so that a chord that leads home is not taken for one
    that is home); contexts are smoothed by the power 0.75 (Levy, Goldberg and Dagan 2015), counts by a
    tenth of what independence would give.
    """
    near = np.zeros((2, SYMBOLS, SYMBOLS))
    for song in songs:
        own = np.zeros_like(near)
        for chain in song.chains():
            for before, after in pairwise(chain):
                own[0, after, before] += 1
                own[1, before, after] += 1
        near += np.minimum(own, SONG_CAP)
    rare = near.sum(axis=(0, 2)) < LEAST_SEEN
    near[:, rare] = 0.0
    near[:, :, rare] = 0.0
    information = np.zeros_like(near)
    for table, out in zip(near, information, strict=True):
        smooth = table + 0.1 * np.outer(table.sum(axis=1), table.sum(axis=0)) / table.sum()
        here = smooth.sum(axis=1) / smooth.sum()
        around = smooth.sum(axis=0) ** 0.75
        expected = np.outer(here, around / around.sum()) * smooth.sum()
        out[smooth > 0] = np.log(smooth[smooth > 0] / expected[smooth > 0])
    left, strength, _ = np.linalg.svd(np.hstack(list(information)), full_matrices=False)
    vectors = left[:, :DIMENSIONS] * np.sqrt(strength[:DIMENSIONS])
    vectors[rare] = 0.0
    return np.asarray(vectors, dtype=np.float32)


def main() -> None:
    """Count, and write the weights."""
    parser = argparse.ArgumentParser(
        prog="python -m datasets.progressions", description=__doc__.splitlines()[0]
    )
    parser.add_argument("songs", nargs="+", type=Path, help="prepared files")
    parser.add_argument("-o", "--out", type=Path, required=True, help="the weights")
    asked = parser.parse_args()
    songs = distinct([song for path in asked.songs for song in read_songs(path)], "train")
    memory = io.BytesIO()
    np.savez_compressed(memory, **pack(fit(songs)))
    write_whole(asked.out, memory.getvalue())
    print(f"{len(songs)} songs: {dict(Counter((s.source, tonality_of(s.mode)) for s in songs))}")
    print(f"{len(memory.getvalue())} bytes, SHA-256 {hashlib.sha256(memory.getvalue()).hexdigest()}")


if __name__ == "__main__":
    main()
