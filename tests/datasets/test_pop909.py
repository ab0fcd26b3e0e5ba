"""The POP909 recipe on a small archive of the same form, made when the test runs."""

from __future__ import annotations

import json
import os
import zipfile
from pathlib import Path

import numpy as np
import pytest
from symusic import core

from datasets.pop909 import LENGTHS_S, RecipeError, excerpt, main, read_song, song_numbers
from tests.v2m.alignment.pieces import song
from v2m.alignment.reference import load_reference

NAMES = ("C:maj", "A:min7", "F:maj/3", "G:sus4")


def midi_of(seed: int, bars: int) -> bytes:
    made = song(bars, seed=seed)
    score = core.ScoreTick(480)
    score.tempos.append(core.TempoTick(0, mspq=500_000))
    score.time_signatures.append(core.TimeSignatureTick(0, 1, 4))  # as in POP909: not to be relied on
    for name, which in (("MELODY", made.is_melody), ("BRIDGE", made.is_drum), ("PIANO", ~made.is_melody)):
        track = core.TrackTick(name, 0, False)
        for begin, length, pitch in zip(
            made.start_beat[which], made.duration_s[which] * 2, made.pitch[which], strict=True
        ):
            track.notes.append(core.NoteTick(round(begin * 480), round(length * 480), int(pitch), 80))
        score.tracks.append(track)
    data: bytes = score.dumps_midi()
    return data


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("pop") / "pop909.zip"
    with zipfile.ZipFile(path, "w") as opened:
        for number in (1, 2, 17):
            bars = 36
            folder = f"POP909/{number:03d}"
            opened.writestr(f"{folder}/{number:03d}.mid", midi_of(number, bars))
            beats = [f"{k / 2} {float(k % 2 == 0)} {float(k % 4 == 0)}" for k in range(4 * bars)]
            opened.writestr(f"{folder}/beat_midi.txt", "\n".join(beats))
            named = [f"{2 * b} {2 * b + 2} {NAMES[b % 4]}" for b in range(bars - 1)]
            lines = [*named, f"{2 * bars - 2} {2 * bars} N"]
            opened.writestr(f"{folder}/chord_midi.txt", "\n".join(lines))
    return path


def test_a_song_is_read_in_its_annotated_bars_with_its_tune_and_chords(archive: Path) -> None:
    assert song_numbers(archive) == [1, 2, 17]
    read = read_song(archive, 2)
    assert read.piece.bars == 36
    assert read.piece.end_s == pytest.approx(72)
    assert read.piece.is_melody.sum() == song(36, seed=2).is_melody.sum()
    # C major, A minor, F major; a suspended chord is not judged, and there is none at the end.
    assert read.chords[:16:4].tolist() == [0, 21, 5, -2]
    assert read.chords[-1] == -1


def test_an_excerpt_is_whole_bars_of_about_the_length_from_where_notes_are(archive: Path) -> None:
    piece = read_song(archive, 1).piece
    rng = np.random.default_rng(0)
    begun = set()
    for _ in range(20):
        part = excerpt(piece, 15.0, rng)
        assert part is not None
        assert part.length_s == pytest.approx(15.0, abs=1.0)
        assert part.bars == round(part.length_s / 2)
        begun.add(tuple(part.pitch[:12].tolist()))
    assert len(begun) > 3
    assert excerpt(piece, 120.0, rng) is None


def test_the_recipe_writes_a_reference_and_the_same_one_again(
    archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "made.json"
    assert main([str(archive), "-o", str(out)]) == 0
    told = capsys.readouterr().out
    # The chords that the notes make are the annotated ones, but for those of another kind.
    assert "3 songs, median length 72 s" in told
    assert float(told.split("chords as annotated")[1]) > 0.9
    made = load_reference(str(out))
    assert [c.length_s for c in made.corpora] == [*LENGTHS_S[:3], 72.0]  # none is 120 s long
    assert made.corpora[-1].whole
    assert all(c.pieces == 3 for c in made.corpora)
    assert made.corpora[-1].numbers["scale_consistency"].mean == 1
    assert "MIT" in made.licence
    before = out.read_bytes()
    assert main([str(archive), "-o", str(out)]) == 1  # it is not overwritten unasked
    assert "--force" in capsys.readouterr().err
    assert main([str(archive), "-o", str(out), "--force", "--jobs", "2"]) == 0
    assert out.read_bytes() == before
    # Statistics only: no line of the file is as long as a song.
    assert max(len(line) for line in out.read_text().splitlines()) < 6000
    assert set(json.loads(before)["corpora"][0]) == {"length_s", "whole", "pieces", "numbers", "histograms"}


def test_what_is_not_pop909_is_said_in_one_line(
    archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text, empty, cut = tmp_path / "text.zip", tmp_path / "empty.zip", tmp_path / "cut.zip"
    text.write_text("hello")
    with zipfile.ZipFile(empty, "w") as opened:
        opened.writestr("POP909/readme.txt", "nothing")
    with zipfile.ZipFile(archive) as whole, zipfile.ZipFile(cut, "w") as opened:
        for name in whole.namelist():
            if not name.endswith("017/beat_midi.txt"):
                opened.writestr(name, whole.read(name))
    for path, says in ((text, "zip archive"), (empty, "holds no songs"), (cut, "song 017")):
        assert main([str(path), "-o", str(tmp_path / "out.json")]) == 1
        told = capsys.readouterr().err
        assert says in told
        assert told.count("\n") == 1
        assert not (tmp_path / "out.json").exists()
    with pytest.raises(RecipeError, match="cannot be read"):
        song_numbers(tmp_path / "nowhere.zip")


@pytest.mark.skipif("V2M_DATA" not in os.environ, reason="V2M_DATA names no folder of reference data")
def test_the_shipped_reference_is_that_of_the_corpus() -> None:
    """A few songs measured anew lie where the reference says that songs lie."""
    from v2m.alignment.music_statistics import NUMBERS

    archive = Path(os.environ["V2M_DATA"]) / "pop909.zip"
    assert len(song_numbers(archive)) == 909
    whole = load_reference().corpora[-1]
    pieces = [read_song(archive, n).piece for n in range(50, 909, 100)]
    for name, (_, function) in NUMBERS.items():
        z = [whole.numbers[name].z(function(piece)) for piece in pieces]
        assert abs(np.mean(z)) < 1.2
        assert np.abs(z).max() < 6
