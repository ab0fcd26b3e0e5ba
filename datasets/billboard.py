"""McGill Billboard → prepared songs. `python -m datasets.billboard billboard.zip -o billboard.jsonl`

The corpus (Burgoyne, Wild and Fujinaga 2011; CC0) gives the chords of 890 chart entries of 1958 to
1991, bar by bar, with metre, tonic and section names. What is made of it is described in
`generators.rhythm.chord_songs`; a line of an annotation is a phrase.
"""

from __future__ import annotations

import argparse
import re
import zipfile
from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import numpy as np

from datasets.chord_labels import find_mode, parse_label, pitch_class, to_symbol
from encoders.whole import write_whole
from generators.rhythm.chord_songs import ChordPhrase, ChordSong, to_line

ROLES = (
    ("intro", "intro"),
    ("verse", "verse"),
    ("strophe", "verse"),
    ("chorus", "chorus"),
    ("refrain", "chorus"),
    ("bridge", "bridge"),
    ("solo", "bridge"),
    ("instrumental", "bridge"),
    ("interlude", "bridge"),
    ("trans", "bridge"),
    ("outro", "outro"),
    ("coda", "outro"),
    ("fade", "outro"),
)
# Compound metres by their beats, not their eighths.
BEATS_OF_METRE = {"12/8": 4, "6/8": 2, "9/8": 3}
_METRE = re.compile(r"\((\d+)/(\d+)\)")
_LETTER = re.compile(r"[A-Z]'*")


@dataclass
class _Line:
    """One line of an annotation as it is read; roots are pitch classes still."""

    start_s: float
    role: str
    tonic: int
    beats: float = 0.0
    chords: list[tuple[float, tuple[int, str] | None]] = field(default_factory=list)


def parse_song(name: str, text: str) -> ChordSong | None:
    """One annotation; None if no chord is in it."""
    title = artist = ""
    beats_per_bar, first_metre, tonic, role = 4, 0, 0, "other"
    lines: list[_Line] = []
    times_s: list[float] = []
    for raw in text.splitlines():
        if raw.startswith("#"):
            field_name, _, value = raw[1:].partition(":")
            value = value.strip()
            match field_name.strip():
                case "title":
                    title = value
                case "artist":
                    artist = value
                case "metre":
                    beats_per_bar = _beats(value)
                    first_metre = first_metre or beats_per_bar
                case "tonic":
                    tonic = pitch_class(value)
        elif "\t" in raw:
            time, rest = raw.split("\t", 1)
            times_s.append(float(time))
            if "|" in rest:
                role = _role(rest.partition("|")[0], role)
                lines += _lines(float(time), rest, role, tonic, beats_per_bar)
    heard: dict[int, float] = {}
    for line in (line for line in lines if line.chords):
        ends = [*(at for at, _ in line.chords[1:]), line.beats]
        for (at, chord), until in zip(line.chords, ends, strict=True):
            if chord is not None:
                sym = to_symbol(*chord, line.tonic, "major")
                heard[sym] = heard.get(sym, 0.0) + until - at
    if not heard:
        return None
    mode = find_mode(heard)
    beats: dict[float, float] = {}
    for line in lines:
        beats[line.start_s] = beats.get(line.start_s, 0.0) + line.beats
    lasted_s = {start: end - start for start, end in pairwise(times_s) if end > start}
    beats_s = [lasted_s[start] / count for start, count in beats.items() if start in lasted_s and count]
    return ChordSong(
        id=name,
        work=f"{title} | {artist}".casefold(),
        source="billboard",
        mode=mode,
        beats_per_bar=first_metre or 4,
        beat_s=round(float(np.median(beats_s)) if beats_s else 0.5, 4),
        phrases=tuple(_phrase(line, mode) for line in lines if line.chords),
    )


def _beats(metre: str) -> int:
    return BEATS_OF_METRE.get(metre) or int(metre.partition("/")[0])


def _role(head: str, before: str) -> str:
    """The section that a line begins, or the one that goes on. Letters (A, B') are names, not roles."""
    for word in (w.strip() for w in head.split(",")):
        if word and not _LETTER.fullmatch(word):
            return next((role for start, role in ROLES if start in word.lower()), "other")
    return before


def _lines(start_s: float, rest: str, role: str, tonic: int, beats_per_bar: int) -> list[_Line]:
    """The phrase of one line, as often as it is repeated (`x2`)."""
    _, *bars, tail = rest.split("|")
    line = _Line(start_s, role, tonic)
    for bar in bars:
        words, beats = bar.split(), beats_per_bar
        if words and (match := _METRE.fullmatch(words[0])):
            # A single bar in another metre; of eighths it has half as many beats.
            beats = max(int(match[1]) * 4 // int(match[2]), 1)
        words = [w for w in words if not w.startswith("(") and w not in ("&pause", "*")]
        for i, word in enumerate(words):
            if word != ".":
                line.chords.append((line.beats + i * beats / len(words), parse_label(word)))
        line.beats += beats
    again = re.search(r"\bx(\d+)", tail)
    times = int(again[1]) if again else 1
    return [_Line(start_s, role, tonic, line.beats, line.chords) for _ in range(times)]


def _phrase(line: _Line, mode: str) -> ChordPhrase:
    return ChordPhrase(
        line.role,
        line.beats,
        tuple(at for at, _ in line.chords),
        tuple(None if c is None else to_symbol(*c, line.tonic, mode) for _, c in line.chords),
    )


def parse_zip(path: Path) -> list[ChordSong]:
    """Every annotation of the download that has chords, by name."""
    songs = []
    with zipfile.ZipFile(path) as archive:
        for name in sorted(n for n in archive.namelist() if n.endswith("/salami_chords.txt")):
            song = parse_song(name.split("/")[-2], archive.read(name).decode("utf-8"))
            if song is not None:
                songs.append(song)
    return songs


def main() -> None:
    """Prepare the corpus."""
    parser = argparse.ArgumentParser(prog="python -m datasets.billboard", description=__doc__.splitlines()[0])
    parser.add_argument("zip", type=Path, help="the download")
    parser.add_argument("-o", "--out", type=Path, required=True, help="the prepared file")
    asked = parser.parse_args()
    songs = parse_zip(asked.zip)
    write_whole(asked.out, "".join(to_line(song) + "\n" for song in songs).encode())
    works = len({song.work for song in songs})
    print(f"{len(songs)} annotations of {works} works: {dict(Counter(song.mode for song in songs))}")


if __name__ == "__main__":
    main()
