"""The recipe of half bars from POP909, on a small archive of the same form."""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path

import pytest
import torch
from symusic import core

from datasets.pop909_steps import main
from generators.affective.chord_words import word
from generators.affective.corpus import read_corpus
from generators.affective.tune import pitch_of

BARS = 8  # of four beats, half a second each, in D major


def midi_of() -> bytes:
    score = core.ScoreTick(480)
    score.tempos.append(core.TempoTick(0, mspq=500_000))
    melody, piano = (core.TrackTick(name, 0, False) for name in ("MELODY", "PIANO"))
    for bar in range(BARS):
        # A long D and a short E in the first half, nothing in the second.
        melody.notes.append(core.NoteTick(bar * 1920, 600, 74, 127))
        melody.notes.append(core.NoteTick(bar * 1920 + 600, 360, 76, 127))
        for beat in (0, 1):
            piano.notes.append(core.NoteTick(bar * 1920 + beat * 480, 480, 50, 127))
        piano.notes.append(core.NoteTick(bar * 1920 + 960, 960, 50, 0 + 64))
    score.tracks.extend([melody, piano])
    data: bytes = score.dumps_midi()
    return data


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    path = tmp_path / "pop909.zip"
    with zipfile.ZipFile(path, "w") as opened:
        for number in ("001", "002", "003"):
            folder = f"POP909/{number}"
            beats = 4 * BARS + 1 if number != "003" else 9  # the last is too short
            opened.writestr(f"{folder}/{number}.mid", midi_of())
            rows = [f"{k / 2} {float(k % 2 == 0)} {float(k % 4 == 0)}" for k in range(beats)]
            opened.writestr(f"{folder}/beat_midi.txt", "\n".join(rows))
            halves = [f"{2 * b} {2 * b + 1} D:maj\n{2 * b + 1} {2 * b + 2} B:min7/b3" for b in range(BARS)]
            opened.writestr(f"{folder}/chord_midi.txt", "\n".join(halves))
            key = "B:min" if number == "002" else "D:maj"
            opened.writestr(f"{folder}/key_audio.txt", f"0.0 {2.0 * BARS} {key}")
    return path


def test_a_step_is_half_a_bar_in_the_normalised_key(
    archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "pop909.safetensors"
    monkeypatch.setattr(sys, "argv", ["pop909_steps", str(archive), "-o", str(out)])
    main()
    assert capsys.readouterr().out == f"2 songs, {4 * BARS} steps → {out}\n"
    first, minor = read_corpus(out)
    assert first.music.chords.tolist() == [word(0, "maj"), word(9, "min7")] * BARS
    assert minor.music.chords.tolist() == first.music.chords.tolist()  # B minor becomes A minor
    assert pitch_of(int(first.music.tune[0])) == 72
    assert first.music.tune[1::2].tolist() == [0] * BARS
    levels = first.music.levels
    assert bool((levels[0::2] > levels[1::2]).all())  # four notes against one, and louder
    beat = first.values["beat"]
    torch.testing.assert_close(beat[0], torch.tensor([0.0, 1, 0, 0, 0, 1]))  # downbeat, a second, major
    torch.testing.assert_close(beat[1], torch.tensor([0.0, 0, 1, 0, 0, 1]))
    assert float(minor.values["beat"][0, -1]) == 0.0
    assert "semantic" not in first.values


def test_what_is_not_pop909_is_told_in_a_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "x.zip").write_bytes(b"no archive")
    for name in ("x.zip", "none.zip"):
        monkeypatch.setattr(sys, "argv", ["pop909_steps", str(tmp_path / name), "-o", str(tmp_path / "out")])
        with pytest.raises(SystemExit, match="is not POP909"):
            main()
    assert not (tmp_path / "out").exists()
