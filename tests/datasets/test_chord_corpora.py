"""Chord annotations → prepared songs → the counts that ship."""

from __future__ import annotations

import hashlib
import io
import json
import os
from pathlib import Path

import numpy as np
import pytest

from datasets import billboard, groove, pop909_chords
from datasets.chord_labels import find_mode, parse_label, to_symbol
from datasets.progressions import count_rhythms, count_trigrams, embed, fit
from generators.rhythm.chord_songs import CorpusError, distinct, read_songs, to_line
from generators.rhythm.chord_space import symbol
from generators.rhythm.progressions import START, pack

WEIGHTS = Path(__file__).parents[2] / "generators" / "weights"

ANNOTATION = """# title: A Song
# artist: Nobody
# metre: 4/4
# tonic: D

0.0\tsilence
0.5\tA, intro, | D:maj | D:maj |, (guitar
4.5\tB, verse, | D:maj | G:maj7 A:7 | B:min . . A:sus4(b7) | (2/4) D:5 |, guitar)
11.5\t| E:min7/5 | N | x2
# tonic: E
19.5\tC, chorus, | E:maj | ->
21.5\tsilence
22.0\tend
"""


def test_an_annotation_becomes_phrases_relative_to_its_tonic() -> None:
    song = billboard.parse_song("0001", ANNOTATION)
    assert song is not None
    assert (song.mode, song.beats_per_bar, song.work) == ("major", 4, "a song | nobody")
    assert song.beat_s == pytest.approx(0.5)
    intro, verse, once, again, chorus = song.phrases
    assert (intro.role, verse.role, once.role, chorus.role) == ("intro", "verse", "verse", "chorus")
    assert (intro.beats, verse.beats, once.beats) == (8, 14, 8)
    assert list(verse.spans) == [
        (0, 4, symbol(0, "maj")),
        (4, 6, symbol(5, "maj")),
        (6, 8, symbol(7, "dom")),
        (8, 11, symbol(9, "min")),
        (11, 12, symbol(7, "sus")),
        (12, 14, symbol(0, "maj")),
    ]
    assert once == again
    assert list(once.spans) == [(0, 4, symbol(2, "min")), (4, 8, None)]
    assert list(chorus.spans) == [(0, 4, symbol(0, "maj"))]
    assert [len(chain) for chain in song.chains()] == [7]


def test_beats_and_keys_place_the_chords_of_the_other_corpus() -> None:
    times = [0.5 * k for k in range(20)]
    beats = "\n".join(f"{t} {k % 2}.0 {float((k - 2) % 4 == 0)}" for k, t in enumerate(times))
    chords = "0.0\t1.0\tN\n1.0\t3.0\tA:min\n3.0\t5.0\tF:maj/3\n5.0\t7.0\tE:7\n7.0\t9.5\tA:min7"
    song = pop909_chords.parse_song("001", chords, beats, "0.0 9.5 A:min", "i1A3o1")
    assert song is not None
    assert (song.mode, song.beats_per_bar) == ("minor", 4)
    assert [p.role for p in song.phrases] == ["intro", "other", "outro"]
    assert [p.beats for p in song.phrases] == [4, 12, 4]
    assert list(song.phrases[1].spans) == [
        (0, 4, symbol(8, "maj")),
        (4, 8, symbol(7, "dom")),
        (8, 12, symbol(0, "min")),
    ]


@pytest.mark.parametrize(
    ("label", "root", "kind"),
    [("Bb:min7/b3", 10, "min"), ("C#:maj6(9)", 1, "maj"), ("E:7(#9)", 4, "dom"), ("F:hdim7", 5, "dim"),
     ("G:sus4(b7,9)", 7, "sus"), ("A:5", 9, "bare"), ("A:1(b7)", 9, "dom"), ("C:aug(b7)", 0, "aug"),
     ("D:min(b5)", 2, "dim"), ("E", 4, "maj")],
)  # fmt: skip
def test_labels_are_read(label: str, root: int, kind: str) -> None:
    assert parse_label(label) == (root, kind)


def test_what_is_no_label_is_refused() -> None:
    for label in ("H:maj", "C:what", ":maj"):
        with pytest.raises(ValueError, match="is not"):
            parse_label(label)
    assert parse_label("N") is None


def test_a_chord_without_a_third_gets_the_scales() -> None:
    assert to_symbol(9, "bare", 0, "major") == symbol(9, "min")
    assert to_symbol(7, "bare", 0, "major") == symbol(7, "maj")


def test_modes_are_told_by_scale_and_tonic() -> None:
    one, two = symbol(0, "maj"), symbol(0, "min")
    assert find_mode({one: 4, symbol(5, "maj"): 2, symbol(7, "maj"): 2}) == "major"
    assert find_mode({one: 4, symbol(10, "maj"): 3, symbol(5, "maj"): 2}) == "mixolydian"
    assert find_mode({two: 4, symbol(5, "maj"): 3, symbol(10, "maj"): 1}) == "dorian"
    assert find_mode({two: 4, symbol(8, "maj"): 3, symbol(5, "min"): 1}) == "minor"


def test_songs_come_back_from_their_file_and_a_broken_line_is_named(tmp_path: Path) -> None:
    song = billboard.parse_song("0001", ANNOTATION)
    assert song is not None
    path = tmp_path / "songs.jsonl"
    path.write_text(to_line(song) + "\n", encoding="utf-8")
    assert read_songs(path) == [song]
    path.write_text(to_line(song) + "\n{}\n", encoding="utf-8")
    with pytest.raises(CorpusError, match="line 2"):
        read_songs(path)
    with pytest.raises(CorpusError, match=r"none\.jsonl"):
        read_songs(tmp_path / "none.jsonl")


def test_counting_counts_songs_not_repetitions() -> None:
    song = billboard.parse_song("0001", ANNOTATION)
    assert song is not None
    counts = count_trigrams([song, song])
    first, second = symbol(0, "maj"), symbol(5, "maj")
    assert counts[START, START, first] == 2  # once a song: a chain begins
    assert counts[START, first, second] == 2
    assert counts.max() <= 4
    rhythms = count_rhythms([song], "billboard", half_bars=True)
    assert rhythms.sum() == 0  # no phrase of four whole bars that sounds throughout
    assert not np.isnan(embed([song] * 40)).any()


@pytest.fixture(scope="module")
def data() -> Path:
    folder = Path(os.environ.get("V2M_DATA", "nowhere"))
    if not (folder / "billboard.zip").is_file():
        pytest.skip("no folder of corpora (set V2M_DATA)")
    return folder


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def test_the_recipes_give_the_weights_that_ship(data: Path) -> None:
    songs = [*billboard.parse_zip(data / "billboard.zip"), *pop909_chords.parse_zip(data / "pop909.zip")]
    memory = io.BytesIO()
    np.savez_compressed(memory, **pack(fit(distinct(songs, "train"))))
    made, ships = np.load(io.BytesIO(memory.getvalue())), np.load(WEIGHTS / "progressions.npz")
    assert set(made) == set(ships)
    for name in made:
        if name != "vectors":  # their signs are the linear algebra library's to choose
            assert np.array_equal(made[name], ships[name]), name
    library = groove.build(groove.read_zip(data / "groove.zip"))
    shipped = json.loads((WEIGHTS / "grooves.json").read_text(encoding="utf-8"))
    assert json.loads(json.dumps(library)) == shipped


@pytest.mark.parametrize(
    ("weights", "card"),
    [
        ("progressions.npz", "progressions.md"),
        ("grooves.json", "grooves.md"),
        ("melodies.json", "melodies.md"),
    ],
)
def test_the_card_is_of_the_weights_that_ship(weights: str, card: str) -> None:
    assert digest((WEIGHTS / weights).read_bytes()) in (WEIGHTS / card).read_text(encoding="utf-8")
    assert (WEIGHTS / weights).stat().st_size < 500_000
