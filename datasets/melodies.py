"""POP909 → how tunes go. `python -m datasets.melodies pop909.zip -o melodies.json`

Of the tune (MELODY) of each song of the training split (8 : 1 : 1 by the song's number, as
`datasets.pop909_chords` splits it), in its annotated bars of four beats:

* *rhythms*: on which sixteenths of a bar notes begin, and in how many songs, where several have it.
* *steps*: how often the line moves by −12 … 12 semitones after each kind of movement, within phrases:
  a rest of more than a bar ends one.

No sequence of a song longer than two steps is kept. The form of the file is described in
`generators.rhythm.melody_odds`.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from datasets.pop909 import read_song, song_numbers
from encoders.whole import write_whole
from generators.rhythm.chord_songs import split_of
from generators.rhythm.melody_odds import KINDS, OCTAVE, SLOTS, kind_of_step
from v2m.alignment.music_melody import marked_melody
from v2m.alignment.piece import Piece

LEAST_SONGS = 3  # a rhythm of fewer is theirs, and left out
PHRASE_REST_SLOTS = SLOTS


def read_tunes(archive: Path, split: str) -> list[Piece]:
    """The tunes of the songs of a split, by number."""
    numbers = [n for n in song_numbers(archive) if split_of(f"pop909 {n:03d}") == split]
    tunes = [marked_melody(read_song(archive, number).piece) for number in numbers]
    return [tune for tune in tunes if tune is not None]


def bar_rhythms(tune: Piece) -> set[str]:
    """The rhythms of a tune's bars of four beats; `x` a note begins, `.` none does."""
    found = set()
    first = tune.first_beat * (SLOTS // 4)
    for b in range(tune.bars):
        if first[b + 1] - first[b] == SLOTS:
            begun = set(tune.slot[(tune.slot >= first[b]) & (tune.slot < first[b + 1])] - first[b])
            found.add("".join("x" if slot in begun else "." for slot in range(SLOTS)))
    return found


def count_steps(tunes: Iterable[Piece]) -> list[list[int]]:
    """`[KINDS][25]`: steps of −12 … 12 semitones after each kind of movement."""
    counts = np.zeros((len(KINDS), 2 * OCTAVE + 1), np.int64)
    for tune in tunes:
        before = None
        for (was, now), (left, reached) in zip(pairwise(tune.slot), pairwise(tune.pitch), strict=True):
            step = int(np.clip(reached - left, -OCTAVE, OCTAVE))
            if now - was > PHRASE_REST_SLOTS:
                before = None
                continue
            if before is not None:
                counts[KINDS.index(kind_of_step(before)), step + OCTAVE] += 1
            before = step
    return [[int(n) for n in row] for row in counts]


def build(tunes: list[Piece]) -> dict[str, Any]:
    """The file's content."""
    songs: Counter[str] = Counter()
    for tune in tunes:
        songs.update(bar_rhythms(tune))
    kept = {r: n for r, n in songs.items() if n >= LEAST_SONGS and "x" in r}
    return {
        "songs": len(tunes),
        "rhythms": dict(sorted(kept.items(), key=lambda item: (-item[1], item[0]))),
        "steps": dict(zip(KINDS, count_steps(tunes), strict=True)),
    }


def main() -> None:
    """Count, and write the file that ships."""
    parser = argparse.ArgumentParser(
        prog="python -m datasets.melodies", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("zip", type=Path, help="the download")
    parser.add_argument("-o", "--out", type=Path, required=True, help="the file that ships")
    asked = parser.parse_args()
    write_whole(asked.out, (json.dumps(build(read_tunes(asked.zip, "train")), indent=0) + "\n").encode())


if __name__ == "__main__":
    main()
