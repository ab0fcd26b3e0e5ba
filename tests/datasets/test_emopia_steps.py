"""The recipe of emotion-labelled piano music, on a small archive of the same form."""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path

import pytest
from safetensors.torch import load_file
from symusic import core

from benchmarks.steering import felt
from datasets.emopia_steps import main
from generators.affective.chord_words import quality_of, root_of
from generators.affective.corpus import read_corpus, split_by_name

SECONDS = 12
HEARD = [name for name in map(str, range(99)) if split_by_name(f"emopia {name}") == "train"]


def midi_of(third: int, notes_per_s: int, velocity: int) -> bytes:
    """A triad on D in every second, its tones struck again and again."""
    score = core.ScoreTick(480)
    score.tempos.append(core.TempoTick(0, mspq=500_000))
    piano = core.TrackTick("piano", 0, False)
    step = 960 // notes_per_s
    for second in range(SECONDS):
        for k in range(notes_per_s):
            piano.notes.append(
                core.NoteTick(second * 960 + k * step, step, (50, 62 + third, 69)[k % 3], velocity)
            )
    score.tracks.append(piano)
    data: bytes = score.dumps_midi()
    return data


@pytest.fixture
def corpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    archive, out = tmp_path / "emopia.zip", tmp_path / "emopia.safetensors"
    with zipfile.ZipFile(archive, "w") as opened:
        opened.writestr(f"emopia/Q1_{HEARD[0]}_0.mid", midi_of(4, 6, 110))
        opened.writestr(f"emopia/Q2_{HEARD[1]}_0.mid", midi_of(3, 6, 110))
        opened.writestr(f"emopia/Q3_{HEARD[2]}_0.mid", midi_of(3, 3, 40))
        opened.writestr(f"emopia/Q4_{HEARD[2]}_1.mid", midi_of(4, 3, 40))
        opened.writestr("emopia/README", "no clip")
    monkeypatch.setattr(sys, "argv", ["emopia_steps", str(archive), "-o", str(out)])
    main()
    return out


def test_a_step_is_a_second_in_the_normalised_key(corpus: Path) -> None:
    songs = {song.id: song for song in read_corpus(corpus)}
    assert load_file(corpus)["quadrant"].tolist() == [1, 2, 3, 4]
    for name, tonic, quality, density in (
        (f"Q1_{HEARD[0]}_0", 0, "maj", 6),
        (f"Q3_{HEARD[2]}_0", 9, "min", 3),
    ):
        chords = songs[name].music.chords[1:-1].tolist()
        assert {(root_of(c), quality_of(c)) for c in chords} == {(tonic, quality)}
        assert len(songs[name]) == pytest.approx(SECONDS, abs=1)
        mean = sum((6, 6, 3, 3)) / 4
        assert songs[name].music.levels[3, 0].item() == pytest.approx((density - mean) / 1.5, abs=0.3)


def test_clips_of_one_recording_are_in_one_split(corpus: Path) -> None:
    songs = {song.id: song.split for song in read_corpus(corpus)}
    assert songs[f"Q3_{HEARD[2]}_0"] == songs[f"Q4_{HEARD[2]}_1"]


def test_the_mood_that_steers_is_in_the_quadrants_order(corpus: Path) -> None:
    for row in felt(corpus).values():
        assert row["pairs in order"] == 1.0


def test_another_archive_is_refused_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "other.zip"
    path.write_bytes(b"no archive")
    monkeypatch.setattr(sys, "argv", ["emopia_steps", str(path), "-o", str(tmp_path / "x")])
    with pytest.raises(SystemExit, match="is not EMOPIA"):
        main()
    assert not (tmp_path / "x").exists()
