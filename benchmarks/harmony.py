"""How well are chords told, and is our harmony like songs? `python -m benchmarks.harmony SONGS.jsonl ...`

The songs are what `datasets.billboard` and `datasets.pop909_chords` prepare; only those of the test split,
which nothing was fitted to or chosen on, are read.

*Telling the next chord*: bits a chord (the binary logarithm of perplexity) and how often the chord that
comes is among the 1, 3, 5 likeliest, over chord changes, given the chords before it.

*Like songs*: what `harmonise` writes for plans made by chance (all styles, several seeds), beside the songs:
how roots move and where phrases end, as the total variation distance of the two histograms (0 the same,
1 nothing in common), how much is of the scale, how many kinds of chord there are in 32 changes.

*Part-writing*: faults a hundred chord changes in the voicings of that harmony.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import combinations, pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from benchmarks.plans import plan_by_chance
from generators.rhythm.band import read_band
from generators.rhythm.chord_songs import ChordSong, distinct, read_songs
from generators.rhythm.chord_space import (
    KINDS,
    MAJOR_MODES,
    SYMBOLS,
    foreign_notes,
    kind_of,
    root_of,
    symbol,
    symbol_of,
)
from generators.rhythm.harmony import Harmony, harmonise
from generators.rhythm.motif import phrases
from generators.rhythm.progressions import (
    SOURCES,
    START,
    TONALITIES,
    discounted,
    kneser_ney,
    load_progressions,
    tonality_of,
)
from generators.rhythm.timeline import Timeline
from generators.rhythm.voicing import bass_line, is_muddy, voice_chords
from generators.style import load_style, style_names

HITS = (1, 3, 5)
Tell = Callable[[ChordSong, tuple[int, int], int], NDArray[np.float64]]
VOCABULARY_OF = 32  # chord changes


@dataclass(frozen=True)
class Told:
    """How well one model tells one corpus. `low`, `high`: 95 % of song bootstraps of the bits."""

    model: str
    corpus: str
    bits: float
    low: float
    high: float
    hits: tuple[float, ...]
    changes: int


def models() -> dict[str, Tell]:
    """Name → the odds of the next chord, given the song, the two chords before and the place."""
    counted = load_progressions()
    all_counts = np.asarray(sum(counted.trigrams.values()))
    one = all_counts.sum(axis=(0, 1)) + 0.5
    pairs = all_counts.sum(axis=0)
    contexts = (pairs > 0).sum(axis=0).astype(np.float32)
    two = discounted(pairs, discounted(contexts, np.full(SYMBOLS, 1 / SYMBOLS, dtype=np.float32)))
    three = kneser_ney(all_counts)[2]
    by_tonality = {
        t: kneser_ney(np.asarray(sum(counted.trigrams[t, s] for s in SOURCES)))[2] for t in TONALITIES
    }
    mixed = {(t, s): counted.transitions(t, {s: 1.0}) for t in TONALITIES for s in SOURCES}
    places = {t: counted.place_odds(t) for t in TONALITIES}
    return {
        "unigram": lambda song, before, place: one,
        "bigram": lambda song, before, place: two[before[1]],
        "trigram": lambda song, before, place: three[before],
        "trigram, by tonality": lambda song, before, place: by_tonality[tonality_of(song.mode)][before],
        "and by corpus": lambda song, before, place: mixed[tonality_of(song.mode), song.source][before],
        "and by place in the phrase (what ships)": lambda song, before, place: (
            mixed[tonality_of(song.mode), song.source][before] * places[tonality_of(song.mode)][place]
        ),
    }


def changes(song: ChordSong) -> Iterator[tuple[tuple[int, int], int, int]]:
    """(the two chords before, place in the phrase, the chord) at each change that follows a chord."""
    before = (START, START)
    for phrase in song.phrases:
        chords = [chord for _, _, chord in phrase.spans]
        for i, chord in enumerate(chords):
            if chord is None:
                before = (START, START)
            elif chord != before[1]:
                if before[1] != START:
                    yield before, 0 if i == 0 else 2 if i == len(chords) - 1 else 1, chord
                before = (before[1], chord)


def tell(name: str, model: Tell, corpus: str, songs: list[ChordSong]) -> Told:
    """Score one model on the songs of one corpus."""
    lost, counts, hits = [], [], np.zeros(len(HITS))
    for song in songs:
        bits = 0.0
        number = 0
        for before, place, chord in changes(song):
            odds = np.array(model(song, before, place), dtype=np.float64)
            odds[before[1]] = 0.0
            odds /= odds.sum()
            bits -= float(np.log2(odds[chord]))
            hits += [int((odds > odds[chord]).sum() < k) for k in HITS]
            number += 1
        lost.append(bits)
        counts.append(number)
    total, numbers = np.array(lost), np.array(counts)
    rng = np.random.default_rng(0)
    drawn = rng.integers(len(songs), size=(1000, len(songs)))
    spread = total[drawn].sum(axis=1) / numbers[drawn].sum(axis=1)
    low, high = np.percentile(spread, [2.5, 97.5])
    everything = int(numbers.sum())
    return Told(
        name,
        corpus,
        float(total.sum() / everything),
        float(low),
        float(high),
        tuple(float(h / everything) for h in hits),
        everything,
    )


@dataclass(frozen=True)
class Manner:
    """What a body of harmony is like; histograms sum to 1.

    Attributes:
        motions: `[12]`, semitones from root to root.
        kinds: `[6]`, of `KINDS`.
        ends: `[4]`, what a phrase's last chord and the next's first make: authentic (V–I), half (ends on
            V, goes elsewhere), plagal (IV–I), other.
        of_scale: share of chords with no foreign note.
        vocabulary: kinds of chord in 32 changes.
    """

    motions: NDArray[np.float64]
    kinds: NDArray[np.float64]
    ends: NDArray[np.float64]
    of_scale: float
    vocabulary: float


def manner(pieces: Iterable[tuple[str, list[list[int]], list[tuple[int, int]]]]) -> Manner:
    """Describe pieces, each (mode, chains of chord changes, (last, first) chord at each phrase's end)."""
    motions, kinds, ends = np.zeros(12), np.zeros(len(KINDS)), np.zeros(4)
    inside, total = 0, 0
    vocabularies = []
    for mode, chains, borders in pieces:
        foreign = foreign_notes(mode)
        for chain in chains:
            for a, b in pairwise(chain):
                motions[(root_of(b) - root_of(a)) % 12] += 1
            for chord in chain:
                kinds[KINDS.index(kind_of(chord))] += 1
                inside += int(foreign[chord] == 0)
                total += 1
            for start in range(0, len(chain) - VOCABULARY_OF + 1, VOCABULARY_OF):
                vocabularies.append(len(set(chain[start : start + VOCABULARY_OF])))
        for last, first in borders:
            if root_of(last) == 7:
                ends[0 if root_of(first) == 0 else 1] += 1
            else:
                ends[2 if (root_of(last), root_of(first)) == (5, 0) else 3] += 1
    return Manner(
        motions / max(motions.sum(), 1),
        kinds / max(kinds.sum(), 1),
        ends / max(ends.sum(), 1),
        inside / max(total, 1),
        float(np.mean(vocabularies)) if vocabularies else float("nan"),
    )


def of_song(song: ChordSong) -> tuple[str, list[list[int]], list[tuple[int, int]]]:
    """A song's mode, chord changes and phrase ends."""
    borders = []
    for phrase, following in pairwise(song.phrases):
        last, first = phrase.symbols[-1], following.symbols[0]
        if last is not None and first is not None:
            borders.append((last, first))
    return song.mode, song.chains(), borders


def of_harmony(timeline: Timeline, harmony: Harmony) -> tuple[str, list[list[int]], list[tuple[int, int]]]:
    """The same of what we wrote; phrases are the four bars that it is planned in."""
    mode = timeline.plan.key.mode
    chain: list[int] = []
    for span in harmony.spans:
        chord = symbol_of(span.chord, timeline.plan.key)
        if not chain or chain[-1] != chord:
            chain.append(chord)
    chain.append(symbol(0, "maj" if mode in MAJOR_MODES else "min"))
    borders = []
    for section in timeline.plan.sections:
        for _, end in phrases(section.start_bar, section.end_bar):
            slot = int(timeline.first_slot[end]) if end < timeline.bars else timeline.final_slot
            if slot < timeline.final_slot:
                sounding = harmony.at(slot - 1).chord, harmony.at(slot).chord
                last, first = (symbol_of(chord, timeline.plan.key) for chord in sounding)
                borders.append((last, first))
    return mode, [chain], borders


@dataclass(frozen=True)
class Faults:
    """Of part-writing, a hundred chord changes: four upper voices over the bass."""

    parallels: float
    overlaps: float
    leaps: float
    muddy: float
    moved: float

    @property
    def total(self) -> float:
        """Without `moved`, which is semitones a voice and not a fault."""
        return self.parallels + self.overlaps + self.leaps + self.muddy


def part_writing(harmonies: Iterable[Harmony], low: int = 50, high: int = 76) -> Faults:
    """Count faults in the voicings of harmonies: parallel fifths and octaves between any two voices,
    voices that go where their neighbour just was, top leaps beyond a fifth, intervals too low to be clear.
    """
    parallels = overlaps = leaps = muddy = number = 0
    moved = []
    for harmony in harmonies:
        chords = [span.chord for span in harmony.spans]
        basses = bass_line(chords, 28, 50)
        rows = np.column_stack([basses, np.array(voice_chords(chords, basses, low, high))])
        muddy += int(is_muddy(rows[:, :-1], rows[:, 1:]).sum())
        for was, now in pairwise(rows):
            number += 1
            moved.append(np.abs(now[1:] - was[1:]).mean())
            leaps += int(abs(now[-1] - was[-1]) > 7)
            overlaps += int((now[1:-1] > was[2:]).sum() + (now[2:] < was[1:-1]).sum())
            for i, j in combinations(range(len(was)), 2):
                together = (now[i] - was[i]) * (now[j] - was[j]) > 0
                same = (now[j] - now[i]) % 12 == (was[j] - was[i]) % 12
                parallels += int(together and same and (now[j] - now[i]) % 12 in (0, 7))
    each = 100 / max(number, 1)
    return Faults(parallels * each, overlaps * each, leaps * each, muddy * each, float(np.mean(moved)))


def ours(seeds: int) -> tuple[list[tuple[Timeline, Harmony]], list[tuple[Timeline, Harmony]]]:
    """What is written for plans made by chance: in major, in minor."""
    written: dict[bool, list[tuple[Timeline, Harmony]]] = {True: [], False: []}
    for style in style_names():
        band = read_band(load_style(style))
        for seed in range(seeds):
            for mode in ("major", "minor"):
                timeline = Timeline(plan_by_chance(style, mode, seed))
                written[mode == "major"].append((timeline, harmonise(timeline, band)))
    return written[True], written[False]


def apart(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """Total variation distance."""
    return float(np.abs(a - b).sum() / 2)


def show_told(rows: list[Told], console: Console) -> None:
    table = Table(title="Telling the next chord of unseen songs", caption="bits [95 % of songs drawn anew]")
    for heading in ("model", "corpus", "bits a chord", *(f"hits@{k}" for k in HITS), "changes"):
        table.add_column(heading, justify="left" if heading in ("model", "corpus") else "right")
    for row in rows:
        hits = [f"{h:.3f}" for h in row.hits]
        bits = f"{row.bits:.2f} [{row.low:.2f}, {row.high:.2f}]"
        table.add_row(row.model, row.corpus, bits, *hits, str(row.changes))
    console.print(table)


def show_manners(manners: dict[str, tuple[Manner, Manner]], console: Console) -> None:
    table = Table(title="Like songs? Ours beside the corpora, same tonality")
    headings = ("tonality", "whose", "roots ↔ songs", "kinds ↔", "phrase ends ↔", "of the scale")
    for heading in (*headings, "chords in 32", "authentic / half / plagal"):
        table.add_column(heading, justify="right")
    for tonality, (songs, own) in manners.items():
        for who, m in (("songs", songs), ("ours", own)):
            distances = [
                "" if who == "songs" else f"{apart(getattr(songs, part), getattr(own, part)):.2f}"
                for part in ("motions", "kinds", "ends")
            ]
            ends = " / ".join(f"{share:.2f}" for share in m.ends[:3])
            table.add_row(tonality, who, *distances, f"{m.of_scale:.2f}", f"{m.vocabulary:.1f}", ends)
    console.print(table)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.harmony", description=__doc__.splitlines()[0])
    parser.add_argument("songs", nargs="+", type=Path, help="prepared songs")
    parser.add_argument("--seeds", type=int, default=6, help="plans a style and tonality (default 6)")
    parser.add_argument("--json", action="store_true", help="print JSON and nothing else")
    asked = parser.parse_args()
    songs = distinct([song for path in asked.songs for song in read_songs(path)], "test")
    told = [
        tell(name, model, source, [s for s in songs if s.source == source])
        for name, model in models().items()
        for source in SOURCES
    ]
    written = dict(zip(TONALITIES, ours(asked.seeds), strict=True))
    manners = {
        tonality: (
            manner(of_song(s) for s in songs if s.mode == tonality),
            manner(of_harmony(timeline, harmony) for timeline, harmony in written[tonality]),
        )
        for tonality in TONALITIES
    }
    faults = part_writing(harmony for rows in written.values() for _, harmony in rows)
    if asked.json:
        print(json.dumps(_as_json(told, manners, faults), indent=2))
        return
    console = Console(width=150)
    show_told(told, console)
    show_manners(manners, console)
    console.print(
        f"part-writing faults a hundred changes: {faults.total:.1f} (parallels {faults.parallels:.1f}, "
        f"overlaps {faults.overlaps:.1f}, leaps {faults.leaps:.1f}, muddy {faults.muddy:.1f}); "
        f"{faults.moved:.2f} semitones a voice"
    )


def _as_json(
    told: list[Told], manners: dict[str, tuple[Manner, Manner]], faults: Faults
) -> dict[str, object]:
    def plain(m: Manner) -> dict[str, object]:
        return {k: v.tolist() if isinstance(v, np.ndarray) else v for k, v in vars(m).items()}

    return {
        "told": [vars(row) for row in told],
        "manners": {t: {"songs": plain(a), "ours": plain(b)} for t, (a, b) in manners.items()},
        "faults": vars(faults),
    }


if __name__ == "__main__":
    main()
