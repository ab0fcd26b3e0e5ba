"""The recipe of one's own music videos: what is played in a made one is heard, what is shown is seen."""

from __future__ import annotations

import sys
import wave
from pathlib import Path

import numpy as np
import pytest

from datasets.videos_steps import main
from generators.affective.chord_words import word
from generators.affective.corpus import read_corpus
from tests.clips import ffmpeg, plain, shot_frames, write_clip

RATE = 22_050
BARS = 8  # of two seconds, 120 bpm
# C, G, A minor and F, each a bar, moved up by two semitones: the song is in D.
CHORDS = ((0, (0, 4, 7)), (7, (0, 4, 7)), (9, (0, 3, 7)), (5, (0, 4, 7)))
MOVED = 2


def played() -> np.ndarray:
    """Struck chords over a bass on every beat, and a soft click; the last half is twice as loud."""
    out = np.zeros(BARS * 2 * RATE)
    t = np.arange(RATE // 2) / RATE
    for bar in range(BARS):
        root, steps = CHORDS[bar % len(CHORDS)]
        for beat in range(4):
            pitches = [36 + MOVED + root, *(60 + (MOVED + root + step) % 12 for step in steps)]
            struck = sum(
                np.exp(-(3 if beat else 2) * t)
                * np.sin(2 * np.pi * 440 * 2 ** ((pitch - 69) / 12) * k * t)
                / k
                for pitch in pitches
                for k in (1, 2)
            )
            click = np.random.default_rng(0).normal(0, 1.5, len(t)) * np.exp(-80 * t)
            at = (bar * 4 + beat) * RATE // 2
            out[at : at + len(t)] += (struck + (2 if beat == 0 else 1) * click) * (
                1 if bar < BARS // 2 else 2
            )
    return 0.9 * out / np.abs(out).max()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("videos")
    work = tmp_path_factory.mktemp("work")
    with wave.open(str(work / "sound.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes((played() * 32767).astype("<i2").tobytes())
    write_clip(work / "picture.mp4", shot_frames([8.0], 16.0, 12.5, (96, 64)), 12.5)
    ffmpeg("-i", work / "picture.mp4", "-i", work / "sound.wav", "-c:v", "copy", "-c:a", "aac",
           folder / "song.mp4")  # fmt: skip
    plain(folder / "silent.mp4")
    (folder / "notes.txt").write_text("no video")
    return folder


def test_what_is_played_is_heard_and_what_is_shown_is_seen(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "mine.safetensors"
    monkeypatch.setattr(sys, "argv", ["videos_steps", str(folder), "-o", str(out)])
    main()
    told = capsys.readouterr()
    assert told.out.startswith("1 videos, ")
    assert len(told.err.splitlines()) == 2  # the silent one and the one that is none
    assert all(line.startswith("left out: ") for line in told.err.splitlines())
    (song,) = read_corpus(out)
    assert song.id == "song.mp4"
    length_s = song.values["beat"][:, 4].exp().numpy()
    assert np.median(length_s) == pytest.approx(1.0, abs=0.03)  # half a bar
    # As it is played: in C, a chord for two steps.
    names = [word(root, "maj" if steps[1] == 4 else "min") for root, steps in CHORDS]
    since_s = np.expm1(3 * song.values["cuts"][:, 0].numpy())
    at_s = since_s[0] + np.cumsum(length_s) - length_s  # the first shot begins with the clip
    assert len(song) >= 12
    meant = np.array([names[int((at + 0.5) / 2) % 4] for at in at_s])
    assert (song.music.chords.numpy() == meant).mean() >= 0.8
    loudness = song.music.levels[:, 1].numpy()
    assert loudness[at_s < 7].max() < loudness[(at_s > 9) & (at_s < 15)].min()
    assert {"motion", "cuts", "place", "beat", "affect"} == song.values.keys()
    cut = int(np.flatnonzero(np.diff(since_s) < 0)[0]) + 1
    assert at_s[cut] - since_s[cut] == pytest.approx(8.0, abs=0.1)


def test_a_folder_without_music_is_told_in_a_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["videos_steps", str(tmp_path), "-o", str(tmp_path / "out")])
    with pytest.raises(SystemExit, match="holds no video with music"):
        main()
