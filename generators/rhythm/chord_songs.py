"""Prepared songs: what the recipes in `datasets/` make of a chord corpus, and what training reads.

A file holds one song a line, as JSON: `id`, `work`, `source`, `mode`, `beats_per_bar`, `beat_s` and
`phrases`, each with its `role`, its length in `beats` and its `chords`, pairs of an onset in beats
and a chord relative to the tonic (`7:dom` is the dominant seventh; null is no chord).
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from encoders.errors import V2MError
from generators.key import MODES
from generators.rhythm.chord_space import KINDS, kind_of, root_of, symbol

ROLES = ("intro", "verse", "chorus", "bridge", "outro", "other")


class CorpusError(V2MError, ValueError):
    """A prepared corpus is not what it should be."""


@dataclass(frozen=True)
class ChordPhrase:
    """One phrase of a song.

    Attributes:
        role: a name in `ROLES`.
        beats: its length.
        onsets: in beats from its start, ascending; where a chord is named (it may be the same again).
        symbols: the chord at each onset (`chord_space`), or None for no chord.
    """

    role: str
    beats: float
    onsets: tuple[float, ...]
    symbols: tuple[int | None, ...]

    def __post_init__(self) -> None:
        if self.role not in ROLES or len(self.onsets) != len(self.symbols):
            raise CorpusError(f"phrase of role {self.role!r}, {len(self.onsets)} onsets")
        if any(b <= a for a, b in zip(self.onsets, self.onsets[1:], strict=False)):
            raise CorpusError("a phrase's chords must come one after the other")

    @property
    def spans(self) -> Iterator[tuple[float, float, int | None]]:
        """(onset, end, chord) in beats, a chord that is named again without change joined to the first."""
        ends = [*self.onsets[1:], self.beats]
        start = 0
        for i in range(len(self.onsets)):
            if i + 1 == len(self.onsets) or self.symbols[i + 1] != self.symbols[start]:
                yield self.onsets[start], ends[i], self.symbols[start]
                start = i + 1


@dataclass(frozen=True)
class ChordSong:
    """One song's chords relative to its tonic.

    Attributes:
        id: of the annotation.
        work: the same for two annotations of one song, which must not be on two sides of a split.
        source: the corpus.
        mode: a name in `generators.key.MODES`.
        beats_per_bar: its usual metre.
        beat_s: median length of a beat, seconds.
        phrases: in order.
    """

    id: str
    work: str
    source: str
    mode: str
    beats_per_bar: int
    beat_s: float
    phrases: tuple[ChordPhrase, ...]

    def __post_init__(self) -> None:
        if self.mode not in MODES or self.beats_per_bar < 1 or self.beat_s <= 0:
            raise CorpusError(f"song {self.id}: mode {self.mode!r}, {self.beats_per_bar} beats a bar")

    @property
    def split(self) -> str:
        """Train, validation or test; see `split_of`."""
        return split_of(self.work)

    def chains(self) -> list[list[int]]:
        """The chords as they change, broken where there is none."""
        chains: list[list[int]] = [[]]
        for phrase in self.phrases:
            for _, _, chord in phrase.spans:
                if chord is None:
                    chains.append([])
                elif not chains[-1] or chains[-1][-1] != chord:
                    chains[-1].append(chord)
        return [chain for chain in chains if len(chain) > 1]


def split_of(work: str) -> str:
    """Train, validation or test (8 : 1 : 1), by a work's name and nothing else."""
    return {0: "test", 1: "validation"}.get(zlib.crc32(work.encode()) % 10, "train")


def distinct(songs: Iterable[ChordSong], split: str) -> list[ChordSong]:
    """The first annotation of each work of a split."""
    kept: dict[str, ChordSong] = {}
    for song in songs:
        if song.split == split:
            kept.setdefault(song.work, song)
    return list(kept.values())


def to_line(song: ChordSong) -> str:
    """A song as one line of JSON."""
    phrases = [
        {
            "role": p.role,
            "beats": p.beats,
            "chords": [
                [at, None if c is None else f"{root_of(c)}:{kind_of(c)}"]
                for at, c in zip(p.onsets, p.symbols, strict=True)
            ],
        }
        for p in song.phrases
    ]
    head = {name: value for name, value in vars(song).items() if name != "phrases"}
    return json.dumps({**head, "phrases": phrases}, ensure_ascii=False)


def read_songs(path: Path) -> list[ChordSong]:
    """The songs of a prepared file.

    Raises:
        CorpusError: if it cannot be read, naming the line.
    """
    songs = []
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise CorpusError(f"{path}: {error}") from error
    for number, line in enumerate(lines, 1):
        try:
            songs.append(_song(json.loads(line)))
        except (ValueError, KeyError, TypeError) as error:
            raise CorpusError(f"{path}, line {number}: {error!r}") from error
    return songs


def _song(data: dict[str, object]) -> ChordSong:
    phrases = data.pop("phrases")
    assert isinstance(phrases, list)
    return ChordSong(phrases=tuple(_phrase(p) for p in phrases), **data)  # type: ignore[arg-type]


def _phrase(data: dict[str, list[tuple[float, str | None]]]) -> ChordPhrase:
    onsets = tuple(float(at) for at, _ in data["chords"])
    return ChordPhrase(
        str(data["role"]),
        float(data["beats"]),  # type: ignore[arg-type]
        onsets,
        tuple(None if name is None else _symbol(name) for _, name in data["chords"]),
    )


def _symbol(name: str) -> int:
    root, kind = name.split(":")
    if kind not in KINDS:
        raise CorpusError(f"chord {name!r}")
    return symbol(int(root), kind)
