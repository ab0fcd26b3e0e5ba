"""POP909 → prepared songs. `python -m datasets.pop909_chords pop909.zip -o pop909.jsonl`

The corpus (Wang et al. 2020; MIT licence) holds 909 Chinese pop songs with chords, beats and keys
found by program and phrases labelled by hand. Keys are taken as they are (for 98 % of the songs with
one key its scale is the one that holds most of the chords); the mode within major and minor is the one
whose scale fits best. What is made of it is described in `generators.rhythm.chord_songs`.
"""

from __future__ import annotations

import argparse
import re
import zipfile
from collections import Counter
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from datasets.chord_labels import find_mode, key_at, mostly_major, parse_key, parse_label, to_symbol
from encoders.whole import write_whole
from generators.key import MODES
from generators.rhythm.chord_songs import ChordPhrase, ChordSong, to_line
from generators.rhythm.chord_space import MAJOR_MODES

MINOR_MODES = tuple(mode for mode in MODES if mode not in MAJOR_MODES)
_PHRASE = re.compile(r"([A-Za-z])(\d+)")


def song_folders(archive: zipfile.ZipFile) -> list[tuple[str, str]]:
    """(number, folder with its slash) of every song of the download."""
    names = sorted(name for name in archive.namelist() if name.endswith("/chord_midi.txt"))
    return [(name.split("/")[-2], name.removesuffix("chord_midi.txt")) for name in names]


def parse_beats(text: str) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """When the beats are, in seconds, and which of them are downbeats, of `beat_midi.txt`."""
    grid = np.array([[float(x) for x in line.split()] for line in text.splitlines()])
    return grid[:, 0], np.flatnonzero(grid[:, 2] > 0)


def parse_song(name: str, chords: str, beats: str, keys: str, phrases: str) -> ChordSong | None:
    """One song from the text of its annotation files; None if no phrase has a chord."""
    beats_s, downbeats = parse_beats(beats)
    beats_per_bar = int(np.bincount(np.diff(downbeats)).argmax()) if len(downbeats) > 1 else 4
    areas = [parse_key(line) for line in keys.splitlines()]
    spans = [_span(line, beats_s) for line in chords.splitlines()]

    def tonic(beat: int) -> int:
        time_s = beats_s[min(beat, len(beats_s) - 1)]
        return key_at(areas, time_s)[0]

    heard: dict[int, float] = {}
    for start, end, chord in spans:
        if chord is not None:
            sym = to_symbol(*chord, tonic(start), "major")
            heard[sym] = heard.get(sym, 0.0) + end - start
    mode = find_mode(heard, MAJOR_MODES if mostly_major(areas) else MINOR_MODES)

    made: list[ChordPhrase] = []
    at = int(downbeats[0]) if len(downbeats) else 0
    for letter, bars in _PHRASE.findall(phrases):
        until = at + int(bars) * beats_per_bar
        inside = [(max(s, at), chord) for s, e, chord in spans if max(s, at) < min(e, until)]
        if inside:
            made.append(
                ChordPhrase(
                    _role(letter),
                    float(until - at),
                    tuple(float(start - at) for start, _ in inside),
                    tuple(None if c is None else to_symbol(*c, tonic(s), mode) for s, c in inside),
                )
            )
        at = until
    if not any(c is not None for phrase in made for c in phrase.symbols):
        return None
    return ChordSong(
        id=name,
        work=f"pop909 {name}",
        source="pop909",
        mode=mode,
        beats_per_bar=beats_per_bar,
        beat_s=round(float(np.median(np.diff(beats_s))), 4),
        phrases=tuple(made),
    )


def _span(line: str, beats_s: NDArray[np.float64]) -> tuple[int, int, tuple[int, str] | None]:
    """(first beat, beat after the last, chord) of a line such as `2.72 4.06 B:maj`."""
    start, end, label = line.split()
    nearest = [int(np.abs(beats_s - float(time)).argmin()) for time in (start, end)]
    return nearest[0], nearest[1], parse_label(label)


def _role(letter: str) -> str:
    """Upper case sings, lower case does not; which of A and B is the chorus is not labelled."""
    return {"i": "intro", "o": "outro"}.get(letter, "other" if letter.isupper() else "bridge")


def parse_zip(path: Path) -> list[ChordSong]:
    """Every song of the download, by number."""
    songs = []
    with zipfile.ZipFile(path) as archive:
        for number, folder in song_folders(archive):
            files = ("chord_midi.txt", "beat_midi.txt", "key_audio.txt", "human_label1.txt")
            song = parse_song(number, *(archive.read(folder + f).decode() for f in files))
            if song is not None:
                songs.append(song)
    return songs


def main() -> None:
    """Prepare the corpus."""
    parser = argparse.ArgumentParser(
        prog="python -m datasets.pop909_chords", description=__doc__.splitlines()[0]
    )
    parser.add_argument("zip", type=Path, help="the download")
    parser.add_argument("-o", "--out", type=Path, required=True, help="the prepared file")
    asked = parser.parse_args()
    songs = parse_zip(asked.zip)
    write_whole(asked.out, "".join(to_line(song) + "\n" for song in songs).encode())
    print(f"{len(songs)} songs: {dict(Counter(song.mode for song in songs))}")


if __name__ == "__main__":
    main()
