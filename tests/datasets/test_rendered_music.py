"""The rendered corpus: plans by lot, people's MIDI in other clothes, the same again for the same seed."""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
import symusic

from datasets import rendered_music
from datasets.rendered_music import Asked, coloured, drawn_plan, main, midi_files, midi_pieces, own_pieces
from generators.style import style_names
from generators.vqgan.controls import SAMPLE_RATE
from generators.vqgan.corpus import read_pieces


@pytest.fixture
def midi(tmp_path: Path) -> Path:
    score = symusic.Score(480)
    lead, drums = symusic.Track("lead", 0, False), symusic.Track("drums", 0, True)
    for beat in range(24):
        lead.notes.append(symusic.Note(beat * 480, 400, 60 + beat % 7, 90))
        drums.notes.append(symusic.Note(beat * 480, 100, 36, 100))
    score.tempos.append(symusic.Tempo(0, qpm=120.0))
    for track in (lead, drums):
        score.tracks.append(track)
    score.dump_midi(str(tmp_path / "song.mid"))
    path = tmp_path / "songs.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.write(tmp_path / "song.mid", "songs/song.mid")
        archive.write(tmp_path / "song.mid", "songs/versions/song-v2.mid")
        archive.writestr("songs/broken.mid", "no MIDI")
    (tmp_path / "song.mid").unlink()
    return path


def test_plans_are_drawn_for_every_style_and_again_the_same() -> None:
    for style in style_names():
        plan = drawn_plan(style, 3)
        assert plan == drawn_plan(style, 3)
        assert plan.style == style
        assert len(plan.grid.bars) == rendered_music.OWN_BARS
    several = [drawn_plan("piano", seed) for seed in range(12)]
    assert len({plan.key for plan in several}) > 6
    assert len({round(plan.grid.end_s) for plan in several}) > 4


def test_peoples_midi_is_played_otherwise_each_time(midi: Path, tmp_path: Path) -> None:
    places = midi_files([midi], tmp_path / "work")
    # Versions are the same song; what is broken is only found when it is read.
    assert sorted(path.name for path in places[0]) == ["broken.mid", "song.mid"]
    one, again, other = (list(midi_pieces(places, Asked(0, 5, seed))) for seed in (0, 0, 1))
    assert len(one) == len(other) == 1
    assert np.array_equal(one[0].sound, again[0].sound)
    assert len(one[0].sound) != len(other[0].sound)
    assert one[0].split == other[0].split
    assert np.abs(one[0].sound).max() == pytest.approx(0.9 * 32767, abs=2)
    # 24 beats at 120 a minute, up to 18 % slower or 15 % faster, and a tail.
    assert 12 * 0.84 < len(one[0].sound) / SAMPLE_RATE < 12 * 1.2 + 6


def test_our_own_music_comes_with_its_beats(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rendered_music, "style_names", lambda: ("rock",))
    monkeypatch.setattr(rendered_music, "OWN_BARS", 4)
    (piece,) = own_pieces(Asked(1, 0, 5), tmp_path)
    told = piece.told
    assert told.style == "rock"
    assert told.first_beats.tolist() == [0, 4, 8, 12, 16]
    # More happens on the beats than between them.
    wave = np.diff(piece.wave, prepend=0)
    rise = np.diff(np.abs(wave[: len(wave) // 256 * 256]).reshape(-1, 256).max(1), prepend=0).clip(0)
    at = np.round(told.beats_s[:-1] * SAMPLE_RATE / 256).astype(int)
    step = float(np.median(np.diff(at)))
    on, off = (np.mean([rise[k : k + 4].max() for k in at + round(by * step)]) for by in (0, 0.37))
    assert on > 1.5 * off


def test_rooms_and_filters_leave_the_length(midi: Path) -> None:
    sound = np.random.default_rng(0).normal(size=SAMPLE_RATE).astype(np.float32)
    made = [coloured(sound, np.random.default_rng(seed)) for seed in range(8)]
    assert all(m.shape == sound.shape and m.dtype == np.float32 and np.isfinite(m).all() for m in made)
    assert 1 <= sum(np.array_equal(m, sound) for m in made) <= 6


def test_the_command_line(midi: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "rendered.safetensors"

    def run(*asked: str) -> None:
        monkeypatch.setattr(sys, "argv", ["rendered_music", "--out", str(out), *asked])
        main()

    run("--own", "0", "--of-midi", "3", "--midi", str(midi))
    (piece,) = read_pieces(out)
    assert piece.id == "midi songs/song"
    with pytest.raises(SystemExit, match="holds no MIDI"):
        run("--midi", str(tmp_path / "work2"))
    with pytest.raises(SystemExit, match="nothing was asked for"):
        run("--own", "0")
